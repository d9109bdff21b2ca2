import { assertEquals } from "@std/assert";
import { startEngine } from "../../../src/engine/start/start_engine.ts";
import type { LayersModel, Tensor, TensorFlow } from "../../../src/engine/tensorflow.ts";
import { measure } from "../../../src/core/measure/measure.ts";
import { randomBatch } from "../../../src/core/model/batches/random_batch.ts";

/** Returns the measured heads of each layer of a model. */
async function headsOf(create: (tf: TensorFlow) => LayersModel) {
  await using engine = await startEngine();
  const model = create(engine.tf);
  const batch = randomBatch(model, { examples: 4 });
  const { layers } = await measure(model, batch);
  engine.tf.dispose([batch.inputs]);
  model.dispose();
  return Object.fromEntries(layers.map(({ name, heads }) => [name, heads]));
}

function chain(tf: TensorFlow, x: Tensor, names: string[]): Tensor {
  return names.reduce(
    (below, name) => tf.layers.dense({ name, units: 3, activation: "tanh" }).apply(below) as Tensor,
    x,
  );
}

Deno.test("measure() says which head each layer leads to, and nothing where it is all of them", async () => {
  const heads = await headsOf((tf) => {
    const input = tf.input({ shape: [4] });
    const trunk = chain(tf, input as unknown as Tensor, ["trunk"]);
    const a = tf.layers.softmax({ name: "softmax" })
      .apply(chain(tf, trunk, ["a_1", "a_2"])) as Tensor;
    const outputs = [a, chain(tf, trunk, ["b_1", "b_2"])] as unknown as (typeof input)[];
    return tf.model({ inputs: input, outputs });
  });
  assertEquals(heads, {
    ...heads,
    trunk: undefined,
    a_1: ["a_2"],
    a_2: ["a_2"],
    softmax: ["a_2"],
    b_1: ["b_2"],
    b_2: ["b_2"],
  });
});

Deno.test("measure() tells heads apart that are joined after their kernels, and nested ones", async () => {
  const heads = await headsOf((tf) => {
    const part = (name: string) => {
      const inside = tf.input({ shape: [3] });
      const outside = chain(tf, inside as unknown as Tensor, ["low", "top"]);
      return tf.model({ name, inputs: inside, outputs: outside as unknown as typeof inside });
    };
    const input = tf.input({ shape: [4] });
    const trunk = chain(tf, input as unknown as Tensor, ["trunk"]) as unknown as typeof input;
    const both = [part("a"), part("b")].map((model) => model.apply(trunk)) as (typeof input)[];
    const joined = tf.layers.concatenate({ name: "joined" }).apply(both) as typeof input;
    return tf.model({ inputs: input, outputs: joined });
  });
  assertEquals([heads["a/low"], heads["a/top"]], [["a/top"], ["a/top"]]);
  assertEquals([heads["b/low"], heads["b/top"]], [["b/top"], ["b/top"]]);
  assertEquals([heads.trunk, heads.joined], [undefined, undefined]);
});

Deno.test("measure() names no heads in a model with one, in either style", async () => {
  const heads = await headsOf((tf) =>
    tf.sequential({
      layers: [
        tf.layers.dense({ name: "dense_1", units: 3, inputShape: [4] }),
        tf.layers.activation({ name: "activation_1", activation: "tanh" }),
        tf.layers.dense({ name: "dense_2", units: 2 }),
        tf.layers.activation({ name: "activation_2", activation: "softmax" }),
      ],
    })
  );
  assertEquals(Object.values(heads).filter((names) => names !== undefined), []);
});
