import type { LayerInitializer } from "../keras/files/keras_initializer.ts";
import { type Cure, type CuredWeight, initializerIn, isWeightCure, type Redrawn } from "./fix.ts";
import { argumentOf, inKerasConfig, snakeCase } from "./framework_words.ts";

/** Returns the initialisers that layers of a Keras file need for the weights that fixes change. */
export function kerasInitializers(cures: readonly Cure[]): LayerInitializer[] {
  return cures.filter(isWeightCure).flatMap((cure): LayerInitializer[] => {
    const about = (weight: CuredWeight) => ({
      layer: weight.layer,
      argument: snakeCase(argumentOf(weight)),
    });
    if (cure.kind === "set-bias") {
      const initializer: LayerInitializer["initializer"] = cure.value === 0
        ? { className: "Zeros", config: {} }
        : { className: "Constant", config: { value: cure.value } };
      return cure.weights.map((weight) => ({ ...about(weight), initializer }));
    }
    if (cure.initializer === null) return [];
    const { initializer } = cure;
    return cure.weights.map((weight: Redrawn) => ({
      ...about(weight),
      initializer: inKerasConfig(initializerIn({ initializer }, weight), weight.std),
    }));
  });
}
