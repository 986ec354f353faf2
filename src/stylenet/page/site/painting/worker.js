// The painting worker. Of several requests, only the latest counts.

import { describe } from "./describing.js";
import { Painter, Stopped } from "./painter.js";
import { PictureError, decode, downscale, fitWithin, pixelsOf } from "./pictures.js";
import { matchesCpu } from "./probe.js";
import { readArrays } from "./arrays.js";
import { Runtime, fetchData } from "./runtime.js";
import { MIN_STYLE_PX, STYLE_PX_STEP } from "./sizes.js";

const PREVIEW_PX = 256 ** 2;

let painter = null;
let builtIn = null;
let encoder = null;
let photo = null; // {blob, height, width, prepared}
let pending = null; // the latest request
let isBusy = false;
const own = new Map(); // paintings added by the user, by name: {picture, maxPx, sums: Map of sums by size}

self.onmessage = async ({ data }) => {
  try {
    if (data.kind === "open") await open(data);
    if (data.kind === "photo") photo = { ...data, prepared: new Map() };
    if (data.kind === "own") addOwn(data);
    if (data.kind === "paint") {
      pending = data;
      await work();
    }
  } catch (error) {
    fail(error, data);
  }
};

async function open({ processor, threads }) {
  const start = performance.now();
  const runtime = await Runtime.open(processor, threads);
  painter = await Painter.open(runtime);
  if (runtime.processor === "webgpu" && !(await matchesCpu(painter))) {
    post({ kind: "unfit" });
    return;
  }
  const [list, arrays] = await Promise.all([
    fetchData("styles.json").then((response) => response.json()),
    fetchData("styles.safetensors").then(async (response) => readArrays(await response.arrayBuffer())),
  ]);
  builtIn = { styles: new Map(list.map((style) => [style.name, style])), sums: arrays.sums.values, length: arrays.sums.shape[1] };
  post({ kind: "ready", processor: runtime.processor, threads, milliseconds: performance.now() - start });
}

// Added immediately, so that the next request finds it; that request waits for the picture to be decoded.
function addOwn({ name, blob, height, width, maxPx }) {
  own.set(name, { picture: decode(blob, fitWithin(height, width, maxPx)), maxPx, sums: new Map() });
}

async function work() {
  if (isBusy) return;
  isBusy = true;
  try {
    while (pending) {
      const request = pending;
      pending = null;
      try {
        await paint(request);
      } catch (error) {
        if (!(error instanceof Stopped)) fail(error, request);
      }
    }
  } finally {
    isBusy = false;
  }
}

async function paint(request) {
  const start = performance.now();
  const picture = await preparedPhoto(request.preview ? PREVIEW_PX : request.maxPx);
  const onStep = async (share, px) => {
    if (!request.preview) post({ kind: "progress", number: request.number, share, px });
    await receiveMessages();
    if (pending) throw new Stopped();
  };
  const sumsAt = async (px) => {
    const found = [];
    for (const { name, share } of request.styles) if (share) found.push({ share, sums: await sumsOf(name, px) });
    return found;
  };
  const settings = { sumsAt, strength: request.strength, styleScale: request.styleScale, onStep };
  for await (const painted of painter.paint(picture, settings)) {
    const { height, width, last } = painted;
    const alpha = picture.alpha && (last ? picture.alpha : downscale(picture, height, width).alpha);
    const pixels = pixelsOf(painted, alpha);
    const milliseconds = performance.now() - start;
    const transparent = Boolean(alpha);
    const { number, preview } = request;
    post({ kind: "painted", number, preview, pixels, height, width, last, transparent, milliseconds }, [pixels.buffer]);
  }
}

// The photo at a size of at most `maxPx` pixels, decoded once.
async function preparedPhoto(maxPx) {
  const size = fitWithin(photo.height, photo.width, maxPx);
  const key = `${size.width}x${size.height}`;
  const known = photo.prepared.get(key);
  if (known) return known;
  const current = photo;
  if (maxPx === PREVIEW_PX) {
    const larger = await decode(photo.blob, fitWithin(photo.height, photo.width, 4 * PREVIEW_PX));
    current.prepared.set(key, downscale(larger, size.height, size.width));
  } else {
    for (const other of [...current.prepared.keys()]) if (other !== current.small) current.prepared.delete(other);
    current.prepared.set(key, await decode(photo.blob, size));
  }
  if (maxPx === PREVIEW_PX) current.small = key;
  return current.prepared.get(key);
}

// The sums of a style measured at a size.
async function sumsOf(name, px) {
  const ownPainting = own.get(name);
  if (!ownPainting) {
    const { first, rows } = builtIn.styles.get(name);
    const row = first + Math.min(rows - 1, Math.round((px - MIN_STYLE_PX) / STYLE_PX_STEP));
    return builtIn.sums.subarray(row * builtIn.length, (row + 1) * builtIn.length);
  }
  const size = Math.min(px, Math.sqrt(ownPainting.maxPx));
  if (!ownPainting.sums.has(size)) {
    const arrays = await painter.runtime.arrays("instant.safetensors");
    ownPainting.sums.set(size, painter.coder.sums(await describe(await ownPainting.picture, size, encode, arrays)));
  }
  return ownPainting.sums.get(size);
}

async function encode({ data, height, width }) {
  const { runtime } = painter;
  encoder ??= await runtime.session("compact", await runtime.arrays("compact.safetensors"));
  const features = await encoder.run({ image: runtime.tensor(data, [1, 3, height, width]) });
  return Object.fromEntries(
    Object.entries(features).map(([layer, { data, dims }]) => [layer, { data, channels: dims[1], height: dims[2], width: dims[3] }]),
  );
}

// Let the worker receive messages, such as a new request. A timer would wait for at least four milliseconds.
function receiveMessages() {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}

function fail(error, { kind, number = 0, name }) {
  const isMemoryError = error instanceof RangeError || /memory|alloc|buffer size|exceeds/i.test(String(error?.message ?? error));
  const word = error instanceof PictureError ? error.word : isMemoryError ? "tooLarge" : "failed";
  post({ kind: "failed", about: kind, number, name, word, detail: String(error?.message ?? error) });
}

function post(message, transfer = []) {
  self.postMessage(message, transfer);
}
