import { FORMATS } from "../../src/cli/formats.ts";
import { flagName } from "../../src/cli/kit/flag.ts";
import { STAGES } from "../../src/core/text/render_rule.ts";
import type {
  AssertionDocumentation,
  RuleDocumentation,
  RuleTag,
} from "../../src/core/rules/rule.ts";
import { dedent, generatedFrom } from "./doc_text.ts";

/** Rule that has a page. */
export interface PageRule extends RuleDocumentation {
  tags?: readonly RuleTag[];
  matcher?: string;
  assertionDocumentation?: AssertionDocumentation;
}

/** Escapes the characters of a text that Markdown would interpret. */
const plain = (text: string) => text.replaceAll(/[*]|<(?=[A-Za-z/!])|\|/g, "\\$&");

/** Writes docs/rules/NAME.md: the documentation of a rule, and its measured precision. */
export function writePage(rule: PageRule, source: string, calibration?: string): string {
  const { name, assertion, matcher, tags = [], assertionDocumentation: own } = rule;
  const section = (title: string, text: string | undefined) =>
    text ? [`## ${title}`, "", plain(text), ""] : [];
  const names = [
    ...assertion === "" ? [] : [`- Assertion: \`${assertion}\``],
    ...matcher === undefined ? [] : [`- Matcher: \`${matcher}\``],
    ...tags.length === 0 ? [] : [`- Judges: ${tags.join(", ")}`],
    ...rule.stage === "any" ? [] : [`- Made for: ${STAGES[rule.stage]}`],
  ];
  return [
    `<!-- ${generatedFrom(source)} -->`,
    "",
    `# ${name}`,
    "",
    plain(rule.summary),
    "",
    ...names,
    "",
    ...section("Definition", rule.formula),
    ...thresholdsOf(rule),
    ...section("Fix", rule.fix),
    ...section("When it misleads", rule.misleads),
    ...section("False positives", rule.falsePositives),
    ...section("Precision and recall", calibration),
    ...section("Source", rule.source),
    ...own === undefined ? [] : [
      "## Example",
      "",
      `${own.example.title}:`,
      "",
      "```ts ignore",
      ...dedent(own.example.code),
    ],
    ...own === undefined ? [] : ["```", ""],
  ].join("\n");
}

function thresholdsOf({ thresholds }: RuleDocumentation): string[] {
  const entries = Object.entries(thresholds);
  if (entries.length === 0) return [];
  return [
    "## Thresholds",
    "",
    "| Name | Default | Range | Unit | Meaning | Source |",
    "| --- | --- | --- | --- | --- | --- |",
    ...entries.map(([name, { default: value, range: [low, high], unit, about, source }]) =>
      `| \`${name}\` | ${value} | ${rangeOf(low, high)} | ${plain(unit)} | ${plain(about)} | ${
        plain(source)
      } |`
    ),
    "",
  ];
}

function rangeOf(low: number, high: number): string {
  if (high < Infinity) return `${low} to ${high}`;
  return low === -Infinity ? "any" : `${low} or more`;
}

/** Writes docs/rules/README.md: the list of rules. */
export function writePageIndex(
  groups: readonly (readonly [title: string, rules: readonly PageRule[]])[],
): string {
  return [
    `<!-- ${generatedFrom("the rules of src/core/rules and src/gate")} -->`,
    "",
    "# Rules",
    "",
    "`deno run -A jsr:@gradient-health/gradient-health explain RULE` prints the same in a terminal.",
    "",
    ...groups.flatMap(([title, rules]) => [
      `## ${title}`,
      "",
      "| Rule | Assertion | What it demands |",
      "| --- | --- | --- |",
      ...rules.map(({ name, assertion, summary }) =>
        `| [${name}](${name}.md) | ${assertion === "" ? "" : `\`${assertion}\``} | ${
          plain(summary)
        } |`
      ),
      "",
    ]),
  ].join("\n");
}

/** Writes docs/formats.md: the output formats. */
export function writeFormats(): string {
  const mark = (has: boolean) => has ? "yes" : "";
  const rows = Object.entries(FORMATS).map(([name, format]) => [
    `\`${name}\``,
    ...[format.report, format.gate, format.diff].map((writer) => mark(writer !== undefined)),
    format.points !== undefined ? "points" : mark(format.study !== undefined),
    format.points !== undefined ? "points" : mark(format.growth !== undefined),
    `\`.${format.extension}\``,
    `\`${format.mediaType}\``,
    format.reads.map((key) => `\`--${flagName(key)}\``).join(", "),
    plain(format.purpose),
  ]);
  return [
    `<!-- ${generatedFrom("src/cli/formats.ts")} -->`,
    "",
    "# Output formats",
    "",
    "`report`, `diff`, `sweep`, `scale` and `merge` take `--format NAME`; `check` takes `--reporter NAME[=FILE]`, as",
    "often as there are formats to write, or `--format NAME`. Without it, `report`, `check` and `diff` write what the",
    "name of `--out` ends in, else `text`; `sweep`, `scale` and `merge` write `text`.",
    "",
    "| Format | `report` | `check` | `diff` | `sweep`, `merge` | `scale`, `merge` | File | Media type | Flags | What it is for |",
    "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ...rows.map((cells) => `| ${cells.join(" | ")} |`),
    "",
    "`points`: every point of the study, not its summary.",
    "",
    "Flags: those that change how the format looks, if the subcommand has them. A flag that no chosen format reads",
    "is an error: exit code 2.",
    "",
  ].join("\n");
}
