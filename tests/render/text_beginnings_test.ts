import { assert, assertEquals } from "@std/assert";
import { differenceOf } from "../../src/compare/difference.ts";
import { diagnose } from "../../src/diagnosis/diagnose.ts";
import type { GateRun } from "../../src/gate/gate_result.ts";
import { FORMATS } from "../../src/cli/formats.ts";
import { TEXT_BEGINNINGS } from "../../src/render/text_beginnings.ts";
import { finding, layer, measurements } from "./sample.ts";
import { gateResult, gateRun, someFindings } from "./sample_gate.ts";

const isKnown = (text: string) => TEXT_BEGINNINGS.some((known) => known.test(text));

const LONG = `${"a long name ".repeat(20)}${"x".repeat(200)}`;
const ordinary = measurements([layer("dense_1", {})]);
const MEASURED = [
  ordinary,
  measurements([layer("dense_1", {})], {
    model: { ...ordinary.model, name: LONG, source: `${LONG}.safetensors` },
    weightsOnly: { format: "safetensors", notes: [] },
  }),
];
const FOUND = [
  [],
  [finding(null)],
  [finding("dense_1", { severity: "warning" })],
  [finding("dense_1"), finding("dense_1", { rule: "dead-units", severity: "warning" })],
];
const STYLES = [20, 40, 80, 1000].flatMap((width) =>
  [false, true].flatMap((unicode) =>
    [false, true].map((details) => ({ width, unicode, details, color: false }))
  )
);
const runs = MEASURED.flatMap((measured) =>
  FOUND.map((findings) => ({ measured, findings, diagnosis: diagnose(measured, findings) }))
);

Deno.test("TEXT_BEGINNINGS know every text of a report, of a gate and of a comparison", async () => {
  const { text, markdown } = FORMATS;
  const made = (style: typeof STYLES[number]) => {
    const context = {
      text: style,
      locate: () => Promise.resolve((file: string) => ({ file, line: 1 })),
      tool: () => Promise.resolve({ version: "1.0.0", rules: [] }),
    };
    const gates = [
      gateResult([]),
      gateResult([gateRun(someFindings), { ...gateRun([]), measurements: null, error: "no" }]),
      ...runs.flatMap(({ measured, findings }) => {
        const given: Partial<GateRun> = { measurements: measured, model: LONG, path: `./${LONG}` };
        const run = gateRun(findings, given);
        return [gateResult([run]), gateResult([run, { ...run, seed: 4 }])];
      }),
    ];
    const sides = runs.map(({ measured, diagnosis }, i) => ({
      name: i % 2 === 0 ? "a.ts" : LONG,
      measurements: measured,
      diagnosis,
    }));
    const differences = sides.flatMap((one) => sides.map((other) => differenceOf(one, other)));
    return [
      ...runs.map((run) => text.report!({ measurements: run.measured, ...run }, style)),
      ...gates.flatMap((gate) => [text.gate!(gate, context), markdown.gate!(gate, context)]),
      ...gates.map((gate) => FORMATS.github.gate!(gate, context)),
      ...differences.flatMap((one) => [text.diff!(one, style), markdown.diff!(one, style)]),
    ];
  };
  for (const style of STYLES) {
    for (const written of await Promise.all(made(style))) {
      // Where nothing is to be said, the file is empty.
      assert(written === "" || isKnown(written), `${JSON.stringify(style)}:\n${written}`);
    }
  }
});

Deno.test("TEXT_BEGINNINGS know no file of the user", async () => {
  const files = [
    "notes\n\n- A, b\n",
    "HEALTHY\n",
    "HEALTHY food\n\nApples.\n",
    "SICK: 3 people\nAnna\n",
    "== Introduction ==\n\nA page of a wiki.\n",
    "= Title\n== Section, seed 0\n\nText.\n",
    "### Changes\n\n- one\n",
    "Gate passed by everybody.\n",
    "import torch\n",
    "x1,x2,y\n1,2,0\n",
    "on: push\njobs:\n",
    "// settings\n{}\n",
    "All is well.\n\nA: yes\nB: no\n",
    "::group::log\n",
    ...await Promise.all(
      ["README.md", "LICENSE", "CHANGELOG.md", "docs/read_your_first_report.md"]
        .map((name) => Deno.readTextFile(new URL(`../../${name}`, import.meta.url))),
    ),
  ];
  assertEquals(files.filter(isKnown), []);
});
