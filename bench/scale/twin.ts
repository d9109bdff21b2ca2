/**
 * Networks of the published tables, each as a model and as its float64 twin.
 *
 * @module
 */
import { heapView } from "../../src/engine/heap/heap.ts";
import type { LayersModel, Tensor, TensorFlow } from "../../src/engine/tensorflow.ts";
import { getWeights } from "../../src/core/model/weights/model_weights.ts";
import { randomBatch } from "../../src/core/model/batches/random_batch.ts";
import type { CreateStudyModel } from "../../src/study/study_options.ts";
import { acrossSeedsOf, type AxisGrowth, slopeOf } from "../../src/study/growth/growth_types.ts";
import {
  type ReferenceLayer,
  type ReferenceOptimizer,
  type ReferenceSizes,
  trainReference,
} from "./reference.ts";

/** Network of a table. */
export interface TwinKind {
  optimizer: ReferenceOptimizer;
  /** `standard` or `muP` in width; `standard` or a power of the depth for the branches. */
  rule: "standard" | "muP" | "half" | "half, rate" | "one";
  /** Axis along which it grows. */
  axis: "width" | "depth";
}

const INPUTS = 32;
const CLASSES = 8;
const BASE = { width: 64, depth: 2 };
const EXAMPLES = 32;

/** Objective of the twins: one of probabilities is cut off at 1e-7, where its gradient ends. */
export const OBJECTIVE = "categoricalCrossentropyFromLogits";

/** Dense layers of a network, with the constants behind them. */
interface LayerPlan {
  name: string;
  inputs: number;
  units: number;
  stddev: number;
  multiplier: number;
  hasRelu: boolean;
  joins: string | null;
}

function planOf({ rule, axis, optimizer }: TwinKind, width: number, depth: number): LayerPlan[] {
  const isMup = rule === "muP";
  const times = width / BASE.width;
  const isAdam = optimizer.name === "adam";
  /** Adds a layer of effective std `std * times^stdPower` and rate `times^ratePower`. */
  const layer = (
    { name, inputs, units, std, rate, hasRelu = true, joins = null }: {
      name: string;
      inputs: number;
      units: number;
      std: number;
      rate: number;
      hasRelu?: boolean;
      joins?: string | null;
    },
  ): LayerPlan => {
    const multiplier = isAdam ? rate : Math.sqrt(rate);
    return {
      name,
      inputs,
      units,
      stddev: std / multiplier,
      multiplier,
      hasRelu,
      joins,
    };
  };
  const branch = {
    standard: { std: 1, rate: 1 },
    muP: { std: 1, rate: 1 },
    half: { std: depth ** -0.5, rate: depth ** -0.5 },
    "half, rate": { std: depth ** -0.5, rate: 1 / depth },
    one: { std: 1 / depth, rate: 1 / depth },
  }[rule];
  const square = { inputs: width, units: width };
  /** Blocks whose sum grows: a dense layer, relu, and one that is added to the input of the first. */
  const blocks = () =>
    Array.from({ length: depth }, (_, i) => `h${i + 1}`).flatMap((name) => [
      layer({
        ...square,
        name: `${name}_read`,
        std: Math.sqrt(2 / width),
        rate: branch.rate / branch.std,
        hasRelu: false,
      }),
      layer({
        ...square,
        name,
        std: Math.sqrt(1 / width) * branch.std,
        rate: branch.rate,
        joins: `${name}_read`,
      }),
    ]);
  const chain = () =>
    ["h1", "h2"].map((name) =>
      layer({
        ...square,
        name,
        std: Math.sqrt(2 / width),
        rate: isMup && isAdam ? 1 / times : 1,
      })
    );
  return [
    layer({
      name: "in",
      inputs: INPUTS,
      units: width,
      std: Math.sqrt((axis === "depth" ? 1 : 2) / INPUTS),
      rate: isMup && !isAdam ? times : 1,
      hasRelu: false,
    }),
    ...axis === "depth" ? blocks() : chain(),
    layer({
      name: "out",
      inputs: width,
      units: CLASSES,
      std: isMup ? Math.sqrt(1 / BASE.width) / times : Math.sqrt(1 / width),
      rate: isMup ? 1 / times : 1,
      hasRelu: axis === "width",
    }),
  ];
}

