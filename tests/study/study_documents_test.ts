import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { renderStudyMarkdown, renderStudySummary } from "../../src/study/text/render_study.ts";
import { studyCsvHeading, studyCsvRows } from "../../src/study/study_csv.ts";
import { growthSummary } from "../networks/growth.ts";
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
  assertEquals(last.split(",").length, studyCsvHeading(header).split(",").length);
  assertEquals(last.split(",").slice(6, 12), ["0.5", "1.5", "0.5", "false", "x y", "d"]);
  const cells = rows.split("\n")[0].split('"').at(-1)!.split(",");
  assertEquals(cells.slice(4, 6), ["", "NaN"]);
});

Deno.test("studyCsvRows() writes a row for each layer and step of a training", () => {
  const { training } = growthSummary();
  const header = makeHeader({ scales: [1], widths: [8, 16], rates: [2] }, { training });
  const kernel = {
    name: "a",
    fanIn: 4,
    std: 0.5,
    multiplier: -1,
    isBranch: false,
    inputs: [1, null],
    activations: [2, 3],
    changes: [0.25],
    gradients: [0.125],
    updates: [0.01],
  };
  const point = makePoint(header, 1, {
    layers: [makeLayer("a"), makeLayer("b")],
    training: {
      parameters: 90,
      losses: [0.7, 0.6],
      embeddingLoss: null,
      layers: [kernel],
      adamLayers: [],
    },
  });
  const [heading, ...rows] = [studyCsvHeading(header), studyCsvRows(point)].join("").trimEnd()
    .split("\n").map((row) => row.split(","));
  assertEquals(rows.map(({ length }) => length), rows.map(() => heading.length));
  const from = heading.indexOf("rate");
  assertEquals(heading.slice(0, from).join(), studyCsvHeading({}).trim());
  assertEquals(rows.map((row) => [row[5], row[11], ...row.slice(from)].join()), [
    "16,a,2,90,,0,0.7,4,0.5,-1,1,2,,0.125,",
    "16,a,2,90,,1,0.6,4,0.5,-1,,3,0.25,,0.01",
    "16,b,2,90,,0,0.7,,,,,,,,",
    "16,b,2,90,,1,0.6,,,,,,,,",
  ]);
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
