import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { XMLValidator } from "fast-xml-parser";
import { healthMonitor } from "../../src/entry/assert.ts";
import type { Measurements } from "../../src/core/measure/measurements.ts";
import { blockLayers, fileOf } from "../networks/block_layers.ts";
import { compareMeasurements } from "../../src/core/compare/mod.ts";
import { examine } from "../../src/core/diagnosis/examine/mod.ts";
import { diagnose } from "../../src/core/diagnosis/mod.ts";
import { exerciseModel, getWeights, randomBatch, rescaleWeights } from "../../src/entry/model.ts";
import {
  activations,
  gradients,
  measure,
  statistics as libraryStatistics,
} from "../../src/entry/measure.ts";
import { startEngine } from "../../src/mod.ts";
import {
  barPanel,
  drawBarAxis,
  drawBarRow,
  type PanelContent,
  rowHeight,
} from "../../src/pages/bar_panel.ts";
import { byMagnitude, byShare, DECADES } from "../../src/pages/color_steps.ts";
import { scaleAxis, stepAxis } from "../../src/pages/column_axis.ts";
import { drawCells } from "../../src/pages/draw_heat_map.ts";
import { drawHistogram } from "../../src/pages/show_layers.ts";
import { lanesOf, layerMap, shortNodeName } from "../../src/pages/layer_map.ts";
import { evenly, PathData, powerOfTen } from "../../src/pages/markup.ts";
import { renderReportImage } from "../../src/pages/report_image.ts";
import { barKey } from "../../src/pages/show_bars.ts";
import { crossing } from "../../src/study/pages/study_view.ts";
import { type Chart, type ChartBar, placed } from "../../src/core/text/chart_model.ts";
import { foldLayers } from "../../src/core/text/fold_layers.ts";
import { renderJson } from "../../src/entry/render.ts";
import { runRules } from "../../src/core/rules/mod.ts";
import { study, summarizeStudy } from "../../src/study/mod.ts";
import { withOverview } from "../../src/ground/words/overview.ts";
import { HOSTILE, reportOf, residualLayers } from "../networks/residual_report.ts";
import { statistics } from "../networks/sample.ts";
import { sampleStudy } from "../networks/studies.ts";
import { every } from "./page_facts.ts";

const { tf } = await startEngine();
const model = exerciseModel();
const batch = randomBatch(model);
const measurements = await measure(model, batch);
const findings = runRules(measurements);
const smaller = exerciseModel();
rescaleWeights(smaller, 1 / 3);
const rescaled = await measure(smaller, batch);
const points = await study({ network: "exercise" }, { scales: [0.001, 1] });

async function trained() {
  const small = exerciseModel({ depth: 2, width: 4, std: 0.5 });
  small.compile({ optimizer: tf.train.sgd(0.01), loss: "meanSquaredError" });
  const { inputs, targets } = randomBatch(small, { objective: "meanSquaredError" });
  const monitor = healthMonitor({ batch: { inputs, targets }, every: 1, onFinding: "keep" });
  await small.fit(inputs, targets!, { epochs: 2, verbose: 0, callbacks: monitor });
  tf.dispose([inputs, targets!].flat());
  small.dispose();
  return monitor.history;
}

/**
 * Values that show themselves, each with the first line that a console prints, and whether it has a
 * picture.
 */
const SHOWN: Record<string, [value: object, title: string, hasImage: boolean]> = {
  "measure()": [measurements, "exercise: 11 layers, 4,221 parameters; 32 examples; J = ", true],
  "runRules()": [
    findings,
    `${findings.filter(({ severity }) => severity === "error").length} errors, `,
    true,
  ],
  "diagnose()": [diagnose(measurements, findings), "SICK: 1 cause", true],
  "examine()": [await examine(model, batch), "SICK: 1 cause", true],
  "getWeights()": [getWeights(model), "22 weights with 4,221 entries", true],
  "study()": [points, "study of exercise: 2 of 2 points", true],
  "summarizeStudy()": [summarizeStudy(points), "study of exercise: 2 of 2 points", true],
  "compareMeasurements()": [
    compareMeasurements(measurements, rescaled),
    "11 layers in both: the kernels of dense_1 ... dense_11 are 3 times smaller",
    true,
  ],
  "healthMonitor().history": [await trained(), "3 records, step 0 to 2", true],
};

