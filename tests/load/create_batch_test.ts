import { assert, assertEquals, assertRejects } from "@std/assert";
import { assertRefusedLater } from "../assert_refused.ts";
import { startEngine, type Tensor } from "../../src/engine/mod.ts";
import { loadModel, ModelError, type Objective } from "../../src/entry/model.ts";
import { SEEDED, withModule } from "../core/model/with_module.ts";

const { tf } = await startEngine();

const batches: [what: string, batch: string, found: string, expected: string][] = [
  [
    "nothing",
    "undefined",
    "a value without tensors",
    "{ inputs, targets } of tensors or arrays of tensors",
  ],
  [
    "arrays",
    "{ inputs: [[1, 2]] }",
    "a value without tensors",
    "{ inputs, targets } of tensors or arrays of tensors",
  ],
  [
    "targets that are no tensors",
    "{ inputs: tf.ones([2, 2]), targets: [1] }",
    "a value without tensors",
    "{ inputs, targets } of tensors or arrays of tensors",
  ],
  [
    "too many inputs",
    "{ inputs: [tf.ones([2, 2]), tf.ones([2, 2])] }",
    "2 inputs",
    "the 1 of the model",
  ],
  [
    "inputs of another shape",
    "{ inputs: tf.ones([2, 3]) }",
    "inputs of shape [2, 3]",
    "[any, 2] as the model takes",
  ],
  [
    "no example",
    "{ inputs: tf.ones([0, 2]) }",
    "inputs of shape [0, 2]",
    "[any, 2] as the model takes",
  ],
  [
    "targets of other examples",
    "{ inputs: tf.ones([3, 2]), targets: tf.ones([2, 1]) }",
    "tensors of 3 and of 2 examples",
    "the same number",
  ],
  [
    "targets of another shape",
    "{ inputs: tf.ones([2, 2]), targets: tf.ones([2, 3]) }",
    "targets of shape [2, 3]",
    "[any, 1] as the model outputs",
  ],
  [
    "too many targets",
    "{ inputs: tf.ones([2, 2]), targets: [tf.ones([2, 1]), tf.ones([2, 1])] }",
    "2 targets",
    "one for each of the model's 1 outputs",
  ],
];
for (const [what, batch, found, expected] of batches) {
  Deno.test(`loadModel() refuses a batch of ${what}, and disposes it`, async () => {
    const text = `export const createModel = ${SEEDED}
      export const createBatch = ({ tf }: any) => (${batch});`;
    await withModule(text, async (path) => {
      const { model, createBatch } = await loadModel(path);
      const tensors = tf.memory().numTensors;
      const place = `${path}: createBatch`;
      await assertRefusedLater(() => createBatch!(2, 0), { place, found, expected }, ModelError);
      assertEquals(tf.memory().numTensors, tensors);
      model.dispose();
    });
  });
}

Deno.test("createBatch() takes the targets that the objective takes", async () => {
  const text = `export const createModel = ({ tf }: any) =>
      tf.sequential({ layers: [tf.layers.dense({ units: 3, inputShape: [2] })] });
    let made = 0;
    const shapes = [[2], [2, 1], [2, 3], [2, 4]];
    export const createBatch = ({ tf }: any) =>
      ({ inputs: tf.ones([2, 2]), targets: tf.zeros(shapes[made++ % 4]) });`;
  await withModule(text, async (path) => {
    const { model, createBatch } = await loadModel(path);
    const fit = async (objective?: Objective) => {
      const taken: boolean[] = [];
      for (let i = 0; i < 4; i++) {
        try {
          const { inputs, targets } = await createBatch!(2, 0, objective);
          tf.dispose([inputs, targets] as Tensor[]);
          taken.push(true);
        } catch (error) {
          assert(error instanceof ModelError);
          taken.push(false);
        }
      }
      return taken;
    };
    assertEquals(await fit(), [true, true, true, false]);
    assertEquals(await fit("meanSquaredError"), [false, false, true, false]);
    assertEquals(await fit("sparseCategoricalCrossentropy"), [true, true, false, false]);
    assertEquals(await fit(() => tf.scalar(0)), [true, true, true, true]);
    model.dispose();
  });
});

Deno.test("loadModel() says so when createBatch throws", async () => {
  const text = `export const createModel = ${SEEDED}
    export const createBatch = () => { throw new RangeError("only 64 digits"); };`;
  await withModule(text, async (path) => {
    const { model, createBatch } = await loadModel(path);
    const { message } = await assertRejects(() => createBatch!(99, 0), ModelError);
    assertEquals(message, `${path}: createBatch threw: only 64 digits, at ${path}:8:46`);
    model.dispose();
  });
});
