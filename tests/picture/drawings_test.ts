import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { XMLValidator } from "fast-xml-parser";
import { binRange, drawHistogram } from "../../src/picture/draw_histogram.ts";
import { barPanel, type PanelContent } from "../../src/picture/bar_panel.ts";
import { drawBarAxis, drawBarRow } from "../../src/picture/draw_bars.ts";
import { powerOfTen } from "../../src/picture/path_data.ts";
import { lanesOf, layerMap } from "../../src/picture/layer_map.ts";
import { renderReportImage } from "../../src/picture/report_image.ts";
import { type Chart, type ChartBar, placed } from "../../src/render/chart_model.ts";
import { foldLayers } from "../../src/render/fold_layers.ts";
import { statistics } from "../networks/sample.ts";
import { HOSTILE, reportOf, residualLayers } from "../networks/residual_report.ts";

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

Deno.test("barPanel() puts zeros and what is no number beside the axis", () => {
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

Deno.test("barPanel() gives layers that are alike thin bars in one row, with the figure of the worst", () => {
  const chart = chartOf([1, 0.1, 0.01]);
  const rows = [["layer_1", "layer_2", "layer_3"]];
  const [row] = panelOf(chart, { rows }).rows;
  assertEquals([row!.bars.length, row!.figure, row!.wrong], [3, "0.01", null]);
  const wrong = new Map([["layer_1", "error" as const]]);
  const [ill] = panelOf(chart, { rows, wrong }).rows;
  assertEquals([ill!.figure, ill!.wrong], ["1", "error"]);
  const gains = new Set(["layer_3"]);
  const [mixed] = panelOf(chart, { rows, gains }).rows;
  assertEquals([mixed!.figure, mixed!.bars.map(({ isGain }) => isGain)], ["0.1", [
    false,
    false,
    true,
  ]]);
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

Deno.test("drawHistogram() tells what half precision holds from what it does not", () => {
  const draw = (from: number, counts: number[]) => {
    const exponents = { zeros: 0, nonFinite: 0, under: 0, from, counts, over: 0 };
    const { source } = drawHistogram("z", statistics(1, { exponents }), "g", binRange([exponents]));
    return source;
  };
  assertEquals(draw(-24, [1]).match(/class="out"/g), null);
  assertStringIncludes(draw(-24, [1]), "100\u00a0% subnormal in fp16");
  assertStringIncludes(draw(-25, [1]), 'class="out"');
  assertStringIncludes(draw(-25, [1]), "100\u00a0% lost in fp16");
  assertEquals(draw(15, [1]).match(/class="out"/g), null);
  assertStringIncludes(draw(16, [1]), "100\u00a0% too large for fp16");
  assertStringIncludes(draw(0, [1, 3]), "most from 2^1 to 2^2");
});

Deno.test("renderReportImage() is well-formed whatever layers are called, and says what it shows", async () => {
  for (const [layers, name] of [[residualLayers(9, HOSTILE), HOSTILE[0]], [[], ""]] as const) {
    const svg = await renderReportImage(reportOf([...layers], name));
    assertEquals(XMLValidator.validate(svg), true);
    assertMatch(svg, /^<svg class="gradient-health" xmlns="http:\/\/www\.w3\.org\/2000\/svg"/);
    assertMatch(svg, /<title id="gh-title">.*<\/title>\n<desc id="gh-desc">/);
  }
});

Deno.test("renderReportImage() draws what it drew", async () => {
  const svg = await renderReportImage(reportOf(residualLayers(20)));
  const snapshot = new URL("residual.svg", import.meta.url);
  if (Deno.env.has("UPDATE_SNAPSHOTS")) await Deno.writeTextFile(snapshot, svg);
  assertEquals(svg, await Deno.readTextFile(snapshot));
});
