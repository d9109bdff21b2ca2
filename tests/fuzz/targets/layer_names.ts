import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { XMLParser, XMLValidator } from "fast-xml-parser";
import { Marked, type Token } from "marked";
import { failureMessage } from "../../../src/assert/failure_message.ts";
import { healthMessage } from "../../../src/assert/health_message.ts";
import { diagnose } from "../../../src/diagnosis/diagnose.ts";
import { describeModel } from "../../../src/assert/message_parts.ts";
import type { Finding } from "../../../src/checks/finding.ts";
import { RULES } from "../../../src/checks/rules.ts";
import { runChecks } from "../../../src/checks/run_checks.ts";
import { formatBaseline } from "../../../src/gate/write_baseline.ts";
import type { GateResult, GateRun } from "../../../src/gate/gate_result.ts";
import { GATE_RULES } from "../../../src/gate/gate_rules.ts";
import { parseBaseline } from "../../../src/gate/read_baseline.ts";
import { updateBaseline } from "../../../src/gate/update_baseline.ts";
import type { Measurements } from "../../../src/measure/measurements.ts";
import { barChart } from "../../../src/render/bar_chart.ts";
import { displayWidth } from "../../../src/render/display_width.ts";
import { parseReport } from "../../../src/documents/report.ts";
import { renderGateJson } from "../../../src/render/render_gate_json.ts";
import { renderGateText } from "../../../src/render/render_gate_text.ts";
import { renderGithub } from "../../../src/render/render_github.ts";
import { renderJson } from "../../../src/render/render_json.ts";
import { renderJunit } from "../../../src/render/render_junit.ts";
import { renderMarkdown } from "../../../src/render/render_markdown.ts";
import { renderSarif } from "../../../src/render/render_sarif.ts";
import { renderStudy } from "../../../src/render/render_study.ts";
import { renderStudyMarkdown } from "../../../src/render/render_study_markdown.ts";
import { renderStudySummary } from "../../../src/render/render_study_summary.ts";
import { renderText } from "../../../src/render/render_text.ts";
import { STUDY_CSV_HEADING, studyCsvRows } from "../../../src/documents/study_csv.ts";
import { renderStudyJson } from "../../../src/render/render_study_json.ts";
import { summarizeStudy } from "../../../src/study/summarize_study.ts";
import { escapeControls } from "../../../src/words/escape_controls.ts";
import { oneLine } from "../../../src/words/one_line.ts";
import { anyFindings, anyMeasurements } from "../../render/arbitrary.ts";
import { finding, layer, measurements } from "../../render/sample.ts";
import { gateResult, gateRun } from "../../render/sample_gate.ts";
import { sarifErrors } from "../../render/sarif_errors.ts";
import { makeHeader, makeLayer, makePoints } from "../../study/make_study.ts";
import type { Chance } from "../chance.ts";
import type { FuzzTarget } from "../fuzz_target.ts";

export const target: FuzzTarget = {
  name: "layer_names",
  about: "Whatever a layer is called, every output is valid, shows no control and tells it apart.",
  shortRun: 40,
  open() {
    return Promise.resolve({
      tryOne(chance) {
        const names = namesOf(chance);
        const measured = measuredWith(names, chance);
        const findings = findingsOn(names, chance);
        tryReport(measured, findings, chance);
        tryMessages(measured, names, chance);
        tryGate(names, measured, findings, chance);
        tryStudy(names, chance);
      },
      [Symbol.asyncDispose]: () => Promise.resolve(),
    });
  },
};

