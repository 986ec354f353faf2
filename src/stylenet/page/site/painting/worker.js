// Paints, apart from the page's own thread. Of several wishes the latest counts.

import { described } from "./describing.js";
import { Painter, Stopped } from "./painter.js";
import { Refused, decoded, pixelsOf, smaller, within } from "./pictures.js";
import { probed } from "./probe.js";
import { readArrays } from "./arrays.js";
import { Runtime, fetched } from "./runtime.js";
import { LEAST_STYLE_PX, STYLE_PX_STEP } from "./sizes.js";

const PREVIEW_PX = 256 ** 2;

let painter = null;
let builtIn = null;
let encoder = null;
let photo = null; // {blob, height, width, prepared}
let wish = null;
let busy = false;
const own = new Map(); // a person's paintings by name: {picture, mostPx, known: {px: sums}}

self.onmessage = async ({ data }) => {
  try {
    if (data.kind === "open") await open(data);
    if (data.kind === "photo") photo = { ...data, prepared: new Map() };
    if (data.kind === "own") addOwn(data);
    if (data.kind === "paint") {
      wish = data;
      await work();
    }
  } catch (error) {
    fail(error, data);
  }
};

async function open({ processor, threads }) {
  const begun = performance.now();
  const runtime = await Runtime.open(processor, threads);
  painter = await Painter.open(runtime);
  if (runtime.processor === "webgpu" && !(await probed(painter))) {
    post({ kind: "unfit" });
    return;
  }
  const [list, arrays] = await Promise.all([
    fetched("styles.json").then((answer) => answer.json()),
    fetched("styles.safetensors").then(async (answer) => readArrays(await answer.arrayBuffer())),
  ]);
  builtIn = { styles: new Map(list.map((style) => [style.name, style])), sums: arrays.sums.values, wide: arrays.sums.shape[1] };
  post({ kind: "ready", processor: runtime.processor, threads, milliseconds: performance.now() - begun });
}

// At once, so that a wish that follows finds it; it waits for the picture.
function addOwn({ name, blob, height, width, mostPx }) {
  own.set(name, { picture: decoded(blob, within(height, width, mostPx)), mostPx, known: new Map() });
}

async function work() {
  if (busy) return;
  busy = true;
  try {
    while (wish) {
      const request = wish;
      wish = null;
      try {
        await fulfil(request);
      } catch (error) {
        if (!(error instanceof Stopped)) fail(error, request);
      }
    }
  } finally {
    busy = false;
  }
}

async function fulfil(request) {
  const begun = performance.now();
  const picture = await prepared(request.preview ? PREVIEW_PX : request.mostPx);
  const turn = async (share, px) => {
    if (!request.preview) post({ kind: "progress", number: request.number, share, px });
    await nextTurn();
    if (wish) throw new Stopped();
  };
  const sumsAt = async (px) => {
    const found = [];
    for (const { name, share } of request.styles) if (share) found.push({ share, sums: await sumsOf(name, px) });
    return found;
  };
  const settings = { sumsAt, strength: request.strength, styleScale: request.styleScale, turn };
  for await (const painted of painter.paint(picture, settings)) {
    const { height, width, last } = painted;
    const alpha = picture.alpha && (last ? picture.alpha : smaller(picture, height, width).alpha);
    const pixels = pixelsOf(painted, alpha);
    const milliseconds = performance.now() - begun;
    const transparent = Boolean(alpha);
    const { number, preview } = request;
    post({ kind: "painted", number, preview, pixels, height, width, last, transparent, milliseconds }, [pixels.buffer]);
  }
}

async function prepared(mostPx) {
  const size = within(photo.height, photo.width, mostPx);
  const key = `${size.width}x${size.height}`;
  const known = photo.prepared.get(key);
  if (known) return known;
  const current = photo;
  if (mostPx === PREVIEW_PX) {
    const larger = await decoded(photo.blob, within(photo.height, photo.width, 4 * PREVIEW_PX));
    current.prepared.set(key, smaller(larger, size.height, size.width));
  } else {
    for (const other of [...current.prepared.keys()]) if (other !== current.small) current.prepared.delete(other);
    current.prepared.set(key, await decoded(photo.blob, size));
  }
  if (mostPx === PREVIEW_PX) current.small = key;
  return current.prepared.get(key);
}

async function sumsOf(name, px) {
  const mine = own.get(name);
  if (!mine) {
    const { first, rows } = builtIn.styles.get(name);
    const row = first + Math.min(rows - 1, Math.round((px - LEAST_STYLE_PX) / STYLE_PX_STEP));
    return builtIn.sums.subarray(row * builtIn.wide, (row + 1) * builtIn.wide);
  }
  const size = Math.min(px, Math.sqrt(mine.mostPx));
  if (!mine.known.has(size)) {
    const arrays = await painter.runtime.arrays("instant.safetensors");
    mine.known.set(size, painter.coder.sums(await described(await mine.picture, size, encode, arrays)));
  }
  return mine.known.get(size);
}

async function encode({ data, height, width }) {
  const { runtime } = painter;
  encoder ??= await runtime.session("compact", await runtime.arrays("compact.safetensors"));
  const features = await encoder.run({ image: runtime.tensor(data, [1, 3, height, width]) });
  return Object.fromEntries(
    Object.entries(features).map(([layer, { data, dims }]) => [layer, { data, channels: dims[1], height: dims[2], width: dims[3] }]),
  );
}

// Lets messages in: a new wish may have come. A timer would wait for four milliseconds.
function nextTurn() {
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
  const memory = error instanceof RangeError || /memory|alloc|buffer size|exceeds/i.test(String(error?.message ?? error));
  const word = error instanceof Refused ? error.word : memory ? "tooLarge" : "failed";
  post({ kind: "failed", about: kind, number, name, word, detail: String(error?.message ?? error) });
}

function post(message, transfer = []) {
  self.postMessage(message, transfer);
}
