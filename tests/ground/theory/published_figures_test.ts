import { assertAlmostEquals, assertEquals } from "@std/assert";
import { SeededRandom } from "../../../src/core/model/batches/seeded_random.ts";
import { depthScale, widthSpread } from "../../../src/ground/theory/mod.ts";
import { rowAlikeness } from "../../../src/ground/theory/row_alikeness.ts";
import { dense, follow, node } from "../../networks/signal_nodes.ts";

Deno.test("depthScale() carries the depths that are published for tanh under the bias variance 0.05", () => {
  const known: [variance: number, layers: number][] = [
    ...[[0.25, 4], [0.5, 7], [1, 22], [1.3, 47], [1.5, 95], [1.7, 450]] as [number, number][],
    ...[[1.9, 236], [2.2, 97], [3, 54], [4, 42], [8, 28]] as [number, number][],
  ];
  for (const [variance, layers] of known) {
    const { carries } = depthScale("tanh", variance, { biasVariance: 0.05 });
    assertAlmostEquals(carries, layers, Math.max(0.5, 0.02 * layers), `${variance}`);
  }
});

/** Returns the outputs of layers of He relu or of linear units for rows: a new matrix for each. */
function layersOf(
  { rows, width, depth, isRelu, seed }: {
    rows: number;
    width: number;
    depth: number;
    isRelu: boolean;
    seed: number;
  },
): Float32Array {
  const random = new SeededRandom(seed, "published figures");
  let a = random.normals(rows * width, 1);
  for (let layer = 0; layer < depth; layer++) {
    const kernel = random.normals(width * width, Math.sqrt((isRelu ? 2 : 1) / width));
    const next = new Float32Array(rows * width);
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < width; j++) {
        const x = a[i * width + j];
        if (x === 0) continue;
        for (let k = 0; k < width; k++) next[i * width + k] += x * kernel[j * width + k];
      }
    }
    a = isRelu ? next.map((z) => Math.max(0, z)) : next;
  }
  return a;
}

const mean = (values: readonly number[]) =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

Deno.test("widthSpread() has the variance of ln |a|^2 that draws of 20 relu layers of 20 units show", () => {
  const logarithms = Array.from({ length: 400 }, (_, seed) => {
    const a = layersOf({ rows: 1, width: 20, depth: 20, isRelu: true, seed });
    return Math.log(a.reduce((sum, x) => sum + x ** 2, 0) / 20);
  }).filter(Number.isFinite);
  const average = mean(logarithms);
  const variance = mean(logarithms.map((x) => (x - average) ** 2));
  // Hanin: 5 beta and -2.5 beta with beta = 1, while draws show 6.0 for a network this narrow.
  const predicted = widthSpread(Array(20).fill(20)).variance;
  assertAlmostEquals(predicted, 5, 1e-6);
  assertAlmostEquals(variance / predicted, 1.2, 0.25);
  assertAlmostEquals(average, -2.5, 0.7);
  // 4.6 % of the draws lose a factor of 1000.
  const lost = logarithms.filter((x) => x < -Math.log(1000)).length / logarithms.length;
  assertAlmostEquals(lost, 0.046, 0.03);
});

Deno.test("rowAlikeness() has the effective rank of noise, and of linear layers, over their depth", () => {
  const rankOf = (width: number, depth: number) =>
    mean(Array.from({ length: 6 }, (_, seed) =>
      rowAlikeness(
        layersOf({ rows: 32, width, depth, isRelu: false, seed: 100 + seed }),
        32,
        width,
      )!.effectiveRank));
  // 1 / (1 / 32 + (depth + 1) / width); the mean that is taken out is one direction of 32.
  const known: [width: number, depth: number, rank: number][] = [
    [64, 0, 21.3],
    [256, 0, 28.4],
    [64, 5, 8],
    [64, 10, 4.92],
  ];
  for (const [width, depth, rank] of known) {
    assertAlmostEquals(rankOf(width, depth) / rank, 1, 0.1, `${width} ${depth}`);
  }
  assertEquals(rankOf(64, 10) < rankOf(64, 5), true);
});

Deno.test("propagate() doubles the mean square with each residual block of He, and leaves it where branches begin at 0", () => {
  /** Blocks x + W relu(V x), with V of He and W of that sigma_w (De and Smith 2020). */
  const after = (blocks: number, sigma: number) => {
    const names = ["input", ...Array.from({ length: blocks }, (_, i) => `sum_${i}`)];
    const nodes = names.slice(0, -1).flatMap((below, i) => [
      dense(`in_${i}`, [below], Math.SQRT2, "relu"),
      dense(`out_${i}`, [`in_${i}`], sigma),
      node(`sum_${i}`, { kind: "addition", inputs: [below, `out_${i}`] }),
    ]);
    return follow(nodes).size(names[blocks]);
  };
  for (const blocks of [1, 3, 10]) {
    assertAlmostEquals(after(blocks, 1) / 2 ** blocks, 1, 1e-9);
    assertEquals(after(blocks, 0), 1);
    // Branches that are 1 / root of their number as large together multiply by no more than e.
    assertAlmostEquals(
      after(blocks, 1 / Math.sqrt(blocks)),
      (1 + 1 / blocks) ** blocks,
      1e-9,
    );
  }
});
