import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { SeededRandom } from "../../src/core/model/batches/seeded_random.ts";
import { resolveGrid, type StudyGrid, withCriticalScales } from "../../src/study/study_grid.ts";
import { drawKernel } from "../../src/study/draw_kernel.ts";
import { countPoints, describePoint, gridPoint } from "../../src/study/grid_point.ts";
import { shardRange } from "../../src/study/study_document.ts";
import { quartiles } from "../../src/study/study_summary.ts";
import { INITIALIZERS } from "../../src/ground/theory/initializers.ts";
import { InputError } from "../../src/ground/words/input_error.ts";

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

Deno.test("gridPoint() lets rates run faster than scales, both ascending", () => {
  const grid = resolveGrid({ scales: [2, 1], rates: [10, 0.5, 2], depths: [7] });
  assertEquals(
    Array.from({ length: countPoints(grid) }, (_, i) => gridPoint(grid, i))
      .map(({ scale, rate, depth }) => [scale, rate, depth]),
    [[1, 0.5, 7], [1, 2, 7], [1, 10, 7], [2, 0.5, 7], [2, 2, 7], [2, 10, 7]],
  );
  assertEquals(
    describePoint(gridPoint(grid, 1), grid),
    "point 1 (depth 7, seed 0, scale 1, rate x 2)",
  );
});

Deno.test("describePoint() names what the grid says and no more", () => {
  const grid = resolveGrid({ scales: [0.1], activations: ["tanh"], depths: [4] });
  assertEquals(
    describePoint(gridPoint(grid, 0), grid),
    "point 0 (tanh, depth 4, seed 0, scale 0.1)",
  );
  // The siblings of a model differ in size alone.
  const siblings = resolveGrid({ scales: [1], widths: [8, 16] });
  assertEquals(describePoint(gridPoint(siblings, 1), siblings), "point 1 (width 16, seed 0)");
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

const draw = (name: typeof INITIALIZERS[number], shape: number[], seed = 0) =>
  drawKernel(name, shape, "ordinary", new SeededRandom(seed, "weights"));

const deviation = (values: Float32Array) =>
  Math.sqrt(values.reduce((sum, x) => sum + x * x, 0) / values.length);

Deno.test("drawKernel() gives each initialiser its standard deviation", () => {
  const expected = {
    lecunNormal: Math.sqrt(1 / 200),
    lecunUniform: Math.sqrt(1 / 200),
    heNormal: Math.sqrt(2 / 200),
    heUniform: Math.sqrt(2 / 200),
    glorotNormal: Math.sqrt(2 / 500),
    glorotUniform: Math.sqrt(2 / 500),
    orthogonal: Math.sqrt(1 / 300),
  };
  for (const name of INITIALIZERS) {
    const values = draw(name, [200, 300]);
    assertEquals(values.length, 60_000);
    // The deviation of a sample deviation is 1 / sqrt(2 n), 0.3 %.
    assertAlmostEquals(deviation(values) / expected[name], 1, 0.02, name);
    if (!name.endsWith("Uniform")) continue;
    const reach = Math.sqrt(3) * expected[name];
    assert(values.every((x) => Math.abs(x) <= reach * 1.000001), name);
    assert(values.some((x) => Math.abs(x) > reach * 0.99), name);
  }
});

Deno.test("drawKernel() takes the fan-in of a convolution", () => {
  assertAlmostEquals(
    deviation(draw("heNormal", [3, 3, 16, 64])),
    Math.sqrt(2 / 144),
    2e-3,
  );
});

Deno.test("drawKernel() makes the shorter side orthonormal", () => {
  for (const [rows, columns] of [[4, 7], [7, 4], [5, 5]]) {
    const values = draw("orthogonal", [rows, columns]);
    const at = (i: number, j: number) => values[i * columns + j];
    const vectors = Math.min(rows, columns);
    const vector = (k: number) =>
      Array.from(
        { length: Math.max(rows, columns) },
        (_, i) => rows < columns ? at(k, i) : at(i, k),
      );
    for (let a = 0; a < vectors; a++) {
      for (let b = 0; b < vectors; b++) {
        const dot = vector(a).reduce((sum, x, i) => sum + x * vector(b)[i], 0);
        assertAlmostEquals(dot, a === b ? 1 : 0, 1e-6);
      }
    }
  }
});

Deno.test("drawKernel() draws the same for a seed and something else for another", () => {
  for (const name of INITIALIZERS) {
    assertEquals(draw(name, [4, 4]), draw(name, [4, 4]));
    assert(draw(name, [4, 4])[0] !== draw(name, [4, 4], 1)[0]);
  }
});

Deno.test("quartiles() interpolates between order statistics", () => {
  assertEquals(quartiles([4, 1, 3, 2]), { lower: 1.75, median: 2.5, upper: 3.25 });
  assertEquals(quartiles([7]), { lower: 7, median: 7, upper: 7 });
  assertEquals(quartiles([]), null);
  assertEquals(quartiles([1, 1, 2]), { lower: 1, median: 1, upper: 1.5 });
});

Deno.test("quartiles() counts NaN as larger than any number, and survives infinities", () => {
  assertEquals(quartiles([1, NaN, 2, 3, 4]), { lower: 2, median: 3, upper: 4 });
  assertEquals(quartiles([NaN, NaN, 1]), { lower: NaN, median: NaN, upper: NaN });
  assertEquals(quartiles([Infinity, Infinity, 1]), {
    lower: Infinity,
    median: Infinity,
    upper: Infinity,
  });
});

Deno.test("quartiles() do not depend on the order, and are in order", () => {
  const figures = fc.array(fc.double({ noNaN: true, min: -1e6, max: 1e6 }), { minLength: 1 });
  fc.assert(fc.property(figures, (values) => {
    const { lower, median, upper } = quartiles(values)!;
    assert(lower <= median && median <= upper);
    assertEquals(quartiles(values.toReversed()), { lower, median, upper });
  }));
});

const DENSE = { network: "dense", initializers: [], widths: [64] } as const;

Deno.test("withCriticalScales() adds the critical scale of each activation within a range", () => {
  const scales = [0.1, 0.1778, 1, 1.778, 10];
  const of = (...activations: string[]) => withCriticalScales(scales, { ...DENSE, activations });
  // He et al. 2015: sigma_w^2 = 2 for relu; Poole et al. 2016: 1 for tanh, which the range has.
  assertEquals(of("relu", "tanh"), [0.1, 0.1778, 1, 1.414, 1.778, 10]);
  assertEquals(of("tanh"), scales);
  // No scale of swish is critical; of an unknown activation the study says so itself.
  assertEquals(of("swish", "nonsense"), scales);
});

Deno.test("withCriticalScales() allows for what the kernels are drawn with, and adds nothing outside", () => {
  const he = withCriticalScales([0.5, 2], {
    ...DENSE,
    activations: ["relu", "tanh"],
    initializers: ["heNormal", "glorotUniform"],
  });
  // Under He relu is critical at 1 and tanh at 1 / sqrt(2); under Glorot at sqrt(2) and 1.
  assertEquals(he, [0.5, 0.7071, 1, 1.414, 2]);
  assertEquals(withCriticalScales([0.1, 1], { ...DENSE, activations: ["relu"] }), [0.1, 1]);
});

Deno.test("withCriticalScales() finds 1/894 for the exercise's network", () => {
  const exercise = { network: "exercise", activations: ["tanh"], initializers: [] } as const;
  assertEquals(withCriticalScales([1e-5, 10], { ...exercise, widths: [20] }), [1e-5, 0.001118, 10]);
});
