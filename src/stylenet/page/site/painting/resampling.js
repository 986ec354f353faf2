// Resizing pictures {planes: [Float32Array, ...], height, width}.

/** Resize a picture with antialiased bicubic interpolation like Pillow's, clipped to 0..1. */
export function resized(picture, height, width) {
  if (picture.height === height && picture.width === width) return picture;
  const columns = smoothTaps(picture.width, width);
  const rows = smoothTaps(picture.height, height);
  const planes = picture.planes.map((plane) => {
    const narrow = alongRows(plane, picture.height, picture.width, columns, width);
    const small = alongColumns(narrow, width, rows, height);
    for (let index = 0; index < small.length; index++) small[index] = Math.min(1, Math.max(0, small[index]));
    return small;
  });
  return { planes, height, width };
}

/** Enlarge planes with bicubic interpolation without antialiasing, like torch's. */
export function enlarged(planes, from, height, width) {
  const columns = sharpTaps(from.width, width);
  const rows = sharpTaps(from.height, height);
  return planes.map((plane) => {
    const tall = alongColumns(plane, from.width, rows, height);
    return alongRows(tall, height, from.width, columns, width);
  });
}

// For each output index, the input indices that contribute to it and their weights.
function smoothTaps(inputLength, outputLength) {
  const scale = inputLength / outputLength;
  const spread = Math.max(scale, 1);
  return Array.from({ length: outputLength }, (_, index) => {
    const center = (index + 0.5) * scale;
    const first = Math.max(0, Math.trunc(center - 2 * spread + 0.5));
    const last = Math.min(inputLength, Math.trunc(center + 2 * spread + 0.5));
    const weights = Array.from({ length: last - first }, (_, tap) => cubic((first + tap - center + 0.5) / spread, -0.5));
    const sum = weights.reduce((a, b) => a + b, 0);
    return { indices: weights.map((_, tap) => first + tap), weights: weights.map((weight) => weight / sum) };
  });
}

function sharpTaps(inputLength, outputLength) {
  const scale = Math.fround(Math.fround(inputLength) / Math.fround(outputLength));
  return Array.from({ length: outputLength }, (_, index) => {
    const at = Math.fround(Math.fround(Math.fround(index + 0.5) * scale) - 0.5);
    const first = Math.floor(at);
    const taps = [-1, 0, 1, 2];
    return {
      indices: taps.map((tap) => Math.min(inputLength - 1, Math.max(0, first + tap))),
      weights: taps.map((tap) => cubic(at - first - tap, -0.75)),
    };
  });
}

// Keys 1981, eq. 4; `slope` is the slope at the first zero.
function cubic(x, slope) {
  x = Math.abs(x);
  if (x < 1) return ((slope + 2) * x - (slope + 3)) * x * x + 1;
  return x < 2 ? ((slope * x - 5 * slope) * x + 8 * slope) * x - 4 * slope : 0;
}

function alongRows(plane, height, inputLength, taps, outputLength) {
  const result = new Float32Array(height * outputLength);
  for (let column = 0; column < outputLength; column++) {
    const { indices, weights } = taps[column];
    for (let row = 0; row < height; row++) {
      let sum = 0;
      for (let tap = 0; tap < weights.length; tap++) sum += weights[tap] * plane[row * inputLength + indices[tap]];
      result[row * outputLength + column] = sum;
    }
  }
  return result;
}

function alongColumns(plane, width, taps, outputLength) {
  const result = new Float32Array(outputLength * width);
  const sums = new Float64Array(width);
  for (let row = 0; row < outputLength; row++) {
    const { indices, weights } = taps[row];
    sums.fill(0);
    for (let tap = 0; tap < weights.length; tap++) {
      const from = indices[tap] * width;
      const weight = weights[tap];
      for (let column = 0; column < width; column++) sums[column] += weight * plane[from + column];
    }
    result.set(sums, row * width);
  }
  return result;
}
