import type { Measurements } from "../measure/measurements.ts";
import type { Case } from "./judge.ts";
import { deadUnits } from "./rules/dead_units.ts";
import { explodingGradients } from "./rules/exploding_gradients.ts";
import { saturatedActivations } from "./rules/saturated_activations.ts";
import { vanishingGradients } from "./rules/vanishing_gradients.ts";

/** The rules that measure a signal that dies. */
const RULES = [vanishingGradients, explodingGradients, saturatedActivations, deadUnits];

const known = new WeakMap<Measurements, boolean>();

/**
 * Whether the signal is measured to die, by the rules on it with their default thresholds: it vanishes,
 * explodes, or ends in layers that are saturated or off. What a scale foretells is an error only then: a
 * scale that is wrong and no more is corrected by Adam in a few hundred steps.
 */
export function signalDies({ measurements, trained }: Pick<Case, "measurements" | "trained">) {
  let dies = known.get(measurements);
  if (dies === undefined) {
    dies = RULES.some((rule) =>
      rule.check(measurements, {}, trained).some(({ severity }) => severity === "error")
    );
    known.set(measurements, dies);
  }
  return dies;
}
