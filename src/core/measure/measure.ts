import { runningEngine } from "../../engine/running_engine.ts";
import { ensureEngine } from "../../engine/start/start_engine.ts";
import type { LayersModel } from "../../engine/tensorflow.ts";
import type { Batch } from "../model/batches/batch.ts";
import { isKernel } from "../../ground/theory/weight_kinds.ts";
import { formatCount, formatNumber, formatShare } from "../../ground/words/numbers.ts";
import { type Overview, withOverview } from "../../ground/words/overview.ts";
import type { MeasureOptions } from "./measure_options.ts";
import type { LayerMeasurements, Measurements, TensorStatistics } from "./measurements.ts";
import { runPass } from "./pass.ts";

/**
 * Measures every layer of a model in one forward and one backward pass: pre-activations z,
 * activations a, dJ/da, delta = dJ/dz, and every weight with its gradient. Statistics are in
 * float64.
 *
 * A layer's figures cover every call of it in the graph, see {@linkcode LayerMeasurements}.
 * TensorFlow.js itself runs a layer or nested model with several outputs once per output; here each
 * node of the graph runs once, so that a nested model measures like the same layers without the
 * nesting.
 *
 * The pass leaves no trace: weights, moving statistics, recurrent states and the number of tensors
 * are bit-identical afterwards, even if the pass throws or a layer writes to its variables when it
 * is called. Gradients are bit-identical to those of `tf.variableGrads`, except for the order of
 * additions if that runs a layer more often. If no engine is running, one is started with the
 * defaults; a model that was built on another backend is moved to it.
 *
 * @param model A built model, Sequential or functional, with any number of inputs and outputs.
 * @param batch One tensor per input, examples along the first axis; targets if the objective needs
 * them.
 * @param options The objective, and how to run layers that behave differently in training.
 * @returns Plain data that serialises to JSON. A console prints it with a line per layer, and a
 * notebook cell shows a report with its charts.
 * @throws {InputError} If the batch does not fit the model, or the objective lacks targets, or if
 * the batch holds anything but tensors, the model was disposed, or the objective is unknown or does
 * not return a scalar.
 * @throws {MeasureError} If a layer cannot be run or differentiated, or looks up a row that it does
 * not have (`NaN` included); the message names the layer.
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
  return shownMeasurements(runPass(engine, model, batch, options));
}

/** Makes measurements print and show themselves, with a line per layer. */
export function shownMeasurements(measurements: Measurements): Measurements {
  return withOverview(measurements, overview, { of: "measurements", given: () => measurements });
}

function overview({ model, batch, objective, layers }: Measurements): Overview {
  return {
    title: `${model.name}: ${formatCount(model.layers, "layer")}, ${
      formatCount(model.parameters, "parameter")
    }; ${formatCount(batch.examples, "example")}; J = ${
      formatNumber(objective.value)
    } (${objective.name})`,
    columns: [
      "layer",
      "class",
      "activation",
      "mean |dJ/dkernel|",
      "mean |a|",
      "mean |delta|",
      "stuck",
      "dead",
    ],
    rows: layers.map((layer) => [
      layer.name,
      layer.className,
      layer.activation,
      ...[gradientOf(layer), layer.activations, layer.preActivationGradients].map(meanOf),
      ...[layer.saturatedFraction, layer.deadFraction].map((share) =>
        share === null ? null : formatShare(share)
      ),
    ]),
  };
}

function gradientOf({ weights }: LayerMeasurements): TensorStatistics | null {
  const kernel = weights.find(isKernel) ?? weights.at(0);
  return kernel?.gradientsOfUsedRows ?? kernel?.gradients ?? null;
}

/**
 * Returns the mean of the magnitudes; NaN if an entry is not finite, since the mean is over the
 * others.
 */
function meanOf(statistics: TensorStatistics | null): number | null {
  if (statistics === null) return null;
  return statistics.nonFinite > 0 ? NaN : statistics.meanAbs;
}
