// A photo painted in one pass: from small to large, the last layers of a large picture part by part.

import { Coder, LEAST_STRENGTH, trainedStrength } from "./coder.js";
import { whiteNoise } from "./noise.js";
import { enlarged, resized } from "./resampling.js";
import { HALO_PX, SHUFFLE, featuresAround, ladder, lookedAtPx, partsOf, photoAround } from "./sizes.js";

const PART_PX = 2 ** 20;
const BODY_SHARE = 0.85; // of the time

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
   * The paintings of a picture {planes, height, width}, from the smallest to its own size.
   * `sumsAt(px)` gives the styles [{sums, share}] as they are looked at at that size; `turn(share, px)` is awaited before each step
   * with the share of the work that is done and the pixels of the step, and may throw `Stopped`.
   */
  async *paint(picture, { sumsAt, strength, styleScale = 1, seed = 0, turn = async () => {} }) {
    const trained = trainedStrength(strength);
    const sizes = ladder(picture.height, picture.width, styleScale);
    const pictures = [picture];
    for (const size of sizes.slice(0, -1).reverse()) pictures.unshift(resized(pictures[0], size.height, size.width));
    const work = sizes.reduce((sum, { height, width }) => sum + height * width, 0);
    let [done, before] = [0, null];
    for (const [index, { height, width }] of sizes.entries()) {
      const level = pictures[index];
      const begun = before ? relayed(before, pictures[index - 1], level) : level;
      const knobs = this.coder.knobs(await sumsAt(lookedAtPx(height, width, styleScale)), trained);
      const noise = whiteNoise(height * width, seed + sizes.length - 1 - index);
      const share = (height * width) / work;
      const painted = await this.painted(begun, noise, knobs, (part, px) => turn(done + part * share, px));
      done += share;
      before = painted;
      yield { planes: faded(painted.planes, level.planes, trained), height, width, last: index === sizes.length - 1 };
    }
  }

  /** What the network paints of a picture with noise and knobs, the last layers part by part. */
  async painted(picture, noise, knobs, turn) {
    const { height, width } = picture;
    await turn(0, height * width);
    const image = new Float32Array(3 * height * width);
    picture.planes.forEach((plane, color) => image.set(plane, color * height * width));
    const feeds = {
      image: this.runtime.tensor(image, [1, 3, height, width]),
      noise: this.runtime.tensor(noise, [1, 1, height, width]),
      knobs: this.runtime.tensor(knobs, [1, knobs.length]),
    };
    const { features } = await this.body.run(feeds);
    const [, channels, rows, columns] = features.dims;
    const seen = { data: features.data, channels, height: rows, width: columns };
    const planes = [0, 1, 2].map(() => new Float32Array(height * width));
    const parts = partsOf(height, width, PART_PX);
    for (const [index, part] of parts.entries()) {
      await turn(BODY_SHARE + ((1 - BODY_SHARE) * index) / parts.length, PART_PX);
      const around = featuresAround(seen, part);
      const photo = photoAround(picture, part);
      const { painting } = await this.head.run(
        {
          features: this.runtime.tensor(around.data, [1, channels, around.height, around.width]),
          photo: this.runtime.tensor(photo.data, [1, 3, photo.height, photo.width]),
        },
      );
      keepOwn(painting.data, around.width * SHUFFLE, around.height * SHUFFLE, part, planes, width);
    }
    return { planes, height, width };
  }
}

function keepOwn(data, wide, tall, { rows, columns }, planes, width) {
  const count = columns[1] - columns[0];
  planes.forEach((plane, color) => {
    for (let row = rows[0]; row < rows[1]; row++) {
      const from = (color * tall + HALO_PX + row - rows[0]) * wide + HALO_PX;
      plane.set(data.subarray(from, from + count), row * width + columns[0]);
    }
  });
}

// What a picture is painted from after it was painted at half of its size.
function relayed(painted, small, picture) {
  const changes = painted.planes.map((plane, color) => plane.map((value, index) => value - small.planes[color][index]));
  const planes = enlarged(changes, small, picture.height, picture.width);
  planes.forEach((plane, color) => {
    const own = picture.planes[color];
    for (let index = 0; index < plane.length; index++) plane[index] = Math.min(1, Math.max(0, plane[index] + own[index]));
  });
  return { planes, height: picture.height, width: picture.width };
}

// Below the least strength that the network knows the photo shines through; at 0 it is all.
function faded(painted, photo, trained) {
  if (trained >= LEAST_STRENGTH) return painted;
  const share = Math.max(trained, 0) / LEAST_STRENGTH;
  return painted.map((plane, color) => plane.map((value, index) => photo[color][index] + share * (value - photo[color][index])));
}
