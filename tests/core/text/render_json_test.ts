import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { parseReport, renderJson } from "../../../src/core/text/report_document.ts";
import { anyFindings, anyMeasurements } from "./arbitrary.ts";
import { finding, layer, measurements } from "../../networks/sample.ts";

/** The same data with the keys of every object the other way round. */
function reversed<T>(value: T): T {
  if (Array.isArray(value)) return value.map(reversed) as T;
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).reverse().map(([key, inner]) => [key, reversed(inner)]),
  ) as T;
}

Deno.test("renderJson() writes the keys of the format in their order, indented by two", () => {
  const text = renderJson(measurements([layer("dense_1", {})]), [finding("dense_1")]);
  const data = JSON.parse(text);
  assertEquals(Object.keys(data), [
    "generator",
    "version",
    "model",
    "engine",
    "batch",
    "objective",
    "seed",
    "layers",
    "findings",
  ]);
  assertEquals(Object.keys(data.layers[0]).slice(0, 7), [
    "name",
    "className",
    "kind",
    "kernelLayout",
    "activation",
    "depth",
    "trainable",
  ]);
  assertEquals(Object.keys(data.findings[0]), [
    "rule",
    "severity",
    "layer",
    "measured",
    "expected",
    "message",
    "fix",
    "said",
  ]);
  assertEquals(text.split("\n").slice(0, 4), [
    "{",
    '  "generator": "gradient-health",',
    '  "version": 1,',
    '  "model": {',
  ]);
  assertEquals(text.at(-1), "\n");
});

Deno.test("renderJson() gives the same bytes whatever the order in which keys were set", () => {
  const one = measurements([layer("dense_1", {}, { absent: { b: "no b", a: "no a" } })]);
  const findings = [finding("dense_1", { threshold: "saturatedFraction", layers: ["dense_1"] })];
  assertEquals(renderJson(reversed(one), reversed(findings)), renderJson(one, findings));
});

Deno.test("renderJson() writes numbers exactly, and NaN and infinities as strings", () => {
  const text = renderJson(
    measurements([layer("a", { gradient: NaN, activation: 0.1 + 0.2, delta: -Infinity })]),
    [finding("a", { measured: Infinity })],
  );
  const data = JSON.parse(text);
  assertEquals(data.layers[0].weights[0].gradients.meanAbs, "NaN");
  assertEquals(data.layers[0].activations.meanAbs, 0.30000000000000004);
  assertEquals(data.layers[0].preActivationGradients.meanAbs, "-Infinity");
  assertEquals(data.findings[0].measured, "Infinity");
});

Deno.test("parseReport() gives back whatever renderJson() wrote", () => {
  fc.assert(
    fc.property(anyMeasurements, anyFindings, (measurements, findings) => {
      const text = renderJson(measurements, findings);
      const report = parseReport(text);
      // Records of fast-check have no prototype; structuredClone gives them one.
      assertEquals(report, structuredClone({ measurements, findings }));
      assertEquals(renderJson(report.measurements, report.findings), text);
    }),
    { numRuns: 50 },
  );
});
