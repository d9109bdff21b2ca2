/**
 * Classifiers of dense layers in plain float64, trained for a few steps: a reference for the sizes
 * that `scale` measures.
 *
 * @module
 */

/** Dense layer: `multiplier * (x W + b)`, which is what `scale` measures. */
export interface ReferenceLayer {
  name: string;
  /** Kernel, inputs first. */
  kernel: Float64Array;
  bias: Float64Array;
  inputs: number;
  units: number;
  /** Constant behind the layer. */
  multiplier: number;
  /** True if relu comes before the layer. */
  hasRelu: boolean;
  /** Layer whose input is added to its output, before relu; `null` without a sum. */
  joins: string | null;
}

/** Optimizer of a reference. */
export interface ReferenceOptimizer {
  name: "adam" | "sgd";
  rate: number;
}

/** Sizes after each step: root mean squares. */
export interface ReferenceSizes {
  /** Size of each layer's output, and of the sums, from step 0 on. */
  activations: Map<string, number[]>;
  /** Size of its change, from step 1 on. */
  changes: Map<string, number[]>;
}

/** Batch of a reference. */
export interface ReferenceBatch {
  inputs: Float64Array;
  targets: Float64Array;
  examples: number;
}

const BETA1 = 0.9;
const BETA2 = 0.999;
const EPSILON = 1e-7;

/** Trains on the cross-entropy of the softmax of the outputs, and returns the sizes. */
export function trainReference(
  layers: readonly ReferenceLayer[],
  batch: ReferenceBatch,
  { steps, optimizer }: { steps: number; optimizer: ReferenceOptimizer },
): ReferenceSizes {
  const sizes: ReferenceSizes = { activations: new Map(), changes: new Map() };
  const moments = new Map<Float64Array, { m: Float64Array; v: Float64Array }>();
  let before = forward(layers, batch);
  const note = (into: Map<string, number[]>, name: string, size: number) =>
    into.set(name, [...into.get(name) ?? [], size]);
  for (const [name, values] of before.named) note(sizes.activations, name, rms(values));
  for (let step = 1; step <= steps; step++) {
    for (const { weights, gradient } of backward(layers, batch, before)) {
      move(weights, gradient, { optimizer, moments, step });
    }
    const after = forward(layers, batch);
    for (const [name, values] of after.named) {
      const old = before.named.get(name)!;
      note(sizes.activations, name, rms(values));
      note(sizes.changes, name, rms(values.map((value, i) => value - old[i])));
    }
    before = after;
  }
  return sizes;
}

interface Pass {
  /** Inputs of each layer by its name, before and after its relu. */
  entering: Map<string, { raw: Float64Array; read: Float64Array }>;
  output: Float64Array;
  named: Map<string, Float64Array>;
}

function forward(layers: readonly ReferenceLayer[], { inputs, examples }: ReferenceBatch): Pass {
  const named = new Map<string, Float64Array>();
  const entering: Pass["entering"] = new Map();
  let x = inputs;
  for (const layer of layers) {
    const read = layer.hasRelu ? x.map((value) => Math.max(0, value)) : x;
    entering.set(layer.name, { raw: x, read });
    const z = new Float64Array(examples * layer.units);
    for (let e = 0; e < examples; e++) {
      const row = z.subarray(e * layer.units, (e + 1) * layer.units).fill(0);
      for (let i = 0; i < layer.inputs; i++) {
        const value = read[e * layer.inputs + i];
        if (value === 0) continue;
        for (let j = 0; j < layer.units; j++) row[j] += value * layer.kernel[i * layer.units + j];
      }
      for (let j = 0; j < layer.units; j++) row[j] = layer.multiplier * (row[j] + layer.bias[j]);
    }
    named.set(layer.name, z);
    x = z;
    if (layer.joins === null) continue;
    const { raw } = entering.get(layer.joins)!;
    x = z.map((value, i) => value + raw[i]);
    named.set(`${layer.name}_sum`, x);
  }
  return { entering, output: x, named };
}

function backward(
  layers: readonly ReferenceLayer[],
  { targets, examples }: ReferenceBatch,
  { entering, output }: Pass,
): { weights: Float64Array; gradient: Float64Array }[] {
  const moves: { weights: Float64Array; gradient: Float64Array }[] = [];
  /** Gradients that reach the input of a layer past the layers behind it. */
  const skipped = new Map<string, Float64Array>();
  let delta = softmaxOf(output, examples).map((share, i) => (share - targets[i]) / examples);
  for (
    const { name, kernel, bias, inputs, units, multiplier, hasRelu, joins } of layers.toReversed()
  ) {
    const { raw, read } = entering.get(name)!;
    if (joins !== null) skipped.set(joins, delta);
    const dKernel = new Float64Array(kernel.length);
    const dBias = new Float64Array(bias.length);
    const below = skipped.get(name)?.slice() ?? new Float64Array(examples * inputs);
    for (let e = 0; e < examples; e++) {
      const d = delta.subarray(e * units, (e + 1) * units);
      for (let j = 0; j < units; j++) dBias[j] += multiplier * d[j];
      for (let i = 0; i < inputs; i++) {
        const at = e * inputs + i;
        const value = multiplier * read[at];
        let sum = 0;
        for (let j = 0; j < units; j++) {
          dKernel[i * units + j] += value * d[j];
          sum += kernel[i * units + j] * d[j];
        }
        if (!hasRelu || raw[at] > 0) below[at] += multiplier * sum;
      }
    }
    moves.push({ weights: kernel, gradient: dKernel }, { weights: bias, gradient: dBias });
    delta = below;
  }
  return moves;
}

function softmaxOf(outputs: Float64Array, examples: number): Float64Array {
  const shares = new Float64Array(outputs.length);
  const classes = outputs.length / examples;
  for (let e = 0; e < examples; e++) {
    const row = outputs.subarray(e * classes, (e + 1) * classes);
    const largest = Math.max(...row);
    const powers = row.map((value) => Math.exp(value - largest));
    const sum = powers.reduce((total, power) => total + power, 0);
    shares.set(powers.map((power) => power / sum), e * classes);
  }
  return shares;
}

function move(
  weights: Float64Array,
  gradient: Float64Array,
  { optimizer: { name, rate }, moments, step }: {
    optimizer: ReferenceOptimizer;
    moments: Map<Float64Array, { m: Float64Array; v: Float64Array }>;
    step: number;
  },
): void {
  if (name === "sgd") {
    for (let i = 0; i < weights.length; i++) weights[i] -= rate * gradient[i];
    return;
  }
  const fresh = () => new Float64Array(weights.length);
  const { m, v } = moments.get(weights) ?? { m: fresh(), v: fresh() };
  moments.set(weights, { m, v });
  for (let i = 0; i < weights.length; i++) {
    m[i] = BETA1 * m[i] + (1 - BETA1) * gradient[i];
    v[i] = BETA2 * v[i] + (1 - BETA2) * gradient[i] ** 2;
    const mean = m[i] / (1 - BETA1 ** step);
    const square = v[i] / (1 - BETA2 ** step);
    weights[i] -= rate * mean / (Math.sqrt(square) + EPSILON);
  }
}

function rms(values: Float64Array): number {
  let squares = 0;
  for (const value of values) squares += value * value;
  return Math.sqrt(squares / values.length);
}
