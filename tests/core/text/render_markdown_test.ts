import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import { Marked, type Token } from "marked";
import { displayWidth } from "../../../src/core/text/fit_text.ts";
import { renderMarkdown } from "../../../src/core/text/render_markdown.ts";
import { anyGateResult } from "../../gate/text/arbitrary_gate.ts";
import { finding } from "../../networks/sample.ts";
import { sampleCause, sampleWarning, sickRun } from "./sample_causes.ts";
import { gateResult, gateRun } from "../../gate/text/sample_gate.ts";

const WARNED = sampleWarning();
const HEALTHY = { verdict: "healthy" as const, notes: [] };

/** Every token of a text, nested ones too. */
function tokensOf(markdown: string): Token[] {
  const marked = new Marked({ gfm: true });
  const tokens: Token[] = [];
  marked.walkTokens(marked.lexer(markdown), (token) => {
    tokens.push(token);
  });
  return tokens;
}

Deno.test("renderMarkdown() shows the verdict, a line a model that fails, and folds the findings", () => {
  const runs = [
    sickRun({}, [sampleWarning()]),
    gateRun([], { model: "fine" }),
    gateRun(WARNED.findings, {
      model: "warned",
      diagnosis: { ...HEALTHY, verdict: "weak", causes: [WARNED] },
    }),
    gateRun([], { model: "gone", measurements: null, error: "no such file" }),
  ];
  const text = renderMarkdown(gateResult(runs));
  assertStringIncludes(
    text,
    `### ❌ gradient-health: the gate failed

1 of 4 models is sick; 1 is weak, which does not fail the gate. 1 run could not be measured.

| verdict | model | cause | fix |
| --- | --- | --- | --- |
| 🔴 not measured | \`gone, seed 3\` | no such file |  |
| 🔴 SICK: 1 cause, 1 warning | \`digits\` | The kernels of dense\\_1, dense\\_2 are about 81 times too large. | Draw them smaller. Tried: the model is then HEALTHY; l2 of delta of dense\\_1: 0 before, 5.6 after. |

<details>
<summary>🔴 <code>digits</code> SICK: 1 cause, 1 warning</summary>
`,
  );
  assertStringIncludes(text, "<summary>🟡 <code>warned</code> WEAK: 1 warning</summary>");
  assert(!text.includes("<code>fine"), text);
  assertStringIncludes(text, "mean |gradient|");
  assertStringIncludes(text, "\nERROR saturated-activations: dense_1, dense_2 (2 layers)\n");
  const types = new Set(tokensOf(text).map(({ type }) => type));
  assert(types.has("table") && types.has("code"));
});

Deno.test("renderMarkdown() numbers several causes and says under which seeds they were found", () => {
  const second = sampleCause([finding("dense_1", { rule: "head" })], {
    kind: "head",
    message: "The head is wrong.",
    tried: undefined,
  });
  const runs = [gateRun([]), sickRun({ seed: 4 }, Array(4).fill(second)), sickRun({ seed: 5 })];
  const row = renderMarkdown(gateResult(runs)).split("\n").find((line) =>
    line.includes("SICK in")
  )!;
  assertStringIncludes(row, "| 🔴 SICK in 2 of 3 seeds: 5 causes | `digits` | 1. The kernels");
  assertStringIncludes(row, "Found in 2 of 3 seeds: 4, 5.<br>2. The head is wrong. Found in 1");
  assertStringIncludes(row, "<br>And 2 more. | 1. Draw them smaller.");
});

Deno.test("renderMarkdown() shows what is wrong with the configuration", () => {
  const own = finding(null, { rule: "unused-suppression", message: "Unused.", fix: "Drop it." });
  const text = renderMarkdown(gateResult([gateRun([])], { findings: [own] }));
  assertStringIncludes(text, "| 🔴 error | `configuration` | Unused. | Drop it. |");
});

Deno.test("renderMarkdown() says that a gate passed, without an empty table", () => {
  const text = renderMarkdown(gateResult([gateRun([])]));
  assertStringIncludes(text, "### ✅ gradient-health: the gate passed");
  assert(!text.includes("| ---"));
});

