import { assert, assertEquals } from "@std/assert";
import { XMLParser, XMLValidator } from "fast-xml-parser";
import { Marked, type Token } from "marked";
import type { GateResult } from "../../src/core/diagnosis/gate_result.ts";
import { GATE_RULES } from "../../src/gate/gate_rules.ts";
import { displayWidth } from "../../src/core/text/fit_text.ts";
import { renderJunit } from "../../src/gate/text/render_junit.ts";
import { renderSarif } from "../../src/gate/text/render_sarif.ts";
import { sarifErrors } from "../gate/text/sarif_errors.ts";

const CONTROLS = /[^\P{Cc}\n]|[\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;

/** Checks what must hold for every output, whatever its format. */
export function requireVisible(text: string, what: string): void {
  const bad = text.match(CONTROLS);
  assert(bad === null, `${what} has a control: ${JSON.stringify(bad?.[0])}`);
  assert(!text.includes("##["), `${what} has a command`);
  assert(what === "GitHub" || !/^\s*::/m.test(text), `${what} begins a line with a command`);
}

export function requireLines(text: string, width: number, what: string): void {
  requireVisible(text, what);
  for (const line of text.split("\n")) {
    const defused = line.match(/\\x3a|\\x5b/g)?.length ?? 0;
    assert(displayWidth(line) <= width + 3 * defused, `${what} is too wide: ${line}`);
  }
}

export const locate = (file: string, layer: string | null) => ({
  file,
  line: layer === null ? null : 7,
});
const parser = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: "",
  parseAttributeValue: false,
  trimValues: false,
  isArray: (name) => ["testsuite", "testcase"].includes(name),
});

export function tryXml(result: GateResult, names: string[]): void {
  const xml = renderJunit(result);
  requireVisible(xml, "JUnit");
  assertEquals(XMLValidator.validate(xml), true);
  const { testsuite } = parser.parse(xml).testsuites;
  const suites = testsuite.map(({ name }: { name: string }) => name);
  assertEquals(new Set(suites).size, names.length + 1, "two suites have one name");
}

export function trySarif(result: GateResult): void {
  const text = renderSarif(result, locate, { version: "0.2.0", rules: GATE_RULES });
  requireVisible(text, "SARIF");
  assertEquals(sarifErrors(JSON.parse(text)), []);
}

/** The title of a fold: what gradient-health says of a model, whose name is code. */
const TITLE = /(?:[🔴🟡] )?(?:<code>[^<]*<\/code>)?[^<]*/u;
const TAGS = new RegExp(
  "^(<!-- -->|<br>|</?code>|</?(details|summary)>|" +
    `<details>\\n?<summary>${TITLE.source}</summary>)$`,
  "u",
);
const FOREIGN = ["link", "image", "strong", "em", "del", "blockquote", "hr", "def"];

/** Nothing in it is of a name's making, and every row of a table has as many cells as its head. */
export function tryMarkdown(text: string, what: string): void {
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
export function parseCsv(text: string): string[][] {
  const rows: string[][] = [[]];
  for (const [, quoted, plain, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\n]*))(,|\n)/g)) {
    rows.at(-1)!.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    if (end === "\n") rows.push([]);
  }
  return rows.slice(0, -1);
}

/** The text that a cell was written of. */
export function readCell(cell: string): string {
  return cell.replace(/^'/, "").replace(
    /\\(?:\\|n|r|t|x(..)|u\{(\w+)\})/g,
    (escape, byte, code) => {
      if (byte ?? code) return String.fromCodePoint(parseInt(byte ?? code, 16));
      return { "\\\\": "\\", "\\n": "\n", "\\r": "\r", "\\t": "\t" }[escape as string]!;
    },
  );
}
