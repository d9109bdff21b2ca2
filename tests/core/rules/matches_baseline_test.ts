import { assertAlmostEquals, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import type { LayerMeasurements, Measurements } from "../../../src/core/measure/measurements.ts";
import { matchesBaseline } from "../../../src/core/rules/matches_baseline.ts";
import type { RuleOptions } from "../../../src/core/rules/rule.ts";
import { flat, makeLayer, makeMeasurements, makeWeight } from "../../networks/measurements.ts";

const compare = (
  now: Partial<LayerMeasurements>[],
  then: Partial<LayerMeasurements>[],
  options?: RuleOptions,
) => matchesBaseline(makeMeasurements(then)).run(makeMeasurements(now), options);

const size = (factor: number): Partial<LayerMeasurements>[] => [
  { activations: flat(factor, 640) },
  { preActivationGradients: flat(factor, 640) },
  { weights: [makeWeight({ name: "d/kernel", values: flat(factor, 400) })] },
  { weights: [makeWeight({ name: "d/kernel", gradients: flat(factor, 400) })] },
];

Deno.test("matchesBaseline() passes within a factor of 2 and fails outside, figure by figure", () => {
  assertEquals(compare(size(1), size(1)), []);
  assertEquals(compare(size(1.99), size(1)), []);
  assertEquals(compare(size(1), size(1.99)), []);
  for (const findings of [compare(size(2.01), size(1)), compare(size(1), size(2.01))]) {
    assertEquals(findings.map(({ severity, layer }) => [severity, layer]), [
      ["error", "dense_1"],
      ["error", "dense_2"],
      ["error", "dense_3"],
      ["error", "dense_4"],
    ]);
  }
  assertEquals(compare(size(2.01), size(1), { baselineFactor: 2.1 }), []);
});

Deno.test("matchesBaseline() gives the figure, its new and its old value", () => {
  const [finding] = compare([{ activations: flat(3, 640) }], [{ activations: flat(1, 640) }]);
  assertEquals(finding.figures, {
    now: { value: 3, unit: "std(a)" },
    stored: { value: 1, unit: "std(a)" },
  });
  assertEquals(finding.expected.bounds, [0.5, 2]);
  assertEquals([finding.kind, finding.threshold], ["figure", "baselineFactor"]);
});

Deno.test("matchesBaseline() draws the std of a over the baseline's, where both are there", () => {
  const { layers } = makeMeasurements([{ activations: flat(3, 640) }, {}, { activations: null }]);
  const then = makeMeasurements([{ activations: flat(2, 640) }, { activations: flat(0, 640) }, {}]);
  const { of } = matchesBaseline(then).figure;
  const drawn = [...layers.slice(0, 3), makeLayer({ name: "new" })].map((layer) => of(layer));
  assertAlmostEquals(drawn[0]!, 1.5, 1e-12);
  assertEquals(drawn.slice(1), [null, null, null]);
});

Deno.test("matchesBaseline() fails a zero that was none and the other way round", () => {
  assertEquals(compare(size(0), size(0)), []);
  assertEquals(compare(size(0), size(1)).length, 4);
  assertEquals(compare(size(1), size(0)).length, 4);
});

Deno.test("matchesBaseline() compares shares by their difference", () => {
  const share = (saturatedFraction: number | null) => [{ saturatedFraction }];
  assertEquals(compare(share(0.5), share(0.26)), []);
  const [finding] = compare(share(0.5), share(0.24));
  assertEquals(finding.threshold, "baselineShare");
  assertEquals(compare(share(null), share(0.9)), []);
});

Deno.test("matchesBaseline() only notes layers that are new or gone", () => {
  const findings = compare([{ name: "new" }], [{ name: "old" }]);
  assertEquals(findings.map(({ severity, layer }) => [severity, layer]), [
    ["note", "new"],
    ["note", "old"],
  ]);
  assertStringIncludes(findings[0].message, "is not in the baseline");
});

Deno.test("matchesBaseline() does not mind the names of weights that TensorFlow.js counts up", () => {
  const kernel = (name: string) => [{ weights: [makeWeight({ name })] }];
  assertEquals(compare(kernel("dense_9/kernel"), kernel("dense_1/kernel")), []);
});

Deno.test("matchesBaseline() throws a TypeError when the baseline is none", () => {
  assertThrows(
    () => matchesBaseline({} as Measurements),
    TypeError,
    "expected what measure() returns",
  );
});

const sized = (factor: number) => makeMeasurements([{ activations: flat(factor, 640) }]);

Deno.test("matchesBaseline() passes what has moved by the very factor, up or down", () => {
  assertEquals(matchesBaseline(sized(1)).run(sized(2)), []);
  assertEquals(matchesBaseline(sized(2)).run(sized(1)), []);
});