Deno.test("renderMarkdown() lets no bar or backslash end the cell of a table", () => {
  const cause = sampleCause([finding("a")], {
    message: "max |dJ/dw| of a\\|b is 0.",
    tried: undefined,
  });
  const diagnosis = { verdict: "sick" as const, causes: [cause], notes: [] };
  const run = gateRun(cause.findings, { diagnosis, model: "a\\|b" });
  const table = tokensOf(renderMarkdown(gateResult([run]))).find(({ type }) => type === "table");
  assertEquals(
    (table as unknown as { rows: { text: string }[][] }).rows[0].map(({ text }) => text),
    [
      "🔴 SICK: 1 cause",
      "<code>a&#92;&#124;b</code>",
      "max |dJ/dw| of a\\\\|b is 0.",
      "Draw them smaller.",
    ],
  );
});

Deno.test("renderMarkdown() says once for all seeds what is suppressed and why", () => {
  const accepted = (layer: string) => finding(layer, { severity: "note", suppressed: "see `#12`" });
  const runs = [3, 4].map((seed) => gateRun([accepted("dense_1"), accepted("dense_2")], { seed }));
  const text = renderMarkdown(gateResult(runs));
  assertStringIncludes(
    text,
    "\nSuppressed:\n\n- `digits`, `saturated-activations`, `dense_1, dense_2`, " +
      "<code>see &#96;&#35;12&#96;</code>\n",
  );
  assert(!text.includes("NOTE"));
  assert(!renderMarkdown(gateResult([sickRun()])).includes("Suppressed"));
});

Deno.test("renderMarkdown() cuts long names so that they stay apart", () => {
  const long = (end: string) => `${"a".repeat(80)}${end}${"b".repeat(80)}`;
  const runs = ["1", "2"].map((end) => sickRun({ model: long(end) }));
  const rows = renderMarkdown(gateResult(runs)).split("\n").filter((line) => line.includes("| 🔴"));
  assertEquals([rows.length, new Set(rows).size], [2, 2]);
});

const size = (text: string) => new TextEncoder().encode(text).length;

Deno.test("renderMarkdown() leaves out charts, then models, then rows to fit, and says so", () => {
  const runs = Array.from({ length: 20 }, (_, i) => sickRun({ model: `net ${i}` }));
  const accepted = finding("dense_1", { severity: "note", suppressed: "known" });
  const result = gateResult([...runs, gateRun([accepted], { model: "fine" })]);
  const whole = renderMarkdown(result, { maxBytes: Infinity });
  assert(!whole.includes("Cut"));
  const count = (text: string, part: string) => text.split(part).length - 1;
  const shown = [size(whole), size(whole) - 1, 12_000, 5000, 1200].map((maxBytes) => {
    const text = renderMarkdown(result, { maxBytes });
    assert(size(text) <= maxBytes, `${size(text)} of ${maxBytes}`);
    assertStringIncludes(text, "the gate failed");
    return {
      charts: count(text, "mean |gradient|"),
      folds: count(text, "<details>"),
      accepted: count(text, "Suppressed:"),
      rows: count(text, "| 🔴"),
      note: text.match(/^Cut to .*$/m)?.[0].replace(/\d+ (models?|rows?)/g, "N $1"),
    };
  });
  const cut = (bytes: string, what: string) =>
    `Cut to stay below ${bytes} bytes: ${what} left out.`;
  const [all, noCharts, some, none, few] = shown;
  assertEquals([all.charts, all.folds, all.note], [20, 20, undefined]);
  assertEquals([noCharts.charts, noCharts.folds], [0, 20]);
  assertEquals(noCharts.note, cut((size(whole) - 1).toLocaleString("en"), "the charts are"));
  assert(some.folds > 0 && some.folds < 20 && some.accepted === 1);
  assertEquals(some.note, cut("12,000", "the charts and the findings of N models are"));
  assertEquals([none.folds, none.rows], [0, 20]);
  assert(few.rows > 0 && few.rows < 20);
  assertEquals(
    few.note,
    cut(
      "1,200",
      "the charts, N rows of the table, what is suppressed and the findings of N models are",
    ),
  );
  assertEquals(
    renderMarkdown(result, { maxBytes: 200 }),
    `### ❌ gradient-health: the gate failed

20 of 21 models are sick. 1 finding is suppressed.
`,
  );
  assertEquals(renderMarkdown(result, { maxBytes: 10 }), "");
});

