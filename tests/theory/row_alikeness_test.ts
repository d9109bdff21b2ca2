import { assert, assertEquals } from "@std/assert";
import { SeededRandom } from "../../src/model/batches/seeded_random.ts";
import { rowAlikeness } from "../../src/theory/row_alikeness.ts";

const near = (actual: number, expected: number, by: number) =>
  assert(Math.abs(actual - expected) <= by, `${actual} is not ${expected} within ${by}`);

Deno.test("rowAlikeness() gives closed forms for a few rows", () => {
  assertEquals(rowAlikeness([1, 0, 0, 1], 2, 2), { cosine: 0, effectiveRank: 1 });
  assertEquals(rowAlikeness([1, 0, -2, 0], 2, 2)!.cosine, -1);
  // Corners of a regular simplex: as many directions as rows but one.
  const simplex = rowAlikeness([1, 0, 0, 0, 1, 0, 0, 0, 1], 3, 3)!;
  near(simplex.effectiveRank, 2, 1e-12);
  // The same row over and over leaves nothing where the mean is taken out.
  assertEquals(rowAlikeness([3, 4, 3, 4, 3, 4], 3, 2), { cosine: 1, effectiveRank: 0 });
});

Deno.test("rowAlikeness() leaves rows of zeros out, and says nothing of what is not finite", () => {
  assertEquals(rowAlikeness([1, 1, 0, 0, 2, 2], 3, 2)!.cosine, 1);
  assertEquals(rowAlikeness([1, 1, 0, 0], 2, 2), null);
  assertEquals(rowAlikeness([1, NaN, 1, 1], 2, 2), null);
  assertEquals(rowAlikeness([1, 1], 1, 2), null);
});

/** Means over draws of what so many layers of He relu make of 32 rows of noise. */
function reluLayers(depth: number, draws: number) {
  const rows = 32;
  const width = 128;
  const sums = Array.from({ length: depth }, () => ({ cosine: 0, effectiveRank: 0 }));
  for (let draw = 0; draw < draws; draw++) {
    const random = new SeededRandom(draw, "alikeness");
    let a = random.normals(rows * width, 1);
    for (const sum of sums) {
      const kernel = random.normals(width * width, Math.sqrt(2 / width));
      const next = new Float32Array(rows * width);
      for (let i = 0; i < rows; i++) {
        for (let k = 0; k < width; k++) {
          let z = 0;
          for (let j = 0; j < width; j++) z += a[i * width + j] * kernel[j * width + k];
          next[i * width + k] = Math.max(0, z);
        }
      }
      a = next;
      const { cosine, effectiveRank } = rowAlikeness(a, rows, width)!;
      sum.cosine += cosine / draws;
      sum.effectiveRank += effectiveRank / draws;
    }
  }
  return sums;
}

Deno.test("rowAlikeness() finds the cosines of relu layers, and noise of the rank that its shape allows", () => {
  const layers = reluLayers(5, 8);
  // From orthogonal rows, Cho and Saul (2009): 0.3183, 0.4937, 0.6048, ..., 0.7359 in the fifth layer.
  [0.3183, 0.4937, 0.6048].forEach((cosine, i) => near(layers[i].cosine, cosine, 0.02));
  near(layers[4].cosine, 0.7359, 0.03);
  assert(
    layers.every(({ effectiveRank }, i) => i === 0 || effectiveRank < layers[i - 1].effectiveRank),
  );
  const noise = rowAlikeness(new SeededRandom(3, "noise").normals(32 * 256, 1), 32, 256)!;
  // 1 / (1 / rows + 1 / width).
  near(noise.effectiveRank, 28.4, 1);
});
