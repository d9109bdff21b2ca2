import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { type LayersModel, startEngine, type Tensor } from "../../../src/engine/mod.ts";
import { getWeights, type LoadedModel, loadModel, ModelError } from "../../../src/entry/model.ts";
import { DIGITS, loadDigits } from "../../../fixtures/digits.ts";

const { tf } = await startEngine();

const example = (name: string, seed?: number) =>
  loadModel(new URL(`../../../examples/${name}`, import.meta.url).pathname, { seed });

Deno.test("loadDigits() gives 64 pictures and their classes in turn", () => {
  const { inputs, targets, labels } = loadDigits();
  assertEquals([inputs.shape, targets.shape], [[64, 28, 28, 1], [64, 10]]);
  assertEquals(labels, Array.from({ length: DIGITS }, (_, i) => i % 10));
  const greys = [...inputs.dataSync()];
  assertEquals(greys.reduce((min, grey) => Math.min(min, grey)), 0);
  assertEquals(greys.reduce((max, grey) => Math.max(max, grey)), 1);
  const ink = greys.reduce((sum, grey) => sum + grey) / greys.length;
  assert(ink > 0.1 && ink < 0.2, `${ink}`);
  const rows = targets.arraySync() as number[][];
  rows.forEach((row, i) => assertEquals(row, row.map((_, j) => j === labels[i] ? 1 : 0)));
  tf.dispose([inputs, targets]);
});

/** Share of the digits that a model names, and its mean cross entropy. */
function judge(model: LayersModel) {
  return tf.tidy(() => {
    const { inputs, labels } = loadDigits();
    const rows = (model.predict(inputs) as Tensor).arraySync() as number[][];
    const right = rows.filter((row, i) => row.indexOf(Math.max(...row)) === labels[i]).length;
    const loss = rows.reduce((sum, row, i) => sum - Math.log(row[labels[i]]), 0) / rows.length;
    return { right: right / rows.length, loss };
  });
}

async function batchOf({ createBatch }: LoadedModel, examples: number, seed: number) {
  const { inputs, targets } = await createBatch!(examples, seed);
  const read = [inputs, targets].map((tensor) => (tensor as Tensor).arraySync() as number[][]);
  tf.dispose([inputs, targets].flat() as Tensor[]);
  return read;
}

Deno.test("examples/digits.ts is untrained, knows its objective and batches by seed", async () => {
  const loaded = await example("digits.ts");
  assertEquals([loaded.name, loaded.objective], ["digits", "categoricalCrossentropy"]);
  const { loss } = judge(loaded.model);
  assert(Math.abs(loss - Math.log(10)) < 1, `${loss}`);
  const [inputs, targets] = await batchOf(loaded, 32, 0);
  assertEquals([inputs.length, targets.length], [32, 32]);
  assertEquals(targets.map((row) => row.indexOf(1)).slice(0, 12), [
    0,
    1,
    2,
    3,
    4,
    5,
    6,
    7,
    8,
    9,
    0,
    1,
  ]);
  assertEquals(await batchOf(loaded, 32, 0), [inputs, targets]);
  const [other] = await batchOf(loaded, 32, 1);
  assert(JSON.stringify(other) !== JSON.stringify(inputs));
  assertEquals((await batchOf(loaded, 64, -3))[0].length, 64);
  const { message } = await assertRejects(() => loaded.createBatch!(65, 0), ModelError);
  assertMatch(message, /createBatch threw: there are 64 digits, not 65, at .*digits.ts:\d+:\d+$/);
  const again = await loaded.recreate!(0);
  assertEquals(getWeights(again), getWeights(loaded.model));
  again.dispose();
  loaded.model.dispose();
});

Deno.test("examples/digits_trained.ts has learnt the digits, the same each time", async () => {
  const before = tf.memory().numTensors;
  const loaded = await example("digits_trained.ts", 1);
  const { right, loss } = judge(loaded.model);
  assert(right === 1 && loss < 0.1, `${right}, ${loss}`);
  const again = await loaded.recreate!(1);
  assertEquals(getWeights(again), getWeights(loaded.model));
  again.dispose();
  loaded.model.dispose();
  assertEquals(tf.memory().numTensors, before);
});
