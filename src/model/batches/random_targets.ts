import { InputError } from "../../words/input_error.ts";
import { requireEngine } from "../../engine/running_engine.ts";
import type { LayersModel, Tensor, TensorFlow } from "../../engine/tensorflow.ts";
import { activationTraits } from "../../traits/activation_traits.ts";
import type { TargetKind } from "../../traits/loss_traits.ts";
import { lossTraits } from "../../traits/losses.ts";
import { anyObject, requireValue, string } from "../../words/shape.ts";
import { showValue } from "../../words/show_value.ts";
import { headOf } from "../layers/leaf_layers.ts";
import { batchShapes, type BatchSize } from "../layers/shapes.ts";
import { requireModel } from "../require_model.ts";
import { SeededRandom } from "./seeded_random.ts";

/** Options of {@linkcode randomTargets}. */
export interface RandomTargetsOptions extends BatchSize {
  /** Seed of the targets. Default: 0. */
  seed?: number;
}

/** Returns the shapes of the outputs with every axis filled in. */
function outputShapes(model: LayersModel, inputs: number[][]): number[][] {
  const fill = (shape: (number | null)[]) => [inputs[0][0], ...shape.slice(1)];
  let shapes = model.outputs.map((output) => fill(output.shape));
  if (shapes.flat().includes(null)) {
    const computed = model.computeOutputShape(inputs.length === 1 ? inputs[0] : inputs);
    shapes = (Array.isArray(computed[0]) ? computed : [computed]).map((shape) =>
      fill(shape as number[])
    );
  }
  const open = shapes.findIndex((shape) => shape.includes(null));
  if (open !== -1) {
    throw new InputError({
      place: `The output ${showValue(model.outputs[open].sourceLayer.name)}`,
      verb: "has",
      found: `the open shape [${shapes[open].map((length) => length ?? "any").join(", ")}]`,
      expected: "a batch with targets",
    });
  }
  return shapes as number[][];
}

/**
 * Draws random targets that suit a loss: one-hot for `categoricalCrossentropy`, `categoricalHinge`
 * and `kullbackLeiblerDivergence`, class numbers for `sparseCategoricalCrossentropy` (last axis 1),
 * 0 or 1 for `binaryCrossentropy`, -1 or 1 for the hinges, counts from 0 to 3 for `poisson`,
 * non-negative numbers for `meanSquaredLogarithmicError`, standard normal for any other, but within
 * the range of a relu, relu6, softplus, sigmoid, hardSigmoid, tanh or softsign head.
 *
 * @param model A built model.
 * @param objective Name of the loss.
 * @param options Size and seed, the same as for the batch.
 * @returns One tensor for a model with one output, else one per output; the caller disposes them.
 * @throws {EngineError} If no engine runs.
 * @throws {InputError} If a size does not suit the model, or the shape of an output is unknown.
 *
 * @example Class numbers
 * ```ts
 * import { startEngine } from "@gradient-health/gradient-health/engine";
 * import { randomTargets } from "@gradient-health/gradient-health/model";
 * import { assertEquals } from "@std/assert";
 *
 * const { tf } = await startEngine();
 * const model = tf.sequential({
 *   layers: [tf.layers.dense({ units: 10, activation: "softmax", inputShape: [4] })],
 * });
 * const targets = [randomTargets(model, "sparseCategoricalCrossentropy")].flat();
 * assertEquals(targets[0].shape, [32, 1]);
 * tf.dispose(targets);
 * model.dispose();
 * ```
 */
export function randomTargets(
  model: LayersModel,
  objective: string,
  options: RandomTargetsOptions = {},
): Tensor | Tensor[] {
  requireModel(model);
  requireValue("objective", objective, string);
  requireValue("options", options, anyObject);
  const { tf } = requireEngine();
  const random = new SeededRandom(options.seed ?? 0, "targets");
  const targets = outputShapes(model, batchShapes(model, options)).map((shape, i) =>
    drawTarget(tf, random, { loss: objective, head: headOf(model.outputs[i]), shape })
  );
  return targets.length === 1 ? targets[0] : targets;
}

/** Draws one target of a loss, with `classes` entries, into `target`. */
type Draw = (random: SeededRandom, target: Float32Array, classes: number) => void;

const each = (draw: (random: SeededRandom) => number): Draw => (random, target) => {
  for (let i = 0; i < target.length; i++) target[i] = draw(random);
};

const oneHot: Draw = (random, target, classes) => {
  for (let i = 0; i < target.length; i += classes) target[i + random.integer(classes)] = 1;
};

const sign = each((random) => random.integer(2) * 2 - 1);

/** Draws within the range of a head's outputs: targets outside it would be a fault of the draw. */
function withinReach(head: string): Draw {
  const traits = activationTraits(head);
  // The outputs of a softmax depend on each other: drawing each entry separately does not fit.
  const [low, high] = traits === null || traits.curve === null
    ? [-Infinity, Infinity]
    : traits.range;
  return each((random) => {
    const x = random.normal();
    if (high === 1) return low === 0 ? 1 / (1 + Math.exp(-x)) : Math.tanh(x);
    return low === 0 ? Math.min(Math.abs(x), high) : x;
  });
}

/** Draws of targets that are restricted to some numbers. */
const DRAWS: Record<Exclude<TargetKind, "numbers">, Draw> = {
  "positive numbers": each((random) => Math.abs(random.normal())),
  counts: each((random) => random.integer(4)),
  labels: each((random) => random.integer(2)),
  shares: oneHot,
  classes: (random, target, classes) => {
    for (let i = 0; i < target.length; i++) target[i] = random.integer(classes);
  },
  signs: sign,
};

/**
 * Draws random targets of one output that suit its loss and its head.
 *
 * @param output `loss`: name of its loss; `head`: activation or class at its end, see
 * {@linkcode headOf}; `shape`: its shape, examples first.
 * @returns A tensor; the caller disposes it.
 */
export function drawTarget(
  tf: TensorFlow,
  random: SeededRandom,
  { loss, head, shape }: { loss: string; head: string; shape: number[] },
): Tensor {
  const classes = shape.at(-1)!;
  const kind = lossTraits(loss)?.targets ?? "numbers";
  const own = kind === "classes" ? [...shape.slice(0, -1), 1] : shape;
  const values = new Float32Array(own.reduce((product, length) => product * length, 1));
  const draw = kind === "numbers" ? withinReach(head) : DRAWS[kind];
  draw(random, values, classes);
  return tf.tensor(values, own);
}