const PIECES = [
  ...["dense_1", "dense_2", "conv2d", "encoder/block_1/", "層", "é", "e\u0301", "🇨🇭", "👩‍💻", "ｱﾞ"],
  ...["\u001b[31m", "\u009b2J", "\u0000", "\u0007", "\u007f", "\t", "\r", "\n", "\r\n", "\u0085"],
  ...["\u202e", "\u2066", "\u200b", "\u200f", "\u00ad", "\ufeff", "\u2028", "\u2029", "\u{e0041}"],
  ...["\ud800", "\udfff", "\uffff", "\ufffe", "\u3164", "\ufe0f", "\u00a0", "\u3000", " ", "  "],
  ...["::error::x", "::", "##[add-mask]x", "%0A", "%0D", "%25", "::set-output name=a::b"],
  ...["<b>", "</failure>", "]]>", "<!--", "-->", "&lt;", "&#10;", "<script>alert(1)</script>"],
  ...[
    "`",
    "```",
    "| ",
    "|",
    "\\",
    "\\|",
    "*",
    "_",
    "~~",
    "# ",
    "\n# ",
    "- ",
    "1. ",
    "> ",
    "---",
    "===",
  ],
  ...[
    "[a](b)",
    "![a](b)",
    "@user",
    "#12",
    "https://a.b/c",
    "www.a.b",
    "a@b.ch",
    "$x$",
    "</details>",
  ],
  ...[",", ";", '"', '""', "'", "=1+1", "+", "-", "@", "=", "\n=", "\\n", "\\x1b", "\\u{202e}"],
  ...[
    "",
    "__proto__",
    "constructor",
    "0",
    "null",
    "..",
    "../..",
    "...",
    "x".repeat(70),
    "$&",
    "$1",
  ],
];

function nameOf(chance: Chance): string {
  const name = chance.list(1, 4, () => chance.one(PIECES)).join("");
  return chance.happens(0.1) ? name.repeat(chance.integer(2, 9)) : name;
}

/** As a reader has it: the spaces of a line of text break it and may become one. */
const asRead = (text: string) => escapeControls(text).replace(/\s+/gu, " ").trim();

/** Different names, as readers see them; some differ in one place only. */
function namesOf(chance: Chance): string[] {
  const found = new Map<string, string>();
  const least = chance.integer(1, 6);
  while (found.size < least) {
    const old = [...found.values()].at(-1);
    const name = old !== undefined && chance.happens(0.3)
      ? old.slice(0, old.length >> 1) + chance.one(PIECES) + old.slice(old.length >> 1)
      : nameOf(chance);
    if (!found.has(asRead(name))) found.set(asRead(name), name);
  }
  return [...found.values()];
}

const sample = <T>(arbitrary: fc.Arbitrary<T>, chance: Chance): T =>
  structuredClone(fc.sample(arbitrary, { numRuns: 1, seed: chance.integer(0, 2 ** 31 - 1) })[0]);

function measuredWith(names: string[], chance: Chance): Measurements {
  const own = names.map((name) => layer(name, {}, { absent: { activations: nameOf(chance) } }));
  const any = chance.happens(0.5) ? sample(anyMeasurements, chance) : measurements(own);
  const model = { ...any.model, name: nameOf(chance), source: nameOf(chance) };
  const layers = any.layers.map((one, i) => ({ ...one, name: names[i] ?? one.name }));
  return { ...any, model, layers, objective: { ...any.objective, name: nameOf(chance) } };
}

function findingsOn(names: string[], chance: Chance): Finding[] {
  if (chance.happens(0.3)) return sample(anyFindings, chance);
  return names.map((name) =>
    finding(name, {
      rule: chance.one(["dead-units", "symmetry"]),
      severity: chance.one(["error", "warning", "note"] as const),
      expected: nameOf(chance),
      message: `The layer ${name} is off: ${nameOf(chance)}.`,
      advice: `Scale ${name}.`,
    })
  );
}

