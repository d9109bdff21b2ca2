import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { parseReport } from "../../src/render/report_document.ts";
import { renderGateJson } from "../../src/render/render_gate_json.ts";
import { anyGateResult } from "./arbitrary_gate.ts";
import { finding } from "../networks/sample.ts";
import { gateResult, gateRun, someFindings } from "./sample_gate.ts";

Deno.test("renderGateJson() writes the verdict, then each pass as a report", () => {
  const run = gateRun(someFindings);
  const json = JSON.parse(renderGateJson(gateResult([run])));
  assertEquals(Object.keys(json), [
    "generator",
    "version",
    "passed",
    "summary",
    "maxWarnings",
    "rules",
    "findings",
    "runs",
  ]);
  assertEquals([json.passed, json.summary.errors], [false, 1]);
  assertEquals(Object.keys(json.runs[0]), ["name", "path", "seed", "error", "report", "diagnosis"]);
  const report = parseReport(JSON.stringify(json.runs[0].report));
  assertEquals(report.measurements, run.measurements);
  assertEquals(report.findings, someFindings);
});

Deno.test("renderGateJson() keeps the reason of a suppression, and of a pass that was not made", () => {
  const json = JSON.parse(renderGateJson(gateResult([
    gateRun([finding("dense_1", { severity: "note", suppressed: "known" })]),
    gateRun([], { measurements: null, error: "gone" }),
  ])));
  assertEquals(json.runs[0].report.findings[0].suppressed, "known");
  assertEquals([json.runs[1].report, json.runs[1].error], [null, "gone"]);
});

Deno.test("renderGateJson() is JSON whatever a layer is called, and the same each time", () => {
  fc.assert(
    fc.property(anyGateResult, (result) => {
      const text = renderGateJson(result);
      assertEquals(JSON.parse(text).runs.length, result.runs.length);
      assertEquals(renderGateJson(structuredClone(result)), text);
      assert(text.endsWith("}\n"));
    }),
    { numRuns: 100 },
  );
});
