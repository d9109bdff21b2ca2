import { runningEngine } from "../engine/running_engine.ts";
import { ensureEngine } from "../engine/start_engine.ts";
import type { LayersModel } from "../engine/tensorflow.ts";
import type { Batch } from "../model/batch.ts";
import type { MeasureOptions } from "./measure_options.ts";
import type { Measurements } from "./measurements.ts";
import { runPass } from "./run_pass.ts";

/**
 * Measures every layer of a model in one forward and one backward pass: pre-activations z,
 * activations a, dJ/da, delta = dJ/dz, and every weight with its gradient. Statistics are in float64.
 *
 * The pass leaves no trace: weights, moving statistics, recurrent states and the number of tensors
 * are the same afterwards, also when it throws. Gradients are bit by bit those of
 * `tf.variableGrads`. When no engine runs, one is started with its defaults; a model that was built
 * before on another backend is moved to it.
 *
 * @param model A built model, Sequential or functional, with any number of inputs and outputs.
 * @param batch One tensor an input, examples along the first axis; targets where the objective asks.
 * @param options Objective, and how to run the layers that differ in training.
 * @returns Plain data; serialises to JSON.
 * @throws {RangeError} If the batch does not fit the model, or the objective lacks targets.
 * @throws {TypeError} If the batch holds something else than tensors, the model was disposed of, the
 * objective is unknown or returns no scalar.
 * @throws {MeasureError} If a layer cannot be run or differentiated; the message names it.
 *
 * @example Mean absolute activation and gradient of every layer
 * ```ts
 * import { startEngine } from "@gradient-health/gradient-health/engine";
 * import { exerciseModel, randomBatch } from "@gradient-health/gradient-health/model";
 * import { measure } from "@gradient-health/gradient-health/measure";
 * import { assertEquals } from "@std/assert";
 *
 * await using _engine = await startEngine();
 * const model = exerciseModel({ stddev: 200, seed: 1 });
 * const measurements = await measure(model, randomBatch(model));
 * for (const layer of measurements.layers) {
 *   console.log(layer.name, layer.activations?.meanAbs, layer.weights[0].gradients?.meanAbs);
 * }
 * assertEquals(measurements.layers.length, 11);
 * model.dispose();
 * ```
 */
export async function measure(
  model: LayersModel,
  batch: Batch,
  options: MeasureOptions = {},
): Promise<Measurements> {
  const engine = runningEngine() ?? await ensureEngine();
  return runPass(engine, model, batch, options);
}
