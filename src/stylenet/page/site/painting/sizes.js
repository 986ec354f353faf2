// The sizes at which pictures are painted and styles are measured, and the parts of large pictures.

const WHOLE_PX = 384; // square root of the area from which a picture is first painted at half its size
const MIN_HALF_PX = 64;
export const MIN_STYLE_PX = 192;
export const STYLE_PX_STEP = 32;

export const SHUFFLE = 4; // side of a feature position in pixels
const MARGIN_PX = 32;
const APRON_PX = SHUFFLE;
const HALO = 3; // positions around a part that affect its painting
export const HALO_PX = SHUFFLE * HALO;

/** The sizes at which a picture is painted, from the smallest to its own. */
export function ladder(height, width, styleScale) {
  const sizes = [{ height, width }];
  for (;;) {
    const { height, width } = sizes[0];
    const half = { height: Math.max(1, Math.floor(height / 2)), width: Math.max(1, Math.floor(width / 2)) };
    const isLarge = Math.sqrt(height * width) / 2 >= WHOLE_PX / styleScale;
    if (!isLarge || Math.min(half.height, half.width) < MIN_HALF_PX) return sizes;
    sizes.unshift(half);
  }
}

/** Square root of the area at which a style is measured: that of the picture times the style scale, rounded to steps. */
export function styleSizePx(height, width, styleScale) {
  return Math.max(MIN_STYLE_PX, STYLE_PX_STEP * halfEven((Math.sqrt(height * width) * styleScale) / STYLE_PX_STEP));
}

/** Round half to even, like Python. */
export function halfEven(value) {
  const below = Math.floor(value);
  const rest = value - below;
  return rest > 0.5 || (rest === 0.5 && below % 2 === 1) ? below + 1 : below;
}

/** Parts that cover a picture without overlap, each with at most `maxPx` pixels including its halo. */
export function partsOf(height, width, maxPx) {
  const columns = spans(width, Math.max(SHUFFLE, Math.floor(Math.sqrt(maxPx)) - 2 * HALO_PX));
  const widest = Math.max(...columns.map(([first, last]) => last - first));
  const rows = spans(height, Math.max(SHUFFLE, Math.floor(maxPx / (widest + 2 * HALO_PX)) - 2 * HALO_PX));
  return rows.flatMap((rows) => columns.map((columns) => ({ rows, columns })));
}

/** The pixels of a part and its halo, reflected at the border of the picture: {data, height, width}, three planes. */
export function photoAround(picture, part) {
  const { height, width } = picture;
  const rows = mirrored(part.rows, height);
  const columns = mirrored(part.columns, width);
  const data = new Float32Array(3 * rows.length * columns.length);
  let place = 0;
  for (const plane of picture.planes)
    for (const row of rows) {
      const from = row * width;
      for (let index = 0; index < columns.length; index++) data[place++] = plane[from + columns[index]];
    }
  return { data, height: rows.length, width: columns.length };
}

/** The features of a part and its halo: {data, channels, height, width}. */
export function featuresAround(features, part) {
  const [top, bottom] = positions(part.rows);
  const [left, right] = positions(part.columns);
  const height = bottom - top;
  const width = right - left;
  const data = new Float32Array(features.channels * height * width);
  let place = 0;
  for (let channel = 0; channel < features.channels; channel++)
    for (let row = top; row < bottom; row++) {
      const from = (channel * features.height + row) * features.width;
      data.set(features.data.subarray(from + left, from + right), place);
      place += width;
    }
  return { data, channels: features.channels, height, width };
}

/** The end of a span, extended to whole positions. */
export function whole([first, last]) {
  return first + Math.ceil((last - first) / SHUFFLE) * SHUFFLE;
}

function positions(span) {
  return [Math.floor((MARGIN_PX + span[0]) / SHUFFLE) - HALO, Math.floor((MARGIN_PX + whole(span)) / SHUFFLE) + HALO];
}

// The pixels of a span and its halo along one axis, reflected at the border of the picture.
function mirrored(span, length) {
  const begin = span[0] - HALO_PX - APRON_PX;
  const end = whole(span) + HALO_PX + APRON_PX;
  const period = Math.max(1, 2 * (length - 1));
  return Int32Array.from({ length: end - begin }, (_, index) => {
    const position = (((begin + index) % period) + period) % period;
    return Math.min(position, period - position);
  });
}

function spans(length, most) {
  const count = Math.ceil(length / (Math.floor(most / SHUFFLE) * SHUFFLE));
  const step = Math.ceil(length / (count * SHUFFLE)) * SHUFFLE;
  const found = [];
  for (let first = 0; first < length; first += step) found.push([first, Math.min(first + step, length)]);
  return found;
}
