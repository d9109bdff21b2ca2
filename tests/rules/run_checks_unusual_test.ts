import type { LayerMeasurements, Measurements } from "../../src/measure/measurements.ts";
import { RULES } from "../../src/rules/rules.ts";
import { makeHead, makeMeasurements, makeWeight } from "../networks/measurements.ts";
import { serious } from "./serious.ts";
import { assertEquals } from "@std/assert";

/** Measurements that no ordinary network gives. */
const UNUSUAL: Record<string, () => Measurements> = {
  "no layers": () => makeMeasurements([], { layers: [] }),
  "a head alone": () => makeMeasurements([]),
  "a head without weights": () => makeMeasurements([], { layers: [makeHead({ weights: [] })] }),
  "figures that are all null": () => makeMeasurements([NOTHING, NOTHING]),
  "frozen layers": () => makeMeasurements([FROZEN, FROZEN]),
  "one example": () => {
    const measurements = makeMeasurements([{ activation: "relu", deadFraction: 0.5 }, {}]);
    return { ...measurements, batch: { ...measurements.batch, examples: 1 } };
  },
  "no inputs": () => {
    const measurements = makeMeasurements();
    return { ...measurements, batch: { ...measurements.batch, examples: 0, perInput: [] } };
  },
  "an empty name": () => makeMeasurements([{ name: "" }, {}]),
  "two layers of one name": () => makeMeasurements([{ name: "twin" }, { name: "twin" }]),
};
const NOTHING: Partial<LayerMeasurements> = {
  shape: null,
  preActivations: null,
  activations: null,
  activationGradients: null,
  preActivationGradients: null,
  saturatedFraction: null,
  weights: [],
};
const FROZEN: Partial<LayerMeasurements> = {
  trainable: false,
  weights: [makeWeight({ trainable: false, gradients: null })],
};

for (const [what, measure] of Object.entries(UNUSUAL)) {
  Deno.test(`runRules() finds nothing wrong in measurements of ${what}, and every figure draws`, () => {
    const measurements = measure();
    assertEquals(serious(measurements), []);
    for (const { figure } of RULES) measurements.layers.map(figure.of);
  });
}
