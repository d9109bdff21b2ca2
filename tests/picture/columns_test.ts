import { assertEquals } from "@std/assert";
import { byMagnitude, byShare, DECADES } from "../../src/picture/color_steps.ts";
import { scaleAxis, stepAxis } from "../../src/picture/column_axis.ts";
import { drawCells } from "../../src/picture/draw_heat_map.ts";
import { evenly, PathData } from "../../src/picture/path_data.ts";
import { crossing } from "../../src/picture/study_view.ts";
import { sampleStudy } from "../networks/studies.ts";

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
  // Of scales within a factor of ten there are too few powers of ten.
  const narrow = scaleAxis([1, 2, 4], { from: 0, to: 300 });
  assertEquals(narrow.ticks.map(({ label }) => label), ["1", "2", "4"]);
  assertEquals(scaleAxis([5], { from: 0, to: 300 }).centers, [150]);
});

Deno.test("stepAxis() lays steps side by side, however far apart", () => {
  const axis = stepAxis([0, 100, 101], { from: 0, to: 300 });
  assertEquals(axis.centers, [50, 150, 250]);
  assertEquals(axis.at(100), 150);
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
