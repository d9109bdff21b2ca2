import type { LayerMeasurements, Measurements } from "../../src/core/measure/measurements.ts";
import { makeMeasurements, makeTarget, makeWeight, statisticsOf } from "./measurements.ts";

/** phi and its derivative, in float64. */
const ACTIVATIONS: Record<string, [(z: number) => number, (z: number) => number]> = {
  linear: [(z) => z, () => 1],
  relu: [(z) => Math.max(z, 0), (z) => z > 0 ? 1 : 0],
  tanh: [Math.tanh, (z) => 1 - Math.tanh(z) ** 2],
  sigmoid: [(z) => 1 / (1 + Math.exp(-z)), (z) => 1 / (1 + Math.exp(-z)) / (1 + Math.exp(z))],
  selu: [
    (z) => 1.0507009873554805 * (z > 0 ? z : 1.6732632423543772 * Math.expm1(z)),
    (z) => 1.0507009873554805 * (z > 0 ? 1 : 1.6732632423543772 * Math.exp(z)),
  ],
};

/** Dense layer: `kernel[i * units + j]` leads from input i to unit j. */
export interface DenseLayer {
  kernel: Float64Array;
  bias: Float64Array;
  units: number;
  activation: string;
}

/**
 * Naming of the layers, and their division in two: `Dense(tanh)`, or `Dense` and then `Activation`.
 */
export type Style = "fused" | "split";

/** The measurements that one pass over a chain of dense layers gives, computed in float64. */
export function measureDense(
  layers: DenseLayer[],
  inputs: Float64Array,
  { targets, style = "fused", seed = null }: {
    targets?: Float64Array;
    style?: Style;
    seed?: number | null;
  } = {},
): Measurements {
  const examples = inputs.length / (layers[0].kernel.length / layers[0].units);
  const zs: Float64Array[] = [];
  const as: Float64Array[] = [inputs];
  for (const layer of layers) {
    const z = product(as[as.length - 1], layer, examples);
    zs.push(z);
    as.push(z.map(ACTIVATIONS[layer.activation][0]));
  }
  const output = as[as.length - 1];
  const value = targets === undefined
    ? output.reduce((sum, x) => sum + x, 0)
    : output.reduce((sum, x, i) => sum + (x - targets[i]) ** 2, 0) / output.length;
  let gradient = targets === undefined
    ? output.map(() => 1)
    : output.map((x, i) => 2 * (x - targets[i]) / output.length);
  const rows: LayerMeasurements[] = [];
  for (let i = layers.length - 1; i >= 0; i--) {
    const phi = ACTIVATIONS[layers[i].activation][1];
    const z = zs[i];
    const delta = gradient.map((g, k) => g * phi(z[k]));
    const below = as[i];
    rows.unshift(...measureLayer(layers, i, style, { z, a: as[i + 1], gradient, delta, below }));
    gradient = transposed(delta, layers[i], examples);
  }
  const statistics = statisticsOf(inputs);
  const shape = [examples, inputs.length / examples];
  return makeMeasurements([], {
    layers: rows,
    seed,
    batch: {
      examples,
      seed: null,
      inputs: statistics,
      perInput: [{ name: "input", shape, dtype: "float32", values: statistics }],
      targets: targets === undefined ? [] : [makeTarget(targets, examples)],
    },
    objective: { name: targets === undefined ? "sum" : "meanSquaredError", value },
  });
}

interface Tensors {
  z: Float64Array;
  a: Float64Array;
  gradient: Float64Array;
  delta: Float64Array;
  below: Float64Array;
}

function measureLayer(
  layers: DenseLayer[],
  index: number,
  style: Style,
  { z, a, gradient, delta, below }: Tensors,
): LayerMeasurements[] {
  const { kernel, bias, units, activation } = layers[index];
  const [, phi] = ACTIVATIONS[activation];
  const examples = z.length / units;
  const fanIn = kernel.length / units;
  const gradients = new Float64Array(kernel.length);
  const biasGradients = new Float64Array(units);
  for (let e = 0; e < examples; e++) {
    for (let j = 0; j < units; j++) {
      const d = delta[e * units + j];
      biasGradients[j] += d;
      for (let i = 0; i < fanIn; i++) gradients[i * units + j] += below[e * fanIn + i] * d;
    }
  }
  const bounded = activation === "tanh" || activation === "sigmoid";
  const sup = activation === "sigmoid" ? 0.25 : 1;
  const on = new Set<number>();
  for (let k = 0; k < z.length; k++) if (z[k] > 0) on.add(k % units);
  const name = `dense_${index + 1}`;
  const role = index === layers.length - 1 ? "output" as const : "hidden" as const;
  const shared = { depth: index + 1, trainable: true, role, calls: 1, shape: [examples, units] };
  const judged = {
    saturatedFraction: bounded
      ? z.filter((x) => Math.abs(phi(x)) < 0.06 * sup).length / z.length
      : null,
    deadFraction: activation === "relu" ? 1 - on.size / units : null,
  };
  const statistics = {
    preActivations: statisticsOf(z),
    activations: statisticsOf(a),
    activationGradients: statisticsOf(gradient),
    preActivationGradients: statisticsOf(delta),
    absent: {},
  };
  const weights = [
    makeWeight({
      name: `${name}/kernel`,
      shape: [fanIn, units],
      values: statisticsOf(kernel),
      gradients: statisticsOf(gradients),
      duplicateUnits: units - new Set(columns(kernel, units)).size,
    }),
    makeWeight({
      name: `${name}/bias`,
      shape: [units],
      values: statisticsOf(bias),
      gradients: statisticsOf(biasGradients),
      entries: role === "output" ? Array.from(bias) : null,
    }),
  ];
  if (style === "fused" || activation === "linear") {
    return [{
      ...shared,
      ...judged,
      ...statistics,
      name,
      className: "Dense",
      kind: "dense",
      kernelLayout: "ordinary",
      activation,
      weights,
    }];
  }
  const linear = {
    ...statistics,
    activations: statistics.preActivations,
    activationGradients: statistics.preActivationGradients,
    saturatedFraction: null,
    deadFraction: null,
  };
  return [
    {
      ...shared,
      ...linear,
      name,
      className: "Dense",
      kind: "dense",
      kernelLayout: "ordinary",
      activation: "linear",
      weights,
    },
    {
      ...shared,
      ...judged,
      ...statistics,
      name: `activation_${index + 1}`,
      className: "Activation",
      kind: "activation",
      activation,
      weights: [],
    },
  ];
}

