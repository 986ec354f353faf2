// White noise that is the same in every browser: two hashes for each pair of pixels, brought to a normal distribution (Box and Muller).

/** Noise for one picture, `count` values of mean 0 and deviation 1. */
export function whiteNoise(count, seed) {
  const noise = new Float32Array(count);
  const base = hashed((seed + 1) >>> 0);
  for (let index = 0; index < count; index += 2) {
    const radius = Math.sqrt(-2 * Math.log((hashed((base + index) >>> 0) + 0.5) / 2 ** 32));
    const angle = (2 * Math.PI * hashed((base + index + 1) >>> 0)) / 2 ** 32;
    noise[index] = radius * Math.cos(angle);
    if (index + 1 < count) noise[index + 1] = radius * Math.sin(angle);
  }
  return noise;
}

// A permutation of 32 bits in which every bit depends on every other.
function hashed(x) {
  x = Math.imul(x ^ (x >>> 16), 0x21f0aaad);
  x = Math.imul(x ^ (x >>> 15), 0xd35a2d97);
  return (x ^ (x >>> 15)) >>> 0;
}
