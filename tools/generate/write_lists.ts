import type { ThresholdTable } from "../../src/core/rules/rule.ts";
import { comment, generatedFrom, unionOf, wrap } from "./doc_text.ts";
import type { RuleFile, RuleFiles } from "./read_rules.ts";

/** Writes a list of rules. */
function listOf(
  rules: readonly RuleFile<unknown>[],
  { name, type, about }: { name: string; type: string; about: string },
): string {
  const constants = rules.map(({ constant }) => constant);
  return [
    comment(wrap(about)),
    `export const ${name}: readonly ${type}[] = [${constants.join(", ")}];`,
    "",
  ].join("\n");
}

/** Writes src/core/rules/rules.ts: the rules over measurements, and those over a model. */
export function writeRules(
  { rules, modelRules }: RuleFiles,
  calibrations: Readonly<Record<string, string>>,
): string {
  const all = [...rules, ...modelRules];
  return [
    `// ${generatedFrom("the folders of src/core/rules")}`,
    ...all.toSorted((a, b) => a.file < b.file ? -1 : 1).map(({ constant, file }) =>
      `import { ${constant} } from "./${file.replace("src/core/rules/", "")}";`
    ),
    'import type { ModelRule, Rule } from "./rule.ts";',
    'import type { ProbeSubject } from "../probe/probe_options.ts";',
    "",
    listOf(rules, {
      name: "RULES",
      type: "Rule",
      about:
        "Every rule of this package that one set of measurements can tell, in the order in which findings " +
        "are shown: first broken passes, then the inputs, the signals, the activations, the weights " +
        "and the head.",
    }),
    listOf(modelRules, {
      name: "MODEL_RULES",
      type: "ModelRule<ProbeSubject>",
      about: "Every rule that needs the model again, cheap ones first.",
    }),
    `export { ${all.map(({ constant }) => constant).toSorted().join(", ")} };`,
    "",
    "/** Precision and recall of the errors of each rule, from bench/trainability/rules.json. */",
    `export const CALIBRATIONS: Readonly<Record<string, string>> = ${
      JSON.stringify(calibrations, null, 2)
    };`,
    "",
  ].join("\n");
}

/** Writes src/core/rules/thresholds.ts: the type of all thresholds. */
export function writeThresholds(tables: readonly ThresholdTable[]): string {
  const entries = new Map<string, ThresholdTable[string]>();
  for (const [name, entry] of tables.flatMap((table) => Object.entries(table))) {
    const other = entries.get(name);
    if (other !== undefined && other !== entry) {
      throw new Error(`Two rules define ${name}: define it in rule_options.ts, for both`);
    }
    entries.set(name, entry);
  }
  return [
    `// ${generatedFrom("the thresholds of the rules in src/core/rules")}`,
    "/** The limits that the rules compare with. Every one has a default, see `THRESHOLDS`. */",
    "export interface Thresholds {",
    ...[...entries].map(([name, { about }]) => `  /** ${about} */\n  ${name}: number;`),
    "}",
    "",
  ].join("\n");
}

/** Writes src/core/assert/assertions.ts: all of these modules as one, with each import once. */
export function writeAssertions(modules: readonly string[]): string {
  const imports = new Map<string, Set<string>>();
  const bodies = modules.map((module) =>
    module.replaceAll(/^import (type )?\{ (.*) \} from "(.*)";\n/gm, (_, type, names, from) => {
      const known = imports.get(from) ?? new Set();
      for (const name of names.split(", ")) known.add(type ? `type ${name}` : name);
      imports.set(from, known);
      return "";
    })
  );
  return [
    `// ${generatedFrom("the rules of src/core/rules, and src/core/assert/health_message.ts")}`,
    ...[...imports].toSorted(([a], [b]) => a < b ? -1 : 1).map(([from, names]) =>
      importOf(from, [...names].toSorted())
    ),
    ...bodies,
  ].join("\n");
}

/** Writes an import: `import type` if every name is a type. */
function importOf(from: string, names: readonly string[]): string {
  const isType = (name: string) => name.startsWith("type ");
  if (!names.every(isType)) return `import { ${names.join(", ")} } from "${from}";`;
  const plain = names.map((name) => name.replace("type ", ""));
  return `import type { ${plain.join(", ")} } from "${from}";`;
}

/**
 * Writes the tables of assertions in the README: those over measurements, then those over a model.
 */
export function writeReadme(text: string, tables: readonly (readonly ReadmeRow[])[]): string {
  const rest = [...tables];
  return text.replaceAll(/(^\| assertion .*\n\| -.*\n)(?:\| .*\n)+/gm, (_, head: string) => {
    const rows = rest.shift() ?? [];
    return head + rows.map(([name, fails]) => `| \`${name}\` | ${fails} |\n`).join("");
  });
}

/** Assertion, and the problem of a network that fails it. */
export type ReadmeRow = readonly [assertion: string, fails: string];

/** Demand of a matcher, its name, and its arguments before `msg`. */
interface MatcherRow {
  demands: string;
  assertion: string;
  name: string;
  args: string;
}

/** Writes the type of the matchers for `expect(measurements)`. */
export function writeExpected(
  { rules }: RuleFiles,
  healthy: string,
  baseline: { summary: string; thresholds: ThresholdTable },
): string {
  const optionsOf = (thresholds: ThresholdTable) =>
    `options?: RuleOptions<${unionOf(Object.keys(thresholds))}>`;
  const rows: MatcherRow[] = [
    {
      demands: healthy,
      assertion: "assertHealthy",
      name: "toBeHealthy",
      args: "options?: HealthyOptions",
    },
    ...rules.flatMap(({ rule: { summary, assertion, matcher, thresholds } }) =>
      matcher === undefined
        ? []
        : [{ demands: summary, assertion, name: matcher, args: optionsOf(thresholds) }]
    ),
    {
      demands: baseline.summary,
      assertion: "assertMatchesBaseline",
      name: "toMatchBaseline",
      args: `baseline: Measurements, ${optionsOf(baseline.thresholds)}`,
    },
  ];
  return [
    `// ${generatedFrom("the rules of src/core/rules")}`,
    'import type { RuleOptions } from "../rules/rule.ts";',
    'import type { Measurements } from "../measure/measurements.ts";',
    'import type { Outcome } from "./matcher.ts";',
    'import type { HealthyOptions } from "./assert_model_healthy.ts";',
    "",
    "/** The matchers that `healthMatchers` adds to `expect(measurements)`. */",
    "export interface HealthExpected<IsAsync = false> {",
    ...rows.flatMap(({ demands, assertion, name, args }) => [
      comment(wrap(`${demands} The same as \`${assertion}\`.`)).replaceAll(/^/gm, "  "),
      `  ${name}(${args}, msg?: string): Outcome<IsAsync>;`,
    ]),
    "}",
    "",
  ].join("\n");
}
