import { type Cure, isWeightCure } from "../diagnosis/cure.ts";
import { requireCure } from "../diagnosis/require_cure.ts";
import { requireEngine } from "../engine/running_engine.ts";
import type { LayersModel, Tensor } from "../engine/tensorflow.ts";
import { modelWeights } from "../model/model_weights.ts";
import { requireModel } from "../model/require_model.ts";
import { arrayOf, objectWith, requireValue, text } from "../words/requirements.ts";
import { showValue } from "../words/show_value.ts";
import { weightChange } from "./apply_cure.ts";

/** Result of applying fixes to a model. */
export interface AppliedCures {
  /** Names of the weights that were changed, as {@linkcode modelWeights} gives them. */
  changed: string[];
  /** Fixes that do not change weights: they are for the code, or for the data. */
  left: Cure[];
}

/**
 * Applies to a model, permanently, the fixes that only change weights: kernels rescaled or drawn
 * again, biases set. Every other weight keeps its bits. If anything is wrong, no weight is changed.
 *
 * @param model A built model.
 * @param cures The fixes, in this order, as {@linkcode examine} found them.
 * @returns The changed weights, and the fixes that do not change weights.
 *
 * @example Fix the exercise network and examine it again
 * ```ts
 * import { startEngine } from "@gradient-health/gradient-health/engine";
 * import { applyCures, examine } from "@gradient-health/gradient-health/examine";
 * import { exerciseModel, randomBatch } from "@gradient-health/gradient-health/model";
 * import { assertEquals } from "@std/assert";
 *
 * await using _engine = await startEngine();
 * const model = exerciseModel();
 * const batch = randomBatch(model);
 * const { cures } = await examine(model, batch);
 * const { changed, left } = applyCures(model, cures);
 * assertEquals([changed.length, left], [9, []]);
 * assertEquals((await examine(model, batch)).diagnosis.verdict, "healthy");
 * model.dispose();
 * ```
 *
 * @throws {EngineError} If no engine runs.
 * @throws {TypeError} If a fix is invalid, or names a weight that the model does not have.
 */
export function applyCures(model: LayersModel, cures: readonly Cure[]): AppliedCures {
  requireModel(model);
  requireValue("cures", cures, arrayOf(objectWith({ kind: text })));
  const { tf } = requireEngine();
  const known = new Map(modelWeights(model).map((weight) => [weight.weightName, weight]));
  const changed = new Set<string>();
  const own = cures.filter(isWeightCure);
  for (const cure of own) {
    requireCure(`cures[${cures.indexOf(cure)}]`, cure);
    for (const { weight } of cure.weights) {
      if (!known.has(weight)) {
        throw new TypeError(
          `The cures are for a weight ${showValue(weight)}, expected one that the model has`,
        );
      }
      changed.add(weight);
    }
  }
  tf.tidy(() => {
    for (const cure of own) {
      const change = weightChange(tf, cure);
      for (const weight of cure.weights) {
        const value = known.get(weight.weight)!.variable.read();
        // A fresh tensor: XNNPACK keeps using the old weights if one is written in place.
        const variable = value as Tensor as unknown as { assign(value: Tensor): void };
        variable.assign(change(value as Tensor, weight));
      }
    }
  });
  return { changed: [...changed], left: cures.filter((cure) => !isWeightCure(cure)) };
}
