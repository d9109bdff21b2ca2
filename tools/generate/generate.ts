/**
 * Writes the files derived from the rules: their lists, the type of all thresholds, the assertions
 * with their documentation, the types of the matchers, the schema of configurations and its
 * validator, the pages in docs/rules, and the names in mod.ts; the measured precision of each rule,
 * from bench/trainability/rules.json, and the figures in the guide to verdicts, from the table
 * beside it; docs/formats.md, from the list of formats; and the list of modules that a measuring
 * command loads. Run it as `deno task generate`; with `--check` it writes nothing and fails if a
 * file is not up to date.
 *
 * @module
 */

import type { ThresholdTable } from "../../src/core/rules/rule.ts";
import { CALIBRATION, calibrationSentences } from "./calibration.ts";
import { readRules, ROOT, type RuleFiles } from "./read_rules.ts";
import {
  writeAssertion,
  writeBaselineAssertion,
  writeHealthyAssertion,
  writeModelAssertion,
} from "./write_assertion.ts";
import {
  type ReadmeRow,
  writeAssertions,
  writeExpected,
  writeReadme,
  writeRules,
  writeThresholds,
} from "./write_lists.ts";
import { type PageRule, writeFormats, writePage, writePageIndex } from "./write_page.ts";
import { writeFaultFigures } from "./write_fault_figures.ts";
import { writeVerdictFigures } from "./write_verdict_figures.ts";

/** Contents by path, relative to the root of the checkout. */
type Files = Record<string, string>;

const VERDICT_GUIDE = "docs/what_a_verdict_means.md";

/** Writes the files derived from the rules alone. The rest imports them, so they come first. */
async function writeSources(
  { rules, modelRules }: RuleFiles,
  calibrations: Readonly<Record<string, string>>,
): Promise<Files> {
  const { BASELINE_RULE } = await import("../../src/core/rules/matches_baseline.ts");
  const all = [...rules, ...modelRules];
  const tables: ThresholdTable[] = [...all.map(({ rule }) => rule), BASELINE_RULE]
    .map(({ thresholds }) => thresholds);
  return {
    "src/core/rules/rules.ts": writeRules({ rules, modelRules }, calibrations),
    "src/core/rules/thresholds.ts": writeThresholds(tables),
  };
}

/** Writes the assertions and the type of the matchers from the records of the rules. */
async function writeAssertionFile(files: RuleFiles): Promise<Files> {
  const { HEALTHY_DOCUMENTATION } = await import("../../src/core/assert/health_message.ts");
  const { BASELINE_RULE } = await import("../../src/core/rules/matches_baseline.ts");
  const asserted = files.rules.filter(({ rule }) => rule.assertion !== "");
  return {
    "src/core/assert/assertions.ts": writeAssertions([
      writeHealthyAssertion(HEALTHY_DOCUMENTATION),
      ...asserted.map((one) => writeAssertion(one)),
      ...files.modelRules.map((one) => writeModelAssertion(one)),
      writeBaselineAssertion(BASELINE_RULE),
    ]),
    "src/core/assert/health_expected.ts": writeExpected(
      files,
      HEALTHY_DOCUMENTATION.summary,
      BASELINE_RULE,
    ),
  };
}

/** Writes the files derived from the lists. */
async function writeDerived(
  files: RuleFiles,
  calibrations: Readonly<Record<string, string>>,
): Promise<Files> {
  const { HEALTHY_DOCUMENTATION } = await import("../../src/core/assert/health_message.ts");
  const { BASELINE_RULE } = await import("../../src/core/rules/matches_baseline.ts");
  const { configurationSchema } = await import("../../src/gate/configuration_shape.ts");
  const { GATE_DOCUMENTATION } = await import("../../src/gate/gate_rules.ts");
  return {
    "gradient-health.schema.json": `${JSON.stringify(configurationSchema(), null, 2)}\n`,
    ...writePages(files, GATE_DOCUMENTATION, calibrations),
    "docs/formats.md": writeFormats(),
    [VERDICT_GUIDE]: await writeVerdictGuide(),
    "mod.ts": await writeDoor(),
    "README.md": writeReadme(await Deno.readTextFile(new URL("README.md", ROOT)), [
      [
        ...[
          { ...HEALTHY_DOCUMENTATION, assertion: "assertHealthy" },
          ...files.rules.map(({ rule }) => rule),
          BASELINE_RULE,
        ].map(rowOf),
        ["assertRule", "[a rule of your own](docs/write_a_rule.md) finds an error"],
      ],
      files.modelRules.map(({ rule }) => rowOf(rule)),
    ]),
  };
}

