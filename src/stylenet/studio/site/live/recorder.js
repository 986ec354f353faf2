// Recording the painting: a clip of the canvas, or a single picture.

const KINDS = ["video/mp4;codecs=avc1.42E01E", "video/webm;codecs=vp8", "video/webm", "video/mp4"];
const PART_MS = 1000;

/** Download a file named after the current time. */
function save(blob, suffix) {
  const time = new Date(Date.now() - 60000 * new Date().getTimezoneOffset()).toISOString().slice(0, 19).replace(/\D/g, "-");
  const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(blob), download: `stylenet-${time}.${suffix}` });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}

/** Save the picture of a canvas. */
export function saveStill(canvas) {
  canvas.toBlob((blob) => blob && save(blob, "png"), "image/png");
}

export class ClipRecorder {
  #recorder = null;
  #seconds = 0;
  #since = 0;

  /** `canvas`: the canvas to record, whose size must not change meanwhile; `failed(message)`: called when recording fails. */
  constructor({ canvas, failed }) {
    Object.assign(this, { canvas, failed });
    const isSupported = "MediaRecorder" in globalThis && "captureStream" in canvas;
    this.kind = isSupported ? KINDS.find((kind) => MediaRecorder.isTypeSupported(kind)) : undefined;
  }

  get isRecording() {
    return this.#recorder !== null;
  }

  /** Seconds recorded so far. */
  get seconds() {
    return this.#seconds + (this.#recorder?.state === "recording" ? (performance.now() - this.#since) / 1000 : 0);
  }

  /** Start a clip. */
  start() {
    const parts = [];
    const recorder = new MediaRecorder(this.canvas.captureStream(), { mimeType: this.kind, videoBitsPerSecond: 8_000_000 });
    recorder.addEventListener("dataavailable", ({ data }) => data.size && parts.push(data));
    recorder.addEventListener("error", ({ error }) => this.failed(error?.message ?? ""));
    recorder.addEventListener("stop", () => {
      for (const track of recorder.stream.getTracks()) track.stop();
      const type = recorder.mimeType.split(";")[0];
      if (parts.length) save(new Blob(parts, { type }), type === "video/mp4" ? "mp4" : "webm");
    });
    recorder.start(PART_MS);
    this.#recorder = recorder;
    this.#seconds = 0;
    this.#since = performance.now();
  }

  /** Pause or resume recording. */
  pause(isPaused) {
    if (!this.#recorder) return;
    this.#seconds = this.seconds;
    this.#since = performance.now();
    if (isPaused) this.#recorder.pause();
    else this.#recorder.resume();
  }

  /** Stop the clip and save it. */
  stop() {
    const recorder = this.#recorder;
    this.#recorder = null;
    if (recorder && recorder.state !== "inactive") recorder.stop();
  }
}
