import { assert, assertEquals } from "@std/assert";
import { startEngine } from "../../src/engine/mod.ts";
import { heapOf } from "../../src/engine/start/prepare_engine.ts";
import { targetChance } from "../../src/measure/target_chance.ts";
import { SeededRandom } from "../../src/model/batches/seeded_random.ts";

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
  // Of what depends on combinations alone, no near inputs have near targets.
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
