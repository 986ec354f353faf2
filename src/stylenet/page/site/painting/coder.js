// The coder: layers that map the description of a painting and the strength to the knobs of the painting network.

const DEFAULT_STRENGTH = 50;
const UNIT = 25;
export const MIN_STRENGTH = 10; // below it, the photo is blended in
const MAX_STRENGTH = 100;

// Pairs of the user's strength and the strength used in training, chosen so that equal steps change a picture about equally.
const CURVE = [[0, 0], [20, 10], [30, 27], [40, 37], [50, 57], [75, 72], [100, 100]];

/** Convert the user's strength, 0..100, to that used in training. */
export function trainedStrength(strength) {
  const given = Math.min(Math.max(strength, 0), 100);
  const index = CURVE.findIndex(([end], place) => place > 0 && given <= end);
  const [[begin, low], [end, high]] = [CURVE[index - 1], CURVE[index]];
  return low + ((given - begin) / (end - begin)) * (high - low);
}

export class Coder {
  /** `arrays`: the arrays of the network for all styles. */
  constructor(arrays) {
    this.hidden = arrays["coder.hidden.weight"];
    this.hiddenBias = arrays["coder.hidden.bias"].values;
    this.code = arrays["coder.code.weight"];
    this.codeBias = arrays["coder.code.bias"].values;
    this.bounds = Object.fromEntries(
      ["hidden_low", "hidden_high", "code_low", "code_high"].map((name) => [name, arrays[`coder.${name}`].values]),
    );
    this.knobsWeight = arrays["coder.knobs.weight"];
    this.knobsBias = arrays["coder.knobs.bias"].values;
  }

  /** The sums of the first layer for a description, without the strength. */
  sums(description) {
    const [outputs, inputs] = this.hidden.shape;
    const sums = Float32Array.from(this.hiddenBias);
    for (let output = 0; output < outputs; output++) {
      let sum = 0;
      for (let input = 0; input < inputs - 1; input++) sum += this.hidden.values[output * inputs + input] * description[input];
      sums[output] += sum;
    }
    return sums;
  }

  /** The knobs for styles [{sums, share}, ...] at a strength as used in training. */
  knobs(styles, trained) {
    const scaled = (Math.min(Math.max(trained, MIN_STRENGTH), MAX_STRENGTH) - DEFAULT_STRENGTH) / UNIT;
    const result = new Float32Array(this.knobsBias.length);
    for (const { sums, share } of styles) {
      if (!share) continue;
      const inputs = this.hidden.shape[1];
      const bounded = this.bounded("hidden", sums);
      const hidden = bounded.map((sum, row) => silu(sum + this.hidden.values[row * inputs + inputs - 1] * scaled));
      const code = this.bounded("code", dense(this.code, this.codeBias, hidden)).map(silu);
      dense(this.knobsWeight, this.knobsBias, code).forEach((value, index) => (result[index] += share * value));
    }
    return result;
  }

  /** Values of a layer, clipped to the ranges that occur for paintings. */
  bounded(layer, values) {
    const [low, high] = [this.bounds[`${layer}_low`], this.bounds[`${layer}_high`]];
    return values.map((value, unit) => Math.min(high[unit], Math.max(low[unit], value)));
  }
}

function dense({ shape: [outputs, inputs], values }, bias, x) {
  const result = new Float32Array(outputs);
  for (let output = 0; output < outputs; output++) {
    let sum = 0;
    for (let input = 0; input < inputs; input++) sum += values[output * inputs + input] * x[input];
    result[output] = sum + bias[output];
  }
  return result;
}

function silu(x) {
  return x / (1 + Math.exp(-x));
}