Deno.test("renderMarkdown() shows more the more room there is, in the order of importance", () => {
  const runs = Array.from({ length: 5 }, (_, i) => sickRun({ model: `net ${i}` }));
  const accepted = Array.from(
    { length: 9 },
    (_, i) =>
      gateRun([finding("dense_1", { severity: "note", suppressed: "known" })], {
        model: `fine ${i}`,
      }),
  );
  const result = gateResult([...runs, ...accepted]);
  const whole = size(renderMarkdown(result, { maxBytes: Infinity }));
  let before = [0, 0, 0];
  for (let maxBytes = 100; maxBytes < whole; maxBytes += 40) {
    const text = renderMarkdown(result, { maxBytes });
    assert(size(text) <= maxBytes);
    const counts = ["| 🔴", "Suppressed:", "<details>"].map((part) => text.split(part).length - 1);
    const [rows, suppressed, folds] = counts;
    assert(suppressed === 0 || rows === 5, `${maxBytes}: ${counts}`);
    assert(folds === 0 || suppressed === 1, `${maxBytes}: ${counts}`);
    assert(
      counts.every((count, i) => count >= before[i]),
      `${maxBytes}: ${counts} after ${before}`,
    );
    before = counts;
  }
});

Deno.test("renderMarkdown() folds charts of 78 columns in Unicode", () => {
  const text = renderMarkdown(gateResult([sickRun({})]));
  const [, chart] = text.split("```text\n");
  const lines = chart.split("```")[0].split("\n");
  assertEquals(Math.max(...lines.map(displayWidth)), 78);
  assert(lines.some((line) => line.includes("█")), chart);
});

Deno.test("renderMarkdown() has a row for each of 50 models, and counts those beyond", () => {
  const text = (count: number) =>
    renderMarkdown(
      gateResult(Array.from({ length: count }, (_, i) => sickRun({ model: `net ${i}` }))),
      { maxBytes: Infinity },
    );
  assertEquals([text(50), text(51)].map((one) => one.split("| 🔴").length - 1), [50, 50]);
  assert(!/^And \d+ more\.$/m.test(text(50)));
  assertStringIncludes(text(51), "\nAnd 1 more.\n");
});

Deno.test("renderMarkdown() fits into a comment on GitHub by default", () => {
  const runs = Array.from({ length: 200 }, (_, i) => sickRun({ model: `net ${i}` }));
  const text = renderMarkdown(gateResult(runs));
  assert(text.length <= 65_536 && text.length > 30_000);
  assertStringIncludes(text, "\nAnd 150 more.\n");
  assertStringIncludes(text, "Cut to stay below 65,536 bytes");
});

Deno.test("renderMarkdown() makes no link, tag or mention of whatever a layer is called", () => {
  fc.assert(
    fc.property(anyGateResult, (result) => {
      const text = renderMarkdown(result, { maxBytes: Infinity });
      assert(!/[\p{Cf}\p{Cs}\p{Zl}\p{Zp}]|[^\P{Cc}\n]/u.test(text.replaceAll("👩‍💻", "")), text);
      for (const { type, raw } of tokensOf(text)) {
        assert(TOKENS.includes(type), `${type}: ${raw}`);
        if (type === "html") assert(HTML.test(raw.trim()), raw);
        if (type === "list_item") assert(!raw.trimEnd().includes("\n"), raw);
      }
      const open = tokensOf(text.replaceAll(CODE, "")).filter((token) =>
        token.type === "text" && !("tokens" in token)
      );
      for (const { raw } of open) assert(!/@[a-z]|#\d/i.test(raw), raw);
    }),
    { numRuns: 200 },
  );
});

const TOKENS = [
  "heading",
  "paragraph",
  "text",
  "space",
  "table",
  "codespan",
  "code",
  "html",
  "escape",
  "list",
  "list_item",
];
const CODE = /<code>([\p{L}\p{N} .,/-]|&#\d+;)*<\/code>/gu;
const HTML =
  /^(<\/?code>|<br>|<!-- -->|<details>\n<summary>[🔴🟡] <code>([\p{L}\p{N} .,/-]|&#\d+;)*<\/code> [A-Za-z0-9:, ]+<\/summary>|<\/details>)$/u;
