import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import { displayWidth } from "../../../src/core/text/fit_text.ts";
import { parseReport, renderGateJson } from "../../../src/core/text/report_document.ts";
import { renderGateText } from "../../../src/gate/text/render_gate_text.ts";
import { finding } from "../../networks/sample.ts";
import { anyGateResult } from "./arbitrary_gate.ts";
import { sampleWarning, sickRun } from "../../core/text/sample_causes.ts";
import { gateResult, gateRun, someFindings } from "./sample_gate.ts";

Deno.test("renderGateText() shows the verdict of a model and its causes, the findings folded", () => {
  assertEquals(
    renderGateText(gateResult([sickRun({}, [sampleWarning()])])),
    `== digits (models/digits.ts), seed 3
SICK: 1 cause, 1 warning
1. The kernels of dense_1, dense_2 are about 81 times too large.
   Fix: Draw them smaller.
   Tried: the model is then HEALTHY; l2 of delta of dense_1: 0 before, 5.6
   after.
   As a result: saturated activations in dense_1, dense_2.
2. The bias of dense_2 is large.
   Fix: Draw them smaller.

--details shows every finding.
Gate failed. The model is sick: 1 cause, 1 warning.
`,
  );
});

Deno.test("renderGateText() shows every cause and every finding with details", () => {
  const others = [1, 2, 3].map((i) => ({ ...sampleWarning(), message: `More: ${i}.` }));
  const result = gateResult([sickRun({}, others)]);
  const [folded, text] = [false, true].map((details) => renderGateText(result, { details }));
  assertStringIncludes(
    folded,
    "3. More: 2.\n   Fix: Draw them smaller.\n1 more cause with --details.",
  );
  assertStringIncludes(text, "4. More: 3.\n");
  assertStringIncludes(text, "\nERROR saturated-activations: dense_1, dense_2 (2 layers)\n");
  assert(!folded.includes("ERROR") && !text.includes("--details"), text);
});

Deno.test("renderGateText() hides no cause of three, and no empty list of findings shows", () => {
  const others = [1, 2].map((i) => ({ ...sampleWarning(), message: `More: ${i}.` }));
  const text = renderGateText(gateResult([sickRun({}, others)]));
  assertStringIncludes(text, "3. More: 2.\n");
  assert(!text.includes("more cause"), text);
  const healthy = gateResult([gateRun([])]);
  assertEquals(renderGateText(healthy, { details: true }), renderGateText(healthy));
});

Deno.test("renderGateText() wraps the line of a model only if it does not fit", () => {
  const runs = [sickRun(), gateRun([], { model: "fine", path: "fine" })];
  const line = "x  digits  SICK: 1 cause";
  const isWhole = (width: number) =>
    renderGateText(gateResult(runs), { width }).split("\n").includes(line);
  assertEquals([isWhole(line.length), isWhole(line.length - 1)], [true, false]);
});

Deno.test("renderGateText() shows at most three lines of the code that defines a layer", () => {
  const text = Array.from({ length: 9 }, (_, i) => `argument_number_${i}`).join(" ");
  const locate = (file: string, layer: string | null) => ({
    file,
    line: layer === null ? 1 : 2,
    text,
  });
  const lines = renderGateText(gateResult([sickRun()]), { locate, width: 40 }).split("\n");
  assertEquals(lines.filter((line) => line.includes("| argument")), [
    "   | argument_number_0 argument_number_1",
    "   | argument_number_2 argument_number_3",
    "   | argument_number_4 argument_number_5",
  ]);
});

Deno.test("renderGateText() says HEALTHY and nothing else of a model that is", () => {
  const note = finding("dense_1", { severity: "note", message: "No verdict." });
  assertEquals(
    renderGateText(gateResult([gateRun([note])])),
    `== digits (models/digits.ts), seed 3
HEALTHY

Gate passed. The model is healthy.
`,
  );
});

Deno.test("renderGateText() says what is suppressed and that there are too many warnings", () => {
  const suppressed = finding("dense_1", { severity: "note", suppressed: "see #12" });
  const warning = finding("dense_2", { severity: "warning" });
  const result = gateResult([gateRun([suppressed, warning])], { maxWarnings: 0 });
  const text = renderGateText(result);
  assertStringIncludes(text, "SUPPRESSED saturated-activations: dense_1 (see #12)\n");
  assertStringIncludes(
    text.replaceAll("\n", " "),
    "1 finding is a warning, and none is allowed.",
  );
});

Deno.test("renderGateText() says of whom it speaks where it speaks of the configuration", () => {
  const own = finding(null, { rule: "unused-suppression", severity: "warning" });
  const findings = [{ ...own, about: "configuration" as const }];
  const text = renderGateText(gateResult([gateRun([])], { findings }));
  assertStringIncludes(text, "WARNING unused-suppression: the configuration\n");
});

