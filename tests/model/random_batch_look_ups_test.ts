import { assert, assertEquals } from "@std/assert";
import type { LayersModel } from "../../src/engine/mod.ts";
import { startEngine } from "../../src/engine/mod.ts";
import { draw } from "./draw_batch.ts";

const { tf } = await startEngine();

/** Models that look whole numbers up, and the smallest and largest that they take. */
const lookUps: Record<string, [() => LayersModel, number, number]> = {
  "an embedding": [
    () => tf.sequential({ layers: [embedding(5, { inputLength: 40 })] }),
    0,
    4,
  ],
  "an embedding that masks 0": [
    () => tf.sequential({ layers: [embedding(5, { inputLength: 40, maskZero: true })] }),
    1,
    4,
  ],
  "an embedding behind a reshape": [
    () =>
      tf.sequential({
        layers: [tf.layers.reshape({ targetShape: [8, 5], inputShape: [40] }), embedding(3)],
      }),
    0,
    2,
  ],
  "an embedding in a nested model": [
    () => {
      const inner = tf.sequential({ layers: [embedding(4, { inputLength: 40 })] });
      const input = tf.input({ shape: [40] });
      return tf.model({ inputs: input, outputs: inner.apply(input) as never });
    },
    0,
    3,
  ],
  "an embedding behind the second input of a nested model": [
    () => {
      const inputs = [tf.input({ shape: [4] }), tf.input({ shape: [40] })];
      const outputs = [inputs[0], embedding(4).apply(inputs[1])] as never[];
      const inner = tf.model({ inputs, outputs });
      const tokens = tf.input({ shape: [40] });
      const other = tf.input({ shape: [4] });
      return tf.model({
        inputs: [tokens, other],
        outputs: inner.apply([other, tokens]) as never[],
      });
    },
    0,
    3,
  ],
  "an embedding in a sequential model in a sequential model": [
    () =>
      tf.sequential({
        layers: [
          tf.sequential({ layers: [embedding(4, { inputLength: 40 })] }),
          tf.layers.flatten(),
        ],
      }),
    0,
    3,
  ],
  "an embedding in a model that is called on its own inputs": [
    () => {
      const input = tf.input({ shape: [40] });
      const encoder = tf.model({ inputs: input, outputs: embedding(4).apply(input) as never });
      return tf.model({
        inputs: encoder.inputs,
        outputs: tf.layers.flatten().apply(encoder.apply(encoder.inputs)) as never,
      });
    },
    0,
    3,
  ],
  "a wrapped embedding": [
    () =>
      tf.sequential({
        layers: [tf.layers.timeDistributed({ layer: embedding(3), inputShape: [8, 5] })],
      }),
    0,
    2,
  ],
  "two embeddings": [
    () => {
      const input = tf.input({ shape: [40] });
      return tf.model({
        inputs: input,
        outputs: [embedding(6).apply(input), embedding(3).apply(input)] as never[],
      });
    },
    0,
    2,
  ],
};

function embedding(inputDim: number, more: Record<string, unknown> = {}) {
  return tf.layers.embedding({ inputDim, outputDim: 2, ...more });
}

for (const [name, [create, from, last]] of Object.entries(lookUps)) {
  Deno.test(`randomBatch() draws whole numbers in range for ${name}`, () => {
    const model = create();
    const { values } = draw(model)[0];
    assertEquals(Math.min(...values), from);
    assertEquals(Math.max(...values), last);
    assert(values.every(Number.isInteger));
    model.dispose();
  });
}

Deno.test("randomBatch() draws whole numbers for that input of a nested model alone that is looked up", () => {
  const inner = [tf.input({ shape: [4] }), tf.input({ shape: [40] })];
  const deepest = tf.sequential({ layers: [embedding(4, { inputLength: 40 })] });
  const outputs = [inner[0], deepest.apply(inner[1])] as never[];
  const nested = tf.model({ inputs: inner, outputs });
  const inputs = [tf.input({ shape: [4] }), tf.input({ shape: [40] })];
  const model = tf.model({ inputs, outputs: nested.apply(inputs) as never[] });
  const [numbers, tokens] = draw(model);
  assert(!numbers.values.some(Number.isInteger));
  assertEquals(new Set(tokens.values), new Set([0, 1, 2, 3]));
  model.dispose();
});
