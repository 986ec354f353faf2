// onnxruntime-web: opened once, with graphs whose weights come from the networks' own files.

import "../site-files.js";
import { boundWeights, readArrays } from "./arrays.js";

const HERE = new URL("../", import.meta.url);

/** A file of the page's data. */
export async function fetched(name) {
  const answer = await fetch(new URL(self.SITE.data + name, HERE));
  if (!answer.ok) throw new Error(`${name}: ${answer.status}`);
  return answer;
}

export class Runtime {
  /** `processor`: "wasm", or "webgpu". `threads`: of the former. */
  static async open(processor, threads) {
    const folder = new URL(self.SITE.runtime, HERE);
    const kind = processor === "webgpu" ? "webgpu" : "wasm";
    const ort = await import(new URL(`ort.${kind}.min.mjs`, folder));
    const stem = kind === "webgpu" ? "ort-wasm-simd-threaded.asyncify" : "ort-wasm-simd-threaded";
    ort.env.wasm.wasmPaths = { mjs: new URL(`${stem}.mjs`, folder).href, wasm: new URL(`${stem}.wasm`, folder).href };
    ort.env.wasm.numThreads = threads;
    ort.env.logLevel = "error";
    return new Runtime(ort, kind);
  }

  constructor(ort, processor) {
    this.ort = ort;
    this.processor = processor;
    this.files = {};
    this.wanted = fetched("weights.json").then((answer) => answer.json());
  }

  /** The arrays of a network's file, read once. */
  arrays(name) {
    this.files[name] ??= fetched(name).then(async (answer) => readArrays(await answer.arrayBuffer()));
    return this.files[name];
  }

  /** A session of a bare graph with the weights in `arrays`. */
  async session(graph, arrays, prefix = "", processor = this.processor) {
    const [bytes, wanted] = await Promise.all([fetched(`${graph}.onnx`).then((answer) => answer.arrayBuffer()), this.wanted]);
    const weights = boundWeights(wanted[graph], arrays, prefix);
    return this.ort.InferenceSession.create(new Uint8Array(bytes), {
      executionProviders: [processor],
      externalData: [{ path: "weights", data: new Uint8Array(weights.buffer) }],
      enableMemPattern: false,
      logSeverityLevel: 3,
    });
  }

  tensor(data, dimensions) {
    return new this.ort.Tensor("float32", data, dimensions);
  }
}