async function writeVerdictGuide(): Promise<string> {
  const read = (path: string) => Deno.readTextFile(new URL(path, ROOT));
  const guide = await read(VERDICT_GUIDE);
  return writeFaultFigures(
    writeVerdictFigures(guide, await read("bench/trainability/table_odd.md")),
    await read("bench/faults/table_tuned.md"),
    await read("bench/faults/table_held_out.md"),
  );
}

function writePages(
  { rules, modelRules }: RuleFiles,
  gateRules: readonly PageRule[],
  calibrations: Readonly<Record<string, string>>,
): Files {
  const pages = [
    ...rules.map(({ rule, file }) => ({ rule: rule as PageRule, file })),
    ...modelRules.map(({ rule, file }) => ({ rule: rule as PageRule, file })),
    ...gateRules.map((rule) => ({ rule, file: "src/gate/gate_rules.ts" })),
  ];
  return {
    ...Object.fromEntries(
      pages.map((
        { rule, file },
      ) => [`docs/rules/${rule.name}.md`, writePage(rule, file, calibrations[rule.name])]),
    ),
    "docs/rules/README.md": writePageIndex([
      ["Rules over measurements, for report, check and tests", rules.map(({ rule }) => rule)],
      ["Rules over a model, for tests", modelRules.map(({ rule }) => rule)],
      ["Rules of the gate alone", gateRules],
    ]),
  };
}

function rowOf({ assertion, assertionDocumentation }: PageRule): ReadmeRow {
  return [assertion, assertionDocumentation!.fails];
}

/** Writes the names that mod.ts exports, those of src/mod.ts; for a class also its type. */
async function writeDoor(): Promise<string> {
  const text = await Deno.readTextFile(new URL("mod.ts", ROOT));
  const library = Object.entries(await import("../../src/mod.ts"));
  const names = library.map(([name]) => `  ${name},\n`);
  const types = library.filter(([, value]) => `${value}`.startsWith("class "))
    .map(([name]) => `export type ${name} = Library.${name};\n`);
  return text
    .replace(/export const \{[^}]*\} = library;/, `export const {\n${names.join("")}} = library;`)
    .replace(/(?:^export type \w+ = Library\.\w+;\n)+/m, types.join(""));
}

/** Formats the files with `deno fmt`. */
async function format(files: Files): Promise<Files> {
  const folder = await Deno.makeTempDir();
  try {
    for (const [path, text] of Object.entries(files)) {
      const file = `${folder}/${path}`;
      await Deno.mkdir(file.slice(0, file.lastIndexOf("/")), { recursive: true });
      await Deno.writeTextFile(file, text);
    }
    const { code, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["fmt", "--quiet", "--no-config", "--line-width=100", folder],
    }).output();
    if (code !== 0) throw new Error(new TextDecoder().decode(stderr));
    const read = async (path: string) => [path, await Deno.readTextFile(`${folder}/${path}`)];
    return Object.fromEntries(await Promise.all(Object.keys(files).map(read)));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Returns the files that are not up to date, and writes them unless `check` is set. */
async function settle(files: Files, check: boolean): Promise<string[]> {
  const stale: string[] = [];
  for (const [path, text] of Object.entries(await format(files))) {
    const url = new URL(path, ROOT);
    const found = await Deno.readTextFile(url).catch(() => null);
    if (found === text) continue;
    stale.push(path);
    if (check) continue;
    await Deno.mkdir(new URL(".", url), { recursive: true });
    await Deno.writeTextFile(url, text);
  }
  return stale;
}

/** Finds pages of rules that no longer exist. */
async function leftovers(files: Files): Promise<string[]> {
  const left: string[] = [];
  for (const folder of ["docs/rules/", "src/core/assert/"]) {
    for await (const { name } of Deno.readDir(new URL(folder, ROOT))) {
      const path = `${folder}${name}`;
      if (path in files) continue;
      const text = await Deno.readTextFile(new URL(path, ROOT));
      if (/^.*Generated by `deno task generate`/.test(text)) left.push(path);
    }
  }
  return left;
}

if (import.meta.main) {
  const check = Deno.args.includes("--check");
  const rules = await readRules();
  const calibrations = calibrationSentences(JSON.parse(await Deno.readTextFile(CALIBRATION)));
  const sources = await writeSources(rules, calibrations);
  const stale = await settle(sources, check);
  const assertions = await writeAssertionFile(rules);
  stale.push(...await settle(assertions, check));
  const derived = await writeDerived(rules, calibrations);
  stale.push(...await settle(derived, check));
  const left = await leftovers({ ...sources, ...assertions, ...derived });
  if (!check) { for (const path of left) await Deno.remove(new URL(path, ROOT)); }
  for (const path of [...stale, ...left]) {
    console.log(check ? `${path} is not what deno task generate writes` : path);
  }
  if (check && stale.length + left.length > 0) Deno.exit(1);
}