const tensors: Record<string, [value: object & Disposable, title: string, hasImage: boolean]> = {
  "gradients()": [await gradients(model, batch), "22 gradients", true],
  "activations()": [await activations(model, batch), "11 activations", true],
};

type Display = Record<symbol, () => Promise<Record<string, string>>>;

const show = (value: object) => (value as Display)[Symbol.for("Jupyter.display")]();

for (const [name, [value, title, hasImage]] of Object.entries({ ...SHOWN, ...tensors })) {
  Deno.test(`${name} prints a summary, and shows itself in a notebook`, async () => {
    const printed = Deno.inspect(value);
    assertEquals(printed.slice(0, title.length), title);
    assert(printed.length < 5000, `${printed.length}`);
    const shown = await show(value);
    const types = ["text/html", "text/plain", ...hasImage ? ["image/svg+xml"] : []];
    assertEquals(Object.keys(shown).sort(), types.sort());
    const html = shown["text/html"];
    // A cell adds what the console says elsewhere: the causes and fixes of a measurement.
    if (html.includes("<pre")) assertStringIncludes(shown["text/plain"], printed.split("\n")[0]);
    else assertEquals(shown["text/plain"], printed);
    assertStringIncludes(shown["text/html"], `<p><b>${printed.split("\n")[0]}`);
    assertEquals(
      XMLValidator.validate(shown["text/html"].replace(/<img ([^>]*)>/, "<img $1/>")),
      true,
    );
    if (hasImage) assertEquals(XMLValidator.validate(shown["image/svg+xml"]), true);
  });
}

/** As a snapshot prints a value. */
const WHOLE: Deno.InspectOptions = {
  depth: Infinity,
  sorted: true,
  trailingComma: true,
  compact: false,
  iterableLimit: Infinity,
  strAbbreviateSize: Infinity,
};

for (const [name, [value]] of Object.entries(SHOWN)) {
  Deno.test(`${name} gives plain data: JSON, copies, comparisons and snapshots know nothing of it`, () => {
    const clone = structuredClone(value);
    assertEquals(clone, value);
    assertEquals(value, clone);
    assertEquals(JSON.stringify(value), JSON.stringify(clone));
    assertEquals(Deno.inspect(value, WHOLE), Deno.inspect(clone, WHOLE));
    assertEquals(Deno.inspect([{ value }], WHOLE), Deno.inspect([{ value: clone }], WHOLE));
    assertEquals(Reflect.ownKeys({ ...value }), Reflect.ownKeys({ ...clone }));
  });
}

Deno.test("documents are written as they were", () => {
  const clone = structuredClone({ measurements, findings });
  assertEquals(renderJson(measurements, findings), renderJson(clone.measurements, clone.findings));
});

Deno.test("gradients() that were freed are shown as such", async () => {
  const found = await gradients(model, batch, { of: "dense_11/kernel" });
  found[Symbol.dispose]();
  const { "text/html": page } = await show(found);
  assertStringIncludes(page, "<td>disposed of</td>");
  assertStringIncludes(Deno.inspect(found), "dense_11/kernel  disposed of");
});

Deno.test("a cell escapes what a file has named", async () => {
  const rows = [["<script>alert(1)</script>", 1]];
  const hostile = { title: '"><b>&', columns: ["<i>"], rows };
  const illustration = {
    of: "values",
    given: () => ({
      title: "<u>",
      bars: [{ label: "<s>", value: 1 }, { label: "]]>", value: NaN }],
    }),
  };
  const shown = await show(withOverview({}, () => hostile, illustration));
  for (const markup of ["<script>", "<i>", '"><b>&', "<u>", "<s>"]) {
    assert(!shown["text/html"].includes(markup), markup);
    assert(!shown["image/svg+xml"].includes(markup), markup);
  }
});

