import { assertAlmostEquals, assertEquals } from "@std/assert";
import { criticalGain } from "../../src/theory/critical_gain.ts";
import { criticalWeightVariance } from "../../src/theory/critical_weight_variance.ts";
import { gain } from "../../src/theory/gain.ts";

Deno.test("criticalGain() is the root of criticalWeightVariance() for selu", () => {
  assertAlmostEquals(criticalGain("selu")! ** 2, criticalWeightVariance("selu"), 1e-12);
});

Deno.test("criticalGain() is gain() for every other activation", () => {
  for (const name of ["tanh", "relu", "elu", "sigmoid", "softmax", "toString"]) {
    assertEquals(criticalGain(name), gain(name));
  }
});
