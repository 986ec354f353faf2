// onnxruntime-web, opened once, with graphs whose weights are read from the network files.

import "../site-files.js";
import { boundWeights, readArrays } from "./arrays.js";

const HERE = new URL("../", import.meta.url);

/** Fetch a data file of the page. */
export async function fetchData(name) {
  const response = await fetch(new URL(self.SITE.data + name, HERE));
  if (!response.ok) throw new Error(`${name}: ${response.status}`);
  return response;
}

export class Runtime {
  /** `processor`: "wasm" or "webgpu"; `threads`: number of threads for "wasm". */
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
    this.wanted = fetchData("weights.json").then((response) => response.json());
  }

  /** The arrays of a network file, which is read only once. */
  arrays(name) {
    this.files[name] ??= fetchData(name).then(async (response) => readArrays(await response.arrayBuffer()));
    return this.files[name];
  }

  /** Create a session for a graph without weights, using the weights in `arrays`. */
  async session(graph, arrays, prefix = "", processor = this.processor) {
    const [bytes, wanted] = await Promise.all([fetchData(`${graph}.onnx`).then((response) => response.arrayBuffer()), this.wanted]);
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