Deno.test("the text of a cell says the cause and the fix, for a notebook that is not trusted", async () => {
  const lines = (await show(measurements))["text/plain"].split("\n");
  assertEquals(lines[0].slice(0, 9), "exercise:");
  assertEquals(lines.filter((line) => line.startsWith("  dense_")).length, 11);
  assertEquals(lines.filter((line) => /^1\. The kernels of dense_2/.test(line)).length, 1);
  assertEquals(lines.filter((line) => /^ {3}Fix: Multiply/.test(line)).length, 1);
  const diagnosis = (await show(diagnose(measurements, findings)))["text/plain"];
  assertEquals(diagnosis.match(/SICK: 1 cause/g)!.length, 1);
});

Deno.test("getWeights() lists weights that are all 0 in one row, unless it is one", () => {
  const lines = Deno.inspect(getWeights(model)).split("\n");
  assertEquals(lines.length, 2 + 11 + 1);
  assertEquals(lines.at(-1)!.trim().split(/ {2,}/), ["11 weights that are all 0", "-", "0", "0"]);
  const one = tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [2] })] });
  assertEquals(Deno.inspect(getWeights(one)).split("\n").length, 2 + 2);
  one.dispose();
});

Deno.test("statistics() shows three digits, and inside another value one line", () => {
  const figures = libraryStatistics([1, 2, 4]);
  assertEquals(
    Deno.inspect({ a: figures }).includes("mean |x| 2.33, std 1.25, largest |x| 4]"),
    true,
  );
  assertStringIncludes(Deno.inspect(figures), "  rms            2.65\n");
  assertEquals({ ...figures }.maxAbs, 4);
});

Deno.test("a cell shows 500 rows, and says how many there are", async () => {
  const rows = Array.from({ length: 3000 }, (_, i) => [`layer ${i}`]);
  const { "text/html": page } = await show(
    withOverview({}, () => ({ title: "t", columns: ["layer"], rows })),
  );
  assertEquals(page.match(/<td>/g)!.length, 500);
  assertStringIncludes(page, "... 2500 more of 3000");
});

Deno.test("measure() shows a network with NaN, and one without a kernel", async () => {
  const { layers } = tf;
  const odd = tf.sequential({
    layers: [layers.dense({ units: 2, inputShape: [3] }), layers.reLU()],
  });
  odd.setWeights([tf.fill([3, 2], NaN), tf.zeros([2])]);
  for (const one of [odd, tf.sequential({ layers: [layers.flatten({ inputShape: [2, 2] })] })]) {
    const found = await measure(one, randomBatch(one));
    assert(Deno.inspect(found).length < 5000);
    assertStringIncludes((await show(found))["text/html"], "<table>");
  }
});

Deno.test("the values of this test are freed", () => {
  for (const [found] of Object.values(tensors)) found[Symbol.dispose]();
  model.dispose();
  smaller.dispose();
});

Deno.test("text in a cell has its own monospace font, and repeats no heat map of the image", async () => {
  for (const value of [summarizeStudy(points), SHOWN["examine()"][0]]) {
    const { "text/html": page } = await show(value);
    const [, style, text] = page.match(/<pre style="([^"]*)">([^]*?)<\/pre>/)!;
    assertStringIncludes(style, "monospace");
    assertEquals(text.split("\n").filter((line) => /\|.{20,}\|$/.test(line)), []);
  }
  const { "text/html": page } = await show(summarizeStudy(points));
  assertStringIncludes(page, "best at 1/1000");
});

Deno.test("byMagnitude() has a step for each factor of ten, and marks of their own for 0 and no number", () => {
  const colorOf = byMagnitude(DECADES);
  const values = [0.31, 0.32, 1, 3.1, 3.2, 1e-9, 1e-300, 1e9, 1e300, 0, NaN, Infinity, null];
  assertEquals(
    values.map(colorOf),
    ["b1", "n0", "n0", "n0", "o1", "b9", "b9", "o9", "o9", "nil", "nan", "nan", null],
  );
});

