import { InputError, refusal } from "../../words/input_error.ts";
import { requireEngine } from "../../engine/running_engine.ts";
import type { LayersModel } from "../../engine/tensorflow.ts";
import { isKernel } from "../../theory/weight_kinds.ts";
import { anyObject, boolean, list, optional, requireValue, string } from "../../words/shape.ts";
import { showValue } from "../../words/show_value.ts";
import { requireModel } from "../require_model.ts";
import { modelWeights } from "./model_weights.ts";

/** Options of {@linkcode rescaleWeights}. */
export interface RescaleOptions {
  /**
   * True to rescale only kernels: weights of rank 2 and higher, including recurrent kernels and
   * embeddings, except those of a PReLU or a normalisation. Biases, batch-norm gains and moving
   * statistics then stay. Default: true.
   */
  kernelsOnly?: boolean;
  /** Layers to rescale, by path: a pattern that the path contains, or full paths. Default: all. */
  layers?: RegExp | readonly string[];
}

/**
 * Multiplies weights of a model by a constant.
 *
 * @param model A built model.
 * @param factor Factor: finite, and not 0, which could not be undone.
 * @param options Weights to choose.
 * @returns Names of the weights that were rescaled.
 * @throws {EngineError} If no engine runs.
 * @throws {InputError} If the factor is 0 or not finite, or if no layer has a given path, or the
 * pattern matches none.
 *
 * @example The exercise's question: what does a smaller scale do?
 * ```ts
 * import { startEngine } from "@gradient-health/gradient-health/engine";
 * import { exerciseModel, rescaleWeights } from "@gradient-health/gradient-health/model";
 * import { assertEquals } from "@std/assert";
 *
 * await startEngine();
 * const model = exerciseModel();
 * const tanhLayers = Array.from({ length: 9 }, (_, i) => `dense_${i + 2}`);
 * const rescaled = rescaleWeights(model, 1 / 894, { layers: tanhLayers });
 * assertEquals(rescaled.length, 9);
 * model.dispose();
 * ```
 */
export function rescaleWeights(
  model: LayersModel,
  factor: number,
  options: RescaleOptions = {},
): string[] {
  requireModel(model);
  requireValue("options", options, anyObject);
  const { kernelsOnly = true, layers } = options;
  requireValue("options.kernelsOnly", kernelsOnly, boolean);
  if (!(layers instanceof RegExp)) requireValue("options.layers", layers, optional(list(string)));
  const { tf } = requireEngine();
  if (typeof factor !== "number" || !Number.isFinite(factor) || factor === 0) {
    throw new InputError(
      { place: "factor", found: showValue(factor), expected: "a finite number other than 0" },
    );
  }
  const weights = modelWeights(model);
  const paths = new Set(weights.map((weight) => weight.layerPath));
  const chosen = layers === undefined ? paths : choose(paths, layers);
  const rescaled = weights.filter(({ layerPath, weightName, variable }) =>
    chosen.has(layerPath) && (!kernelsOnly || isKernel({ name: weightName, shape: variable.shape }))
  );
  tf.tidy(() => {
    for (const { variable } of rescaled) {
      const value = variable.read();
      (value as unknown as { assign(value: unknown): void }).assign(tf.mul(value, factor));
    }
  });
  return rescaled.map((weight) => weight.weightName);
}

function choose(paths: Set<string>, layers: RegExp | readonly string[]): Set<string> {
  if (layers instanceof RegExp) {
    // Not test(): a pattern with the flag g would continue after its last match.
    const found = new Set([...paths].filter((path) => path.search(layers) !== -1));
    if (found.size > 0) return found;
    throw new InputError(
      refusal`layers is ${String(layers)}, expected a pattern that matches a layer with weights`,
    );
  }
  const missing = layers.find((path) => !paths.has(path));
  if (missing !== undefined) {
    throw new InputError(
      refusal`layers has ${showValue(missing)}, expected the name of a layer with weights`,
    );
  }
  return new Set(layers);
}
