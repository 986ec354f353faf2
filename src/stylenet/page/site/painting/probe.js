// Checks with a small picture that the GPU paints the same as the CPU, and is not slower.

import { Painter } from "./painter.js";

const SIDE_PX = 192;
const TOLERANCE = 2 / 255;

/** Whether a painter gives the same result as the CPU, and does not take longer. */
export async function matchesCpu(painter) {
  const { runtime } = painter;
  const arrays = await runtime.arrays("instant.safetensors");
  const body = await runtime.session("slim-body", arrays, "painter.", "wasm");
  const head = await runtime.session("slim-head", arrays, "painter.", "wasm");
  try {
    const onCpu = await timed(new Painter(runtime, painter.coder, body, head));
    const tested = await timed(painter);
    return tested.milliseconds <= onCpu.milliseconds && onCpu.values.every((value, index) => Math.abs(value - tested.values[index]) <= TOLERANCE);
  } catch {
    return false;
  } finally {
    await body.release();
    await head.release();
  }
}

// Runs twice, because the first run also compiles shaders and allocates memory.
async function timed(painter) {
  await probe(painter);
  const start = performance.now();
  const values = await probe(painter);
  return { values, milliseconds: performance.now() - start };
}

async function probe(painter) {
  const planes = [3, 5, 7].map((step, color) =>
    Float32Array.from({ length: SIDE_PX ** 2 }, (_, index) => {
      const [row, column] = [Math.floor(index / SIDE_PX), index % SIDE_PX];
      return 0.5 + 0.5 * Math.sin(column / step + row / (9 - color));
    }),
  );
  const length = painter.coder.hiddenBias.length;
  const sumsAt = async () => [{ share: 1, sums: Float32Array.from({ length }, (_, index) => Math.sin(index)) }];
  for await (const painted of painter.paint({ planes, height: SIDE_PX, width: SIDE_PX }, { sumsAt, strength: 60 })) {
    return painted.planes.flatMap((plane) => [...plane]);
  }
}
