import { assertAlmostEquals, assertEquals } from "@std/assert";
import { heapOf } from "../../../src/engine/start/prepare_engine.ts";
import { startEngine } from "../../../src/engine/start/start_engine.ts";
import { LARGEST, SMALLEST } from "../../../src/ground/theory/half_precision_fit.ts";
import {
  exponentsOfZeros,
  figuresOf,
  mergeSums,
  statisticsOf,
  sumEntries,
  sumTensor,
} from "../../../src/core/measure/sums.ts";

Deno.test("sumEntries() sums up the finite entries, and counts the others", () => {
  const sums = sumEntries([NaN, 3, -4, 0, Infinity, 5]);
  assertEquals(sums, {
    count: 6,
    finite: 4,
    sumAbs: 12,
    sumSquares: 50,
    maxAbs: 5,
    zeros: 1,
    mean: 1,
    squaredDeviations: 46,
  });
  assertEquals(figuresOf(sums), {
    count: 6,
    meanAbs: 3,
    rms: Math.sqrt(12.5),
    maxAbs: 5,
    mean: 1,
    std: Math.sqrt(11.5),
    l2: Math.sqrt(50),
    zeroFraction: 0.25,
    nonFinite: 2,
  });
});

Deno.test("sumEntries() keeps deviations that are tiny beside the mean", () => {
  const { mean, squaredDeviations } = sumEntries([1e9, 1e9 + 1, 1e9 + 2]);
  assertEquals([mean, squaredDeviations], [1e9 + 1, 2]);
  // Rounding leaves no sum of squares below 0.
  assertEquals(sumEntries(Array(7).fill(0.1)).squaredDeviations, 0);
});

Deno.test("statisticsOf() says nothing of no entries, and figuresOf() zeros", () => {
  assertEquals(statisticsOf(null), null);
  const none = sumEntries([]);
  assertEquals(statisticsOf(none), null);
  assertEquals(Object.values(figuresOf(none)), Array(9).fill(0));
  assertEquals(figuresOf(sumEntries([-3])).meanAbs, 3);
  const broken = figuresOf(sumEntries([NaN]));
  assertEquals([broken.count, broken.nonFinite, broken.meanAbs], [1, 1, 0]);
});

Deno.test("mergeSums() gives the sums over both tensors, with the histograms that both have", () => {
  const a = sumEntries([1, 2]);
  const b = sumEntries([4, -5]);
  assertEquals(mergeSums(null, a), a);
  const { mean, squaredDeviations, ...others } = mergeSums(a, b);
  const whole = sumEntries([1, 2, 4, -5]);
  assertAlmostEquals(mean, whole.mean);
  assertAlmostEquals(squaredDeviations, whole.squaredDeviations);
  assertEquals({ ...whole, ...others }, whole);
  const exponents = Float64Array.from([1, 2]);
  const both = mergeSums({ ...a, exponents }, { ...b, exponents: Float64Array.from([10, 20]) });
  assertEquals(both.exponents, Float64Array.from([11, 22]));
  assertEquals("exponents" in mergeSums({ ...a, exponents }, b), false);
  assertEquals("exponents" in mergeSums(a, { ...b, exponents }), false);
  const bins = { limit: 2, counts: [1] };
  assertEquals(mergeSums({ ...a, bins }, b).bins, bins);
  assertEquals(mergeSums(a, { ...b, bins }).bins, bins);
  assertEquals("bins" in mergeSums(a, b), false);
});

/** The histogram of tensors with these numbers of entries by exponent. */
const histogram = (counts: Record<number, number>, zeros = 0) =>
  figuresOf({
    ...sumEntries([1]),
    zeros,
    exponents: Float64Array.from({ length: 256 }, (_, exponent) => counts[exponent] ?? 0),
  }).exponents!;

Deno.test("figuresOf() trims exponents to those that occur, and counts those beyond half precision", () => {
  const first = SMALLEST + 127;
  const last = LARGEST + 127;
  const { counts, ...rest } = histogram({
    0: 4,
    [first - 1]: 3,
    [first]: 1,
    [first + 2]: 2,
    [last]: 5,
    [last + 1]: 6,
    254: 1,
    255: 7,
  }, 1);
  assertEquals(rest, { zeros: 1, nonFinite: 7, under: 6, from: SMALLEST, over: 7 });
  assertEquals([counts.length, counts[0], counts[2], counts.at(-1)], [last - first + 1, 1, 2, 5]);
  assertEquals(histogram({ 127: 3, 128: 1 }), {
    zeros: 0,
    nonFinite: 0,
    under: 0,
    from: 0,
    counts: [3, 1],
    over: 0,
  });
  const least = histogram({ [first]: 2 });
  assertEquals([least.from, least.counts], [SMALLEST, [2]]);
  assertEquals(histogram({ 0: 9 }, 9), {
    zeros: 9,
    nonFinite: 0,
    under: 0,
    from: 0,
    counts: [],
    over: 0,
  });
  const zeros = exponentsOfZeros(5);
  assertEquals([zeros.length, zeros[0], zeros.findLastIndex((count) => count > 0)], [256, 5, 0]);
});

Deno.test("sumTensor() sums up a run of a tensor of floats, or of whole numbers", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const heap = heapOf(engine);
  for (const dtype of ["float32", "int32"] as const) {
    const tensor = tf.tensor1d([9, 1, 2, 9, 9], dtype);
    assertEquals(sumTensor(heap, tensor, 1, 2).sumSquares, 5);
    assertEquals(sumTensor(heap, tensor).sumSquares, 248);
    tensor.dispose();
  }
});
