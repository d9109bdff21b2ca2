import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { summarizeStudy } from "../../../src/study/study.ts";
import { ticksOf } from "../../../src/core/text/bar_chart.ts";
import { axisOf, figureChart, hasBar, positionOn } from "../../../src/core/text/chart_model.ts";
import { foldLayers } from "../../../src/core/text/fold_layers.ts";
import { renderText } from "../../../src/core/text/render_text.ts";
import { reportCharts } from "../../../src/core/text/report_charts.ts";
import { studyCharts } from "../../../src/study/text/study_charts.ts";
import { formatNumber } from "../../../src/ground/words/numbers.ts";
import { anyFindings, anyMeasurements } from "./arbitrary.ts";
import { finding, layer, statistics } from "../../networks/sample.ts";
import { makeHeader, makePoints } from "../../networks/studies.ts";

const labels = (values: number[], scale: "log" | "linear", width: number) =>
  ticksOf(axisOf(values, scale), width).map(({ label }) => label);

Deno.test("axisOf() by decades is three decades long at least, so that a healthy spread looks like one", () => {
  const axis = axisOf([0.2, 0.9], "log");
  assertEquals(labels([0.2, 0.9], "log", 60), ["1e-3", "1e-2", "1e-1", "1e0"]);
  assertEquals(positionOn(axis, 1), 1);
  assertEquals(positionOn(axis, 1e-3), 0);
  assert(positionOn(axis, 0.2) > 0.75);
});

Deno.test("ticksOf() marks every decade that has room and leaves out others", () => {
  assertEquals(labels([2e-6, 0.5], "log", 36).length, 7);
  assertEquals(labels([2e-6, 0.5], "log", 35), ["1e-6", "1e-4", "1e-2", "1e0"]);
  assertEquals(labels([1e-320, 1e308], "log", 40), ["1e-200", "1e0", "1e200"]);
  // 400 decades, whose labels and the spaces between them take 8 columns each.
  const stepIn = (width: number) => {
    const [first, second] = ticksOf({ scale: "log", from: -400, to: 0 }, width)
      .map(({ label }) => Number(label.slice(2)));
    return second - first;
  };
  const steps = [1, 2, 3, 5, 10, 20, 50, 100, 200];
  assertEquals(steps.map((step) => stepIn(Math.ceil(3200 / step))), steps);
  assertEquals([stepIn(3199), stepIn(8)], [2, 200]);
});

Deno.test("axisOf() stands without any figure", () => {
  assertEquals(labels([], "log", 60), ["1e-3", "1e-2", "1e-1", "1e0"]);
});

Deno.test("axisOf() on a linear scale goes from zero to a round number", () => {
  assertEquals(labels([3, 7.5], "linear", 40), ["0", "2", "4", "6", "8"]);
  assertEquals(labels([0.99], "linear", 39), ["0", "0.5", "1"]);
  assertEquals(labels([1], "linear", 20), ["0", "0.5", "1"]);
  assertEquals(labels([1], "linear", 19), ["0", "1"]);
  const places = ticksOf({ scale: "linear", from: 0, to: 8 }, 40).map(({ position }) => position);
  assertEquals(places, [0, 0.25, 0.5, 0.75, 1]);
});

Deno.test("axisOf() on a linear scale ends at 1, 2, 4, 5, 8 or 10 times a power of ten", () => {
  const ends = [1, 1.1, 2, 2.1, 3.9, 4.1, 5, 5.1, 8.1, 0.021].map((largest) =>
    axisOf([largest], "linear").to
  );
  assertEquals(ends, [1, 2, 2, 4, 4, 5, 5, 8, 10, 0.04]);
  assertEquals(axisOf([], "linear").to, 1);
});

Deno.test("axisOf() by decades begins at the smallest figure and ends at the largest", () => {
  const ends = (values: (number | null)[]) => {
    const { from, to } = axisOf(values, "log");
    return [from, to];
  };
  assertEquals(ends([1, 1e-5, 1e-2]), [-5, 0]);
  assertEquals(ends([2e3, 5e-2, null, 0, NaN]), [-2, 4]);
  assertEquals(ends([20]), [-1, 2]);
  assertEquals(ends([5]), [-2, 1]);
});

Deno.test("axisOf() on a linear scale holds at the ends of float64", () => {
  for (const figure of [5e-324, 1e-320, Number.MAX_VALUE]) {
    const position = positionOn(axisOf([figure], "linear"), figure);
    assert(position > 0 && position <= 1, `${figure}: ${position}`);
  }
});