const CONTROLS = /[^\P{Cc}\n]|[\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;

/** What every output must hold to, whatever its format. */
function requireVisible(text: string, what: string): void {
  const bad = text.match(CONTROLS);
  assert(bad === null, `${what} has a control: ${JSON.stringify(bad?.[0])}`);
  assert(!text.includes("##["), `${what} has a command`);
  assert(what === "GitHub" || !/^\s*::/m.test(text), `${what} begins a line with a command`);
}

function requireLines(text: string, width: number, what: string): void {
  requireVisible(text, what);
  for (const line of text.split("\n")) {
    const defused = line.match(/\\x3a|\\x5b/g)?.length ?? 0;
    assert(displayWidth(line) <= width + 3 * defused, `${what} is too wide: ${line}`);
  }
}

function tryReport(measured: Measurements, findings: Finding[], chance: Chance): void {
  const width = chance.integer(20, 120);
  const unicode = chance.happens(0.5);
  requireLines(renderText(measured, findings, { width, unicode }), width, "the report");
  const json = renderJson(measured, findings);
  requireVisible(json, "JSON");
  assertEquals(parseReport(json), { measurements: measured, findings });
}

function tryMessages(measured: Measurements, names: string[], chance: Chance): void {
  const errors = names.flatMap((name) =>
    RULES.filter(() => chance.happens(0.4)).map((rule) =>
      finding(name, { rule: rule.name, message: `${name} is off.`, advice: `Scale ${name}.` })
    )
  );
  const rows = names.map((label) => ({ label, value: 1 }));
  const layers = names.map((name) => ({ name, className: nameOf(chance) }));
  const figure = { title: "l2", scale: "log" as const, rows };
  const texts = [
    describeModel(measured),
    ...errors.length === 0 ? [] : [
      healthMessage({ measurements: measured, diagnosis: diagnose(measured, errors) }, undefined),
      failureMessage({ rule: RULES[0], subject: measured, errors, layers, figure }, undefined),
    ],
    oneLine(names.join("\n")),
  ];
  for (const text of texts) {
    requireVisible(text, "a message");
    assert(text.split("\n").length <= 25, "a message is too long");
  }
  for (const found of runChecks(measured)) requireVisible(oneLine(found.message), "a finding");
  const chart = barChart(rows, { width: 80 }).split("\n").slice(1);
  assertEquals(new Set(chart).size, names.length, "two bars look alike");
}

const locate = (file: string, layer: string | null) => ({ file, line: layer === null ? null : 7 });
const parser = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: "",
  parseAttributeValue: false,
  trimValues: false,
  isArray: (name) => ["testsuite", "testcase"].includes(name),
});

function tryGate(names: string[], measured: Measurements, findings: Finding[], chance: Chance) {
  const runs = names.map((model): GateRun => {
    if (chance.happens(0.1)) {
      return gateRun([], { model, path: model, measurements: null, error: nameOf(chance) });
    }
    const own = findings.map((one) =>
      chance.happens(0.3) ? { ...one, severity: "note" as const, suppressed: nameOf(chance) } : one
    );
    return gateRun(own, { model, path: nameOf(chance), measurements: measured });
  });
  const result = gateResult(runs, {
    configuration: nameOf(chance),
    findings: [finding(null, { rule: "unused-suppression", message: nameOf(chance) })],
  });
  const width = chance.integer(20, 120);
  requireLines(renderGateText(result, { width }), width, "the gate's text");
  const json = renderGateJson(result);
  requireVisible(json, "the gate's JSON");
  assertEquals(JSON.parse(json).runs.map(({ name }: { name: string }) => name), names);
  tryXml(result, names);
  trySarif(result);
  for (const line of renderGithub(result, locate).split("\n").slice(0, -1)) {
    requireVisible(line, "GitHub");
    assert(/^::(error|warning|notice) (file=[^,:]*,)?(line=7,)?title=[^,:]*::/.test(line), line);
  }
  tryMarkdown(renderMarkdown(result, { maxBytes: Infinity }), "the gate's Markdown");
  const passes = names.map((model) => ({ model, seed: 0, measurements: measured }));
  const baseline = formatBaseline(updateBaseline({}, passes));
  requireVisible(baseline, "the baseline");
  parseBaseline(baseline, "a.json");
}

function tryXml(result: GateResult, names: string[]): void {
  const xml = renderJunit(result);
  requireVisible(xml, "JUnit");
  assertEquals(XMLValidator.validate(xml), true);
  const { testsuite } = parser.parse(xml).testsuites;
  const suites = testsuite.map(({ name }: { name: string }) => name);
  assertEquals(new Set(suites).size, names.length + 1, "two suites have one name");
}

function trySarif(result: GateResult): void {
  const text = renderSarif(result, locate, { version: "0.1.0", rules: GATE_RULES });
  requireVisible(text, "SARIF");
  assertEquals(sarifErrors(JSON.parse(text)), []);
}

