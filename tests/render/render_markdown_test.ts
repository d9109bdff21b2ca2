import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import { Marked, type Token } from "marked";
import { renderMarkdown } from "../../src/render/render_markdown.ts";
import { anyGateResult } from "./arbitrary_gate.ts";
import { finding } from "./sample.ts";
import { gateResult, gateRun, someFindings } from "./sample_gate.ts";

/** Every token of a text, nested ones too. */
function tokensOf(markdown: string): Token[] {
  const marked = new Marked({ gfm: true });
  const tokens: Token[] = [];
  marked.walkTokens(marked.lexer(markdown), (token) => {
    tokens.push(token);
  });
  return tokens;
}

Deno.test("renderMarkdown() shows the verdict, a table and folded charts", () => {
  const text = renderMarkdown(gateResult([gateRun(someFindings)]));
  assertStringIncludes(
    text,
    "### ❌ gradient-health: the gate failed\n\n1 error, 1 warning, 1 note.",
  );
  assertStringIncludes(
    text,
    "| 🔴 error | `digits, seed 3` | `saturated-activations` | `dense_1` | `0.99` | `<= 0.5` |",
  );
  assertStringIncludes(text, "<summary><code>digits, seed 3</code></summary>");
  assertStringIncludes(text, "mean |gradient|");
  assertStringIncludes(text, "Fix: Scale it.");
  const types = new Set(tokensOf(text).map(({ type }) => type));
  assert(types.has("table") && types.has("code"));
});

Deno.test("renderMarkdown() says that a gate passed, without an empty table", () => {
  const text = renderMarkdown(gateResult([gateRun([])]));
  assertStringIncludes(text, "### ✅ gradient-health: the gate passed");
  assert(!text.includes("| ---"));
});

Deno.test("renderMarkdown() lets no bar or backslash end the cell of a table", () => {
  const run = gateRun([finding("a\\|b", { expected: "max |dJ/dw| > 0" })]);
  const table = tokensOf(renderMarkdown(gateResult([run]))).find(({ type }) => type === "table");
  assertEquals(
    (table as unknown as { rows: { text: string }[][] }).rows[0].map(({ text }) => text),
    [
      "🔴 error",
      "`digits, seed 3`",
      "`saturated-activations`",
      "<code>a&#92;&#124;b</code>",
      "`0.99`",
      "<code>max &#124;dJ/dw&#124; &#62; 0</code>",
    ],
  );
});

Deno.test("renderMarkdown() says once for all seeds what is suppressed and why", () => {
  const accepted = (layer: string) =>
    finding(layer, { severity: "note", ...{ suppressed: "see `#12`" } });
  const runs = [3, 4].map((seed) => gateRun([accepted("dense_1"), accepted("dense_2")], { seed }));
  const text = renderMarkdown(gateResult(runs));
  assertStringIncludes(
    text,
    "\nSuppressed:\n\n- `digits`, `saturated-activations`, `dense_1, dense_2`, " +
      "<code>see &#96;&#35;12&#96;</code>\n\n<details>",
  );
  assertStringIncludes(
    text,
    "\nSUPPRESSED saturated-activations: dense_1, dense_2 (see `#12`)\n",
  );
  assert(!text.includes("NOTE"));
  assert(!renderMarkdown(gateResult([gateRun(someFindings)])).includes("Suppressed"));
});

Deno.test("renderMarkdown() cuts long names so that they stay apart", () => {
  const long = (end: string) => `${"a".repeat(80)}${end}${"b".repeat(80)}`;
  const run = gateRun([finding(long("1")), finding(long("2"))]);
  const rows = renderMarkdown(gateResult([run])).split("\n").filter((line) => line.includes("🔴"));
  assertEquals(new Set(rows).size, 2);
});

Deno.test("renderMarkdown() leaves out charts, then passes, then all but the verdict to fit", () => {
  const runs = Array.from(
    { length: 20 },
    (_, seed) => gateRun(seed % 2 === 0 ? [] : someFindings, { seed }),
  );
  const result = gateResult(runs);
  const whole = renderMarkdown(result, { maxBytes: Infinity });
  const size = (text: string) => new TextEncoder().encode(text).length;
  const marks = (text: string) => [
    text.includes("seed 2</code>"),
    text.includes("mean |gradient|"),
    text.includes("Fix:"),
    text.includes("| 🔴 error |"),
  ];
  assertEquals(marks(whole), [true, true, true, true]);
  const limits = [size(whole) - 1, size(whole) / 2 - 2000, 6000, 1000];
  const shown = limits.map((maxBytes) => {
    const text = renderMarkdown(result, { maxBytes });
    assert(size(text) <= maxBytes, `${size(text)} of ${maxBytes}`);
    assertStringIncludes(text, "the gate failed");
    return marks(text);
  });
  assertEquals(shown, [
    [false, true, true, true],
    [false, false, true, true],
    [false, false, false, true],
    [false, false, false, false],
  ]);
  assertStringIncludes(
    renderMarkdown(result, { maxBytes: 6000 }),
    "20 of 20 runs are not shown.",
  );
  assertEquals(renderMarkdown(result, { maxBytes: 10 }), "");
});

Deno.test("renderMarkdown() keeps whatever a layer is called in code", () => {
  fc.assert(
    fc.property(anyGateResult, (result) => {
      const text = renderMarkdown(result, { maxBytes: Infinity });
      assert(!/[\p{Cf}\p{Cs}\p{Zl}\p{Zp}]|[^\P{Cc}\n]/u.test(text.replaceAll("👩‍💻", "")), text);
      for (const { type, raw } of tokensOf(text)) {
        assert(TOKENS.includes(type), `${type}: ${raw}`);
        if (type === "html") assert(HTML.test(raw.trim()), raw);
        if (type === "list_item") assert(!raw.trimEnd().includes("\n"), raw);
      }
      // Inside of code everything is letters, or a number that stands for a character.
      const open = tokensOf(text.replaceAll(CODE, "")).filter((token) =>
        token.type === "text" && !("tokens" in token)
      );
      for (const { raw } of open) assert(PLAIN.test(raw), raw);
    }),
    { numRuns: 200 },
  );
});

const TOKENS = [
  ...["heading", "paragraph", "text", "space", "table", "codespan", "code", "html"],
  ...["list", "list_item"],
];
const CODE = /<code>([\p{L}\p{N} .,/-]|&#\d+;)*<\/code>/gu;
const HTML =
  /^(<\/?code>|<details>\n<summary><code>([\p{L}\p{N} .,/-]|&#\d+;)*<\/code><\/summary>|<\/details>)$/u;
// Everything that stands in the open is the program's own.
const PLAIN =
  /^([✅❌] gradient-health: the gate (passed|failed)|🔴 error|🟡 warning|note|🔴 not measured|model|rule|layer|measured|expected|[\d,]+ .*\.|And \d+ more\.|Suppressed:|[, ]+)?$/u;
