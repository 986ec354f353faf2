// Pictures as planes {planes: [Float32Array, ...], height, width}, brought to another size.

/** At another size, by antialiased bicubic interpolation as Pillow does it, within 0..1; itself at its own size. */
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

/** Planes at a larger size, by bicubic interpolation without antialiasing, as torch does it. */
export function enlarged(planes, from, height, width) {
  const columns = sharpTaps(from.width, width);
  const rows = sharpTaps(from.height, height);
  return planes.map((plane) => {
    const tall = alongColumns(plane, from.width, rows, height);
    return alongRows(tall, height, from.width, columns, width);
  });
}

// Of each place: the places that it is made of and their weights.
function smoothTaps(given, wanted) {
  const scale = given / wanted;
  const spread = Math.max(scale, 1);
  return Array.from({ length: wanted }, (_, place) => {
    const center = (place + 0.5) * scale;
    const first = Math.max(0, Math.trunc(center - 2 * spread + 0.5));
    const last = Math.min(given, Math.trunc(center + 2 * spread + 0.5));
    const weights = Array.from({ length: last - first }, (_, tap) => cubic((first + tap - center + 0.5) / spread, -0.5));
    const sum = weights.reduce((a, b) => a + b, 0);
    return { indices: weights.map((_, tap) => first + tap), weights: weights.map((weight) => weight / sum) };
  });
}

function sharpTaps(given, wanted) {
  const scale = Math.fround(Math.fround(given) / Math.fround(wanted));
  return Array.from({ length: wanted }, (_, place) => {
    const at = Math.fround(Math.fround(Math.fround(place + 0.5) * scale) - 0.5);
    const first = Math.floor(at);
    const taps = [-1, 0, 1, 2];
    return {
      indices: taps.map((tap) => Math.min(given - 1, Math.max(0, first + tap))),
      weights: taps.map((tap) => cubic(at - first - tap, -0.75)),
    };
  });
}

// Keys 1981, eq. 4; `slope` at its first zero.
function cubic(x, slope) {
  x = Math.abs(x);
  if (x < 1) return ((slope + 2) * x - (slope + 3)) * x * x + 1;
  return x < 2 ? ((slope * x - 5 * slope) * x + 8 * slope) * x - 4 * slope : 0;
}

function alongRows(plane, height, given, taps, wanted) {
  const result = new Float32Array(height * wanted);
  for (let column = 0; column < wanted; column++) {
    const { indices, weights } = taps[column];
    for (let row = 0; row < height; row++) {
      let sum = 0;
      for (let tap = 0; tap < weights.length; tap++) sum += weights[tap] * plane[row * given + indices[tap]];
      result[row * wanted + column] = sum;
    }
  }
  return result;
}

function alongColumns(plane, width, taps, wanted) {
  const result = new Float32Array(wanted * width);
  const sums = new Float64Array(width);
  for (let row = 0; row < wanted; row++) {
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
