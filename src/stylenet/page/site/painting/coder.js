// From what the network knows of a painting to its knobs: the coder's layers, by strength.

const USUAL = 50;
const UNIT = 25;
export const LEAST_STRENGTH = 10; // below, the photo shines through
const MOST_STRENGTH = 100;

// A person's strengths and the strengths of the training that they stand for, so that equal steps change a picture about equally.
const CURVE = [[0, 0], [20, 10], [50, 50], [75, 61], [100, 100]];

/** The strength of the training for a strength of 0..100. */
export function trainedStrength(strength) {
  const given = Math.min(Math.max(strength, 0), 100);
  const index = CURVE.findIndex(([end], place) => place > 0 && given <= end);
  const [[begin, low], [end, high]] = [CURVE[index - 1], CURVE[index]];
  return low + ((given - begin) / (end - begin)) * (high - low);
}

export class Coder {
  /** `arrays`: of the network of every style. */
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

  /** The first layer's sums for a description, before the strength comes in. */
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

  /** The knobs of styles [{sums, share}, ...] at a strength of the training. */
  knobs(styles, trained) {
    const place = (Math.min(Math.max(trained, LEAST_STRENGTH), MOST_STRENGTH) - USUAL) / UNIT;
    const result = new Float32Array(this.knobsBias.length);
    for (const { sums, share } of styles) {
      if (!share) continue;
      const inputs = this.hidden.shape[1];
      const known = this.bounded("hidden", sums);
      const hidden = known.map((sum, row) => silu(sum + this.hidden.values[row * inputs + inputs - 1] * place));
      const code = this.bounded("code", dense(this.code, this.codeBias, hidden)).map(silu);
      dense(this.knobsWeight, this.knobsBias, code).forEach((value, index) => (result[index] += share * value));
    }
    return result;
  }

  /** Values of a layer, each within the range that it has for paintings. */
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
