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
 * A layer's figures are over all calls that the graph makes of it, as {@linkcode LayerMeasurements} says.
 * TensorFlow.js itself runs a layer or nested model with several outputs once for each output; here each
 * place of the graph is run once, so that a nested model measures like the same layers without it.
 *
 * The pass leaves no trace: weights, moving statistics, recurrent states and the number of tensors
 * are the same afterwards, bit by bit, also when it throws and whatever a layer writes into its variables
 * when it is called. Gradients are bit by bit those of `tf.variableGrads`, but for the order of additions
 * where that runs a layer more often. When no engine runs, one is started with its defaults; a model that was built
 * before on another backend is moved to it.
 *
 * @param model A built model, Sequential or functional, with any number of inputs and outputs.
 * @param batch One tensor an input, examples along the first axis; targets where the objective asks.
 * @param options Objective, and how to run the layers that differ in training.
 * @returns Plain data; serialises to JSON.
 * @throws {RangeError} If the batch does not fit the model, or the objective lacks targets.
 * @throws {TypeError} If the batch holds something else than tensors, the model was disposed of, the
 * objective is unknown or returns no scalar.
 * @throws {MeasureError} If a layer cannot be run or differentiated, or is to look up a row that it does
 * not have (`NaN` included); the message names it.
 *
 * @example Mean absolute activation and gradient of every layer
 * ```ts
 * import { startEngine } from "@gradient-health/gradient-health/engine";
 * import { exerciseModel, randomBatch } from "@gradient-health/gradient-health/model";
 * import { measure } from "@gradient-health/gradient-health/measure";
 * import { assertEquals } from "@std/assert";
 *
 * await using _engine = await startEngine();
 * const model = exerciseModel({ std: 200, seed: 1 });
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
