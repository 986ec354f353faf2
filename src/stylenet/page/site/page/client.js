// The page's side of the painting worker. Only the latest request counts; a worker that is busy with a large picture is replaced.

const MAX_WAIT_PX = 1.5e6; // a newer request does not wait for a step with more pixels

export class Client {
  /** `onMessage`: called with the messages of the worker. */
  constructor({ processor, threads, onMessage }) {
    Object.assign(this, { processor, threads, onMessage, number: 0, photo: null, own: new Map(), step: 0 });
    this.start();
  }

  start() {
    this.worker?.terminate();
    this.step = 0;
    this.worker = new Worker(new URL("../painting/worker.js", import.meta.url), { type: "module" });
    this.worker.onmessage = ({ data }) => this.handle(data);
    this.worker.onerror = () => this.onMessage({ kind: "failed", about: "open", word: "noRuntime" });
    this.waiting = [];
    this.isReady = false;
    this.worker.postMessage({ kind: "open", processor: this.processor, threads: this.threads });
    if (this.photo) this.send(this.photo);
    for (const painting of this.own.values()) this.send(painting);
  }

  /** Set the photo to paint. */
  setPhoto(photo) {
    this.photo = { kind: "photo", ...photo };
    this.send(this.photo);
  }

  /** Add a painting of the user as a style with a name. */
  addOwn(name, painting) {
    const message = { kind: "own", name, ...painting };
    this.own.set(name, message);
    this.send(message);
  }

  /** Paint; replaces earlier requests. Returns the number that identifies the responses. */
  paint(request) {
    if (this.step > MAX_WAIT_PX) this.start();
    this.number += 1;
    // Also of the requests that wait for the worker to open, only the latest counts.
    this.waiting = this.waiting.filter(({ kind }) => kind !== "paint");
    this.send({ ...request, kind: "paint", number: this.number });
    return this.number;
  }

  send(message) {
    if (this.isReady) this.worker.postMessage(message);
    else this.waiting.push(message);
  }

  handle(message) {
    if (message.kind === "unfit") {
      this.processor = "wasm";
      this.onMessage(message);
      this.start();
      return;
    }
    if (message.kind === "ready") {
      this.isReady = true;
      for (const waiting of this.waiting.splice(0)) this.worker.postMessage(waiting);
    }
    if (message.kind === "failed" && message.about === "open" && this.processor === "webgpu") {
      this.processor = "wasm";
      this.start();
      return;
    }
    if (message.kind === "progress") this.step = message.px;
    if (message.kind === "painted" || message.kind === "failed") this.step = 0;
    if ("number" in message && message.number !== this.number) return; // belongs to an older request
    this.onMessage(message);
  }
}

/** The processor to paint with: "webgpu" if there is an adapter that is not emulated, otherwise "wasm"; `requested` overrides it. */
export async function chosenProcessor(requested) {
  if (requested === "wasm" || requested === "webgpu") return requested;
  try {
    const adapter = await navigator.gpu?.requestAdapter();
    const isEmulated = adapter?.isFallbackAdapter || adapter?.info?.isFallbackAdapter;
    return adapter && !isEmulated && localStorage.getItem("stylenet-webgpu") !== "unfit" ? "webgpu" : "wasm";
  } catch {
    return "wasm";
  }
}
