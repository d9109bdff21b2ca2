import { assertEquals } from "@std/assert";
import { type Layer, type LayersModel, startEngine } from "../../../src/engine/mod.ts";
import { layerCalls } from "../../../src/keras/topology/require_graph.ts";
import { isDisposed } from "../../../src/core/model/require_model.ts";
import { isLeftover } from "../../../src/files/new_folder.ts";
import { frontLayers, leafLayers } from "../../../src/core/model/layers/leaf_layers.ts";
import { withFolder } from "./save_model.ts";

Deno.test("layerCalls() has how many tensors each layer takes and gives", () => {
  const of = (name: string, config = {}) => {
    const { first, isInput, fewest, most, tensors } = layerCalls(name, config);
    return [first, isInput, fewest, most, tensors];
  };
  const cases: [string, object, ...ReturnType<typeof of>][] = [
    ["Dense", {}, 0, false, 1, 1, 1],
    ["InputLayer", {}, 1, true, 0, 0, 1],
    ["Sequential", {}, 1, false, 1, 1, 1],
    ["Model", { input_layers: [1, 2], output_layers: [1, 2, 3] }, 1, false, 2, 2, 3],
    ["Functional", { inputLayers: [1], outputLayers: [1] }, 1, false, 1, 1, 1],
    ["LSTM", {}, 0, false, 1, Infinity, 3],
    ["ConvLSTM2D", {}, 0, false, 1, Infinity, 3],
    ["GRU", {}, 0, false, 1, Infinity, 2],
    ["SimpleRNN", {}, 0, false, 1, Infinity, 2],
    // Two directions of an LSTM: outputs together, or apart, and four states.
    ["Bidirectional", {}, 0, false, 1, Infinity, 6],
    ["RNN", {}, 0, false, 1, Infinity, Infinity],
    ["Attention", {}, 0, false, 2, 3, 1],
    ["AdditiveAttention", { return_attention_scores: false }, 0, false, 2, 3, 1],
    ["MultiHeadAttention", { return_attention_scores: true }, 0, false, 1, 7, 2],
    ["GroupQueryAttention", { returnAttentionScores: true }, 0, false, 1, 7, 2],
    ["Dot", {}, 0, false, 2, 2, 1],
    ["Subtract", {}, 0, false, 2, 2, 1],
    ["CustomScaleLayer", { scale: 0.17 }, 0, false, 2, 2, 1],
    ...["Add", "Average", "Concatenate", "Maximum", "Minimum", "Multiply"].map((
      name,
    ): [string, object, ...ReturnType<typeof of>] => [name, {}, 0, false, 2, Infinity, 1]),
    ["Custom", {}, 1, null, 1, Infinity, Infinity],
  ];
  for (const [name, config, ...expected] of cases) assertEquals(of(name, config), expected, name);
});

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

Deno.test("isDisposed() knows a model that was disposed of from one that lives, its weights read or not", async () => {
  await using engine = await startEngine({ threads: 1 });
  const { tf } = engine;
  const make = () => tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [2] })] });
  const used = make();
  const unused = make();
  const gone = make();
  used.getWeights()[0].dataSync();
  gone.dispose();
  assertEquals([used, unused, gone].map(isDisposed), [false, false, true]);
  used.dispose();
  unused.dispose();
});

Deno.test("isDisposed() knows a model whose weights alone were disposed of", async () => {
  await using engine = await startEngine({ threads: 1 });
  const { tf } = engine;
  const model = tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [2] })] });
  assertEquals(isDisposed(model), false);
  tf.disposeVariables();
  assertEquals(isDisposed(model), true);
});

Deno.test("isDisposed() takes a model for alive that outlives its engine", async () => {
  const engine = await startEngine({ threads: 1 });
  const { tf } = engine;
  const model = tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [2] })] });
  await engine[Symbol.asyncDispose]();
  assertEquals(isDisposed(model), false);
});

Deno.test("isLeftover() says whether anything would be lost with what lies at a path", () =>
  withFolder(async (folder) => {
    const path = `${folder}/found`;
    const leftover = async (content: string, beginning: string) => {
      await Deno.writeTextFile(path, content);
      return await isLeftover(path, beginning);
    };
    assertEquals(await isLeftover(path, "{"), true, "nothing is there");
    assertEquals(await leftover("", "{"), true);
    assertEquals(await leftover('{"a": 1}', '{"a"'), true);
    assertEquals(await leftover('{"', '{"a"'), true, "killed while it was writing");
    assertEquals(await leftover('{"b": 1}', '{"a"'), false);
    assertEquals(await leftover("x", ""), false);
    await Deno.remove(path);
    await Deno.mkdir(path);
    assertEquals(await isLeftover(path, ""), false, "a folder");
  }));

const names = (model: LayersModel, which?: "first" | "last") => {
  const found = frontLayers(model, () => true, which)
    .map((layers) => layers?.map(({ name }) => name) ?? null);
  model.dispose();
  return found;
};

const apply = (layer: Layer, tensor: unknown) => layer.apply(tensor as never) as never;

Deno.test("frontLayers() looks at the calls of each input alone, where a layer is called with both", () => {
  const [one, other] = [0, 1].map(() => tf.input({ shape: [4] }));
  // The layer that both pass through hands them on; after it only one of them is scaled.
  const shared = tf.layers.reshape({ targetShape: [2, 2] });
  const scaled = apply(tf.layers.layerNormalization({ name: "norm" }), apply(shared, one));
  const sum = apply(tf.layers.add(), [scaled, apply(shared, other)]);
  assertEquals(names(tf.model({ inputs: [one, other], outputs: sum })), [["norm"], null]);
});

Deno.test("frontLayers() finds nothing for an input that no layer sees", () => {
  const input = tf.input({ shape: [4] });
  assertEquals(names(tf.model({ inputs: input, outputs: input })), [null]);
});

Deno.test("frontLayers() has the first or the last of several in a row", () => {
  const make = () =>
    tf.sequential({
      layers: [
        tf.layers.layerNormalization({ name: "a", inputShape: [4] }),
        tf.layers.dropout({ rate: 0.1 }),
        tf.layers.layerNormalization({ name: "b" }),
        tf.layers.dense({ units: 1 }),
      ],
    });
  assertEquals(names(make()), [["b"]]);
  assertEquals(names(make(), "last"), [["b"]]);
  assertEquals(names(make(), "first"), [["a"]]);
});

Deno.test("frontLayers() looks into a nested model, and behind one that only passes its input on", () => {
  const make = (inside: Layer) => {
    const nested = tf.sequential({ layers: [inside] });
    const input = tf.input({ shape: [4] });
    const after = tf.layers.layerNormalization({ name: "after" });
    return tf.model({ inputs: input, outputs: apply(after, apply(nested, input)) });
  };
  const norm = tf.layers.layerNormalization({ name: "inside", inputShape: [4] });
  assertEquals(names(make(norm), "first"), [["inside"]]);
  const passes = tf.layers.dropout({ rate: 0.1, inputShape: [4] });
  assertEquals(names(make(passes), "first"), [["after"]]);
});
