// White noise that is the same in every browser: two hashes per pair of pixels, converted to normal variables (Box and Muller).

/** `count` values with mean 0 and standard deviation 1. */
export function whiteNoise(count, seed) {
  const noise = new Float32Array(count);
  const base = hash((seed + 1) >>> 0);
  for (let index = 0; index < count; index += 2) {
    const radius = Math.sqrt(-2 * Math.log((hash((base + index) >>> 0) + 0.5) / 2 ** 32));
    const angle = (2 * Math.PI * hash((base + index + 1) >>> 0)) / 2 ** 32;
    noise[index] = radius * Math.cos(angle);
    if (index + 1 < count) noise[index + 1] = radius * Math.sin(angle);
  }
  return noise;
}

// A permutation of 32 bits in which every bit depends on every other.
function hash(x) {
  x = Math.imul(x ^ (x >>> 16), 0x21f0aaad);
  x = Math.imul(x ^ (x >>> 15), 0xd35a2d97);
  return (x ^ (x >>> 15)) >>> 0;
}
