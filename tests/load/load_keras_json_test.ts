import { assertEquals } from "@std/assert";
import { startEngine } from "../../src/engine/mod.ts";
import { exerciseModel } from "../../src/entry/model.ts";
import { type Edit, functional, refused } from "../core/model/refusal.ts";
import { predict, roundTrip } from "./round_trip.ts";
import { type Parts, parts } from "../assert_refused.ts";

const { tf } = await startEngine();

Deno.test("loadModel() loads a topology that Keras 2 wrote", async () => {
  const model = tf.sequential({
    layers: [
      tf.layers.lstm({ units: 3, returnSequences: true, inputShape: [4, 2] }),
      tf.layers.batchNormalization(),
      tf.layers.dense({ units: 2, activation: "hardSigmoid" }),
    ],
  });
  const inbound = (name: string) => [[[name, 0, 0, {}]]];
  const config = (name: string, more: Record<string, unknown>) => ({
    name,
    config: { name, trainable: true, dtype: "float32", ...more },
  });
  const names = [
    "my_lstm/lstm_cell_7/kernel",
    "my_lstm/lstm_cell_7/recurrent_kernel",
    "my_lstm/lstm_cell_7/bias",
    "norm_1/gamma",
    "norm_1/beta",
    "top/kernel",
    "top/bias",
    "norm_1/moving_mean",
    "norm_1/moving_variance",
  ];
  const keras = {
    model_config: {
      class_name: "Functional",
      config: {
        name: "my_model",
        layers: [
          {
            class_name: "InputLayer",
            ...config("in_1", { batch_input_shape: [null, 4, 2], sparse: false, ragged: false }),
            inbound_nodes: [],
          },
          {
            class_name: "LSTM",
            ...config("my_lstm", {
              units: 3,
              return_sequences: true,
              activation: "tanh",
              recurrent_activation: "sigmoid",
              kernel_initializer: { class_name: "GlorotUniform", config: { seed: null } },
              recurrent_initializer: { class_name: "Orthogonal", config: { gain: 1, seed: null } },
              kernel_regularizer: { class_name: "L2", config: { l2: 0.25 } },
              unit_forget_bias: true,
              implementation: 2,
            }),
            inbound_nodes: inbound("in_1"),
          },
          {
            class_name: "BatchNormalization",
            ...config("norm_1", { axis: [2], momentum: 0.99, epsilon: 0.001 }),
            inbound_nodes: inbound("my_lstm"),
          },
          {
            class_name: "Dense",
            ...config("top", { units: 2, activation: "hard_sigmoid", use_bias: true }),
            inbound_nodes: inbound("norm_1"),
          },
        ],
        input_layers: [["in_1", 0, 0]],
        output_layers: [["top", 0, 0]],
      },
    },
    keras_version: "2.8.0",
    backend: "tensorflow",
  };
  await roundTrip(model, (loaded) => {
    assertEquals(loaded.name, "my_model");
    // The default recurrent activation of TensorFlow.js is another than Keras's.
    (model.layers[0] as unknown as { cell: { recurrentActivation: unknown } }).cell
      .recurrentActivation = (loaded.layers[1] as unknown as typeof model.layers[0] & {
        cell: { recurrentActivation: unknown };
      }).cell.recurrentActivation;
    assertEquals(predict(loaded), predict(model));
    const { kernelRegularizer } = (loaded.layers[1] as unknown as {
      cell: { kernelRegularizer: { l1: number; l2: number } };
    }).cell;
    assertEquals([kernelRegularizer.l1, kernelRegularizer.l2], [0, 0.25]);
  }, {
    edit: (json) => {
      const [{ weights }] = json.weightsManifest;
      weights.forEach((weight: { name: string }, i: number) => weight.name = names[i]);
      return { ...json, modelTopology: keras };
    },
  });
  model.dispose();
});

Deno.test("loadModel() loads a Sequential whose layers stand where its configuration should", async () => {
  const model = exerciseModel({ width: 2, depth: 1 });
  await roundTrip(model, (loaded) => assertEquals(predict(loaded), predict(model)), {
    edit: (json) => {
      json.modelTopology.config = json.modelTopology.config.layers;
      return json;
    },
  });
  model.dispose();
});

const graphs: [string, Edit, Parts][] = [
  [
    "a layer that takes its input from nowhere",
    (layers) => layers[2].inbound_nodes[0][0][0] = "c",
    parts("layers[2].inbound_nodes[0][0][0]", '"c"', "the name of a layer of this model"),
  ],
  [
    "layers of one name",
    (layers) => layers[2].name = "a",
    parts("layers[2].name", '"a"', "a name that no layer before it has"),
  ],
  [
    "a layer of two names",
    (layers) => layers[2].config.name = "c",
    parts("layers[2].config.name", '"c"', '"b" as modelTopology.config.layers[2].name has it'),
  ],
  [
    "a reference that is none",
    (layers) => layers[2].inbound_nodes[0][0] = "a",
    parts("layers[2].inbound_nodes[0][0]", '"a"', "an array [layer, node, tensor]"),
  ],
  [
    "a layer that is not called",
    (layers) => delete layers[2].inbound_nodes,
    parts("layers[2].inbound_nodes", "missing", "an array"),
  ],
  [
    "a layer without configuration",
    (layers) => delete layers[2].config,
    parts("layers[2].config", "missing", "an object"),
  ],
];
for (const [what, edit, said] of graphs) {
  Deno.test(`loadModel() refuses ${what}`, async () => {
    const model = functional();
    const found = await refused({
      edit: (json) => (edit(json.modelTopology.config.layers), json),
    }, model);
    assertEquals(found, parts(`modelTopology.config.${said.place}`, said.found, said.expected));
    model.dispose();
  });
}

Deno.test("loadModel() refuses layers that wait for each other", async () => {
  const at = "modelTopology.config.layers[1].inbound_nodes[0]";
  for (const wait of ["a", "b", "sum"]) {
    const model = functional();
    const said = await refused({
      edit: (json) => {
        json.modelTopology.config.layers[1].inbound_nodes = [[[wait, 0, 0, {}]]];
        return json;
      },
    }, model);
    const found = `the output of "${wait}", which depends on this layer`;
    assertEquals(said, parts(at, found, "layers without a cycle"));
    model.dispose();
  }
});