/** Returns the function that creates siblings of a network. */
export function twinModel(kind: TwinKind): CreateStudyModel {
  return ({ tf, seed, width, depth }) => {
    const plan = planOf(kind, width ?? BASE.width, depth ?? BASE.depth);
    const given = tf.input({ shape: [INPUTS] });
    const entering = new Map<string, typeof given>();
    let x = given;
    for (const [i, { name, units, stddev, multiplier, hasRelu, joins }] of plan.entries()) {
      entering.set(name, x);
      const read = hasRelu
        ? tf.layers.activation({ activation: "relu", name: `${name}_relu` }).apply(x) as typeof x
        : x;
      const z = tf.layers.dense({
        name,
        units,
        kernelInitializer: tf.initializers.randomNormal({ stddev, seed: 1000 * seed + i }),
      }).apply(read);
      x = tf.layers.rescaling({ name: `${name}_scale`, scale: multiplier }).apply(z) as typeof x;
      if (joins === null) continue;
      const sum = tf.layers.add({ name: `${name}_sum` });
      x = sum.apply([entering.get(joins)!, x]) as typeof x;
    }
    const model = tf.model({ inputs: given, outputs: x });
    const { name, rate } = kind.optimizer;
    model.compile({ optimizer: tf.train[name](rate), loss: tf.losses.softmaxCrossEntropy });
    return model;
  };
}

/** Trains the float64 twin of a sibling. */
async function trainTwin(
  tf: TensorFlow,
  kind: TwinKind,
  { seed, width, depth, steps }: { seed: number; width: number; depth: number; steps: number },
): Promise<ReferenceSizes> {
  const context = { tf, seed, width, depth, activation: null, initializer: null };
  const model = await twinModel(kind)(context) as LayersModel;
  const batch = randomBatch(model, { examples: EXAMPLES, seed, objective: OBJECTIVE });
  const weights = getWeights(model);
  const layers = planOf(kind, width, depth).map((
    { name, inputs, units, ...layer },
  ): ReferenceLayer => ({
    ...layer,
    name,
    inputs,
    units,
    kernel: Float64Array.from(weights[`${name}/kernel`].values),
    bias: new Float64Array(units),
  }));
  const read = (tensor: Tensor) => Float64Array.from(heapView(tf, tensor));
  const given = {
    inputs: read(batch.inputs as Tensor),
    targets: read(batch.targets as Tensor),
    examples: EXAMPLES,
  };
  tf.dispose([batch.inputs, batch.targets!]);
  model.dispose();
  return trainReference(layers, given, { steps, optimizer: kind.optimizer });
}

/** Largest difference between slopes that were measured and those of the float64 twin. */
export interface TwinDifference {
  layer: string;
  figure: "activations" | "changes";
  /** Number of steps before the figure. */
  step: number;
  measured: number;
  reference: number;
}

/** Compares every slope of a study with the float64 twin. */
export async function compareWithTwin(
  tf: TensorFlow,
  kind: TwinKind,
  { growth, seeds, steps }: { growth: AxisGrowth; seeds: readonly number[]; steps: number },
): Promise<TwinDifference[]> {
  const { sizes, axis } = growth;
  const trained = new Map<string, ReferenceSizes>();
  for (const seed of seeds) {
    for (const size of sizes) {
      const own = { ...BASE, [axis]: size, seed, steps };
      trained.set(`${seed} ${size}`, await trainTwin(tf, kind, own));
    }
  }
  const differences: TwinDifference[] = [];
  for (const { name, slopes } of growth.layers) {
    const isLast = name.startsWith("the last");
    const nameAt = (size: number) => isLast ? `h${size}_sum` : name;
    for (const figure of ["activations", "changes"] as const) {
      const first = figure === "activations" ? 0 : 1;
      for (const [i, slope] of slopes[figure].entries()) {
        const reference = acrossSeedsOf(
          seeds.map((seed) =>
            slopeOf(
              sizes.map((size) =>
                [size, trained.get(`${seed} ${size}`)![figure].get(nameAt(size))![i]] as const
              ),
            )
          ),
        );
        if (slope === null || reference === null) continue;
        differences.push({
          layer: name,
          figure,
          step: first + i,
          measured: slope.value,
          reference: reference.value,
        });
      }
    }
  }
  return differences;
}
