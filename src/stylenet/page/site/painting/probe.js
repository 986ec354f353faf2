// Whether a graphics processor paints what the processor paints: one small picture, both ways.

import { Painter } from "./painter.js";

const SIDE_PX = 96;
const TOLERANCE = 2 / 255;

/** Whether this painter's picture comes out as that of the same runtime on the processor. */
export async function probed(painter) {
  const { runtime } = painter;
  const arrays = await runtime.arrays("instant.safetensors");
  const body = await runtime.session("slim-body", arrays, "painter.", "wasm");
  const head = await runtime.session("slim-head", arrays, "painter.", "wasm");
  const usual = new Painter(runtime, painter.coder, body, head);
  try {
    const [one, other] = [await probe(painter), await probe(usual)];
    return one.every((value, index) => Math.abs(value - other[index]) <= TOLERANCE);
  } catch {
    return false;
  } finally {
    await body.release();
    await head.release();
  }
}

async function probe(painter) {
  const planes = [3, 5, 7].map((step, color) =>
    Float32Array.from({ length: SIDE_PX ** 2 }, (_, index) => 0.5 + 0.5 * Math.sin((index % SIDE_PX) / step + Math.floor(index / SIDE_PX) / (9 - color))),
  );
  const wide = painter.coder.hiddenBias.length;
  const sumsAt = async () => [{ share: 1, sums: Float32Array.from({ length: wide }, (_, index) => Math.sin(index)) }];
  for await (const painted of painter.paint({ planes, height: SIDE_PX, width: SIDE_PX }, { sumsAt, strength: 60 })) {
    return painted.planes.flatMap((plane) => [...plane]);
  }
}