Deno.test("byMagnitude() counts from the middle, in steps as fine as asked for", () => {
  const colorOf = byMagnitude({ middle: -3, perDecade: 3 });
  assertEquals([0.001, 0.00145, 0.0015, 1, 1e-6].map(colorOf), ["n0", "n0", "o1", "o9", "b9"]);
});

Deno.test("byShare() leaves none without colour, and nothing else", () => {
  assertEquals([0, 1e-9, 0.1, 0.11, 1, NaN, null].map(byShare), [
    "s0",
    "s1",
    "s1",
    "s2",
    "s10",
    "nan",
    null,
  ]);
});

Deno.test("scaleAxis() lays scales out by their logarithm, and marks powers of ten", () => {
  const axis = scaleAxis([0.1, 1, 10], { from: 0, to: 300 });
  assertEquals(axis.edges, [0, 100, 200, 300]);
  assertEquals(axis.centers, [50, 150, 250]);
  assertEquals(axis.at(Math.sqrt(10)), 200);
  assertEquals([axis.at(1e-9), axis.at(1e9)], [0, 300]);
  assertEquals(axis.ticks.map(({ label }) => label), ["10⁻¹", "1", "10"]);
  // Scales within a factor of ten have too few powers of ten.
  const narrow = scaleAxis([1, 2, 4], { from: 0, to: 300 });
  assertEquals(narrow.ticks.map(({ label }) => label), ["1", "2", "4"]);
  assertEquals(scaleAxis([5], { from: 0, to: 300 }).centers, [150]);
});

Deno.test("stepAxis() places steps to scale, and labels those that have room", () => {
  const even = stepAxis([0, 10, 20], { from: 0, to: 300 });
  assertEquals([even.centers, even.edges], [[50, 150, 250], [0, 100, 200, 300]]);
  const axis = stepAxis([0, 100, 120], { from: 0, to: 180 });
  assertEquals([axis.centers, axis.edges], [[50, 150, 170], [0, 100, 160, 180]]);
  assertEquals(axis.at(100), 150);
  assertEquals(axis.ticks.map(({ label }) => label), ["0", "40", "80", "120"]);
  const long = stepAxis(Array.from({ length: 61 }, (_, i) => i), { from: 0, to: 450 });
  assertEquals(long.ticks.map(({ label }) => label), ["0", "10", "20", "30", "40", "50", "60"]);
  assertEquals(stepAxis([7], { from: 0, to: 10 }).centers, [5]);
});

Deno.test("evenly() keeps the first, the last, and what is named", () => {
  assertEquals(evenly(4, 4), [0, 1, 2, 3]);
  assertEquals(evenly(5, 3), [0, 2, 4]);
  assertEquals(evenly(101, 3, [40]), [0, 40, 100]);
  assertEquals(evenly(101, 3, [1]), [0, 1, 100]);
  assertEquals(evenly(0, 3), []);
});

Deno.test("PathData writes steps, which add up to the places", () => {
  const path = new PathData();
  path.line(10, 20);
  path.line(12.04, 15);
  path.line(14.08, 15);
  path.lift();
  path.dot(0, 0);
  path.dash(1, 1, 5);
  path.dot(7, 1);
  assertEquals(path.text, "m10 20 2-5h2.1m-14.1-15h0m1 1h5m1 0h0");
});

Deno.test("drawCells() makes one piece of neighbours of a colour, and one path of a colour", () => {
  const axis = scaleAxis([0.1, 1, 10], { from: 0, to: 300 });
  const { source } = drawCells([["o1", "o1", "b1"], [null, "b1", "nil"]], axis, 0, 10);
  assertEquals(
    source.replace(/<path class="nil-mark".*/, ""),
    '<g class="cells" stroke-width="10"><path class="o1" d="m0 5h200"/>' +
      '<path class="b1" d="m200 5h100m-200 10h100"/><path class="nil" d="m200 15h100"/></g>',
  );
});

