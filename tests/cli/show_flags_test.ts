import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { differenceOf } from "../../src/core/compare/difference.ts";
import { CHECK_FLAGS } from "../../src/cli/commands/check.ts";
import { DIFF_FLAGS } from "../../src/cli/commands/diff.ts";
import { REPORT_FLAGS } from "../../src/cli/commands/report.ts";
import { RUN_FLAGS } from "../../src/cli/flags/measure_flags.ts";
import { SCALE_FLAGS } from "../../src/cli/flags/scale_flags.ts";
import { MERGE_FLAGS, SWEEP_FLAGS } from "../../src/cli/flags/sweep_flags.ts";
import {
  type FormatName,
  FORMATS,
  formatsOf,
  type Result,
  type ShowFlag,
} from "../../src/cli/formats.ts";
import type { FlagSet } from "../../src/cli/kit/flag.ts";
import { diagnose } from "../../src/core/diagnosis/diagnose.ts";
import type { RenderTextOptions } from "../../src/core/text/render_charts.ts";
import { summarizeStudy } from "../../src/study/study.ts";
import { withFolder } from "../core/model/save_model.ts";
import { finding, layer, measurements } from "../networks/sample.ts";
import { gateResult, gateRun } from "../gate/text/sample_gate.ts";
import { growthSummary } from "../networks/growth.ts";
import { makeHeader, makePoints } from "../networks/studies.ts";
import { assertRefuses } from "./refuses.ts";
import { formatOf, studyFormatOf } from "../../src/cli/flags/show_flags.ts";
import { runCommand } from "./run_command.ts";

/** Options of the renderers that each flag sets; `ascii`: those that it turns off. */
const OPTIONS: Record<ShowFlag, RenderTextOptions> = {
  columns: { width: 60 },
  unicode: { unicode: true },
  ascii: { unicode: true, color: true },
  layers: { layers: /^dense_7$/ },
  axis: { scale: "linear" },
  details: { details: true },
  all: { all: true },
};

const SHOW_FLAGS = Object.keys(OPTIONS) as ShowFlag[];

const COMMANDS: { name: string; result: Result; flags: FlagSet }[] = [
  { name: "report", result: "report", flags: REPORT_FLAGS },
  { name: "check", result: "gate", flags: CHECK_FLAGS },
  { name: "diff", result: "diff", flags: DIFF_FLAGS },
  { name: "sweep", result: "study", flags: SWEEP_FLAGS },
  { name: "scale", result: "growth", flags: SCALE_FLAGS },
  { name: "merge", result: "study", flags: MERGE_FLAGS },
];

/** Flags of a run: they act whatever the format is. */
const FLAGS_OF_RUN = [
  ...Object.keys(RUN_FLAGS),
  "plugin",
  "trial",
  "proof",
  "trialBudget",
  "rates",
  "seeds",
  "quiet",
  "jobs",
  "shard",
  "resume",
  "watch",
  "format",
  "reporter",
  "out",
  "force",
  "open",
  "config",
  "noConfig",
  "printConfig",
  "maxWarnings",
  "failOn",
  "rates",
  "failFast",
  "baseline",
  "updateBaseline",
  "scale",
  "scaleLayers",
  "activation",
  "depth",
  "width",
  "initializer",
  "exercise",
  "widths",
  "depths",
];

/** Name that does not fit a line. */
const LONG = "long".repeat(40);

/** Network of alike layers, the last of which has a long name. */
function network(gradient: (layer: number) => number) {
  const names = Array.from({ length: 40 }, (_, i) => `dense_${i}`);
  names[39] = LONG;
  return measurements(names.map((name, i) => layer(name, { gradient: gradient(i) })));
}

const found = Array.from(
  { length: 6 },
  (_, i) =>
    finding(`dense_${i + 10}`, {
      message: `Layer ${i} is dead.`,
      rule: i % 2 ? "dead-units" : "x",
    }),
);

function side(name: string, gradient: (layer: number) => number) {
  const measured = network(gradient);
  return { name, measurements: measured, diagnosis: diagnose(measured, found) };
}

const before = side("a.ts", () => 0.1);
const difference = differenceOf(before, side("b.ts", (i) => 0.1 * 2 ** (i + 1)));
const gate = gateResult([gateRun(found, { path: `${LONG}.ts` })]);
const header = makeHeader({ scales: [0.01, 0.1, 0.5, 1, 2, 4], activations: ["tanh", "relu"] });
const summary = summarizeStudy({ ...header, points: makePoints(header) });

/** Writes the sample of a result, or `null` for points, which take no options. */
async function write(
  name: keyof typeof FORMATS,
  result: Result,
  options: RenderTextOptions,
): Promise<string | null> {
  const { report, gate: writeGate, diff, study, growth } = FORMATS[name];
  const all = { width: 100, unicode: false, color: false, ...options };
  switch (result) {
    case "report":
      return await report!({ ...before, findings: found }, all);
    case "diff":
      return await diff!(difference, all);
    case "study":
      return study === undefined ? null : await study(summary, all);
    case "growth":
      return growth === undefined ? null : await growth(growthSummary(), all);
    case "gate":
      return await writeGate!(gate, {
        text: all,
        locate: () => Promise.resolve((file) => ({ file, line: 1 })),
        tool: () => Promise.resolve({ version: "1.0.0", rules: [] }),
      });
  }
}

