// The camera: its stream, and its newest picture as a JPEG file.

const QUALITY = 0.85;
const WORDS = {
  NotAllowedError: "refused",
  SecurityError: "refused",
  NotFoundError: "missing",
  OverconstrainedError: "missing",
  NotReadableError: "inUse",
  AbortError: "inUse",
};

/** Give a canvas a size; one that it has already would cost new memory. */
export function fit(canvas, width, height) {
  if (canvas.width === width && canvas.height === height) return;
  canvas.width = width;
  canvas.height = height;
}

// Encoders of clips take no odd sides.
const even = (side) => Math.max(2, 2 * Math.round(side / 2));

/** Why there is no picture: `word` is the name of a sentence. */
export class CameraError extends Error {
  constructor(word) {
    super(word);
    this.word = word;
  }
}

export class LiveCamera {
  #canvas = document.createElement("canvas");
  #isFresh = false;
  #waiting = null;

  /** `video`: shows the camera's own picture; `ended()`: called when the camera is unplugged or taken away. */
  constructor({ video, ended }) {
    Object.assign(this, { video, ended });
  }

  /** Ask for the camera, by its id or any, and show its picture. */
  async start(device = "") {
    if (!navigator.mediaDevices?.getUserMedia) throw new CameraError("insecure");
    const which = device ? { deviceId: { exact: device } } : { facingMode: "user" };
    try {
      const wanted = { ...which, width: { ideal: 1280 }, height: { ideal: 720 } };
      this.video.srcObject = await navigator.mediaDevices.getUserMedia({ video: wanted, audio: false });
      for (const track of this.tracks()) track.addEventListener("ended", this.ended);
      await this.video.play();
    } catch (error) {
      this.stop();
      throw new CameraError(WORDS[error.name] ?? "noCamera");
    }
    this.#watch(this.video.srcObject);
  }

  /** Let go of the camera. */
  stop() {
    for (const track of this.tracks()) {
      track.removeEventListener("ended", this.ended);
      track.stop();
    }
    this.video.srcObject = null;
    this.#waiting?.(false);
  }

  /** Send no pictures for a while. */
  pause(isPaused) {
    for (const track of this.tracks()) track.enabled = !isPaused;
  }

  tracks() {
    return this.video.srcObject?.getTracks() ?? [];
  }

  /** The cameras that there are, {id, label}; without permission, they have no labels. */
  async list() {
    const devices = await navigator.mediaDevices.enumerateDevices();
    return devices.filter(({ kind }) => kind === "videoinput").map(({ deviceId, label }) => ({ id: deviceId, label }));
  }

  /** The id of the camera in use. */
  get device() {
    return this.tracks()[0]?.getSettings().deviceId ?? "";
  }

  /** The next picture that was not yet returned: {file, taken}, a JPEG file and the time; null if the camera is stopped meanwhile. */
  async picture({ size, isMirrored }) {
    if (!this.#isFresh && !(await new Promise((done) => (this.#waiting = done)))) return null;
    this.#isFresh = false;
    const taken = performance.now();
    const { videoWidth, videoHeight } = this.video;
    if (!videoWidth) return null;
    const scale = Math.min(1, size / Math.max(videoWidth, videoHeight));
    const canvas = this.#canvas;
    fit(canvas, even(videoWidth * scale), even(videoHeight * scale));
    const context = canvas.getContext("2d", { alpha: false });
    if (isMirrored) context.setTransform(-1, 0, 0, 1, canvas.width, 0);
    else context.resetTransform();
    context.imageSmoothingQuality = "high";
    context.drawImage(this.video, 0, 0, canvas.width, canvas.height);
    const file = await new Promise((done) => canvas.toBlob(done, "image/jpeg", QUALITY));
    return file && { file, taken };
  }

  // Note every new picture of a stream.
  #watch(stream) {
    if (this.video.srcObject !== stream) return;
    this.#isFresh = true;
    this.#waiting?.(true);
    this.#waiting = null;
    const next = () => this.#watch(stream);
    if (this.video.requestVideoFrameCallback) this.video.requestVideoFrameCallback(next);
    else requestAnimationFrame(next);
  }
}
