import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { renderStudySummary } from "../../src/render/render_study.ts";
import { renderStudyMarkdown } from "../../src/render/render_study_markdown.ts";
import { STUDY_CSV_HEADING, studyCsvRows } from "../../src/study/study_csv.ts";
import { makeHeader, makeLayer, makePoint, summaryOf } from "../networks/studies.ts";

Deno.test("renderStudyMarkdown() has the table, the sentences, and the charts folded away", () => {
  const layers = [makeLayer("a`````b|c"), makeLayer("<b>")];
  const text = renderStudyMarkdown(
    summaryOf({ scales: [0.5, 1], activations: ["tanh"] }, () => ({ layers })),
  );
  assertStringIncludes(text, "| activation | healthy scales | best |");
  assertStringIncludes(text, "| tanh | 0.5 .. 1 |");
  assertStringIncludes(text, "- tanh: healthy from 0.5 to 1 ");
  // The fence is longer than the backticks within.
  assertStringIncludes(text, "\n``````text\n");
  assert(!text.split("``````text")[0].includes("<b>"));
});

Deno.test("studyCsvRows() writes a row a layer, as many cells as the heading, quoted where needed", () => {
  const header = makeHeader({ scales: [0.5] });
  const layers = [makeLayer('a,"b"\nc', { gradient: null, delta: NaN }), makeLayer("d")];
  const rows = studyCsvRows(makePoint(header, 0, { layers, failed: ["x", "y"], healthy: false }));
  assertStringIncludes(rows, '"a,""b""\\nc"');
  const last = rows.trimEnd().split("\n").at(-1)!;
  assertEquals(last.split(",").length, STUDY_CSV_HEADING.split(",").length);
  assertEquals(last.split(",").slice(6, 12), ["0.5", "1.5", "0.5", "false", "x y", "d"]);
  const cells = rows.split("\n")[0].split('"').at(-1)!.split(",");
  assertEquals(cells.slice(4, 6), ["", "NaN"]);
});

Deno.test("studyCsvRows() lets no name begin a formula, and writes what is invisible", () => {
  const header = makeHeader({ scales: [0.5] });
  const cellOf = (name: string) => {
    const rows = studyCsvRows(makePoint(header, 0, { layers: [makeLayer(name)] }));
    return rows.split(",").slice(11, -12).join(",");
  };
  const names = ["=1+1", "+1", "-1", "@SUM(A1)", "＝1", "'=1", "a=1", "a-1", "_1"];
  assertEquals(names.map(cellOf), [
    "'=1+1",
    "'+1",
    "'-1",
    "'@SUM(A1)",
    "'＝1",
    "''=1",
    "a=1",
    "a-1",
    "_1",
  ]);
  // A backslash is two, so that no name looks like another one.
  assertEquals(["\x1b", "\\x1b", "\t=1", "\u202e\r\n"].map(cellOf), [
    "\\x1b",
    "\\\\x1b",
    "\\t=1",
    "\\u{202e}\\r\\n",
  ]);
  // A negative figure is a number, and stays one.
  const point = makePoint(header, 0, { objective: -1.5, layers: [makeLayer("a")] });
  assertEquals(studyCsvRows(point).split(",")[7], "-1.5");
});

Deno.test("renderStudyMarkdown() shows names as they are, whatever Markdown would make of them", () => {
  const text = (name: string) =>
    renderStudyMarkdown(
      summaryOf({ scales: [0.5, 1], activations: ["tanh"] }, () => ({}), {
        model: { name, source: null, fingerprint: "0" },
      }),
    ).split("\n")[2].split(":")[0];
  assertEquals(
    ["\x1b[2J\u202e", "- a", "1. a", "@me", "#12", "&lt;", "##[x]", "::error::"].map(text),
    [
      "\\\\x1b\\[2J\\\\u{202e}",
      "\\- a",
      "1\\. a",
      "@<!-- -->me",
      "\\#<!-- -->12",
      "\\&lt;",
      "\\#\\#\\\\x5bx\\]",
      "\\\\x3a",
    ],
  );
});

Deno.test("renderStudySummary() keeps what JSON has no number for", () => {
  const summary = summaryOf({ scales: [1, 2], activations: ["tanh"] }, () => ({
    layers: [makeLayer("dense_1", { gradient: Infinity, delta: NaN }), makeLayer("dense_2")],
  }));
  const { variants } = JSON.parse(renderStudySummary(summary));
  const { gradient, delta } = variants[0].scales[1].layers[0].figures;
  assertEquals([gradient.median, delta.upper], ["Infinity", "NaN"]);
  assertEquals(variants[0].scales.length, 2);
  assertEquals(variants[0].label, "tanh");
});
