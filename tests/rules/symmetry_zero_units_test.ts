import type { LayerMeasurements } from "../../src/measure/measurements.ts";
import { symmetry } from "../../src/rules/weights/symmetry.ts";
import { makeMeasurements, makeWeight } from "../networks/measurements.ts";
import { assertEquals, assertStringIncludes } from "@std/assert";

/** What is found of a layer of which some units have no weights but zeros, and some those of another. */
function found(zeroUnits: number, duplicateUnits: number, given: Partial<LayerMeasurements> = {}) {
  const weights = [makeWeight({ name: "dense_1/kernel", zeroUnits, duplicateUnits })];
  return symmetry.run(makeMeasurements([{ weights, ...given }]));
}

const kinds = (...given: Parameters<typeof found>) =>
  found(...given).map(({ severity, kind, measured }) => [severity, kind, measured]);

Deno.test("symmetry warns of units of zeros", () => {
  assertEquals(kinds(0, 0), []);
  assertEquals(kinds(1, 0), [["warning", "zero-units", 1]]);
  assertStringIncludes(found(1, 0)[0].message, "1 unit of dense_1 has no weights but zeros");
  assertStringIncludes(found(2, 1)[0].message, "2 units of dense_1 have no weights but zeros");
});

Deno.test("symmetry takes one row of zeros of a table for its padding, and warns of more", () => {
  const table = { className: "Embedding", kind: "embedding" as const };
  assertEquals(kinds(1, 0, table), []);
  assertEquals(kinds(2, 1, table), [["warning", "zero-units", 2]]);
});

Deno.test("symmetry counts units of zeros once, and no longer as copies of each other", () => {
  assertEquals(kinds(3, 2), [["warning", "zero-units", 3]]);
  assertEquals(kinds(3, 3), [["warning", "zero-units", 3], ["error", "duplicates", 1]]);
  assertEquals(kinds(0, 1), [["error", "duplicates", 1]]);
  assertStringIncludes(found(0, 1)[0].message, "1 unit of dense_1 has exactly the weights");
  assertStringIncludes(found(0, 2)[0].message, "2 units of dense_1 have exactly the weights");
});
