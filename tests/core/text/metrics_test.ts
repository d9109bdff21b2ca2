import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { encodeReport, parseReport } from "../../../src/core/text/report_document.ts";
import type { Measurements } from "../../../src/core/measure/measurements.ts";
import { renderReportPage } from "../../../src/pages/report_page.ts";
import { renderText } from "../../../src/core/text/render_text.ts";
import { measurements } from "../../networks/sample.ts";

type Metrics = NonNullable<Measurements["objective"]["metrics"]>;

const measured = (...metrics: Metrics) =>
  measurements([], {
    objective: { name: "hinge", value: 2, chosenBy: "compiled", metrics },
  });

const METRICS: Metrics = [
  { name: "accuracy", output: "digit", value: 0.9375 },
  { name: "recall", value: null, reason: "no metric of TensorFlow.js computes it" },
  { name: "mae", value: NaN },
];

const WORDS =
  "accuracy of digit 0.938, recall not evaluated (no metric of TensorFlow.js computes " +
  "it), mae NaN";

Deno.test("renderText() shows the metrics, and says why one was not evaluated", () => {
  const [, shown] = renderText(measured(...METRICS), [], { width: 200 }).split("\nMetrics");
  assertEquals(shown.split("\n")[0].trim(), WORDS);
  assert(!renderText(measurements([]), []).includes("Metrics"));
});

Deno.test("renderText() escapes the names of metrics and their reasons", () => {
  const text = renderText(measured({ name: "\x1b[2J", value: null, reason: "\x1b]0;x" }), []);
  assertStringIncludes(text, "\\x1b[2J not evaluated (\\x1b]0;x)");
});

Deno.test("renderReportPage() shows the metrics", async () => {
  const diagnosis = { verdict: "healthy" as const, causes: [], notes: [] };
  const page = await renderReportPage({
    measurements: measured(...METRICS),
    findings: [],
    diagnosis,
  });
  assertStringIncludes(page, `<dt>Metrics</dt><dd><bdi>${WORDS}</bdi></dd>`);
});

Deno.test("parseReport() reads the metrics that encodeReport() has written", () => {
  const json = encodeReport({ measurements: measured(...METRICS), findings: [] });
  assertEquals(parseReport(json).measurements.objective.metrics, METRICS);
  const names = JSON.stringify({
    ...JSON.parse(json),
    objective: { name: "hinge", value: 2, metrics: ["mae"] },
  });
  assertThrows(() => parseReport(names), TypeError, "objective.metrics[0]");
});
