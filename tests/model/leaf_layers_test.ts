import { assertEquals } from "@std/assert";
import { startEngine } from "../../src/engine/mod.ts";
import { leafLayers } from "../../src/model/layers/leaf_layers.ts";

const { tf } = await startEngine();

Deno.test("leafLayers() descends into nested models, wrappers and none of the RNN layers", () => {
  const encoder = tf.sequential({
    name: "encoder",
    layers: [
      tf.layers.timeDistributed({
        name: "steps",
        layer: tf.layers.dense({ name: "inner", units: 3 }),
        inputShape: [5, 4],
      }),
      tf.layers.bidirectional({
        name: "both",
        layer: tf.layers.lstm({ name: "lstm", units: 2 }) as never,
        mergeMode: "concat",
      }),
    ],
  });
  const model = tf.sequential({ layers: [encoder, tf.layers.dense({ name: "head", units: 1 })] });
  assertEquals(leafLayers(model).map(({ path, layer }) => [path, layer.getClassName()]), [
    ["encoder/steps/inner", "Dense"],
    ["encoder/both/forward_lstm", "LSTM"],
    ["encoder/both/backward_lstm", "LSTM"],
    ["head", "Dense"],
  ]);
  model.dispose();
});

Deno.test("leafLayers() lists a shared layer once, in topological order, and no input layer", () => {
  const shared = tf.layers.dense({ name: "shared", units: 3 });
  const left = tf.input({ shape: [3], name: "left" });
  const right = tf.input({ shape: [3], name: "right" });
  const joined = tf.layers.add({ name: "joined" }).apply(
    [shared.apply(left), shared.apply(right)] as never[],
  );
  const output = tf.layers.dense({ name: "head", units: 1 }).apply(joined) as never;
  const model = tf.model({ inputs: [left, right], outputs: output });
  assertEquals(leafLayers(model).map(({ path }) => path), ["shared", "joined", "head"]);
  model.dispose();
});

Deno.test("leafLayers() lists the layers of a nested model that two branches share once", () => {
  const tower = tf.sequential({
    name: "tower",
    layers: [tf.layers.dense({ name: "dense", units: 3, inputShape: [3] })],
  });
  const left = tf.input({ shape: [3] });
  const right = tf.input({ shape: [3] });
  const output = tf.layers.add({ name: "sum" }).apply(
    [tower.apply(left), tower.apply(right)] as never[],
  ) as never;
  const model = tf.model({ inputs: [left, right], outputs: output });
  assertEquals(leafLayers(model).map(({ path }) => path), ["tower/dense", "sum"]);
  model.dispose();
});

Deno.test("leafLayers() keeps paths apart when a name contains the separator", () => {
  const nested = tf.sequential({
    name: "a",
    layers: [tf.layers.dense({ name: "b", units: 2, inputShape: [2] })],
  });
  const model = tf.sequential({ layers: [nested, tf.layers.dense({ name: "a/b", units: 1 })] });
  assertEquals(leafLayers(model).map(({ path }) => path), ["a/b", "a/b_2"]);
  model.dispose();
});

/** A wrapper with or without a weight of its own. */
class Wrapper extends tf.layers.Layer {
  static className = "TestWrapper";
  constructor(readonly layer: ReturnType<typeof tf.layers.dense>, readonly own: boolean) {
    super({ name: own ? "scaled" : "plain" });
  }
  override build(shape: number[]) {
    this.layer.build(shape);
    this.layer.built = true;
    if (this.own) {
      this.addWeight("scale", [1], "float32", tf.initializers.ones());
    } else {
      (this as unknown as { _trainableWeights: unknown[] })._trainableWeights = [
        ...this.layer.weights,
      ];
    }
    this.built = true;
  }
  override computeOutputShape(shape: number[]) {
    return this.layer.computeOutputShape(shape);
  }
}

Deno.test("leafLayers() descends into a custom wrapper unless it has weights of its own", () => {
  const model = tf.sequential({
    layers: [
      tf.layers.reshape({ name: "in", targetShape: [3], inputShape: [3] }),
      new Wrapper(tf.layers.dense({ name: "dense", units: 3 }), false),
      new Wrapper(tf.layers.dense({ name: "dense", units: 3 }), true),
    ],
  });
  assertEquals(leafLayers(model).map(({ path }) => path), ["in", "plain/dense", "scaled"]);
  model.dispose();
});

Deno.test("leafLayers() numbers unnamed layers within their container, whatever was built before", () => {
  for (let time = 0; time < 3; time++) {
    const inner = tf.sequential({
      layers: [
        tf.layers.dense({ units: 2, inputShape: [3, 2] }),
        tf.layers.dense({ units: 2 }),
        tf.layers.bidirectional({ layer: tf.layers.gru({ units: 2 }) as never }),
      ],
    });
    const model = tf.sequential({
      layers: [
        inner,
        tf.layers.dense({ name: "dense_1", units: 2 }),
        tf.layers.dense({ units: 2 }),
        tf.layers.leakyReLU(),
        tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [2] })] }),
      ],
    });
    assertEquals(leafLayers(model).map(({ path }) => path), [
      "sequential_1/dense_1",
      "sequential_1/dense_2",
      "sequential_1/bidirectional_1/forward_gru_1",
      "sequential_1/bidirectional_1/backward_gru_1",
      "dense_1",
      "dense_2",
      "leaky_re_lu_1",
      "sequential_2/dense_1",
    ]);
    model.dispose();
  }
});