Deno.test("crossing() finds where theory's ratio passes a level, between two scales, the nearest", () => {
  const [{ scales: [scale] }] = sampleStudy().variants;
  const at = (ratios: (number | null)[]) =>
    ratios.map((predictedRatio, i) => ({ ...scale, scale: 10 ** i, predictedRatio }));
  assertEquals(crossing(at([0.1, 10]), 1, 1)?.toFixed(6), Math.sqrt(10).toFixed(6));
  assertEquals(crossing(at([0.1, 0.5]), 1, 1), null);
  assertEquals(crossing(at([null, 10]), 1, 1), null);
  assertEquals(crossing(at([0.1, 10, 0.1]), 1, 1000)?.toFixed(3), (10 ** 1.5).toFixed(3));
});

function chartOf(values: (number | null)[], over: Partial<Chart> = {}): Chart {
  const bars = values.map((value, row): Omit<ChartBar, "position"> => ({
    label: `layer_${row + 1}`,
    value,
    mark: null,
    range: null,
    row,
    gap: value === null || Number.isNaN(value) ? "all NaN or infinite" : null,
  }));
  return { title: "mean", about: "", band: null, left: new Map(), ...placed(bars, "log"), ...over };
}

const panelOf = (chart: Chart, over: Partial<PanelContent> = {}) =>
  barPanel({
    chart,
    fixed: null,
    rows: chart.bars.map(({ label }) => [label]),
    wrong: new Map(),
    origin: null,
    ...over,
  });

const STYLE = { height: 22, ground: "g" };

Deno.test("barPanel() puts zeros and NaN beside the axis", () => {
  const plain = panelOf(chartOf([0.1, 0.01]));
  assertEquals([plain.zero, plain.broken], [null, null]);
  const odd = panelOf(chartOf([0.1, 0, NaN, null]));
  const [sound, zero, broken, none] = odd.rows;
  assertEquals([zero!.bars[0].at, zero!.bars[0].isZero, zero!.figure], [null, true, "0"]);
  assertEquals([broken!.bars[0].at, broken!.bars[0].isZero, broken!.figure], [null, false, "NaN"]);
  assertEquals(none, null);
  assert(odd.zero! < odd.base && odd.base < sound!.bars[0].at! && sound!.bars[0].at! < odd.broken!);
  const { source } = drawBarRow(odd, zero, STYLE);
  assertMatch(source, /<circle class="nothing sound"[^>]*><title>exactly 0<\/title>/);
  assertMatch(drawBarRow(odd, broken, STYLE).source, /<text class="nothing sound"[^>]*>×</);
});

Deno.test("barPanel() has no axis where no value has a place on it", () => {
  const panel = panelOf(chartOf([NaN, NaN]));
  assertEquals(panel.ticks, []);
  assertEquals(panel.rows.map((row) => row!.figure), ["NaN", "NaN"]);
});

Deno.test("barPanel() has an axis that its values fill: no empty decade, and at least two", () => {
  const near = panelOf(chartOf([2.6e-3, 7e-3]));
  const [low, high] = near.rows.map((row) => row!.bars[0].at!);
  assert(low > 20 && high < 80, `${low} to ${high}`);
  assertEquals(near.ticks.map(({ label }) => label), ["10⁻³", "10⁻²"]);
  const far = panelOf(chartOf([1e-9, 1]));
  const [least, most] = far.rows.map((row) => row!.bars[0].at!);
  assert(least > far.base && least < 20 && most > 85, `${least} to ${most}`);
  assert(far.ticks.length >= 3 && far.ticks.length <= 5, `${far.ticks.length} ticks`);
});