for (const { name: command, result, flags } of COMMANDS) {
  Deno.test(`every format of ${command} reads the flags that it declares, and no other`, async () => {
    for (const format of formatsOf(result)) {
      const plain = await write(format, result, {});
      const known = SHOW_FLAGS.filter((key) => Object.hasOwn(flags, key));
      const changing: ShowFlag[] = [];
      for (const key of known) {
        if (await write(format, result, OPTIONS[key]) !== plain) changing.push(key);
      }
      const declared = known.filter((key) => FORMATS[format].reads.includes(key));
      assertEquals(changing, declared, `${command} --format ${format}`);
    }
  });

  Deno.test(`every flag of ${command} either acts in every format or is one that formats declare`, () => {
    const unknown = Object.keys(flags).filter((key) =>
      !FLAGS_OF_RUN.includes(key) && !SHOW_FLAGS.includes(key as ShowFlag)
    );
    assertEquals(unknown, []);
    for (const key of SHOW_FLAGS.filter((key) => Object.hasOwn(flags, key))) {
      const readers = formatsOf(result).filter((name) => FORMATS[name].reads.includes(key));
      assertEquals(readers.includes("text"), true, `${command} --${key}`);
    }
  });
}

const REFUSED: [args: string[], sentence: string][] = [
  [
    ["report", "--format", "json", "--details", "--all", "--axis", "linear", "--columns", "50"],
    "--axis is given with --format json, expected text, html or svg",
  ],
  [
    ["report", "--format", "json", "--columns", "50"],
    "--columns is given with --format json, expected text",
  ],
  [
    ["report", "--format", "html", "--layers", "a"],
    "--layers is given with --format html, expected text",
  ],
  [
    ["report", "--out", "no/a.json", "--all"],
    "--all is given with --out no/a.json, whose format is json, expected text",
  ],
  [
    ["check", "--reporter", "json=a", "--reporter", "junit=b", "--details"],
    "--details is given with --reporter json and --reporter junit, expected text",
  ],
  [
    ["check", "--format", "github", "--ascii"],
    "--ascii is given with --format github, expected text",
  ],
  [
    ["diff", "a.ts", "b.ts", "--format", "json", "--all"],
    "--all is given with --format json, expected text or markdown",
  ],
  [
    ["sweep", "--format", "html", "--unicode"],
    "--unicode is given with --format html, expected text",
  ],
  [["merge", "a.json", "--format", "csv", "--columns", "50"], "--columns is given with --fo"],
];

Deno.test("a flag that no chosen format reads is refused", async () => {
  for (const [args, sentence] of REFUSED) await assertRefuses(args, `error: ${sentence}`);
});

Deno.test("flags that a format reads, and flags at their default, are accepted", () =>
  withFolder(async (cwd) => {
    // Each is refused later, for its file: no format is at fault.
    const missing = "missing.ts";
    const accepted = [
      ["report", missing, "--format", "json", "--axis", "log"],
      ["report", missing, "--format", "svg", "--axis", "linear"],
      ["check", missing, "--reporter", "json=a.json", "--reporter", "text", "--details"],
      ["diff", missing, missing, "--format", "markdown", "--all"],
    ];
    for (const args of accepted) await assertRefuses(args, missing, { cwd });
  }));

Deno.test("formatOf() takes what was asked for, else what the name ends in, else text", () => {
  const report = formatsOf("report"), gate = formatsOf("gate");
  assertEquals(formatOf(null, null, report), "text");
  assertEquals(formatOf("svg", "a.html", report), "svg");
  assertEquals(formatOf(null, "a/b.HTML", report), "html");
  assertEquals(formatOf(null, "b.html/report", report), "text");
  assertEquals(formatOf(null, "a.png", report), "text");
  // Two of them are texts, and one is not written by a report.
  assertEquals([formatOf(null, "a.txt", gate), formatOf(null, "a.xml", gate)], ["text", "junit"]);
  assertEquals(formatOf(null, "a.xml", report), "text");
});

Deno.test("studyFormatOf() takes a page or an image by its name, and leaves other names to the study", () => {
  const of = (out: string | null, format: FormatName | null = null) => [
    studyFormatOf({ format, out }, ["study"]),
    studyFormatOf({ format, out }, ["growth"]),
    studyFormatOf({ format, out }, ["study", "growth"]),
  ];
  assertEquals(of("a.HTML"), ["html", "html", "html"]);
  assertEquals(of("a.svg"), ["text", "svg", "svg"]);
  for (const out of [null, "a.json", "a.csv", "a.md", "html"]) {
    assertEquals(of(out), ["text", "text", "text"]);
  }
  assertEquals(of("a.html", "csv"), ["csv", "csv", "csv"]);
});

Deno.test("report, check and diff write what the name of --out ends in", () =>
  withFolder(async (cwd) => {
    const model = new URL("../../fixtures/golden/relu_he/model.json", import.meta.url).pathname;
    const lines: [string[], string, string][] = [
      [["report", model], "page.html", "<!doctype html>"],
      [["check", model, "--no-config"], "gate.sarif", '{\n  "$schema"'],
      [["diff", model, model], "difference.json", "{\n"],
    ];
    for (const [args, file, begins] of lines) {
      const { stdout, stderr } = await runCommand([...args, "--quiet", "--out", file], { cwd });
      assertEquals([stdout, stderr], ["", ""]);
      const text = await Deno.readTextFile(`${cwd}/${file}`);
      assert(text.toLowerCase().startsWith(begins.toLowerCase()), text.slice(0, 80));
    }
    const help = await runCommand(["report", "--help", "all"]);
    assertStringIncludes(help.stdout, "default: what the name of --out");
  }));
