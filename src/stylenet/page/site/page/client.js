// The worker that paints, as the page sees it: the latest wish counts, and a worker that is deep in a large picture is let go.

const LONG_PX = 1.5e6; // a step of more pixels is not waited for when there is a newer wish

export class Client {
  /** `tell`: called with every message of the worker. */
  constructor({ processor, threads, tell }) {
    Object.assign(this, { processor, threads, tell, number: 0, photo: null, own: new Map(), step: 0, paintingNow: 0 });
    this.start();
  }

  start() {
    this.worker?.terminate();
    this.step = 0;
    this.worker = new Worker(new URL("../painting/worker.js", import.meta.url), { type: "module" });
    this.worker.onmessage = ({ data }) => this.heard(data);
    this.worker.onerror = () => this.tell({ kind: "failed", about: "open", word: "noRuntime" });
    this.waiting = [];
    this.isReady = false;
    this.worker.postMessage({ kind: "open", processor: this.processor, threads: this.threads });
    if (this.photo) this.send(this.photo);
    for (const painting of this.own.values()) this.send(painting);
  }

  /** Paint photos like this one from now on. */
  setPhoto(photo) {
    this.photo = { kind: "photo", ...photo };
    this.send(this.photo);
  }

  /** Know a person's own painting by a name. */
  addOwn(name, painting) {
    const message = { kind: "own", name, ...painting };
    this.own.set(name, message);
    this.send(message);
  }

  /** Paint, and forget what was wished before; the number by which the answers are known. */
  paint(wish) {
    if (this.step > LONG_PX) this.start();
    this.number += 1;
    // Of wishes that wait for the worker's opening, too, the latest counts.
    this.waiting = this.waiting.filter(({ kind }) => kind !== "paint");
    this.send({ ...wish, kind: "paint", number: this.number });
    return this.number;
  }

  send(message) {
    if (this.isReady) this.worker.postMessage(message);
    else this.waiting.push(message);
  }

  heard(message) {
    if (message.kind === "unfit") {
      this.processor = "wasm";
      this.tell(message);
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
    if ("number" in message && message.number !== this.number) return; // of an older wish
    this.tell(message);
  }
}

/** What this browser should paint with: "webgpu" where there is an adapter that is no emulation, else "wasm"; `asked` overrides. */
export async function chosenProcessor(asked) {
  if (asked === "wasm" || asked === "webgpu") return asked;
  try {
    const adapter = await navigator.gpu?.requestAdapter();
    const emulated = adapter?.isFallbackAdapter || adapter?.info?.isFallbackAdapter;
    return adapter && !emulated && localStorage.getItem("stylenet-webgpu") !== "unfit" ? "webgpu" : "wasm";
  } catch {
    return "wasm";
  }
}