Deno.test("barPanel() starts bars at 1 where they are multiples of a target", () => {
  const { base, rows, band } = panelOf(
    chartOf([890, 0.1], { band: { from: 0.5, to: 2 } }),
    { origin: 1 },
  );
  assert(rows[1]!.bars[0].at! < base && base < rows[0]!.bars[0].at!);
  assert(band!.from < base && base < band!.to);
});

Deno.test("barPanel() takes the healthy band of the fixed network, and leaves it out where it does not hold", () => {
  const before = chartOf([0, 5], { band: null });
  const fixed = chartOf([0.9, 1], { band: { from: 0.1, to: 3 } });
  const panel = panelOf(before, { fixed, unjudged: new Set(["layer_2"]) });
  assert(panel.band !== null && panel.isFixed);
  assertEquals(panel.rows.map((row) => row!.fixed), ["0.9", "1"]);
  const [judged, head] = panel.rows.map((row) => drawBarRow(panel, row, STYLE).source);
  assertEquals([judged, head].map((one) => one.includes("healthy-band")), [true, false]);
  assertMatch(judged, /<line class="fixed"/);
  assertEquals(panelOf(before).band, null);
});

Deno.test("barPanel() tells a value outside of the healthy band from those inside", () => {
  const chart = chartOf([0.1, 3, 0.09, 3.1, 5, 1e-6, 9], { band: { from: 0.1, to: 3 } });
  const panel = panelOf(chart, {
    wrong: new Map([["layer_5", "error"]]),
    gains: new Set(["layer_6"]),
    unjudged: new Set(["layer_7"]),
  });
  const outside = panel.rows.map((row) => row!.bars[0].isOutside);
  assertEquals(outside, [false, false, true, true, false, false, false]);
  assertMatch(drawBarRow(panel, panel.rows[2], STYLE).source, /<rect class="bar outside"/);
  const { source } = barKey([panel]);
  assertStringIncludes(source, "outside of the healthy range");
  assertStringIncludes(source, "healthy; the output has no band");
  const inside = barKey([panelOf(chartOf([1, 2], { band: { from: 0.1, to: 3 } }))]).source;
  assert(!inside.includes("outside") && !inside.includes("no band"));
});

Deno.test("barKey() shows a zero in the colour of those in the chart", () => {
  const chart = chartOf([0, 0, 1]);
  const tones = (wrong: PanelContent["wrong"]) =>
    every(barKey([panelOf(chart, { wrong })]).source, /<circle class="nothing (\w+)"/g);
  assertEquals(tones(new Map([["layer_3", "error"]])), ["sound"]);
  assertEquals(tones(new Map([["layer_2", "error"]])), ["error"]);
});