/** Returns a text for each unit, equal for units with equal incoming weights. */
function columns(kernel: Float64Array, units: number): string[] {
  return Array.from({ length: units }, (_, j) => {
    const column = [];
    for (let k = j; k < kernel.length; k += units) column.push(kernel[k]);
    return column.join();
  });
}

function product(x: Float64Array, { kernel, bias, units }: DenseLayer, examples: number) {
  const fanIn = kernel.length / units;
  const z = new Float64Array(examples * units);
  for (let e = 0; e < examples; e++) {
    const row = z.subarray(e * units, (e + 1) * units);
    row.set(bias);
    for (let i = 0; i < fanIn; i++) {
      const factor = x[e * fanIn + i];
      for (let j = 0; j < units; j++) row[j] += factor * kernel[i * units + j];
    }
  }
  return z;
}

function transposed(delta: Float64Array, { kernel, units }: DenseLayer, examples: number) {
  const fanIn = kernel.length / units;
  const gradient = new Float64Array(examples * fanIn);
  for (let e = 0; e < examples; e++) {
    for (let i = 0; i < fanIn; i++) {
      let sum = 0;
      for (let j = 0; j < units; j++) sum += delta[e * units + j] * kernel[i * units + j];
      gradient[e * fanIn + i] = sum;
    }
  }
  return gradient;
}

/** Standard normal numbers from a seed: the same on every machine. */
export function normals(seed: number): () => number {
  let state = (seed * 2654435761 + 88675123) >>> 0;
  const uniform = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (((t ^ (t >>> 14)) >>> 0) + 0.5) / 4294967296;
  };
  return () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
}

/** Result of {@linkcode randomNetwork}. */
export interface RandomNetworkOptions {
  depth: number;
  width: number;
  activation: string;
  sigma: number;
  seed: number;
}

/** `depth` layers of one width under a linear unit; kernels of standard deviation sigma / sqrt(width). */
export function randomNetwork(
  { depth, width, activation, sigma, seed }: RandomNetworkOptions,
): { layers: DenseLayer[]; inputs: (examples: number) => Float64Array } {
  const normal = normals(seed);
  const draw = (count: number, scale: number) =>
    Float64Array.from({ length: count }, () => normal() * scale);
  const layers = Array.from({ length: depth + 1 }, (_, i): DenseLayer => {
    const units = i === depth ? 1 : width;
    const scale = i === depth ? Math.sqrt(2 / (width + 1)) : sigma / Math.sqrt(width);
    return {
      kernel: draw(width * units, scale),
      bias: new Float64Array(units),
      units,
      activation: i === depth ? "linear" : activation,
    };
  });
  return { layers, inputs: (examples) => draw(examples * width, 1) };
}

const HEALTHY_OPTIONS = { depth: 4, width: 64, activation: "tanh", sigma: 1, seed: 5 };

/** A random network of 4 wide layers on 32 examples, healthy except for what `spoil` does to it. */
export function random(
  spoil: (network: ReturnType<typeof randomNetwork>["layers"], x: Float64Array) => void,
  options: Partial<RandomNetworkOptions> & { targets?: Float64Array } = {},
): Measurements {
  const { targets, ...given } = options;
  const { layers, inputs } = randomNetwork({ ...HEALTHY_OPTIONS, ...given });
  const x = inputs(32);
  spoil(layers, x);
  return measureDense(layers, x, { targets, seed: HEALTHY_OPTIONS.seed });
}

export const healthy = () =>
  random(() => {}, { targets: Float64Array.from({ length: 32 }, normals(1)) });
