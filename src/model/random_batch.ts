import { showValue } from "../words/show_value.ts";
import { requireEngine } from "../engine/running_engine.ts";
import type { LayersModel } from "../engine/tensorflow.ts";
import { nearest } from "../words/nearest.ts";
import type { Batch } from "./batch.ts";
import { inputRanges } from "./input_ranges.ts";
import { isObjective, OBJECTIVES } from "./objective.ts";
import { rawInputs } from "./raw_inputs.ts";
import { randomTargets } from "./random_targets.ts";
import { PIXEL_VALUES, takesPixels } from "./takes_pixels.ts";
import { SeededRandom } from "./seeded_random.ts";
import { batchShapes, type BatchSize } from "./shapes.ts";
import { requireModel } from "./require_model.ts";
import { requireKnownOptions } from "../words/require_known_options.ts";
import { object, requireValue } from "../words/requirements.ts";

/** Options of {@linkcode randomBatch}. */
export interface RandomBatchOptions extends BatchSize {
  /** Seed of the batch. Default: 0. */
  seed?: number;
  /** Objective to draw targets for, see {@linkcode randomTargets}. Default: none, no targets. */
  objective?: string;
}

/** Names of the options; the type makes sure that none is missing. */
const OPTIONS: Record<keyof Required<RandomBatchOptions>, null> = {
  examples: null,
  undefinedSize: null,
  seed: null,
  objective: null,
};

/**
 * Draws a random batch that fits a model: standard normal entries, like normalised data; entries of
 * the mean and variance of a `Normalization` at the front; whole numbers in range for an input that
 * an embedding looks up; whole numbers from 0 to 255 for an input that a `Rescaling` brings to
 * about 1; 0 or 1 for any other integer input. The same seed gives the same batch on every backend.
 *
 * @param model A built model.
 * @param options Size, seed, and the objective if it needs targets.
 * @returns The batch; the caller disposes its tensors.
 * @throws {EngineError} If no engine runs.
 * @throws {RangeError} If a size is not a whole number above 0 or does not suit the model.
 * @throws {TypeError} If the model is not built, or an option or the objective is unknown.
 *
 * @example A batch for a model of 20 features
 * ```ts
 * import { startEngine } from "@gradient-health/gradient-health/engine";
 * import { exerciseModel, randomBatch } from "@gradient-health/gradient-health/model";
 * import { assertEquals } from "@std/assert";
 *
 * const { tf } = await startEngine();
 * const model = exerciseModel();
 * const batch = randomBatch(model, { objective: "meanSquaredError" });
 * assertEquals([batch.inputs].flat()[0].shape, [32, 20]);
 * assertEquals([batch.targets!].flat()[0].shape, [32, 1]);
 * tf.dispose(batch as never);
 * model.dispose();
 * ```
 */
export function randomBatch(model: LayersModel, options: RandomBatchOptions = {}): Batch {
  requireModel(model);
  requireValue("options", options, object);
  requireKnownOptions("randomBatch", options, Object.keys(OPTIONS));
  const { seed = 0, objective = "sum" } = options;
  // A pass could not use targets for an unknown loss.
  if (typeof objective !== "string" || !isObjective(objective)) {
    const near = typeof objective === "string" ? nearest(objective, OBJECTIVES) : "";
    throw new TypeError(
      `options.objective is ${showValue(objective)}, expected one of ${
        OBJECTIVES.join(", ")
      }${near}`,
    );
  }
  const { tf } = requireEngine();
  const shapes = batchShapes(model, options);
  const ranges = inputRanges(model);
  const pixels = takesPixels(model);
  const raw = rawInputs(tf, model);
  const random = new SeededRandom(seed, "batch");
  const targets = objective === "sum" ? null : randomTargets(model, objective, options);
  const inputs = shapes.map((shape, i) => {
    const { dtype } = model.inputs[i];
    const count = shape.reduce((product, length) => product * length, 1);
    const other = pixels[i] ? { from: 0, to: PIXEL_VALUES } : { from: 0, to: 2 };
    const toRaw = ranges[i] === null ? raw[i] : null;
    const isNormal = toRaw !== null || dtype === "float32" && !pixels[i];
    const range = ranges[i] ?? (isNormal ? null : other);
    const values = range === null ? random.normals(count) : Int32Array.from(
      { length: count },
      () => range.from + random.integer(range.to - range.from),
    );
    return toRaw === null
      ? tf.tensor(values, shape, dtype)
      : tf.tidy(() => toRaw(tf.tensor(values, shape)));
  });
  return { inputs: inputs.length === 1 ? inputs[0] : inputs, targets, seed, random: true };
}