Deno.test("reportCharts() has every layer's figure in numbers, its place, mark and gap", () => {
  const layers = [
    layer("dense_1", { activation: 0 }),
    layer("dense_2", { activation: 1e-3, delta: 1e-5 }, { saturatedFraction: 0.25 }),
    layer("dense_3", { delta: 0.5 }, { activations: statistics(2, { nonFinite: 3 }) }),
    layer("dense_4", {}, { activations: null, absent: { activations: "shared" }, role: "output" }),
    layer("flatten", {}, { weights: [], preActivations: null, preActivationGradients: null }),
  ];
  const findings = [finding("dense_1", { severity: "note" }), finding("dense_2")];
  const [gradients, activations, deltas] = reportCharts(
    foldLayers(layers, { all: true }),
    findings,
    { scale: "log" },
  );
  assertEquals(activations.bars.map(({ label, value, gap }) => [label, value, gap]), [
    ["dense_1", 0, null],
    ["dense_2", 1e-3, null],
    ["dense_3", NaN, "3 of 10 NaN or infinite, the others 2"],
    ["dense_4", null, "shared"],
    ["flatten", 0.1, null],
  ]);
  // The axis has three decades, from 1e-4 to 0.1.
  assertEquals(activations.axis, { scale: "log", from: -4, to: -1 });
  assertEquals(activations.bars.map(({ position }) => position), [null, 1 / 3, null, null, 1]);
  assertEquals(activations.bars.map(({ mark }) => mark), [null, "error", null, null, null]);
  assertEquals(activations.bars.map(({ row, range }) => [row, range]), [
    ...[0, 1, 2, 3, 4].map((row) => [row, null]),
  ]);
  assertEquals(gradients.bars.map(({ row }) => row), [0, 1, 2, 3]);
  assertEquals([...gradients.left], [["no weights", ["flatten"]]]);
  // From the last hidden layer on, which is not an output.
  assertEquals(deltas.band, { from: 0.5 * 1e-3, to: 0.5 * 1e3 });
  const middle = layers[0].weights[0].gradients!.meanAbs;
  assertEquals(gradients.band, { from: middle / Math.sqrt(1e3), to: middle * Math.sqrt(1e3) });
  assertEquals(activations.band, null);
  // A layer with a finding is not an anchor, and without another one there is no band.
  const [, , others] = reportCharts(
    foldLayers(layers, { all: true }),
    [finding("dense_3")],
    { scale: "log" },
  );
  assertEquals(others.band, { from: 1e-5 * 1e-3, to: 1e-5 * 1e3 });
  const all = layers.map(({ name }) => finding(name));
  const bands = reportCharts(foldLayers(layers, { all: true }), all, { scale: "log" })
    .map(({ band }) => band);
  assertEquals(bands, [null, null, null]);
});

Deno.test("renderText() shows the values of the model", () => {
  fc.assert(
    fc.property(anyMeasurements, anyFindings, (measured, findings) => {
      const text = renderText(measured, findings, { width: 200, all: true });
      for (
        const { title, axis, bars } of reportCharts(
          foldLayers(measured.layers, { all: true }),
          findings,
          { scale: "log" },
        )
      ) {
        // A heading may be cut, where the legend below has the title whole.
        const from = text.indexOf(title.slice(0, 36));
        assert(from >= 0);
        for (const { value, position } of bars) {
          if (value !== null && !Number.isNaN(value)) {
            assert(text.indexOf(` ${formatNumber(value)} |`, from) >= 0, `${value}`);
          }
          assertEquals(position, hasBar(value) ? positionOn(axis, value) : null);
          assert(position === null || position >= 0 && position <= 1);
        }
      }
    }),
    { numRuns: 50 },
  );
});

Deno.test("figureChart() leaves out rows without the figure and marks those of the findings", () => {
  const rows = [
    { label: "dense_1", value: 0.5 },
    { label: "dense_2", value: null },
    { label: "kernel", layer: "dense_3", value: 1 },
  ];
  const { title, axis, bars } = figureChart(
    { title: "share", scale: "linear", rows },
    [finding("dense_2", { layers: ["dense_2", "dense_3"] })],
  );
  assertEquals([title, axis], ["share", { scale: "linear", from: 0, to: 1 }]);
  assertEquals(bars.map(({ label, position, mark }) => [label, position, mark]), [
    ["dense_1", 0.5, null],
    ["kernel", 1, "error"],
  ]);
});

Deno.test("studyCharts() has the cells, the verdicts and the curve of a variant by scale", () => {
  const header = makeHeader({ scales: [1e-3, 1, 1e3], activations: ["tanh"], seeds: 1 });
  const points = makePoints(header, (i) => ({
    healthy: i === 1,
    failed: i === 1 ? [] : ["vanishing-gradients", "activation-scale"],
  }));
  const { variants: [variant] } = summarizeStudy({ ...header, points });
  const charts = studyCharts(variant, header.rules);
  assertEquals(charts.scales, [1e-3, 1, 1e3]);
  assertEquals([charts.best, charts.sigmas], [1, null]);
  assertEquals(charts.verdicts, ["vanishing-gradients", null, "vanishing-gradients"]);
  assertEquals(charts.maps.map(({ rows }) => rows.map(({ name, cells }) => [name, ...cells])), [
    ["dense_1", "dense_2", "dense_3"].map((name) => [name, 0.5, 0.5, 0.5]),
    ["dense_1", "dense_2", "dense_3"].map((name) => [name, 0.1, 0.1, 0.1]),
  ]);
  const { first, last, measured, band } = charts.ratio!;
  assertEquals([first, last], ["dense_1", "dense_2"]);
  assertEquals(measured.map((quartiles) => quartiles!.median), [1e-3, 1, 1e3]);
  assertEquals(band, { from: 1e-3, to: 1e3 });
});