const TAGS =
  /^(<!-- -->|<\/?code>|<\/?(details|summary)>|<details>\n?<summary>(<code>[^<]*<\/code>|Charts)<\/summary>)$/;
const FOREIGN = ["link", "image", "strong", "em", "del", "blockquote", "hr", "def"];

/** Nothing in it is of a name's making, and every row of a table has as many cells as its head. */
function tryMarkdown(text: string, what: string): void {
  requireVisible(text, what);
  const marked = new Marked({ gfm: true });
  const tokens: Token[] = [];
  marked.walkTokens(marked.lexer(text), (token) => {
    tokens.push(token);
  });
  for (const token of tokens) {
    assert(!FOREIGN.includes(token.type), `${what} has a ${token.type}: ${token.raw}`);
    if (token.type === "html") assert(TAGS.test(token.raw.trim()), `${what}: ${token.raw}`);
    if (token.type === "heading") assert(/gradient-health|Rescaling/.test(token.raw), token.raw);
    if (token.type !== "table") continue;
    const lines = token.raw.trim().split("\n").map((line) =>
      line.replaceAll(/\\[|\\]/g, "").split("|").length
    );
    assertEquals(new Set(lines).size, 1, `${what} has a row of other cells: ${token.raw}`);
    const seen = token.rows.map((row: { text: string }[]) =>
      row.map(({ text }) => text).join(" | ")
    );
    assert(seen.length > 0);
  }
}

/** Reads CSV as RFC 4180 has it. */
function parseCsv(text: string): string[][] {
  const rows: string[][] = [[]];
  for (const [, quoted, plain, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\n]*))(,|\n)/g)) {
    rows.at(-1)!.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    if (end === "\n") rows.push([]);
  }
  return rows.slice(0, -1);
}

/** The text that a cell was written of. */
function readCell(cell: string): string {
  return cell.replace(/^'/, "").replace(
    /\\(?:\\|n|r|t|x(..)|u\{(\w+)\})/g,
    (escape, byte, code) => {
      if (byte ?? code) return String.fromCodePoint(parseInt(byte ?? code, 16));
      return { "\\\\": "\\", "\\n": "\n", "\\r": "\r", "\\t": "\t" }[escape as string]!;
    },
  );
}

function tryStudy(names: string[], chance: Chance): void {
  const activation = chance.one(["tanh", "relu", null]);
  const plain = makeHeader({ scales: [0.5, 1, 2] });
  const header = {
    ...plain,
    model: { name: nameOf(chance), source: nameOf(chance), fingerprint: "0" },
    objective: nameOf(chance),
    layers: nameOf(chance),
    grid: { ...plain.grid, activations: [activation] },
  };
  const layers = names.map((name, i) =>
    makeLayer(name, { activation: nameOf(chance), sigma: chance.one([1, null]), gradient: 1 + i })
  );
  const points = makePoints(header, () => ({ layers, activation, plain: false }));
  const csv = `${STUDY_CSV_HEADING}${points.map(studyCsvRows).join("")}`;
  requireVisible(csv, "CSV");
  const [heading, ...rows] = parseCsv(csv);
  assertEquals(new Set(rows.map(({ length }) => length)), new Set([heading.length]));
  const column = (name: string) => heading.indexOf(name);
  const read = rows.slice(0, names.length).map((row) => readCell(row[column("layer")]));
  assertEquals(read, names);
  for (const row of rows) {
    for (const name of ["layer", "activation", "layerActivation"]) {
      assert(!/^[=+\-@]/.test(row[column(name)]), `a formula: ${row[column(name)]}`);
    }
  }
  const study = { ...header, points };
  const json = renderStudyJson(study);
  requireVisible(json, "a study");
  assertEquals(JSON.parse(json).points[0].layers.map((one: { name: string }) => one.name), names);
  const summary = summarizeStudy(study);
  const summed = renderStudySummary(summary);
  requireVisible(summed, "a summary");
  assertEquals(JSON.parse(summed).variants[0].activation, activation);
  const width = chance.integer(40, 120);
  requireLines(renderStudy(summary, { width }), width, "the study's text");
  tryMarkdown(renderStudyMarkdown(summary), "the study's Markdown");
}
