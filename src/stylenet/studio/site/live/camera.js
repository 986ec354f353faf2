// The camera: its stream, and its latest picture as a JPEG file.

const QUALITY = 0.85;
const ERROR_WORDS = {
  NotAllowedError: "refused",
  SecurityError: "refused",
  NotFoundError: "missing",
  OverconstrainedError: "missing",
  NotReadableError: "inUse",
  AbortError: "inUse",
};

/** Resize a canvas; setting the same size again would reallocate its memory. */
export function resizeCanvas(canvas, width, height) {
  if (canvas.width === width && canvas.height === height) return;
  canvas.width = width;
  canvas.height = height;
}

// Video encoders need even sides.
const even = (side) => Math.max(2, 2 * Math.round(side / 2));

/** The camera cannot be used; `word` is the name of a text. */
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

  /** `video`: the element that shows the camera; `ended()`: called when the camera is disconnected or access is revoked. */
  constructor({ video, ended }) {
    Object.assign(this, { video, ended });
  }

  /** Request access to the camera with an id, or to any camera, and show its picture. */
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
      throw new CameraError(ERROR_WORDS[error.name] ?? "noCamera");
    }
    this.#watch(this.video.srcObject);
  }

  /** Release the camera. */
  stop() {
    for (const track of this.tracks()) {
      track.removeEventListener("ended", this.ended);
      track.stop();
    }
    this.video.srcObject = null;
    this.#waiting?.(false);
  }

  /** Pause or resume the camera. */
  pause(isPaused) {
    for (const track of this.tracks()) track.enabled = !isPaused;
  }

  tracks() {
    return this.video.srcObject?.getTracks() ?? [];
  }

  /** The available cameras, {id, label}; labels are empty without permission. */
  async list() {
    const devices = await navigator.mediaDevices.enumerateDevices();
    return devices.filter(({ kind }) => kind === "videoinput").map(({ deviceId, label }) => ({ id: deviceId, label }));
  }

  /** The id of the camera in use. */
  get device() {
    return this.tracks()[0]?.getSettings().deviceId ?? "";
  }

  /** Wait for the next new picture: {file, taken}, a JPEG file and its time; null if the camera is stopped meanwhile. */
  async picture({ size, isMirrored }) {
    if (!this.#isFresh && !(await new Promise((done) => (this.#waiting = done)))) return null;
    this.#isFresh = false;
    const taken = performance.now();
    const { videoWidth, videoHeight } = this.video;
    if (!videoWidth) return null;
    const scale = Math.min(1, size / Math.max(videoWidth, videoHeight));
    const canvas = this.#canvas;
    resizeCanvas(canvas, even(videoWidth * scale), even(videoHeight * scale));
    const context = canvas.getContext("2d", { alpha: false });
    if (isMirrored) context.setTransform(-1, 0, 0, 1, canvas.width, 0);
    else context.resetTransform();
    context.imageSmoothingQuality = "high";
    context.drawImage(this.video, 0, 0, canvas.width, canvas.height);
    const file = await new Promise((done) => canvas.toBlob(done, "image/jpeg", QUALITY));
    return file && { file, taken };
  }

  // Note each new picture of a stream.
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
