// The description of an added painting for the coder, computed from the statistics of its features.

import { halfEven, MIN_STYLE_PX } from "./sizes.js";
import { resized } from "./resampling.js";

const LAYERS = ["relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1"];
const DIRECTIONS = 20;
const FARTHEST = 4;
const MIN_DEVIATION = 1e-5;
const RIM_PX = 16;
const SMALLEST_SIDE_PX = 16;
const BLOCK = 512; // positions projected at a time, few enough for the CPU cache

/** The size at which a painting is measured for an area of `sizePx` squared; only very small paintings are enlarged. */
export function measuredSize(height, width, sizePx) {
  const root = Math.sqrt(width * height);
  const scale = Math.max(Math.max(Math.min(root, sizePx), MIN_STYLE_PX) / root, SMALLEST_SIDE_PX / Math.min(width, height));
  return { height: Math.max(1, halfEven(height * scale)), width: Math.max(1, halfEven(width * scale)) };
}

/** Describe a painting {planes, height, width} measured at `sizePx`; `encode` returns the features of a picture by layer. */
export async function describe(painting, sizePx, encode, arrays) {
  const size = measuredSize(painting.height, painting.width, sizePx);
  const picture = resized(painting, size.height, size.width);
  const rim = Math.floor(Math.min(RIM_PX, size.height - 1, size.width - 1) / 16) * 16;
  const features = await encode(reflected(picture, rim));
  const [means, deviations, covariances] = [[], [], []];
  LAYERS.forEach((layer, depth) => {
    const { data, channels, rows } = inner(features[layer], rim >> depth, size.height >> depth, size.width >> depth);
    const directions = arrays[`coder.directions_${layer}`].values;
    const { mean, deviation } = moments(data, channels, rows);
    means.push(...mean);
    deviations.push(...deviation.map(Math.log));
    covariances.push(...covariancesAlong(data, rows, mean, deviation, directions));
  });
  const center = arrays["coder.center"].values;
  const spread = arrays["coder.spread"].values;
  return Float32Array.from([...means, ...deviations, ...covariances], (value, index) =>
    Math.min(FARTHEST, Math.max(-FARTHEST, (value - center[index]) / spread[index])),
  );
}

function reflected({ planes, height, width }, rim) {
  const rows = mirror(height, rim);
  const columns = mirror(width, rim);
  const data = new Float32Array(3 * rows.length * columns.length);
  let place = 0;
  for (const plane of planes) for (const row of rows) for (const column of columns) data[place++] = plane[row * width + column];
  return { data, height: rows.length, width: columns.length };
}

function mirror(length, rim) {
  return Array.from({ length: length + 2 * rim }, (_, index) => {
    const position = index - rim;
    return position < 0 ? -position : position >= length ? 2 * (length - 1) - position : position;
  });
}

// The features without those of the rim, as planes of `rows` positions.
function inner({ data, channels, height, width }, rim, innerHeight, innerWidth) {
  innerHeight = Math.max(1, innerHeight);
  innerWidth = Math.max(1, innerWidth);
  const rows = innerHeight * innerWidth;
  const result = new Float32Array(channels * rows);
  for (let channel = 0; channel < channels; channel++)
    for (let row = 0; row < innerHeight; row++) {
      const from = (channel * height + row + rim) * width + rim;
      result.set(data.subarray(from, from + innerWidth), channel * rows + row * innerWidth);
    }
  return { data: result, channels, rows };
}

function moments(data, channels, rows) {
  const mean = [];
  const deviation = [];
  for (let channel = 0; channel < channels; channel++) {
    const values = data.subarray(channel * rows, (channel + 1) * rows);
    let sum = 0;
    for (let index = 0; index < rows; index++) sum += values[index];
    const average = sum / rows;
    let squares = 0;
    for (let index = 0; index < rows; index++) squares += (values[index] - average) ** 2;
    mean.push(average);
    deviation.push(Math.max(Math.sqrt(squares / rows), MIN_DEVIATION));
  }
  return { mean, deviation };
}

// The upper triangle of the covariance along the directions, in units of the deviations, row by row. Projecting the positions costs a
// tenth of computing their full covariance.
function covariancesAlong(data, rows, mean, deviation, directions) {
  const products = new Float64Array(DIRECTIONS * DIRECTIONS);
  const projected = new Float64Array(DIRECTIONS * BLOCK);
  for (let begin = 0; begin < rows; begin += BLOCK) {
    const count = Math.min(BLOCK, rows - begin);
    projected.fill(0);
    for (let channel = 0; channel < mean.length; channel++) {
      const from = channel * rows + begin;
      for (let direction = 0; direction < DIRECTIONS; direction++) {
        const weight = directions[channel * DIRECTIONS + direction] / deviation[channel];
        const to = direction * BLOCK;
        for (let index = 0; index < count; index++) projected[to + index] += weight * (data[from + index] - mean[channel]);
      }
    }
    for (let one = 0; one < DIRECTIONS; one++)
      for (let other = one; other < DIRECTIONS; other++) {
        let sum = 0;
        for (let index = 0; index < count; index++) sum += projected[one * BLOCK + index] * projected[other * BLOCK + index];
        products[one * DIRECTIONS + other] += sum;
      }
  }
  const found = [];
  for (let one = 0; one < DIRECTIONS; one++)
    for (let other = one; other < DIRECTIONS; other++) found.push(products[one * DIRECTIONS + other] / rows);
  return found;
}
