import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { XMLValidator } from "fast-xml-parser";
import { binRange, drawHistogram } from "../../src/picture/draw_histogram.ts";
import { drawProfile } from "../../src/picture/draw_profile.ts";
import { powerOfTen } from "../../src/picture/path_data.ts";
import { lanesOf, layerMap } from "../../src/picture/layer_map.ts";
import { profilePoints } from "../../src/picture/profile_points.ts";
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

const draw = (chart: Chart) =>
  drawProfile(chart, {
    width: 400,
    height: 240,
    depth: chart.bars.length,
    nameOf: (place) => `layer_${place + 1}`,
    idOf: (place) => `r1-${place + 1}`,
  }).source;

Deno.test("drawProfile() puts zeros and what is no number into lanes of their own", () => {
  const plain = draw(chartOf([0.1, 0.01]));
  assertEquals(plain.match(/data-lane/g), null);
  const odd = draw(chartOf([0.1, 0, NaN, null]));
  assertEquals(odd.match(/data-lane/g)?.length, 2);
  assertEquals(odd.match(/<circle/g)?.length, 3);
  assertMatch(odd, /<text[^>]*>0<\/text>/);
  assertMatch(odd, /<text[^>]*>NaN<\/text>/);
  assertStringIncludes(odd, "<title>layer_3: all NaN or infinite</title>");
});

Deno.test("drawProfile() shortens places, and no figure or name", () => {
  const svg = drawProfile(chartOf([0.1, 0.00264]), {
    width: 400,
    height: 240,
    depth: 2,
    nameOf: (place) => `block_${place}.75`,
  }).source;
  assertStringIncludes(svg, ": 0.00264</title>");
  assertMatch(svg, />block_1\.75<\/text>/);
  const places = [...svg.matchAll(/ (?:d|x|y|x1|x2|y1|y2|cx|cy|transform)="([^"]*)"/g)];
  assert(places.length > 10);
  assertEquals(places.filter(([, value]) => /\.\d\d/.test(value)), []);
});

Deno.test("drawProfile() draws the band in which layers are healthy", () => {
  assertEquals(draw(chartOf([0.1, 0.01])).match(/class="band"/g), null);
  const banded = draw(chartOf([0.1, 0.01], { band: { from: 0.01, to: 0.1 } }));
  assertEquals(banded.match(/class="band"/g)?.length, 1);
  assertEquals(
    draw(chartOf([0.1], { band: { from: 1e9, to: 1e12 } })).match(/class="band"/g),
    null,
  );
});

Deno.test("drawProfile() leaves colours and fonts to the style sheet, which a policy can allow", () => {
  const svg = draw(chartOf([0.1, 0.01]));
  assertEquals(svg.match(/<style|style=|font-family|currentColor|aria-label/g), null);
  assertEquals(XMLValidator.validate(svg), true);
});

Deno.test("drawProfile() names the layers of a small network, and numbers those of a larger one", () => {
  assertMatch(draw(chartOf(Array(14).fill(1))), />layer_14<\/text>/);
  const large = draw(chartOf(Array(15).fill(1)));
  assertEquals(large.match(/>layer_15<\/text>/), null);
  assertMatch(large, />15<\/text>/);
});

Deno.test("powerOfTen() writes exponents above the line", () => {
  assertEquals([-12, -1, 0, 1, 3].map(powerOfTen), ["10⁻¹²", "10⁻¹", "1", "10", "10³"]);
});

Deno.test("profilePoints() gives each layer a point where there is room, else the gravest of neighbours", () => {
  const { bars } = chartOf([1, 0.1, null, 10, 0]);
  assertEquals(profilePoints({ bars }, 4).map(({ place }) => place), [0, 1, 3, 4]);
  const few = profilePoints({ bars }, 2);
  assertEquals(few.map(({ place, layers }) => [place, layers]), [[1, 2], [4, 2]]);
  assert(few[0].span!.from < few[0].span!.to);
  const marked = bars.map((bar) => bar.row === 0 ? { ...bar, mark: "error" as const } : bar);
  assertEquals(profilePoints({ bars: marked }, 2)[0].place, 0);
  assertEquals(profilePoints({ bars: [] }, 2), []);
});

Deno.test("layerMap() marks causes and what follows, and has the edges of the graph", () => {
  const layers = residualLayers(9);
  const cause = { layers: ["dense_2"], consequences: [{ layers: ["dense_1", "dense_2"] }] };
  const { nodes, edges } = layerMap(foldLayers(layers, { all: true }), {
    causes: [cause as never],
  });
  assertEquals(nodes[0], {
    name: "dense_1",
    layer: "dense_1",
    about: "Dense tanh",
    causes: [],
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
