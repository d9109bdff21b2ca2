import { assertAlmostEquals, assertEquals } from "@std/assert";
import { criticalGain, criticalWeightVariance, gain } from "../../src/theory/criticality.ts";

Deno.test("criticalGain() is the root of criticalWeightVariance() for selu", () => {
  assertAlmostEquals(criticalGain("selu")! ** 2, criticalWeightVariance("selu"), 1e-12);
});

Deno.test("criticalGain() is gain() for every other activation", () => {
  for (const name of ["tanh", "relu", "elu", "sigmoid", "softmax", "toString"]) {
    assertEquals(criticalGain(name), gain(name));
  }
});
