import type { LayerInitializer } from "../keras/files/rewrite_keras.ts";
import { type Fix, type FixWeight, initializerIn, isWeightFix, type Redrawn } from "./fix.ts";
import { argumentOf, inKerasConfig, snakeCase } from "./framework_words.ts";

/** Returns the initialisers that layers of a Keras file need for the weights that fixes change. */
export function kerasInitializers(fixes: readonly Fix[]): LayerInitializer[] {
  return fixes.filter(isWeightFix).flatMap((fix): LayerInitializer[] => {
    const about = (weight: FixWeight) => ({
      layer: weight.layer,
      argument: snakeCase(argumentOf(weight)),
    });
    if (fix.kind === "set-bias") {
      const initializer: LayerInitializer["initializer"] = fix.value === 0
        ? { className: "Zeros", config: {} }
        : { className: "Constant", config: { value: fix.value } };
      return fix.weights.map((weight) => ({ ...about(weight), initializer }));
    }
    if (fix.initializer === null) return [];
    const { initializer } = fix;
    return fix.weights.map((weight: Redrawn) => ({
      ...about(weight),
      initializer: inKerasConfig(initializerIn({ initializer }, weight), weight.std),
    }));
  });
}
