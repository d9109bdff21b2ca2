import { assertEquals } from "@std/assert";
import { startEngine } from "../../../src/engine/start/start_engine.ts";
import type { Layer, LayersModel, TensorFlow } from "../../../src/engine/tensorflow.ts";
import { measure } from "../../../src/core/measure/measure.ts";
import { randomBatch } from "../../../src/core/model/batches/random_batch.ts";

type Tensor = LayersModel["inputs"][number];

/** Returns the measured inputs of each layer of a model. */
async function inputsOf(create: (tf: TensorFlow) => LayersModel) {
  await using engine = await startEngine();
  const model = create(engine.tf);
  const batch = randomBatch(model, { examples: 2 });
  const { layers } = await measure(model, batch);
  engine.tf.dispose(batch.inputs);
  model.dispose();
  return Object.fromEntries(layers.map(({ name, inputs }) => [name, inputs]));
}

const dense = (tf: TensorFlow, name: string) => tf.layers.dense({ name, units: 3 });
const on = (layer: Layer, ...below: Tensor[]) =>
  (layer.apply as (x: unknown) => unknown).call(
    layer,
    below.length === 1 ? below[0] : below,
  ) as Tensor;

Deno.test("measure() says what feeds each layer of a chain", async () => {
  const inputs = await inputsOf((tf) =>
    tf.sequential({
      layers: [
        tf.layers.dense({ name: "first", units: 3, inputShape: [2] }),
        tf.layers.activation({ name: "active", activation: "tanh" }),
        // Off the training it returns the very tensor that it is given.
        tf.layers.dropout({ name: "drop", rate: 0.5 }),
        tf.layers.dense({ name: "head", units: 1 }),
      ],
    })
  );
  assertEquals(inputs, { first: [], active: ["first"], drop: ["active"], head: ["drop"] });
});

Deno.test("measure() says what feeds residual additions, and names a layer once that is read twice", async () => {
  const inputs = await inputsOf((tf) => {
    const x = tf.input({ shape: [3] });
    const stem = on(dense(tf, "stem"), x);
    const branch = on(dense(tf, "b"), on(dense(tf, "a"), stem));
    const sum = on(tf.layers.add({ name: "sum" }), branch, stem);
    const square = on(tf.layers.multiply({ name: "square" }), sum, sum);
    const late = on(tf.layers.concatenate({ name: "late" }), x, square);
    return tf.model({ inputs: x, outputs: on(dense(tf, "head"), late) });
  });
  assertEquals(inputs, {
    stem: [],
    a: ["stem"],
    b: ["a"],
    sum: ["b", "stem"],
    square: ["sum"],
    late: ["square"],
    head: ["late"],
  });
});

Deno.test("measure() says what feeds each call of a shared layer, itself included", async () => {
  const inputs = await inputsOf((tf) => {
    const x = tf.input({ shape: [3] });
    const y = tf.input({ shape: [3] });
    const shared = dense(tf, "shared");
    const a = on(shared, on(dense(tf, "a"), x));
    const b = on(shared, on(dense(tf, "b"), y));
    const again = on(shared, a);
    return tf.model({
      inputs: [x, y],
      outputs: on(tf.layers.add({ name: "sum" }), b, again),
    });
  });
  assertEquals(inputs.a, []);
  assertEquals(inputs.b, []);
  assertEquals(inputs.shared?.toSorted(), ["a", "b", "shared"]);
  assertEquals(inputs.sum, ["shared"]);
});

Deno.test("measure() looks through nested models, to the layers that feed each of their inputs", async () => {
  const inputs = await inputsOf((tf) => {
    const u = tf.input({ shape: [3] });
    const v = tf.input({ shape: [3] });
    const inner = tf.model({
      inputs: [u, v],
      outputs: [on(dense(tf, "left"), u), on(dense(tf, "right"), v)],
      name: "inner",
    });
    const x = tf.input({ shape: [3] });
    const [left, right] = inner.apply([
      on(dense(tf, "a"), x),
      on(dense(tf, "b"), x),
    ]) as Tensor[];
    return tf.model({ inputs: x, outputs: [on(dense(tf, "p"), left), on(dense(tf, "q"), right)] });
  });
  assertEquals(inputs, {
    a: [],
    b: [],
    "inner/left": ["a"],
    "inner/right": ["b"],
    p: ["inner/left"],
    q: ["inner/right"],
  });
});

Deno.test("measure() looks through wrappers: both halves feed what follows, and slices come from below", async () => {
  const inputs = await inputsOf((tf) =>
    tf.sequential({
      layers: [
        tf.layers.dense({ name: "first", units: 3, inputShape: [4, 2] }),
        tf.layers.bidirectional({
          name: "both",
          layer: tf.layers.simpleRNN({ name: "rnn", units: 2, returnSequences: true }) as never,
          mergeMode: "concat",
        }),
        tf.layers.timeDistributed({ name: "steps", layer: dense(tf, "step") }),
        tf.layers.flatten({ name: "flat" }),
      ],
    })
  );
  const [forward, backward, step] = Object.keys(inputs).filter((name) => name.includes("/"));
  assertEquals(inputs, {
    first: [],
    [forward]: ["first"],
    [backward]: ["first"],
    [step]: [forward, backward],
    flat: [step],
  });
});

Deno.test("measure() says that a layer reads the states of another, and that parts read what their layer reads", async () => {
  const inputs = await inputsOf((tf) => {
    const x = tf.input({ shape: [4, 2] });
    const y = tf.input({ shape: [4, 2] });
    const encoder = tf.layers.lstm({ name: "encoder", units: 3, returnState: true });
    const [, h, c] = encoder.apply(on(dense(tf, "embed"), x)) as unknown as Tensor[];
    const decoder = tf.layers.lstm({ name: "decoder", units: 3 });
    const out = decoder.apply(y, { initialState: [h, c] } as never) as Tensor;
    return tf.model({ inputs: [x, y], outputs: on(dense(tf, "head"), out) });
  });
  assertEquals(inputs.encoder, ["embed"]);
  assertEquals(inputs["encoder/gates"], ["embed"]);
  assertEquals(inputs.decoder, ["encoder"]);
  assertEquals(inputs.head, ["decoder"]);
});
