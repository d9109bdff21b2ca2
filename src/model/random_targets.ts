import { showValue } from "../words/show_value.ts";
import { requireEngine } from "../engine/running_engine.ts";
import type { LayersModel, Tensor } from "../engine/tensorflow.ts";
import { drawTarget } from "./draw_target.ts";
import { headOf } from "./head_of.ts";
import { SeededRandom } from "./seeded_random.ts";
import { batchShapes, type BatchSize } from "./shapes.ts";
import { requireModel } from "./require_model.ts";
import { object, requireValue, text } from "../words/requirements.ts";

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
    throw new RangeError(
      `The output ${showValue(model.outputs[open].sourceLayer.name)} has the open shape ` +
        `[${
          shapes[open].map((length) => length ?? "any").join(", ")
        }], expected a batch with targets`,
    );
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
 * @throws {RangeError} If a size does not suit the model, or the shape of an output is unknown.
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
  requireValue("objective", objective, text);
  requireValue("options", options, object);
  const { tf } = requireEngine();
  const random = new SeededRandom(options.seed ?? 0, "targets");
  const targets = outputShapes(model, batchShapes(model, options)).map((shape, i) =>
    drawTarget(tf, random, objective, headOf(model.outputs[i]), shape)
  );
  return targets.length === 1 ? targets[0] : targets;
}
