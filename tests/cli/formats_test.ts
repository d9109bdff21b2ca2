import { differenceOf } from "../../src/core/compare/difference.ts";
import { diagnose } from "../../src/core/diagnosis/diagnose.ts";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { claimOutputs } from "../../src/cli/kit/claim_outputs.ts";
import { writeOutput } from "../../src/cli/kit/write_output.ts";
import {
  type FormatName,
  FORMATS,
  formatsOf,
  type GateContext,
  type Result,
} from "../../src/cli/formats.ts";
import { userImports } from "../../src/files/user_code/foreign_code.ts";
import { summarizeStudy } from "../../src/study/study.ts";
import { runCommand } from "./run_command.ts";
import { withFolder } from "../core/model/save_model.ts";
import { makeHeader, makePoints } from "../networks/studies.ts";
import { finding, layer, measurements } from "../networks/sample.ts";
import { gateResult, gateRun, someFindings } from "../gate/text/sample_gate.ts";

const NAMES = Object.keys(FORMATS) as FormatName[];
const OPTIONS = { width: 80 };
const CONTEXT: GateContext = {
  text: OPTIONS,
  locate: () => Promise.resolve((file) => ({ file, line: 1 })),
  tool: () => Promise.resolve({ version: "1.0.0", rules: [] }),
};
const report = { measurements: measurements([layer("dense_1", {})]), findings: [finding(null)] };
const gate = gateResult([gateRun(someFindings)]);
const side = (name: string) => ({
  name,
  measurements: report.measurements,
  diagnosis: diagnose(report.measurements, report.findings),
});
const difference = differenceOf(side("a.ts"), side("b.ts"));
const header = makeHeader({ scales: [0.5, 1], activations: ["tanh"] });
const points = makePoints(header);

/** Returns the output of a format for each result that it takes. */
async function written(name: FormatName): Promise<[Result, string][]> {
  const format = FORMATS[name];
  const point = await format.points?.();
  return [
    ...format.report
      ? [
        [
          "report",
          await format.report({
            ...report,
            diagnosis: diagnose(report.measurements, report.findings),
          }, OPTIONS),
        ] as const,
      ]
      : [],
    ...format.gate ? [["gate", await format.gate(gate, CONTEXT)] as const] : [],
    ...format.diff ? [["diff", await format.diff(difference, OPTIONS)] as const] : [],
    ...format.study
      ? [["study", await format.study(summarizeStudy({ ...header, points }), OPTIONS)] as const]
      : [],
    ...point
      ? [
        [
          "study",
          point.opening(header) + points.map((one, i) => point.point(one, i === 0)).join("") +
          point.closing,
        ] as const,
      ]
      : [],
  ].map(([result, text]) => [result, text]);
}

for (const name of NAMES) {
  Deno.test(`the format ${name} writes a text of each result it takes, whose files may be replaced`, () =>
    withFolder(async (folder) => {
      const { extension, mediaType, purpose } = FORMATS[name];
      assertMatch(extension, /^[a-z]+$/);
      assertMatch(mediaType, /^(text|application|image)\/[a-z+]+$/);
      assertMatch(purpose, /^[a-z].*[a-zN]$/);
      const results = await written(name);
      assertEquals(
        results.map(([result]) => result),
        (["report", "gate", "diff", "study"] as const).filter((one) =>
          formatsOf(one).includes(name)
        ),
      );
      for (const [result, text] of results) {
        assert(text.endsWith("\n"), `${result} as ${name}`);
        // Only the page and the document of a study are written into a file.
        if (result === "study" && !FORMATS[name].isPage) continue;
        const path = `${folder}/${result}.${extension}`;
        await writeOutput(text, path, name);
        await claimOutputs([{ path }], [], { force: false });
      }
    }));
}

Deno.test("the formats in JSON are JSON", async () => {
  for (const name of NAMES.filter((name) => FORMATS[name].mediaType.endsWith("json"))) {
    for (const [, text] of await written(name)) JSON.parse(text);
  }
});

/** Adds a row to the list, and then runs the command line with it. */
const SHOUT = `
import { FORMATS } from ${JSON.stringify(new URL("../../src/cli/formats.ts", import.meta.url))};
const shout = ({ findings }) => Promise.resolve(findings.length + " FINDINGS!\\n");
Object.assign(FORMATS, {
  shout: {
    purpose: "findings, loud",
    extension: "txt",
    mediaType: "text/plain",
    isLines: false,
    reads: [],
    report: shout,
    gate: shout,
    study: () => Promise.resolve("STUDY!\\n"),
  },
});
(await import(${JSON.stringify(new URL("../../src/cli/main.ts", import.meta.url))})).run();
`;

// Its hook stays as long as the process, and no test may leave one behind.
userImports.follow();

Deno.test("a row makes a format: flags, help, completions and files know it", () =>
  withFolder(async (folder) => {
    const script = `${folder}/shout.js`;
    await Deno.writeTextFile(script, SHOUT);
    const run = async (...args: string[]) => {
      const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
        args: ["run", "-A", "--no-check", "--config", "deno.json", script, ...args],
        cwd: new URL("../../", import.meta.url),
        env: { NO_COLOR: "1" },
      }).output();
      const decoder = new TextDecoder();
      return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
    };
    const [help, completions, shown, swept] = await Promise.all([
      run("check", "--help", "all"),
      run("completions", "bash"),
      run("report", "--format", "shout", "--quiet", "--out", `${folder}/new/a.txt`),
      run("sweep", "--exercise", "--scale", "1", "--seeds", "1", "--format", "shout", "--quiet"),
    ]);
    assertStringIncludes(help.stdout, "|shout[=FILE]");
    assertStringIncludes(completions.stdout, "summary\\nshout");
    assertEquals([shown.code, shown.stderr], [0, ""]);
    assertMatch(await Deno.readTextFile(`${folder}/new/a.txt`), /^\d+ FINDINGS!\n$/);
    assertEquals([swept.stdout, swept.stderr], ["STUDY!\n", ""]);
    // Its row has no last line, and its text no marker.
    const over = await run("report", "--format", "json", "--out", `${folder}/new/a.txt`, "--quiet");
    assertStringIncludes(over.stderr, "a.txt, which carries no marker of a result");
  }));

Deno.test("a format that is not in the list is refused with the names of those that are", async () => {
  for (
    const [command, result] of [["report", "report"], ["check", "gate"], ["diff", "diff"], [
      "sweep",
      "study",
    ]]
  ) {
    const { code, stderr } = await runCommand([command, "a.ts", "--format", "zzz"]);
    assertEquals(code, 2, stderr);
    for (const name of formatsOf(result as Result)) assertStringIncludes(stderr, name);
  }
});
