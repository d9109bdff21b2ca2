import type {
  InputMeasurements,
  LayerMeasurements,
  Measurements,
  TargetMeasurements,
  TensorStatistics,
  WeightMeasurements,
} from "../../src/core/measure/measurements.ts";
import { layerTraits } from "../../src/ground/traits/layer_traits.ts";

/** Statistics of the given numbers, accumulated in float64. */
export function statisticsOf(values: ArrayLike<number>): TensorStatistics {
  let n = 0;
  let sum = 0;
  let size = 0;
  let square = 0;
  let maxAbs = 0;
  let zeros = 0;
  for (let i = 0; i < values.length; i++) {
    const x = values[i];
    if (!Number.isFinite(x)) continue;
    n++;
    sum += x;
    size += Math.abs(x);
    square += x * x;
    maxAbs = Math.max(maxAbs, Math.abs(x));
    if (x === 0) zeros++;
  }
  const finite = Math.max(1, n);
  const mean = sum / finite;
  let spread = 0;
  for (let i = 0; i < values.length; i++) {
    if (Number.isFinite(values[i])) spread += (values[i] - mean) ** 2;
  }
  return {
    count: values.length,
    meanAbs: size / finite,
    rms: Math.sqrt(square / finite),
    maxAbs,
    mean,
    std: Math.sqrt(spread / finite),
    l2: Math.sqrt(square),
    zeroFraction: zeros / finite,
    nonFinite: values.length - n,
  };
}

/** Statistics that {@linkcode flat} has computed: 40 kernels of 512 units take a second. */
const flats = new Map<string, TensorStatistics>();

/** Statistics of `count` numbers, half of them `size` and half of them `-size`. */
export function flat(size: number, count: number): TensorStatistics {
  const key = `${size} ${count}`;
  const found = flats.get(key) ??
    statisticsOf(Array.from({ length: count }, (_, i) => i % 2 === 0 ? size : -size));
  flats.set(key, found);
  return { ...found };
}

/** A weight with a kernel's defaults. */
export function makeWeight(given: Partial<WeightMeasurements> = {}): WeightMeasurements {
  const shape = given.shape ?? [20, 20];
  const count = shape.reduce((product, size) => product * size, 1);
  return {
    name: "dense/kernel",
    shape,
    trainable: true,
    values: flat(0.2, count),
    gradients: flat(0.01, count),
    gradientsOfUsedRows: null,
    duplicateUnits: 0,
    entries: null,
    absent: {},
    ...given,
  };
}

/** A hidden tanh layer of 20 units on 32 examples, healthy except for the given changes. */
export function makeLayer(given: Partial<LayerMeasurements> = {}): LayerMeasurements {
  const name = given.name ?? "dense";
  const className = given.className ?? "Dense";
  const { kind, kernel } = layerTraits(className);
  return {
    name,
    className,
    kind,
    ...kernel === null || kernel === "einsum" ? {} : { kernelLayout: kernel },
    activation: "tanh",
    depth: 1,
    trainable: true,
    role: "hidden",
    calls: 1,
    shape: [32, 20],
    preActivations: flat(0.8, 640),
    activations: flat(0.6, 640),
    activationGradients: flat(0.1, 640),
    preActivationGradients: flat(0.1, 640),
    weights: [makeWeight({ name: `${name}/kernel` })],
    saturatedFraction: 0,
    deadFraction: null,
    absent: {},
    ...given,
  };
}

/** A linear head of one unit. */
export function makeHead(given: Partial<LayerMeasurements> = {}): LayerMeasurements {
  return makeLayer({
    name: "head",
    activation: "linear",
    role: "output",
    shape: [32, 1],
    preActivations: flat(0.3, 32),
    activations: flat(0.3, 32),
    activationGradients: flat(1, 32),
    preActivationGradients: flat(1, 32),
    weights: [makeWeight({ name: "head/kernel", shape: [20, 1] })],
    saturatedFraction: null,
    ...given,
  });
}

/**
 * Measurements of a chain of layers and a linear head above them, healthy except for the given
 * changes. Depths count up from 1, and names from `dense_1`, where they are not given.
 */
