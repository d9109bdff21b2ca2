import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import { displayWidth } from "../../src/render/display_width.ts";
import { renderGateText } from "../../src/render/render_gate_text.ts";
import { anyGateResult } from "./arbitrary_gate.ts";
import { finding } from "./sample.ts";
import { gateResult, gateRun, someFindings } from "./sample_gate.ts";

Deno.test("renderGateText() shows the findings of one pass, whose it is, and nothing around them", () => {
  const text = renderGateText(gateResult([gateRun(someFindings.slice(0, 1))]));
  assertEquals(
    text,
    `== digits (models/digits.ts), seed 3
ERROR saturated-activations: dense_1
  99 % of dense_1 < 100 %.
  Fix: Scale it.

1 error, 0 warnings.
`,
  );
});

Deno.test("renderGateText() says what is suppressed and that there are too many warnings", () => {
  const suppressed = finding("dense_1", { severity: "note", ...{ suppressed: "see #12" } });
  const warning = finding("dense_2", { severity: "warning" });
  const result = gateResult([gateRun([suppressed, warning])], { maxWarnings: 0 });
  const text = renderGateText(result);
  assertStringIncludes(text, "SUPPRESSED saturated-activations: dense_1 (see #12)\n\nWARNING");
  assertStringIncludes(text, "0 errors, 1 warning.\n1 warning exceeds maxWarnings (0).\n");
});

Deno.test("renderGateText() says of whom it speaks where it speaks of the configuration", () => {
  const own = finding(null, { rule: "unused-suppression", severity: "warning" });
  const findings = [{ ...own, about: "configuration" as const }];
  const text = renderGateText(gateResult([gateRun([])], { findings }));
  assertStringIncludes(text, "WARNING unused-suppression: the configuration\n");
});

Deno.test("renderGateText() sums seeds up and writes the first that fails out", () => {
  const runs = [
    gateRun([], { seed: 0 }),
    gateRun([finding("dense_1", { severity: "warning" })], { seed: 1 }),
    gateRun([finding("dense_1")], { seed: 2 }),
    gateRun([finding("dense_2")], { seed: 5 }),
    gateRun([], { model: "other", path: "other" }),
    gateRun([], { model: "gone", measurements: null, error: "gone" }),
  ];
  const text = renderGateText(gateResult(runs));
  assertStringIncludes(text, "== digits (models/digits.ts), 4 seeds\n");
  assertStringIncludes(text, "  ERROR saturated-activations under 2 of 4 seeds: 2, 5\n");
  assertStringIncludes(text, "  WARNING saturated-activations under 1 of 4 seeds: 1\n");
  assertStringIncludes(text, "  seed 2:\nERROR saturated-activations: dense_1\n");
  assertStringIncludes(text, "== other, seed 3\n  no problems\n");
  assertStringIncludes(
    text,
    "Gate failed: 2 models, 5 runs; 2 errors, 1 warning, 1 run could not be measured.\n",
  );
});

Deno.test("renderGateText() says what was noted of models with nothing wrong, without sums", () => {
  const note = finding("dense_1", { severity: "note", message: "Renamed.", advice: "" });
  const runs = [gateRun([note]), gateRun([note], { seed: 4 })];
  const text = renderGateText(gateResult(runs), { width: 40 });
  assertStringIncludes(
    text,
    "  no problems\n\nNOTE saturated-activations: dense_1\n  Renamed.\n\nGate passed",
  );
});

Deno.test("renderGateText() says what is suppressed under any seed once, with the reason", () => {
  const accepted = (layer: string) =>
    finding(layer, { severity: "note", ...{ suppressed: "known" } });
  const said = "SUPPRESSED saturated-activations: dense_1, dense_2 (known)\n\n";
  const runs = [
    gateRun([finding("dense_1", { rule: "dead-units" })]),
    gateRun([accepted("dense_1"), accepted("dense_2")], { seed: 4 }),
  ];
  const text = renderGateText(gateResult(runs));
  assertStringIncludes(text, `2 seeds\n${said}  ERROR dead-units under 1 of 2 seeds: 3\n`);
  assertStringIncludes(
    renderGateText(gateResult([runs[1], runs[1]])),
    `  no problems\n\n${said}Gate passed`,
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
  assertStringIncludes(renderGateText(gateResult([])), "Gate passed: 0 models, 0 runs");
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
