import type { SymbolicTensor } from "@tensorflow/tfjs";
import type { Tensor, TensorFlow } from "../../../src/engine/tensorflow.ts";
import { CORE_LOSSES, LAYER_LOSSES, map, mean, sum, zip } from "../reference/mod.ts";
import { type NdArray, ndArray } from "../reference/mod.ts";
import type { Row, RowInput } from "../row.ts";

type Draw = RowInput["draw"];

/** Kind of a loss's targets and predictions; any by default. */
const DRAWS: Record<string, [target: Draw, prediction: Draw]> = {
  meanSquaredLogarithmicError: ["positive", "positive"],
  meanAbsolutePercentageError: ["positive", "normal"],
  squaredHinge: ["sign", "normal"],
  hinge: ["sign", "normal"],
  categoricalHinge: ["unit", "normal"],
  categoricalCrossentropy: ["distribution", "unit"],
  sparseCategoricalCrossentropy: ["integer", "distribution"],
  binaryCrossentropy: ["unit", "unit"],
  kullbackLeiblerDivergence: ["distribution", "distribution"],
  poisson: ["positive", "positive"],
  hingeLoss: ["unit", "normal"],
  logLoss: ["unit", "unit"],
  sigmoidCrossEntropy: ["unit", "normal"],
  softmaxCrossEntropy: ["distribution", "normal"],
};

/** The loss function that `model.compile` finds under a name. */
function compiledLoss(tf: TensorFlow, name: string): (t: Tensor, p: Tensor) => Tensor {
  const input = tf.input({ shape: [1] });
  const output = tf.layers.dense({ units: 1 }).apply(input) as SymbolicTensor;
  const model = tf.model({ inputs: input, outputs: output });
  model.compile({ loss: name, optimizer: "sgd" });
  const [loss] = (model as unknown as { lossFunctions: ((t: Tensor, p: Tensor) => Tensor)[] })
    .lossFunctions;
  model.dispose();
  return loss;
}

/** Losses by name, as `model.compile` knows them. */
export function layerLossRows(names: readonly string[]): Row[] {
  return names.map((name) => {
    const [target, prediction] = DRAWS[name] ?? [];
    const sparse = name === "sparseCategoricalCrossentropy";
    return {
      subject: `loss ${name}`,
      options: "as model.compile has it",
      inputs: [
        { shape: sparse ? [4, 1] : [4, 3], draw: target, below: 3, dtype: "float32", fixed: true },
        { shape: [4, 3], draw: prediction },
      ],
      call: (tf, _layer, [t, p]) => compiledLoss(tf, name)(t, p),
      reference: ([t, p]) => LAYER_LOSSES[name](t, p),
    };
  });
}

const REDUCTIONS = ["MEAN", "SUM", "SUM_BY_NONZERO_WEIGHTS", "NONE"] as const;

function reduced(losses: NdArray, reduction: string, weights?: NdArray): NdArray {
  const weighted = weights ? zip(losses, weights, (a, b) => a * b) : losses;
  const values = [...weighted.data];
  switch (reduction) {
    case "NONE":
      return weighted;
    case "SUM":
      return ndArray([], [sum(values)]);
    case "MEAN":
      if (!weights) return ndArray([], [mean(values)]);
      return ndArray([], [
        sum(values) / (losses.data.length / weights.data.length * sum([...weights.data])),
      ]);
    default: {
      const used = weights
        ? map(zip(losses, weights, (_, w) => w), (w) => w === 0 ? 0 : 1)
        : losses;
      return ndArray([], [
        sum(values) / (weights ? sum([...used.data]) : losses.data.length),
      ]);
    }
  }
}

/** The functions of `tf.losses`, with each reduction, with and without weights. */
export function coreLossRows(names: readonly string[]): Row[] {
  return names.flatMap((name) =>
    REDUCTIONS.flatMap((reduction) =>
      [false, true].map((weighted): Row => {
        const [target, prediction] = DRAWS[name] ?? [];
        const perExample = name === "softmaxCrossEntropy" || name === "cosineDistance";
        const weightShape = name === "softmaxCrossEntropy" ? [4] : perExample ? [4, 1] : [4, 3];
        return {
          subject: `tf.losses.${name}`,
          options: `reduction ${reduction}${weighted ? ", weights" : ""}`,
          inputs: [
            { shape: [4, 3], draw: target, fixed: true },
            { shape: [4, 3], draw: prediction },
            ...(weighted
              ? [
                {
                  shape: weightShape,
                  draw: "integer",
                  below: 3,
                  dtype: "float32",
                  fixed: true,
                } as const,
              ]
              : []),
          ],
          call(tf, _layer, [t, p, w]) {
            // deno-lint-ignore no-explicit-any -- the losses differ in their middle arguments
            const losses = tf.losses as any;
            const how = tf.Reduction[reduction];
            if (name === "computeWeightedLoss") return losses[name](p, w, how);
            if (name === "cosineDistance") return losses[name](t, p, 1, w, how);
            if (name === "huberLoss") return losses[name](t, p, w, 1, how);
            if (name === "logLoss") return losses[name](t, p, w, 1e-7, how);
            if (/CrossEntropy$/.test(name)) return losses[name](t, p, w, 0, how);
            return losses[name](t, p, w, how);
          },
          reference: ([t, p, w]) => reduced(CORE_LOSSES[name](t, p), reduction, w),
        };
      })
    )
  );
}

/** The penalties that a layer may add for its weights. */
export const REGULARIZERS: Row[] = [
  ["l1", { l1: 0.3 }, (x: number) => 0.3 * Math.abs(x)],
  ["l2", { l2: 0.3 }, (x: number) => 0.3 * x * x],
  ["l1l2", { l1: 0.2, l2: 0.3 }, (x: number) => 0.2 * Math.abs(x) + 0.3 * x * x],
].map(([name, options, f]) => ({
  subject: `regularizer ${name}`,
  options: JSON.stringify(options),
  inputs: [{ shape: [3, 4] }],
  call(tf: TensorFlow, _layer: unknown, [x]: Tensor[]) {
    const factories = tf.regularizers as unknown as Record<
      string,
      (options: unknown) => { apply(x: Tensor): Tensor }
    >;
    return factories[name as string](options).apply(x);
  },
  reference: ([x]: NdArray[]) => ndArray([], [sum([...x.data].map(f as (x: number) => number))]),
}));
