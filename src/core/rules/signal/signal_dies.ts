import type { Measurements } from "../../measure/measurements.ts";
import type { Case } from "../rule.ts";
import { deadUnits } from "./dead_units.ts";
import { explodingGradients } from "./exploding_gradients.ts";
import { saturatedActivations } from "./saturated_activations.ts";
import { vanishingGradients } from "./vanishing_gradients.ts";

/** Rules that detect a dying signal. */
const RULES = [vanishingGradients, explodingGradients, saturatedActivations, deadUnits];

const known = new WeakMap<Measurements, boolean>();

/**
 * Returns true if the signal is measured to die, by the rules about it with default thresholds: it
 * vanishes, explodes, or ends in saturated or dead layers. Only then is a predicted problem of
 * scale an error: Adam corrects a wrong scale alone within a few hundred steps.
 */
export function signalDies({ measurements, trained }: Pick<Case, "measurements" | "trained">) {
  let dies = known.get(measurements);
  if (dies === undefined) {
    dies = RULES.some((rule) =>
      // A layer that lets exactly nothing through does so at any scale.
      rule.run(measurements, {}, trained).some(({ severity, kind }) =>
        severity === "error" && kind !== "severed"
      )
    );
    known.set(measurements, dies);
  }
  return dies;
}
