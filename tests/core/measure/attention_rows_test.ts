import { assertAlmostEquals, assertEquals } from "@std/assert";
import fc from "fast-check";
import { meanOverRows, sumAttentionRows } from "../../../src/core/measure/attention_rows.ts";

/** The softmax of each row of scores, of the keys that a mask leaves. */
function softmaxOf(scores: readonly number[][], isSeen: (row: number, key: number) => boolean) {
  return scores.map((row, i) => {
    const powers = row.map((z, key) => isSeen(i, key) ? Math.exp(z) : 0);
    const sum = powers.reduce((total, power) => total + power, 0);
    return powers.map((power) => power / sum);
  });
}

const view = (scores: readonly number[][], weights: readonly number[][], mask?: number[]) => ({
  weights: weights.flat(),
  scores: scores.flat(),
  queries: [scores.length],
  keys: scores[0].length,
  ...mask === undefined ? {} : { mask: { values: mask, shape: [scores.length, scores[0].length] } },
});

Deno.test("sumAttentionRows() is 1 for uniform rows and 0 for one-hot ones, whatever their length", () => {
  for (const keys of [2, 7, 64]) {
    const zeros = [Array(keys).fill(0)];
    const uniform = [Array(keys).fill(1 / keys)];
    const oneHot = [Array.from({ length: keys }, (_, i) => i === 1 ? 1 : 0)];
    const { entropy, ...rest } = meanOverRows(sumAttentionRows(view(zeros, uniform)))!;
    assertAlmostEquals(entropy, 1, 1e-12);
    assertEquals(rest, { oneHot: 0, keys, rows: 1 });
    const certain = meanOverRows(sumAttentionRows(view(zeros, oneHot)));
    assertEquals(certain, { entropy: 0, oneHot: 1, keys, rows: 1 });
  }
});

Deno.test("sumAttentionRows() counts a row as one-hot from 0.95 on", () => {
  const share = (largest: number) =>
    meanOverRows(sumAttentionRows(view([[0, 0]], [[largest, 1 - largest]])))!.oneHot;
  assertEquals([share(0.949), share(0.95)], [0, 1]);
});

Deno.test("sumAttentionRows() has the entropy over the keys that are not masked, however they are masked", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 2, max: 6 }),
      fc.infiniteStream(fc.double({ min: -3, max: 3, noNaN: true })),
      (keys, stream) => {
        const scores = Array.from({ length: keys }, () => [...stream.take(keys)]);
        // A causal mask, of which the first row has one key and no choice.
        const isSeen = (row: number, key: number) => key <= row;
        const weights = softmaxOf(scores, isSeen);
        const mask = scores.flatMap((row, i) => row.map((_, key) => isSeen(i, key) ? 1 : 0));
        const expected = weights.slice(1).map((row) =>
          -row.reduce((sum, w) => w > 0 ? sum + w * Math.log(w) : sum, 0)
        );
        const mean = expected.reduce((sum, entropy, i) => sum + entropy / Math.log(i + 2), 0) /
          (keys - 1);
        const found = meanOverRows(sumAttentionRows(view(scores, weights, mask)))!;
        assertAlmostEquals(found.entropy, mean, 1e-12);
        assertEquals(found.rows, keys - 1);
        const added = scores.map((row, i) => row.map((z, key) => isSeen(i, key) ? z : z - 1e9));
        assertEquals(meanOverRows(sumAttentionRows(view(added, weights))), found);
      },
    ),
  );
});

Deno.test("sumAttentionRows() spreads a mask over the axes that it has no entries for", () => {
  // Two examples, two heads, two queries, three keys; the second example has two keys.
  const scores = Array(24).fill(0);
  const weights = [...Array(12).fill(1 / 3), ...Array(4).fill([0.5, 0.5, 0]).flat()];
  const found = meanOverRows(sumAttentionRows({
    scores,
    weights,
    queries: [2, 2, 2],
    keys: 3,
    mask: { values: [1, 1, 1, 1, 1, 0], shape: [2, 1, 1, 3] },
  }))!;
  assertAlmostEquals(found.entropy, 1, 1e-12);
  assertEquals([found.keys, found.rows], [2.5, 8]);
});

Deno.test("sumAttentionRows() leaves out queries that a mask without an axis of keys leaves out", () => {
  const found = meanOverRows(sumAttentionRows({
    scores: Array(9).fill(0),
    weights: [1, 0, 0, 0.5, 0.5, 0, 0, 0, 1],
    queries: [3],
    keys: 3,
    mask: { values: [1, 0, 1], shape: [3, 1] },
  }));
  assertEquals(found, { entropy: 0, oneHot: 1, keys: 3, rows: 2 });
});

Deno.test("sumAttentionRows() leaves out rows that are no numbers, and meanOverRows() says nothing of none", () => {
  assertEquals(meanOverRows(sumAttentionRows(view([[0, 0]], [[NaN, 1]]))), null);
  assertEquals(meanOverRows(sumAttentionRows(view([[0]], [[1]]))), null);
  assertEquals(meanOverRows(null), null);
});

Deno.test("sumAttentionRows() takes 1024 of more rows, from all places of a sequence", () => {
  // The first of each 16 queries is one-hot: a sample in step with them would see all or none.
  const queries = [64, 4, 16];
  const weights = Array.from({ length: 4096 }, (_, row) => row % 16 === 0 ? [1, 0] : [0.5, 0.5]);
  const { entropy, rows } = meanOverRows(sumAttentionRows({
    scores: Array(8192).fill(0),
    weights: weights.flat(),
    queries,
    keys: 2,
  }))!;
  assertEquals(rows, 1024);
  assertAlmostEquals(entropy, 15 / 16, 0.01);
});

Deno.test("sumAttentionRows() takes the same rows of a batch in parts as of the whole", () => {
  for (const total of [10, 1024, 1025, 3000]) {
    // Rows that can be told apart by their entropies.
    const rows = Array.from(
      { length: total },
      (_, i) => [0.5 + i / total / 2, 0.5 - i / total / 2],
    );
    const part = (first: number, end: number) =>
      sumAttentionRows(
        {
          weights: rows.slice(first, end).flat(),
          scores: Array(2 * (end - first)).fill(0),
          queries: [end - first],
          keys: 2,
        },
        { first, total },
      );
    const whole = part(0, total);
    assertEquals(whole.rows, Math.min(total, 1024));
    const cuts = [0, Math.floor(total / 3), total - 1, total];
    const parts = cuts.slice(1).map((end, i) => part(cuts[i], end));
    for (const key of ["rows", "keys", "oneHot", "entropy"] as const) {
      assertAlmostEquals(parts.reduce((sum, one) => sum + one[key], 0), whole[key], 1e-9, key);
    }
  }
});

Deno.test("sumAttentionRows() takes a score for masked from -1e8 down", () => {
  const keys = (score: number) =>
    meanOverRows(sumAttentionRows(view([[0, 0, score]], [[0.5, 0.5, 0]])))!.keys;
  assertEquals([-9e7, -1e8, -Infinity].map(keys), [3, 2, 2]);
});