export function makeMeasurements(
  layers: Partial<LayerMeasurements>[] = [{}, {}, {}],
  given: Partial<Measurements> = {},
): Measurements {
  const chain = layers.map((layer, index) =>
    makeLayer({ name: `dense_${index + 1}`, depth: index + 1, ...layer })
  );
  const inputs = flat(1, 640);
  const all = given.layers ?? [...chain, makeHead({ depth: chain.length + 1 })];
  return {
    version: 1,
    model: { name: "test", source: null, parameters: 821, layers: all.length },
    engine: { backend: "wasm", simd: true, relaxedSimd: true, tfjs: "4.22.0" },
    batch: {
      examples: 32,
      seed: 3,
      inputs,
      perInput: [{ name: "input", shape: [32, 20], dtype: "float32", values: inputs }],
      targets: [],
    },
    objective: { name: "sum", value: 0.5 },
    seed: 7,
    ...given,
    layers: all,
  };
}

/** A healthy model on a batch of one input with these values. */
export function withInput(
  values: TensorStatistics,
  given: Partial<InputMeasurements> = {},
): Measurements {
  const { batch, ...rest } = makeMeasurements();
  const perInput = [{ name: "pixels", shape: [32, 20], dtype: "float32", values, ...given }];
  return { ...rest, batch: { ...batch, perInput } };
}

/** A chain of tanh layers whose delta has the given sizes, first layer first. */
export function chain(...sizes: number[]): Measurements {
  return makeMeasurements(sizes.map((size) => ({
    preActivationGradients: flat(size, 640),
    activationGradients: flat(size, 640),
  })));
}

/** Head without a hidden layer, its loss and its targets. */
export interface Head {
  loss: string;
  /** Loss of the batch. Default: 1. */
  value?: number;
  activation?: string;
  units?: number;
  /** Targets of all examples, row by row. Default: none. */
  targets?: number[] | null;
  examples?: number;
  /** Entries of the bias. Default: there is no bias. */
  bias?: number[];
}

/** Makes the measurements of a model with one head. */
export function withHead(
  { loss, value = 1, activation = "softmax", units = 10, targets = null, examples = 32, bias }:
    Head,
): Measurements {
  const weights = [makeWeight({ name: "head/kernel", shape: [20, units] })];
  if (bias !== undefined) {
    const values = statisticsOf(bias);
    weights.push(makeWeight({ name: "head/bias", shape: [units], values, entries: bias }));
  }
  const head = makeHead({ depth: 1, activation, shape: [examples, units], weights });
  const measurements = makeMeasurements([], { layers: [head], objective: { name: loss, value } });
  const all = targets === null ? [] : [makeTarget(Float64Array.from(targets), examples)];
  return { ...measurements, batch: { ...measurements.batch, examples, targets: all } };
}

/** Makes the measurements of a model with one linear unit, and as many examples as targets. */
export function headed(loss: string, given: Omit<Head, "loss" | "examples">): Measurements {
  const { units = 1, targets, activation = "linear" } = given;
  const examples = targets ? targets.length / units : 32;
  return withHead({ ...given, loss, units, activation, examples });
}

/** The measurements of one target, as many units wide as its length asks for. */
export function makeTarget(targets: Float64Array, examples: number): TargetMeasurements {
  const units = targets.length / examples;
  return {
    name: "target",
    shape: [examples, units],
    values: statisticsOf(targets),
    unitMeans: Array.from(
      { length: units },
      (_, j) => targets.reduce((sum, t, k) => k % units === j ? sum + t / examples : sum, 0),
    ),
  };
}

/** Makes the measurements of a healthy model whose first layer has one weight, as given. */
export const ofWeight = (
  weight: Partial<WeightMeasurements>,
  layer: Partial<LayerMeasurements> = {},
) =>
  makeMeasurements([
    { weights: [makeWeight({ name: "dense_1/kernel", ...weight })], ...layer },
    {},
  ]);

/** Targets of 16 examples in two classes, for one unit. */
export const halves = [...Array(8).fill(0), ...Array(8).fill(1)];
/** Targets of 8 examples in two classes, for two units. */
export const oneHot = Array.from({ length: 8 }, (_, i) => i % 2 === 0 ? [1, 0] : [0, 1]).flat();
