/**
 * Networks of the published tables, each as a model and as its float64 twin.
 *
 * @module
 */
import { heapView } from "../../src/engine/heap/heap.ts";
import type { LayersModel, Tensor, TensorFlow } from "../../src/engine/tensorflow.ts";
import { getWeights } from "../../src/model/weights/set_weights.ts";
import { randomBatch } from "../../src/model/batches/random_batch.ts";
import type { CreateStudyModel } from "../../src/study/study_subject.ts";
import type { AxisGrowth } from "../../src/study/growth/growth_summary.ts";
import { acrossSeedsOf, slopeOf } from "../../src/study/growth/slopes.ts";
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

const INPUTS = 16;
const OUTPUTS = 4;
const BASE = { width: 64, depth: 2 };
const EXAMPLES = 32;

/** Dense layers of a network, with the constants behind them. */
interface LayerPlan {
  name: string;
  inputs: number;
  units: number;
  stddev: number;
  multiplier: number;
  hasRelu: boolean;
  isBranch: boolean;
}

function planOf({ rule, axis, optimizer }: TwinKind, width: number, depth: number): LayerPlan[] {
  const isMup = rule === "muP";
  const times = width / BASE.width;
  const isAdam = optimizer.name === "adam";
  /** Adds a layer of effective std `std * times^stdPower` and rate `times^ratePower`. */
  const layer = (
    { name, inputs, units, std, rate, isBranch = false }: {
      name: string;
      inputs: number;
      units: number;
      std: number;
      rate: number;
      isBranch?: boolean;
    },
  ): LayerPlan => {
    const multiplier = isAdam ? rate : Math.sqrt(rate);
    return {
      name,
      inputs,
      units,
      stddev: std / multiplier,
      multiplier,
      hasRelu: name !== "in",
      isBranch,
    };
  };
  const branch = {
    standard: { std: 1, rate: 1 },
    muP: { std: 1, rate: 1 },
    half: { std: depth ** -0.5, rate: depth ** -0.5 },
    "half, rate": { std: depth ** -0.5, rate: 1 / depth },
    one: { std: 1 / depth, rate: 1 / depth },
  }[rule];
  const blocks = axis === "depth" ? depth : 2;
  return [
    layer({
      name: "in",
      inputs: INPUTS,
      units: width,
      std: Math.sqrt(2 / INPUTS),
      rate: isMup && !isAdam ? times : 1,
    }),
    ...Array.from({ length: blocks }, (_, i) =>
      layer({
        name: `h${i + 1}`,
        inputs: width,
        units: width,
        std: Math.sqrt(2 / width) * branch.std,
        rate: axis === "depth" ? branch.rate : isMup && isAdam ? 1 / times : 1,
        isBranch: axis === "depth",
      })),
    layer({
      name: "out",
      inputs: width,
      units: OUTPUTS,
      std: isMup ? Math.sqrt(1 / BASE.width) / times : Math.sqrt(1 / width),
      rate: isMup ? 1 / times : 1,
    }),
  ];
}

/** Returns the function that creates siblings of a network. */
export function twinModel(kind: TwinKind): CreateStudyModel {
  return ({ tf, seed, width, depth }) => {
    const plan = planOf(kind, width ?? BASE.width, depth ?? BASE.depth);
    const given = tf.input({ shape: [INPUTS] });
    let x = given;
    for (const [i, { name, units, stddev, multiplier, hasRelu, isBranch }] of plan.entries()) {
      const read = hasRelu
        ? tf.layers.activation({ activation: "relu", name: `${name}_relu` }).apply(x) as typeof x
        : x;
      const z = tf.layers.dense({
        name,
        units,
        kernelInitializer: tf.initializers.randomNormal({ stddev, seed: 1000 * seed + i }),
      }).apply(read);
      const scaled = tf.layers.rescaling({ name: `${name}_scale`, scale: multiplier })
        .apply(z) as typeof x;
      x = isBranch ? tf.layers.add({ name: `${name}_sum` }).apply([x, scaled]) as typeof x : scaled;
    }
    const model = tf.model({ inputs: given, outputs: x });
    const { name, rate } = kind.optimizer;
    model.compile({ optimizer: tf.train[name](rate), loss: "meanSquaredError" });
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
  const batch = randomBatch(model, { examples: EXAMPLES, seed, objective: "meanSquaredError" });
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