Deno.test("renderGateText() has one verdict of a model for all seeds, and says under which", () => {
  const runs = [
    gateRun([], { seed: 0 }),
    sickRun({ seed: 2 }, [sampleWarning()]),
    sickRun({ seed: 5 }),
    gateRun([], { seed: 7 }),
    gateRun([], { model: "other", path: "other" }),
    gateRun([], { model: "gone", measurements: null, error: "gone" }),
  ];
  const text = renderGateText(gateResult(runs), { details: true, width: 100 });
  assertStringIncludes(
    text,
    "== digits (models/digits.ts), 4 seeds\nSICK in 2 of 4 seeds: 1 cause, 1 warning\n" +
      "1. The kernels of dense_1, dense_2 are about 81 times too large. Found in 2 of 4 seeds: 2, 5.\n",
  );
  assertStringIncludes(text, "2. The bias of dense_2 is large. Found in 1 of 4 seeds: 2.\n");
  assertStringIncludes(text, "\nNumbers shown for seed 2.\n");
  assertStringIncludes(text, "\nERROR saturated-activations in 2 of 4 seeds: 2, 5\n");
  assertStringIncludes(text, "\nWARNING bias-init in 1 of 4 seeds: 2\n");
  assertStringIncludes(text, "\nFindings under seed 2:\n");
  assertStringIncludes(text, "== other, seed 3\nHEALTHY\n");
  assertStringIncludes(
    text,
    "\nx  digits  SICK in 2 of 4 seeds: 1 cause, 1 warning\nok other   HEALTHY\nx  gone    not measured\n" +
      "Gate failed. 1 of 3 models is sick. 1 run could not be measured.\n",
  );
});

Deno.test("renderGateText() says once that a model is not what the baseline knows", () => {
  const note = (rule: string) =>
    finding(null, { rule, severity: "note", message: "Renamed.", fix: "" });
  const runs = [gateRun([note("baseline")]), gateRun([note("baseline")], { seed: 4 })];
  const text = renderGateText(gateResult(runs), { width: 40 });
  assertStringIncludes(text, "HEALTHY\nNOTE baseline: the whole model\n  Renamed.\n\nGate passed");
  assert(!renderGateText(gateResult([gateRun([note("dead-units")])])).includes("Renamed"));
});

Deno.test("renderGateText() says what is suppressed under any seed once, with the reason", () => {
  const accepted = (layer: string) => finding(layer, { severity: "note", suppressed: "known" });
  const said = "SUPPRESSED saturated-activations: dense_1, dense_2 (known)\n\n";
  const runs = [sickRun(), gateRun([accepted("dense_1"), accepted("dense_2")], { seed: 4 })];
  const text = renderGateText(gateResult(runs));
  assertStringIncludes(text, `Numbers shown for seed 3.\n${said}`);
  assertStringIncludes(
    renderGateText(gateResult([runs[1], runs[1]])),
    `HEALTHY\n${said}Gate passed`,
  );
});

Deno.test("renderGateText() cuts the names of models so that they stay apart", () => {
  const runs = ["1", "2"].map((digit) => {
    const model = `${"a".repeat(80)}${digit}${"b".repeat(80)}`;
    return gateRun([], { model, path: model });
  });
  const titles = renderGateText(gateResult(runs)).split("\n").filter((line) => /^==/.test(line));
  assertEquals(new Set(titles).size, 2);
});

Deno.test("renderGateText() says nothing where nothing was measured", () => {
  const run = gateRun([], { measurements: null, error: "gone" });
  assertEquals(renderGateText(gateResult([run])), "");
  // A shard may have no pass.
  assertStringIncludes(renderGateText(gateResult([])), "Gate passed. No model was measured.\n");
});

Deno.test("renderGateText() writes no line that a CI system obeys, and none that is too long", () => {
  fc.assert(
    fc.property(anyGateResult, fc.integer({ min: 20, max: 120 }), (result, width) => {
      for (const line of renderGateText(result, { width }).split("\n")) {
        assert(!line.trimStart().startsWith("::") && !line.includes("##["), line);
        assert(!/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u.test(line.replaceAll("👩‍💻", "")), line);
        const defused = line.match(/\\x3a|\\x5b/g)?.length ?? 0;
        assert(displayWidth(line) <= width + 3 * defused, line);
      }
    }),
    { numRuns: 200 },
  );
});

Deno.test("renderGateText() shows the line that defines the first layer of a cause", () => {
  const source = ["export const createModel", "  dense({ name: 'dense_1' })", "  dense_2"];
  const locate = (file: string, layer: string | null) => {
    const line = layer === null ? 1 : source.findIndex((text) => text.includes(layer)) + 1;
    return line === 0 ? { file, line: null } : { file, line, text: source[line - 1] };
  };
  const result = gateResult([sickRun()]);
  assertStringIncludes(
    renderGateText(result, { locate }),
    "\n   models/digits.ts:2 | dense({ name: 'dense_1' })\n",
  );
  // Without a layer's own line, that of the model would say nothing.
  const model = (file: string) => ({ file, line: 1, text: source[0] });
  assertEquals(renderGateText(result, { locate: model }), renderGateText(result));
  const place = "   models/digits.ts:2 | dense({ name: 'dense_1' })";
  const isWhole = (width: number) => renderGateText(result, { locate, width }).includes(place);
  assertEquals([isWhole(place.length), isWhole(place.length - 1)], [true, false]);
  const narrow = renderGateText(result, { locate, width: 30 }).split("\n");
  assertEquals(narrow.filter((line) => displayWidth(line) > 30), []);
  assertStringIncludes(
    narrow.join("\n"),
    "\n   models/digits.ts:2\n   | dense({ name: 'dense_1'\n   | })\n",
  );
});

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
