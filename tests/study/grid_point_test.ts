import { InputError } from "../../src/words/input_error.ts";
import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { countPoints, describePoint, gridPoint } from "../../src/study/grid_point.ts";
import { shardRange } from "../../src/study/shard.ts";
import { resolveGrid, type StudyGrid } from "../../src/study/study_grid.ts";

const GRID: StudyGrid = {
  scales: [2, 0.5, 1],
  seeds: 2,
  activations: ["relu", "tanh"],
  initializers: ["heNormal", "orthogonal"],
  depths: [3, 5],
  widths: [8, 16],
};

const MANY = Array.from({ length: 700 }, (_, i) => i + 1);

Deno.test("gridPoint() gives every combination once", () => {
  const grid = resolveGrid(GRID);
  const total = countPoints(grid);
  assertEquals(total, 3 * 2 * 2 * 2 * 2 * 2);
  const points = Array.from({ length: total }, (_, i) => gridPoint(grid, i));
  const keys = new Set(points.map(({ index: _, ...point }) => JSON.stringify(point)));
  assertEquals(keys.size, total);
});

Deno.test("gridPoint() lets scales run fastest and seeds slowest", () => {
  const grid = resolveGrid(GRID);
  assertEquals([0, 1, 2, 3].map((i) => gridPoint(grid, i).scale), [0.5, 1, 2, 0.5]);
  assertEquals([0, 47, 48, 95].map((i) => gridPoint(grid, i).seed), [0, 0, 1, 1]);
});

Deno.test("describePoint() names what the grid says and no more", () => {
  const grid = resolveGrid({ scales: [0.1], activations: ["tanh"], depths: [4] });
  assertEquals(
    describePoint(gridPoint(grid, 0)),
    "point 0 (tanh, depth 4, seed 0, scale 0.1)",
  );
});

Deno.test("resolveGrid() fills in what is the model's own", () => {
  assertEquals(resolveGrid({ scales: [1] }), {
    seeds: [0],
    activations: [null],
    initializers: [null],
    depths: [null],
    widths: [null],
    scales: [1],
  });
});

Deno.test("resolveGrid() refuses what is no grid", () => {
  const wrong: [StudyGrid, string][] = [
    [{ scales: [] }, "scales is empty"],
    [{ scales: [0] }, "scales has 0, expected finite numbers above 0"],
    [{ scales: [Infinity] }, "scales has Infinity"],
    [{ scales: [1, 1] }, "scales has 1 twice"],
    [{ scales: [1], seeds: 0 }, "seeds is 0"],
    [{ scales: [1], seeds: [1.5] }, "seeds has 1.5"],
    [{ scales: [1], depths: [0] }, "depths has 0"],
    [{ scales: [1], widths: [2.5] }, "widths has 2.5"],
    [{ scales: [1], activations: ["relu", "relu"] }, 'activations has "relu" twice'],
    [
      { scales: [1], seeds: 10_000, depths: MANY, widths: MANY },
      "The grid has 4900000000 points, expected at most 4294967296",
    ],
  ];
  for (const [grid, message] of wrong) assertThrows(() => resolveGrid(grid), InputError, message);
  assertThrows(
    () => resolveGrid({ scales: [1], initializers: ["he" as "heNormal"] }),
    TypeError,
    "lecunNormal",
  );
});

Deno.test("shardRange() gives every point to exactly one shard, and much the same to each", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 500 }), fc.integer({ min: 1, max: 40 }), (n, k) => {
      const grid = resolveGrid({ scales: [1], seeds: n });
      let next = 0;
      for (let index = 1; index <= k; index++) {
        const { from, to } = shardRange(grid, { index, count: k });
        assertEquals(from, next);
        assertEquals(Math.floor(n / k) <= to - from && to - from <= Math.ceil(n / k), true);
        next = to;
      }
      assertEquals(next, n);
    }),
  );
});

Deno.test("shardRange() takes all points where there is no shard, and refuses a wrong one", () => {
  const grid = resolveGrid({ scales: [1, 2] });
  assertEquals(shardRange(grid, null), { from: 0, to: 2 });
  for (const [index, count] of [[0, 2], [3, 2], [1, 0], [1.5, 2]]) {
    assertThrows(
      () => shardRange(grid, { index, count }),
      InputError,
      `shard is ${index}/${count}`,
    );
  }
});
