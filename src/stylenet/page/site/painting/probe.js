// Whether a graphics processor paints what the processor paints, and sooner: one small picture, both ways.

import { Painter } from "./painter.js";

const SIDE_PX = 192;
const TOLERANCE = 2 / 255;

/** Whether this painter's picture comes out as that of the same runtime on the processor, and does not take longer. */
export async function probed(painter) {
  const { runtime } = painter;
  const arrays = await runtime.arrays("instant.safetensors");
  const body = await runtime.session("slim-body", arrays, "painter.", "wasm");
  const head = await runtime.session("slim-head", arrays, "painter.", "wasm");
  try {
    const usual = await timed(new Painter(runtime, painter.coder, body, head));
    const other = await timed(painter);
    return other.milliseconds <= usual.milliseconds && usual.values.every((value, index) => Math.abs(value - other.values[index]) <= TOLERANCE);
  } catch {
    return false;
  } finally {
    await body.release();
    await head.release();
  }
}

// Twice: the first time, shaders are made and memory is asked for.
async function timed(painter) {
  await probe(painter);
  const begun = performance.now();
  const values = await probe(painter);
  return { values, milliseconds: performance.now() - begun };
}

async function probe(painter) {
  const planes = [3, 5, 7].map((step, color) =>
    Float32Array.from({ length: SIDE_PX ** 2 }, (_, index) => {
      const [row, column] = [Math.floor(index / SIDE_PX), index % SIDE_PX];
      return 0.5 + 0.5 * Math.sin(column / step + row / (9 - color));
    }),
  );
  const wide = painter.coder.hiddenBias.length;
  const sumsAt = async () => [{ share: 1, sums: Float32Array.from({ length: wide }, (_, index) => Math.sin(index)) }];
  for await (const painted of painter.paint({ planes, height: SIDE_PX, width: SIDE_PX }, { sumsAt, strength: 60 })) {
    return painted.planes.flatMap((plane) => [...plane]);
  }
}
