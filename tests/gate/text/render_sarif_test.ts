import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { GATE_RULES } from "../../../src/gate/gate_rules.ts";
import { renderSarif } from "../../../src/gate/text/render_sarif.ts";
import { anyGateResult } from "./arbitrary_gate.ts";
import { sarifErrors } from "./sarif_errors.ts";
import { finding } from "../../networks/sample.ts";
import { sampleWarning, sickRun } from "../../core/text/sample_causes.ts";
import { gateResult, gateRun } from "./sample_gate.ts";

const locate = (file: string, layer: string | null) => ({ file, line: layer === null ? null : 7 });
const tool = { version: "0.2.0", rules: GATE_RULES };
const render = (result: Parameters<typeof renderSarif>[0]) => renderSarif(result, locate, tool);

function assertValid(text: string): void {
  assertEquals(sarifErrors(JSON.parse(text)), []);
}

Deno.test("renderSarif() passes the schema of SARIF 2.1.0, which refuses what is none", () => {
  const run = gateRun([], { measurements: null, error: "gone" });
  assertValid(render(gateResult([sickRun({}, [sampleWarning()]), run])));
  assertValid(render(gateResult([])));
  assert(sarifErrors({ version: "2.1.0", runs: [{ results: [] }] }).length > 0);
  assert(sarifErrors({ version: "2.0.0", runs: [] }).length > 0);
});

Deno.test("renderSarif() gives each cause its rule, level, file, line, layers and consequences", () => {
  const note = finding("dense_1", { severity: "note" });
  const noted = gateRun([note], { model: "other" });
  const { runs: [{ results, tool: { driver } }] } = JSON.parse(
    render(gateResult([sickRun({}, [sampleWarning()]), sickRun({ seed: 4 }), noted])),
  );
  const [first] = results;
  assertEquals(first.ruleId, "init-scale");
  assertEquals(driver.rules[first.ruleIndex].id, "init-scale");
  assertEquals(first.level, "error");
  assertEquals(
    first.message.text,
    `digits: The kernels of dense_1, dense_2 are about 81 times too large.
Fix: Draw them smaller.
Tried: the model is then HEALTHY; l2 of delta of dense_1: 0 before, 5.6 after.
As a result: saturated activations in dense_1, dense_2.`,
  );
  assertEquals(first.locations[0].physicalLocation, {
    artifactLocation: { uri: "models/digits.ts" },
    region: { startLine: 7 },
  });
  assertEquals(first.locations[0].logicalLocations[0].fullyQualifiedName, "digits/dense_1");
  assertEquals(first.properties.seeds, [3, 4]);
  const [related] = first.relatedLocations;
  assertEquals(related.message.text, "saturated activations in dense_1, dense_2");
  assertEquals(related.physicalLocation.region.startLine, 7);
  assertEquals(
    related.logicalLocations.map(({ name }: { name: string }) => name),
    ["dense_1", "dense_2"],
  );
  assertEquals(results.map(({ level }: { level: string }) => level), ["error", "warning"]);
  const prints = results.map((result: { partialFingerprints: object }) =>
    JSON.stringify(result.partialFingerprints)
  );
  assertEquals(new Set(prints).size, 2);
});

Deno.test("renderSarif() carries the reason of a suppression, and what was not measured", () => {
  const { runs: [{ results, invocations }] } = JSON.parse(render(gateResult([
    ...[3, 4].map((seed) =>
      gateRun([
        finding("dense_1", { severity: "note", suppressed: "known" }),
        finding("dense_2"),
      ], { seed })
    ),
    gateRun([], { measurements: null, error: "gone" }),
  ])));
  assertEquals(results.map(({ suppressions }: { suppressions: unknown }) => suppressions), [
    [],
    [{ kind: "external", justification: "known" }],
  ]);
  assertEquals(invocations[0].executionSuccessful, false);
  assertEquals(invocations[0].toolExecutionNotifications[0].message.text, "digits, seed 3: gone");
});

Deno.test("renderSarif() locates every result, for GitHub refuses a log in which one has no file", () => {
  const findings = [finding("", { rule: "unused-suppression", layer: null })];
  const { runs: [{ results: [result] }] } = JSON.parse(render(gateResult([], { findings })));
  assertEquals(result.locations, [{
    physicalLocation: {
      artifactLocation: { uri: "gradient-health.json" },
      region: { startLine: 1 },
    },
  }]);
});

Deno.test("renderSarif() writes a path as a URI reference", () => {
  const run = gateRun([finding("a")], { path: "models/my net #1.ts" });
  const { runs: [{ results }] } = JSON.parse(render(gateResult([run])));
  assertEquals(
    results[0].locations[0].physicalLocation.artifactLocation.uri,
    "models/my%20net%20%231.ts",
  );
});

Deno.test("renderSarif() passes the schema whatever a layer is called", () => {
  fc.assert(
    fc.property(anyGateResult, (result) => {
      const text = render(result);
      assertValid(text);
      assert(!/[\p{Cf}\p{Cs}\p{Zl}\p{Zp}]|[^\P{Cc}\n]/u.test(text), text);
    }),
    { numRuns: 200 },
  );
});
