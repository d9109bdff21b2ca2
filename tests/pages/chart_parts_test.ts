import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import {
  blockGrids,
  drawBlocks,
  rmsOverMedian,
  showBlocks,
  wrongTensors,
} from "../../src/pages/show_blocks.ts";
import { byMagnitude, DECADES, drawMagnitudes } from "../../src/pages/color_steps.ts";
import { scaleAxis } from "../../src/pages/column_axis.ts";
import { drawSteps } from "../../src/pages/draw_steps.ts";
import { showStrips, type Strip, stripsKey } from "../../src/pages/draw_strips.ts";
import { showOutliers } from "../../src/pages/show_weights.ts";
import { makeFinding } from "../../src/core/rules/finding.ts";
import { blockLayers } from "../networks/block_layers.ts";
import { flat, makeLayer, makeMeasurements, makeWeight } from "../networks/measurements.ts";
import { every } from "./page_facts.ts";

const chart = { steps: [0, 10, 30], across: "batches" };
const curve = (values: (number | null)[], name = "") => ({ name, tone: null, values });

Deno.test("drawSteps() places values to scale, broken ones as crosses at the top", () => {
  const { source } = drawSteps({ ...chart, curves: [curve([4, NaN, 2])] });
  // Columns of 10, 15 and 20 steps from 92 to 544, as in a heat map below.
  assertEquals(every(source, /class="dots" d="m([\d.]+) /g), ["142.2"]);
  assertMatch(source, /class="broken" d="m[\d.]+ 30 8-8/);
  // Round steps, whichever were measured.
  assertEquals(every(source, /y="166" text-anchor="middle">([^<]+)/g), [
    "0",
    "5",
    "10",
    "15",
    "20",
    "25",
    "30",
  ]);
  const { source: sound } = drawSteps({ ...chart, curves: [curve([4, null, 2])] });
  assertMatch(sound, /class="broken" d=""/);
});

Deno.test("drawSteps() names curves and the limit at their ends, apart from each other", () => {
  const { source } = drawSteps({
    ...chart,
    curves: [curve([1, 1, 0.5], "training"), { ...curve([1, 1, 0.5], "held out"), tone: "error" }],
    limit: { name: "guessing", value: 0.5 },
  });
  const places = every(source, /<text class="(?:data|error|limit)" x="454" y="([\d.]+)"/g)
    .map(Number);
  assertEquals(places.length, 3);
  assert(places.every((y, i) => i === 0 || y - places[i - 1] >= 15), String(places));
  assertMatch(source, /<path class="curve error-line"/);
});

Deno.test("drawSteps() has a logarithmic axis, a healthy band and marks if they are given", () => {
  const { source } = drawSteps({
    ...chart,
    curves: [curve([1e-4, 1e-2, 1])],
    band: { from: 1e-3, to: 0.1 },
    marks: [{ step: 10, tone: "warning", words: "found <here>" }],
  });
  assertEquals(every(source, /text-anchor="end">([^<]+)<\/text>/g), [
    "10⁻⁴",
    "10⁻³",
    "10⁻²",
    "10⁻¹",
    "1",
    "batches",
  ]);
  const [y, height] = source.match(/healthy-band" x="92" y="(\d+)" width="452" height="(\d+)"/)!
    .slice(1).map(Number);
  assertEquals([y, height], [53, 65]);
  assertMatch(source, /class="found warning-line" d="M[\d.]+ 8V150"><title>found &#60;here/);
});

Deno.test("drawSteps() has verdicts below the curves, each from its step to the next", () => {
  const { source } = drawSteps({
    ...chart,
    curves: [curve([4, 3, 2])],
    strip: {
      name: "verdict",
      steps: [chart.steps[0], chart.steps[2]],
      verdicts: [verdict("healthy"), verdict("errors", "alert")],
    },
    marks: [{ step: chart.steps[2], tone: "error", words: "found" }],
  });
  const [well, alert] = [
    ...source.matchAll(/<rect class="(?:well|alert)" x="([\d.]+)" y="(\d+)"/g),
  ];
  const [, mark, top, end] = source.match(/class="found error-line" d="M([\d.]+) (\d+)V(\d+)"/)!;
  assertEquals([alert[1], well[2]], [mark, alert[2]]);
  assert(Number(top) < Number(alert[2]) && Number(alert[2]) < Number(end));
});

const verdict = (words: string, paint = "well") => ({ words, paint });

Deno.test("showStrips() merges neighbours with the same verdict, and leaves no gap for scales of others", () => {
  const axis = scaleAxis([1, 10, 100, 1000], { from: 0, to: 100 });
  const strip: Strip = {
    name: "<relu>",
    verdicts: [verdict("healthy"), null, verdict("healthy"), verdict("units die", "s5")],
    best: axis.at(10),
  };
  const { source } = showStrips({ strips: [strip], axis, headings: ["network", "verdict"] });
  assertEquals(
    every(source, /<rect class="(\S+ x="\S+ width="[\d.]+%)"/g).map((one) =>
      one.replaceAll('"', "")
    ),
    ["well x=0% width=75%", "s5 x=75% width=25%"],
  );
  assertStringIncludes(source, 'aria-label="healthy, then units die"');
  assertStringIncludes(source, "&#60;relu&#62;");
  // The dot of the best scale would cover the word.
  assertEquals(every(source, /class="on-(\w+) spare"/g), ["s5"]);
  const key = stripsKey([strip]).source;
  assertEquals([key.match(/<li>/g)?.length, key.includes("best scale")], [3, true]);
});

Deno.test("drawMagnitudes() labels powers of ten under their colours, in any fineness", () => {
  const labels = (given: Parameters<typeof drawMagnitudes>[0]) =>
    every(drawMagnitudes(given).source, /text-anchor="middle">([^<]+)/g);
  assertEquals(labels(DECADES), ["10⁻⁹", "10⁻⁶", "10⁻³", "1", "10³", "10⁶", "10⁹"]);
  assertEquals(labels({ middle: 0, perDecade: 9 }), ["10⁻¹", "1", "10"]);
  assertEquals(labels({ middle: -2.5, perDecade: 3, sound: 1.5 }), [
    "10⁻⁷",
    "10⁻⁶",
    "10⁻⁵",
    "10⁻⁴",
    "10⁻³",
    "10⁻²",
    "10⁻¹",
    "1",
    "10",
    "10²",
  ]);
});

Deno.test("byMagnitude() has no colour within a sound range, and one just outside of it", () => {
  const colorOf = byMagnitude({ middle: -2.5, perDecade: 3, sound: 1.5 });
  assertEquals([1e-4, 0.013, 0.1, 0.101, 0.99e-4, 1].map(colorOf), [
    "n0",
    "n0",
    "n0",
    "o1",
    "b1",
    "o3",
  ]);
});

const about = (name: string) =>
  makeFinding("blocks-alike", {
    severity: "error",
    kind: "too-large",
    layer: name,
    measured: 5,
    expected: "much less",
    message: ["The rms of ", { weight: `${name}/weight`, layer: name }, " is large."],
    fix: "Look.",
  });

Deno.test("blockGrids() has a column for each kind, and marks the tensor that a finding names", () => {
  const layers = blockLayers(80, { block: 37, rms: 5 });
  const found = [about("model.layers.37.mlp.up")];
  const [grid, ...others] = blockGrids(
    layers,
    rmsOverMedian(layers),
    wrongTensors(found, layers),
  );
  assertEquals(others, []);
  assertEquals([grid.name, grid.blocks.length, grid.blocks[79]], ["model.layers.*", 80, 79]);
  assertEquals(grid.kinds.map(({ name }) => name), [
    "attn.q",
    "attn.q bias",
    "mlp.up",
    "mlp.up bias",
  ]);
  const marked = grid.kinds.flatMap(({ cells }) => cells.filter((cell) => cell?.wrong != null));
  assertEquals(marked, [{ name: "model.layers.37.mlp.up/weight", value: 10, wrong: "error" }]);
  const { source } = drawBlocks(grid, { middle: 0, perDecade: 9 });
  assertEquals(source.match(/<rect class="outlier error-line"/g)?.length, 1);
  assertStringIncludes(source, "<title>model.layers.37.mlp.up/weight: 10</title>");
  assertEquals(source.match(/class="o9"/g)?.length, 1);
});

Deno.test("blockGrids() orders blocks by their numbers, whichever tensor comes first in the file", () => {
  const layers = blockLayers(12);
  // One kind is missing from block 0, which comes last, as names of layers may sort.
  const isFirst = ({ name }: { name: string }) => name.startsWith("model.layers.0.");
  const rest = layers.filter((layer) => isFirst(layer) && !layer.name.endsWith("attn.q"));
  const byName = [...layers.filter((layer) => !isFirst(layer)), ...rest];
  const [grid] = blockGrids(byName, rmsOverMedian(layers));
  assertEquals(grid.blocks, Array.from({ length: 12 }, (_, block) => block));
  const { cells } = grid.kinds.find(({ name }) => name === "attn.q")!;
  const own = cells.map((cell) => cell?.name.match(/\d+/)?.[0] ?? null);
  assertEquals(own, [null, ...grid.blocks.slice(1).map(String)]);
});

Deno.test("blockGrids() gives each stack its own grid, and experts one column", () => {
  const rename = (from: string) => (layers: ReturnType<typeof blockLayers>) =>
    layers.map((layer) => ({
      ...layer,
      name: layer.name.replace("model.layers", from),
      weights: layer.weights.map((one) => ({
        ...one,
        name: one.name.replace("model.layers", from),
      })),
    }));
  const two = [...rename("encoder")(blockLayers(6)), ...rename("decoder")(blockLayers(5))];
  assertEquals(
    blockGrids(two, rmsOverMedian(two)).map(({ name, blocks }) => [name, blocks.length]),
    [["encoder.*", 6], ["decoder.*", 5]],
  );
  assertEquals(blockGrids(blockLayers(4), () => 1), []);
  const experts = Array.from(
    { length: 5 },
    (_, block) =>
      Array.from({ length: 60 }, (_, expert) => {
        const name = `layers.${block}.experts.${expert}.up`;
        const rms = block === 2 && expert === 7 ? NaN : 0.5;
        return makeLayer({
          name,
          weights: [makeWeight({ name: `${name}/weight`, values: flat(0.5, 64) })].map((one) => ({
            ...one,
            values: { ...one.values, nonFinite: Number.isNaN(rms) ? 1 : 0 },
          })),
        });
      }),
  ).flat();
  const [grid] = blockGrids(experts, rmsOverMedian(experts));
  assertEquals(grid.kinds.map(({ name }) => name), ["experts.*.up"]);
  // The cell shows the expert that is farthest from the others.
  assertEquals(grid.kinds[0].cells.map((cell) => cell!.name)[2], "layers.2.experts.7.up/weight");
});

Deno.test("drawBlocks() cuts no kind of 24 characters, unless it would leave the drawing", () => {
  const drawn = (names: string[]) => {
    const kinds = names.map((name) => ({ name, cells: [{ name, value: 1, wrong: null }] }));
    const { source } = drawBlocks({ name: "*", blocks: [0], kinds }, DECADES);
    const shown = every(source, /rotate\(-45\)"><title>[^<]*<\/title>\u2068([^<]*)\u2069/g);
    return { shown, top: Number(every(source, /data-top="(\d+)"/g)[0]) };
  };
  const others = Array.from({ length: 9 }, (_, i) => `mlp.${i}`);
  const name = (length: number) => "post_attention_layernorm_".slice(0, length);
  assertEquals(drawn([name(24), ...others, "last"]), {
    shown: [name(24), ...others, "last"],
    top: 144,
  });
  assertEquals(drawn([name(18), ...others, "last"]).top, 116);
  const { shown } = drawn([name(25), ...others, name(20)]);
  assertEquals([shown[0], shown[10]].map(({ length }) => length), [24, 19]);
  assertEquals([shown[0], shown[10]].every((text) => text.includes("…")), true);
});

Deno.test("showBlocks() of 80 blocks and 12 kinds is short, and has every figure in a table", () => {
  const layers = Array.from({ length: 3 }, (_, i) =>
    blockLayers(80).map((layer) => ({
      ...layer,
      name: `${layer.name}${i}`,
      weights: layer.weights.map((one) => ({ ...one, name: one.name.replace("/", `${i}/`) })),
    }))).flat();
  const [grid] = blockGrids(layers, () => 1);
  assertEquals(grid.kinds.length, 12);
  const { source } = showBlocks(grid, {
    title: "rms",
    about: "of each",
    magnitude: DECADES,
    id: "grid",
  });
  assert(source.length < 25_000, `${source.length} characters`);
  assertEquals(every(source, /<tbody>([^]*)<\/tbody>/g)[0].match(/<td/g)?.length, 960);
});

Deno.test("showOutliers() lists the tensors of findings first, then those farthest from their trend", () => {
  const layers = blockLayers(40, { block: 9, rms: 0.6 });
  const measurements = makeMeasurements(layers);
  const first = (wrong: Parameters<typeof showOutliers>[1]) =>
    every(
      showOutliers(measurements, wrong)!.source.replaceAll("<wbr>", ""),
      /<th scope="row"><bdi>([^<]+)/g,
    )[0];
  assertEquals(first(new Map()), "model.layers.9.mlp.up/weight");
  const named = new Map([["model.layers.3.attn.q/weight", "warning" as const]]);
  assertEquals(first(named), "model.layers.3.attn.q/weight");
  assertEquals(showOutliers(makeMeasurements(blockLayers(4)), named), null);
});
