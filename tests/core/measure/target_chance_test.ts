import { assert, assertEquals } from "@std/assert";
import { startEngine } from "../../../src/engine/mod.ts";
import { heapOf } from "../../../src/engine/start/prepare_engine.ts";
import { targetChance } from "../../../src/core/measure/target_chance.ts";
import { SeededRandom } from "../../../src/core/model/batches/seeded_random.ts";

const engine = await startEngine();
const { tf } = engine;
const heap = heapOf(engine);

/** Chance of targets for normal inputs, where `answer` computes the target of an example. */
function chanceOf(
  answer: (inputs: number[], i: number) => number[],
  { examples = 32, features = 6, areClasses = false } = {},
): number | null {
  const random = new SeededRandom(3, "rows");
  const rows = Array.from(
    { length: examples },
    () => Array.from({ length: features }, () => random.normal()),
  );
  const inputs = tf.tensor2d(rows);
  const targets = tf.tensor2d(rows.map(answer));
  try {
    return targetChance(heap, [inputs], { targets, areClasses });
  } finally {
    tf.dispose([inputs, targets]);
  }
}

const noise = new SeededRandom(5, "noise");
const unrelated = Array.from({ length: 200 }, () => noise.normal());

Deno.test("targetChance() has no doubt about targets that depend on the inputs", () => {
  assertEquals(chanceOf(([a, b]) => [a + 2 * b]), null);
  assertEquals(chanceOf(([a]) => [Number(a > 0)]), null);
  assertEquals(chanceOf(([a]) => a > 0 ? [1, 0] : [0, 1]), null);
  assertEquals(chanceOf((inputs) => inputs), null);
  assertEquals(chanceOf(([a]) => [Math.floor(2 * a) + 50], { areClasses: true }), null);
});

Deno.test("targetChance() says how many random orders fit as well as shuffled targets", () => {
  for (const examples of [16, 32, 100]) {
    assert(chanceOf((_, i) => [unrelated[i]], { examples })! > 0.1);
  }
  // If targets depend on combinations alone, near inputs do not have near targets.
  assert(chanceOf((row) => [Number(row.filter((x) => x > 0).length % 2)])! > 0.1);
});

Deno.test("targetChance() gives one of independent draws each share as often", () => {
  const seen = Array.from({ length: 60 }, (_, trial) => {
    const random = new SeededRandom(trial, "targets");
    return chanceOf(() => [random.normal()]) ?? 0;
  });
  // Uniform between 0 and 1, by the definition of a permutation test: 6 of 60 are at most 0.1.
  const few = seen.filter((chance) => chance <= 0.1).length;
  assert(few >= 1 && few <= 13, `${few}`);
  const half = seen.filter((chance) => chance > 0.5).length;
  assert(half >= 20 && half <= 40, `${half}`);
});

Deno.test("targetChance() does not tell from few examples, nor from targets nearly all alike", () => {
  assertEquals(chanceOf((_, i) => [unrelated[i]], { examples: 15 }), null);
  assert(chanceOf((_, i) => [Number(i % 4 === 0)]) !== null);
  assertEquals(chanceOf((_, i) => [Number(i % 5 === 0)]), null);
  assertEquals(chanceOf(() => [1]), null);
  assertEquals(chanceOf((_, i) => [i === 3 ? NaN : unrelated[i]]), null);
});

Deno.test("targetChance() does not depend on the scale of a feature", () => {
  const scaled = ([a]: number[], i: number) => [1e6 * a + unrelated[i]];
  assertEquals(chanceOf(scaled), null);
});

/** Distances between rows, whose columns are scaled to a deviation of 1, or between classes. */
function distancesBetween(rows: number[][], areClasses: boolean): number[][] {
  if (areClasses) {
    return rows.map(([a]) => rows.map(([b]) => a === b ? 0 : Math.SQRT2));
  }
  const columns = rows[0].map((_, j) => rows.map((row) => row[j])).flatMap((column) => {
    const mean = column.reduce((sum, x) => sum + x, 0) / column.length;
    const std = Math.sqrt(column.reduce((sum, x) => sum + (x - mean) ** 2, 0) / column.length);
    return std === 0 ? [] : [column.map((x) => x / std)];
  });
  return rows.map((_, a) =>
    rows.map((_, b) => Math.hypot(...columns.map((column) => column[a] - column[b])))
  );
}

/** The share by its definition: distances of the inputs, centred, times those of the targets. */
function expectedChance(inputs: number[][], targets: number[][], areClasses: boolean): number {
  const given = distancesBetween(inputs, false);
  const means = given.map((row) => row.reduce((sum, x) => sum + x, 0) / row.length);
  const mean = means.reduce((sum, x) => sum + x, 0) / means.length;
  const apart = distancesBetween(targets, areClasses);
  const fit = (order: number[]) =>
    given.reduce(
      (sum, row, a) =>
        row.reduce(
          (sum, x, b) => sum + (x - means[a] - means[b] + mean) * apart[order[a]][order[b]],
          sum,
        ),
      0,
    );
  const own = inputs.map((_, i) => i);
  const random = new SeededRandom(0, "orders of the targets");
  const orders = Array.from({ length: 199 }, () => {
    const order = [...own];
    for (let i = order.length - 1; i > 0; i--) {
      const j = random.integer(i + 1);
      order.splice(i, 1, ...order.splice(j, 1, order[i]));
    }
    return order;
  });
  const least = fit(own);
  return (1 + orders.filter((order) => fit(order) >= least - 1e-9 * Math.abs(least)).length) / 200;
}

/** Compares the chance of some rows with the definition. */
function requireChance(
  inputs: number[][],
  targets: number[][],
  { areClasses = false, compared = inputs.length }: { areClasses?: boolean; compared?: number } =
    {},
) {
  const given = [tf.tensor2d(inputs), tf.tensor2d(targets)];
  const chance = targetChance(heap, [given[0]], { targets: given[1], areClasses });
  tf.dispose(given);
  const expected = expectedChance(
    inputs.slice(0, compared),
    targets.slice(0, compared),
    areClasses,
  );
  assert(expected > 0.1, `${expected}`);
  assertEquals(chance, expected);
}

/** Normal numbers, as many as given in each row. */
function normal(rows: number, width: number, seed: number): number[][] {
  const random = new SeededRandom(seed, "chance");
  return Array.from(
    { length: rows },
    () => Array.from({ length: width }, () => Math.fround(random.normal())),
  );
}

Deno.test("targetChance() is the share of 199 orders and the given one that fit as well, of 64 examples", () => {
  requireChance(normal(16, 3, 1), normal(16, 2, 12));
  requireChance(normal(40, 2, 3), normal(40, 1, 4));
  requireChance(normal(70, 2, 5), normal(70, 1, 6), { compared: 64 });
  // A constant feature says nothing.
  requireChance(normal(20, 2, 7).map(([a, b]) => [a, 3, b]), normal(20, 1, 8));
  const classes = normal(30, 1, 9).map(([x]) => [Math.round(x)]);
  requireChance(normal(30, 2, 10), classes, { areClasses: true });
});

Deno.test("targetChance() compares at most 4096 entries of an example, at equal distances", () => {
  const wide = normal(16, 4097, 13);
  const given = [tf.tensor2d(wide), tf.tensor2d(normal(16, 1, 14))];
  const every = tf.tensor2d(wide.map((row) => row.filter((_, i) => i % 2 === 0)));
  const chance = (inputs: typeof every) =>
    targetChance(heap, [inputs], { targets: given[1], areClasses: false });
  assertEquals(chance(given[0]), chance(every));
  tf.dispose([...given, every]);
});
