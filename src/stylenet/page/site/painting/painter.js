// Painting a photo with the one-pass network, from coarse to fine; the last layers of a large picture are computed part by part.

import { Coder, MIN_STRENGTH, trainedStrength } from "./coder.js";
import { whiteNoise } from "./noise.js";
import { enlarged, resized } from "./resampling.js";
import { HALO_PX, SHUFFLE, featuresAround, ladder, partsOf, photoAround, styleSizePx } from "./sizes.js";

const PART_PX = 2 ** 20;
const BODY_SHARE = 0.85; // share of the time that the body takes

export class Stopped extends Error {}

export class Painter {
  static async open(runtime) {
    const arrays = await runtime.arrays("instant.safetensors");
    const body = await runtime.session("slim-body", arrays, "painter.");
    const head = await runtime.session("slim-head", arrays, "painter.");
    return new Painter(runtime, new Coder(arrays), body, head);
  }

  constructor(runtime, coder, body, head) {
    Object.assign(this, { runtime, coder, body, head });
  }

  /**
   * Paint a picture {planes, height, width}; yields a painting for each size, from the smallest to the full size.
   * `sumsAt(px)` returns the styles [{sums, share}] measured at a size; `onStep(share, px)` is awaited before each step with the
   * finished share of the work and the number of pixels of the step, and may throw `Stopped`.
   */
  async *paint(picture, { sumsAt, strength, styleScale = 1, seed = 0, onStep = async () => {} }) {
    const trained = trainedStrength(strength);
    const sizes = ladder(picture.height, picture.width, styleScale);
    const pictures = [picture];
    for (const size of sizes.slice(0, -1).reverse()) pictures.unshift(resized(pictures[0], size.height, size.width));
    const work = sizes.reduce((sum, { height, width }) => sum + height * width, 0);
    let [done, previous] = [0, null];
    for (const [index, { height, width }] of sizes.entries()) {
      const level = pictures[index];
      const input = previous ? relayed(previous, pictures[index - 1], level) : level;
      const knobs = this.coder.knobs(await sumsAt(styleSizePx(height, width, styleScale)), trained);
      const noise = whiteNoise(height * width, seed + sizes.length - 1 - index);
      const share = (height * width) / work;
      const painted = await this.painted(input, noise, knobs, (part, px) => onStep(done + part * share, px));
      done += share;
      previous = painted;
      yield { planes: blendedWithPhoto(painted.planes, level.planes, trained), height, width, last: index === sizes.length - 1 };
    }
  }

  /** The output of the network for a picture, noise and knobs. */
  async painted(picture, noise, knobs, onStep) {
    const { height, width } = picture;
    await onStep(0, height * width);
    const image = new Float32Array(3 * height * width);
    picture.planes.forEach((plane, color) => image.set(plane, color * height * width));
    const feeds = {
      image: this.runtime.tensor(image, [1, 3, height, width]),
      noise: this.runtime.tensor(noise, [1, 1, height, width]),
      knobs: this.runtime.tensor(knobs, [1, knobs.length]),
    };
    const { features } = await this.body.run(feeds);
    const [, channels, rows, columns] = features.dims;
    const whole = { data: features.data, channels, height: rows, width: columns };
    const planes = [0, 1, 2].map(() => new Float32Array(height * width));
    const parts = partsOf(height, width, PART_PX);
    for (const [index, part] of parts.entries()) {
      await onStep(BODY_SHARE + ((1 - BODY_SHARE) * index) / parts.length, PART_PX);
      const around = featuresAround(whole, part);
      const photo = photoAround(picture, part);
      const { painting } = await this.head.run(
        {
          features: this.runtime.tensor(around.data, [1, channels, around.height, around.width]),
          photo: this.runtime.tensor(photo.data, [1, 3, photo.height, photo.width]),
        },
      );
      copyPart(painting.data, around.width * SHUFFLE, around.height * SHUFFLE, part, planes, width);
    }
    return { planes, height, width };
  }
}

// Copy the pixels of a part, without its halo, from the output of the network.
function copyPart(data, dataWidth, dataHeight, { rows, columns }, planes, width) {
  const count = columns[1] - columns[0];
  planes.forEach((plane, color) => {
    for (let row = rows[0]; row < rows[1]; row++) {
      const from = (color * dataHeight + HALO_PX + row - rows[0]) * dataWidth + HALO_PX;
      plane.set(data.subarray(from, from + count), row * width + columns[0]);
    }
  });
}

// The input of a level: its picture, changed like the picture of the previous level was by painting.
function relayed(painted, small, picture) {
  const changes = painted.planes.map((plane, color) => plane.map((value, index) => value - small.planes[color][index]));
  const planes = enlarged(changes, small, picture.height, picture.width);
  planes.forEach((plane, color) => {
    const own = picture.planes[color];
    for (let index = 0; index < plane.length; index++) plane[index] = Math.min(1, Math.max(0, plane[index] + own[index]));
  });
  return { planes, height: picture.height, width: picture.width };
}

// Below the minimum strength of the network, the photo is blended in; at 0, only the photo remains.
function blendedWithPhoto(painted, photo, trained) {
  if (trained >= MIN_STRENGTH) return painted;
  const share = Math.max(trained, 0) / MIN_STRENGTH;
  return painted.map((plane, color) => plane.map((value, index) => photo[color][index] + share * (value - photo[color][index])));
}
