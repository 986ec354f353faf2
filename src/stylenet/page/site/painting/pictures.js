// Converting picture files to planes of 0..1 with separate transparency, and back to canvas pixels.

import { resized } from "./resampling.js";

export class PictureError extends Error {
  /** `word`: the name of a text in words.js. */
  constructor(word) {
    super(word);
    this.word = word;
  }
}

/** The size of a picture reduced to at most `maxPx` pixels. */
export function fitWithin(height, width, maxPx) {
  const scale = Math.min(1, Math.sqrt(maxPx / (height * width)));
  return { height: Math.max(1, Math.round(height * scale)), width: Math.max(1, Math.round(width * scale)) };
}

/** Decode a picture file, upright and reduced to a size: {planes, alpha, height, width}. Transparent parts get the mean visible color. */
export async function decode(blob, { height, width }) {
  let bitmap;
  try {
    bitmap = await createImageBitmap(blob, {
      imageOrientation: "from-image",
      premultiplyAlpha: "none",
      resizeWidth: width,
      resizeHeight: height,
      resizeQuality: "high",
    });
  } catch {
    throw new PictureError("broken");
  }
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(bitmap, 0, 0, width, height);
  bitmap.close();
  return split(context.getImageData(0, 0, width, height).data, height, width);
}

function split(pixels, height, width) {
  const count = height * width;
  const planes = [0, 1, 2].map(() => new Float32Array(count));
  let isOpaque = true;
  for (let index = 0; index < count; index++) {
    for (let color = 0; color < 3; color++) planes[color][index] = pixels[4 * index + color] / 255;
    isOpaque &&= pixels[4 * index + 3] === 255;
  }
  if (isOpaque) return { planes, alpha: null, height, width };
  const alpha = Float32Array.from({ length: count }, (_, index) => pixels[4 * index + 3] / 255);
  const total = alpha.reduce((a, b) => a + b, 0);
  for (const plane of planes) {
    let sum = 0;
    for (let index = 0; index < count; index++) sum += plane[index] * alpha[index];
    const mean = total ? sum / total : 1;
    for (let index = 0; index < count; index++) plane[index] = mean + alpha[index] * (plane[index] - mean);
  }
  return { planes, alpha, height, width };
}

/** A picture and its transparency at a smaller size. */
export function downscale(picture, height, width) {
  const { planes } = resized(picture, height, width);
  const alpha = picture.alpha && resized({ ...picture, planes: [picture.alpha] }, height, width).planes[0];
  return { planes, alpha, height, width };
}

/** RGBA bytes for a canvas. */
export function pixelsOf({ planes, height, width }, alpha) {
  const pixels = new Uint8ClampedArray(4 * height * width);
  for (let index = 0; index < height * width; index++) {
    for (let color = 0; color < 3; color++) pixels[4 * index + color] = 255 * planes[color][index];
    pixels[4 * index + 3] = alpha ? 255 * alpha[index] : 255;
  }
  return pixels;
}
