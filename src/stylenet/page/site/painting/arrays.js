// Reading safetensors files as float32 arrays; 8-bit kernels are multiplied by the scales of their channels.

const SCALES = ["|scale", "_scale"];

/** The arrays in the bytes of a safetensors file, {name: {shape, values}}. */
export function readArrays(buffer) {
  const headerBytes = Number(new DataView(buffer).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 8, headerBytes)));
  delete header.__metadata__;
  const found = {};
  for (const [name, { dtype, shape, data_offsets: [begin, end] }] of Object.entries(header)) {
    const scale = SCALES.map((ending) => header[name + ending] && name + ending).find(Boolean);
    if (SCALES.some((ending) => name.endsWith(ending) && name.slice(0, -ending.length) in header)) continue;
    const bytes = buffer.slice(8 + headerBytes + begin, 8 + headerBytes + end);
    const values = asFloats(bytes, dtype, name);
    if (dtype === "I8") {
      if (!scale) throw new Error(`${name} is 8-bit and has no scale`);
      const [first, last] = header[scale].data_offsets;
      const scales = asFloats(buffer.slice(8 + headerBytes + first, 8 + headerBytes + last), header[scale].dtype, scale);
      const each = values.length / scales.length;
      for (let channel = 0; channel < scales.length; channel++) {
        for (let index = channel * each; index < (channel + 1) * each; index++) values[index] *= scales[channel];
      }
    }
    found[name] = { shape, values };
  }
  return found;
}

/**
 * All weights of a graph in one buffer, in the order of its initializers.
 * `wanted` is {name: shape}; `enter.weight|4` means that kernels over blocks of 4 x 4 pixels are converted to kernels over pixels.
 */
export function boundWeights(wanted, arrays, prefix = "") {
  const sizes = Object.values(wanted).map((shape) => shape.reduce((a, b) => a * b, 1));
  const buffer = new Float32Array(sizes.reduce((a, b) => a + b, 0));
  let offset = 0;
  Object.keys(wanted).forEach((key, index) => {
    const [name, side] = key.split("|");
    const array = arrays[prefix + name];
    if (!array) throw new Error(`${name} is missing`);
    const block = Number(side || 1);
    const blocks = side && array.shape.length === 4 && array.shape[1] === 3 * block * block;
    const values = blocks ? overPixels(array, block) : array.values;
    if (values.length !== sizes[index]) throw new Error(`${name} has another shape`);
    buffer.set(values, offset);
    offset += values.length;
  });
  return buffer;
}

// Channel (c, i, j) at position (y, x) of a kernel over blocks is color c of the pixel at (B y + i, B x + j).
function overPixels({ shape: [outputs, , rows, columns], values }, block) {
  const result = new Float32Array(values.length);
  let from = 0;
  for (let output = 0; output < outputs; output++)
    for (let color = 0; color < 3; color++)
      for (let i = 0; i < block; i++)
        for (let j = 0; j < block; j++)
          for (let y = 0; y < rows; y++)
            for (let x = 0; x < columns; x++)
              result[((output * 3 + color) * rows * block + y * block + i) * columns * block + x * block + j] = values[from++];
  return result;
}

function asFloats(bytes, dtype, name) {
  if (dtype === "F32") return new Float32Array(bytes);
  if (dtype === "I8") return Float32Array.from(new Int8Array(bytes));
  if (dtype === "F16") return Float32Array.from(new Uint16Array(bytes), half);
  throw new Error(`${name} has the unsupported type ${dtype}`);
}

function half(bits) {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (exponent ? 2 ** (exponent - 15) * (1 + fraction / 1024) : 2 ** -14 * (fraction / 1024));
}