Deno.test("barKey() has a ring for exactly 0 and a diamond for a gain, as the chart has", () => {
  const panel = panelOf(chartOf([0, 1, 2]), { gains: new Set(["layer_2"]) });
  const key = barKey([panel]).source;
  assertMatch(key, /<circle class="nothing sound"[^>]*\/><\/svg>exactly 0/);
  assertMatch(key, /<svg class="gain sound"[^>]*><path d="M0-4.*gain of a normalisation/);
  assertEquals(every(key, /<circle class="(\w+)/g), ["nothing"]);
});

Deno.test("barPanel() gives layers that are alike thin bars in one row, with the figure of the worst", () => {
  const chart = chartOf([1, 0.1, 0.01]);
  const rows = [["layer_1", "layer_2", "layer_3"]];
  const [row] = panelOf(chart, { rows }).rows;
  assertEquals([row!.bars.length, row!.figure, row!.wrong], [3, "0.01", null]);
  assertEquals(row!.lines, ["0.01", "to 1"]);
  assertEquals(panelOf(chart).rows[0]!.lines, []);
  assertEquals(panelOf(chart, { rows, fixed: chart }).rows[0]!.lines, []);
  assertEquals(panelOf(chartOf([1, 1, NaN]), { rows }).rows[0]!.lines, []);
  const wrong = new Map([["layer_1", "error" as const]]);
  const [ill] = panelOf(chart, { rows, wrong }).rows;
  assertEquals([ill!.figure, ill!.wrong, ill!.lines], ["1", "error", []]);
  const gains = new Set(["layer_3"]);
  const [mixed] = panelOf(chart, { rows, gains }).rows;
  assertEquals([mixed!.figure, mixed!.bars.map(({ isGain }) => isGain)], ["0.1", [
    false,
    false,
    true,
  ]]);
  // Each kind has its own line: a gain says nothing of kernels.
  assertEquals(mixed!.lines, ["0.1", "to 1", "◆ 0.01"]);
  const both = panelOf(chart, { rows, gains: new Set(["layer_1", "layer_2"]) }).rows[0]!;
  assertEquals(both.lines, ["0.01", "◆ 0.1", "to 1"]);
  assertEquals(rowHeight([panelOf(chart, { rows, gains: new Set(["layer_1"]) })], 0), 33);
  const many = chartOf(Array.from({ length: 500 }, (_, i) => i === 77 ? 0 : 1));
  const [all] = panelOf(many, { rows: [many.bars.map(({ label }) => label)] }).rows;
  assert(all!.bars.length <= 48 && all!.bars.some(({ isZero }) => isZero), `${all!.bars.length}`);
});

Deno.test("drawBarRow() leaves colours and fonts to the style sheet, which a policy can allow", () => {
  const panel = panelOf(chartOf([0.1, 0]));
  const svg = panel.rows.map((row) => drawBarRow(panel, row, STYLE).source).join("") +
    drawBarAxis(panel).source;
  assertEquals(svg.match(/<style|style=|font-family|currentColor/g), null);
  assertEquals(XMLValidator.validate(`<svg>${svg}</svg>`), true);
});

Deno.test("powerOfTen() writes exponents above the line", () => {
  assertEquals([-12, -1, 0, 1, 3].map(powerOfTen), ["10⁻¹²", "10⁻¹", "1", "10", "10³"]);
});

Deno.test("layerMap() marks causes and what follows, and has the edges of the graph", () => {
  const layers = residualLayers(9);
  const cause = {
    severity: "warning",
    layers: ["dense_2"],
    consequences: [{ layers: ["dense_1", "dense_2"] }],
  };
  const { nodes, edges } = layerMap(foldLayers(layers, { all: true }), {
    causes: [cause as never],
  });
  assertEquals(nodes[0], {
    name: "dense_1",
    brief: "dense_1",
    layer: "dense_1",
    members: ["dense_1"],
    about: "Dense tanh",
    causes: [],
    severity: null,
    follows: [1],
  });
  assertEquals([nodes[1].causes, nodes[1].follows, nodes[2].causes], [[1], [], []]);
  assertEquals(edges.length, 8 + 2);
  assertEquals(lanesOf(edges, 7), [{ from: 2, to: 5, lane: 0 }, { from: 5, to: 8, lane: 0 }]);
});

Deno.test("layerMap() shortens the names of layers that share a node to what no other has", () => {
  const named = (names: string[], most: number) => {
    const layers = residualLayers(names.length).map((layer, i) => ({ ...layer, name: names[i] }));
    const { nodes } = layerMap(foldLayers(layers, { all: true }), { causes: [] }, most);
    return nodes.map((node) => shortNodeName(node, 32));
  };
  assertEquals(named(["block_1_a", "block_1_b", "block_2_a", "block_2_b"], 2), [
    "block_1",
    "block_2",
  ]);
  // "block_1" would be in both.
  assertEquals(named(["block_1_a", "block_1_b", "block_1_c", "head"], 2), [
    "block_1_a … block_1_b",
    "block_1_c … head",
  ]);
  assertEquals(named(["dense_1", "dense_2", "s0b0", "s0b2"], 2), ["dense_1 … 2", "s0b…"]);
});

Deno.test("layerMap() lets neighbours share a node where there are too many", () => {
  const layers = residualLayers(300);
  const { nodes } = layerMap(foldLayers(layers, { all: true }), { causes: [] });
  assertEquals(nodes.length, 100);
  assertEquals([nodes[0].name, nodes[0].about], ["dense_1 ... add_3", "3 layers"]);
});

Deno.test("lanesOf() keeps edges apart that pass the same layers, as far as there are lanes", () => {
  const edges = [{ from: 0, to: 4 }, { from: 1, to: 3 }, { from: 2, to: 6 }, { from: 4, to: 6 }, {
    from: 0,
    to: 1,
  }];
  assertEquals(lanesOf(edges, 7).map(({ lane }) => lane), [0, 1, 2, 0]);
  assertEquals(lanesOf(edges, 2).map(({ lane }) => lane), [0, 1, 1, 0]);
});

Deno.test("drawHistogram() has columns by value, on both sides of 0, and the curve of a target", () => {
  const counts = Array.from({ length: 64 }, (_, i) => i >= 16 && i < 40 ? 10 : 0);
  const bins = { limit: 2, counts };
  const draw = (over: Partial<Parameters<typeof drawHistogram>[0]> = {}) =>
    drawHistogram({ title: "kernel", statistics: statistics(1, { bins }), ...over }).source;
  const plain = draw();
  // Empty columns beyond the farthest entry are left out: 16 of 32 on each side are used.
  assertEquals([...plain.matchAll(/<text[^>]*>([^<]*)</g)].map(([, text]) => text), [
    "-1",
    "0",
    "1",
  ]);
  assertEquals(plain.match(/class="target"/), null);
  const he = { name: "He", std: 0.25 };
  assertStringIncludes(draw({ target: he }), 'class="target"');
  assertStringIncludes(draw({ target: he }), "He 0.25");
  // A kernel far too wide leaves room for a spike.
  const [, spike] = draw({ target: { name: "He", std: 1e-4 } }).match(/class="target" d="m(\d+)/)!;
  assertEquals(spike, "120");
});

Deno.test("drawHistogram() has no box where values were not counted", () => {
  const none = drawHistogram({ title: "w", statistics: statistics(1) }).source;
  assertEquals(none.match(/<svg/), null);
  assertStringIncludes(none, "<b>w</b> std");
});

Deno.test("renderReportImage() is well-formed whatever layers are called, and says what it shows", async () => {
  for (const [layers, name] of [[residualLayers(9, HOSTILE), HOSTILE[0]], [[], ""]] as const) {
    const svg = await renderReportImage(reportOf([...layers], name));
    assertEquals(XMLValidator.validate(svg), true);
    assertMatch(svg, /^<svg class="gradient-health" xmlns="http:\/\/www\.w3\.org\/2000\/svg"/);
    assertMatch(svg, /<title id="gh-title">.*<\/title>\n<desc id="gh-desc">/);
  }
});

Deno.test("renderReportImage() draws the blocks of a file of weights, or the sizes of its kernels", async () => {
  const imageOf = (measurements: Measurements) => {
    const findings = runRules(measurements);
    const diagnosis = diagnose(measurements, findings);
    return renderReportImage({ measurements, findings, diagnosis });
  };
  const blocks = await imageOf(fileOf(blockLayers(40, { block: 7, rms: 50 })));
  assertMatch(blocks, /SICK[^]*weights only, [^]*<g class="blocks"[^]*class="outlier error-line"/);
  const few = await imageOf(fileOf(blockLayers(2)));
  assertMatch(
    few,
    /No finding[^]*weights only, 6 of 22 rules[^]*No problems found in the weights\.[^]*rms\(kernel\)/,
  );
});

Deno.test("renderReportImage() draws what it drew", async () => {
  const svg = await renderReportImage(reportOf(residualLayers(20)));
  const snapshot = new URL("residual.svg", import.meta.url);
  if (Deno.env.has("UPDATE_SNAPSHOTS")) await Deno.writeTextFile(snapshot, svg);
  assertEquals(svg, await Deno.readTextFile(snapshot));
});
