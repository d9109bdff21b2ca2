import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { SeededRandom } from "../../src/model/batches/seeded_random.ts";
import { drawKernel } from "../../src/study/draw_kernel.ts";
import { INITIALIZERS } from "../../src/theory/initializers.ts";

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
