import { startEngine } from "../../../src/engine/mod.ts";
import { plainTopology } from "../../../src/keras/files/plain_topology.ts";
import { loadModel, ModelError } from "../../../src/entry/model.ts";
import { bytesOf, withFile } from "./fixtures.ts";
import { packKeras, unpackKeras } from "./pack_keras.ts";
import { toManifest } from "./to_manifest.ts";
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { parts, partsOf } from "../../assert_refused.ts";

await startEngine();

// deno-lint-ignore no-explicit-any -- JSON, to be changed
type Json = any;

/** Refusal of a `.keras` whose configuration was changed: its parts, or its sentence. */
async function refused(name: string, edit: (layers: Json[]) => void) {
  const { config, weights } = unpackKeras(bytesOf(`${name}.keras`));
  edit((config as Json).config.layers);
  return await withFile("a.keras", packKeras({ config, weights }), async (path) => {
    const error = await assertRejects(() => loadModel(path), ModelError);
    const begin = `${path}: config.json.config.`;
    assert(error.message.startsWith(`${begin}layers`), error.message);
    return { said: partsOf(error, begin), message: error.message.slice(begin.length) };
  });
}

const refusal = async (name: string, edit: (layers: Json[]) => void) =>
  (await refused(name, edit)).said;

const tensor = (layer: string, shape: unknown[]) => ({
  class_name: "__keras_tensor__",
  config: { shape, dtype: "float32", keras_history: [layer, 0, 0] },
});

Deno.test("plainTopology() tells the hard_sigmoid of Keras 3 from that of Keras 2", () => {
  const keras2 = { class_name: "Dense", config: { units: 1, activation: "hard_sigmoid" } };
  assertEquals(plainTopology(keras2, "", (name) => name), keras2);
  const dtype = { class_name: "DTypePolicy", config: { name: "float32" } };
  assertEquals(
    plainTopology({ ...keras2, config: { ...keras2.config, dtype } }, "", (name) => name),
    {
      class_name: "Dense",
      config: { units: 1, activation: "hardSigmoid6", dtype: "float32" },
    },
  );
});

Deno.test("plainTopology() takes the draw that torchvision's networks have in Keras", () => {
  const dense = (distribution: string) => {
    const kernel_initializer = {
      module: "keras.initializers",
      class_name: "VarianceScaling",
      config: { scale: 2, mode: "fan_out", distribution },
      registered_name: null,
    };
    const model = { class_name: "Dense", config: { units: 1, kernel_initializer } };
    return plainTopology(model, "", (name) => name);
  };
  assertEquals(dense("untruncated_normal"), dense("normal"));
});

Deno.test("loadModel() takes the mask of an Embedding, and refuses any other", async () => {
  assertEquals(
    await refusal("masked_lstm", (layers) => {
      const { class_name, ...mask } = layers.find(({ class_name }) => class_name === "NotEqual");
      assertEquals(class_name, "NotEqual");
      mask.inbound_nodes[0].args[1] = 3;
    }),
    parts(
      "layers[3].inbound_nodes[0].kwargs.mask",
      'a mask that "not_equal" makes',
      "one of an Embedding or a Masking, which TensorFlow.js makes itself",
    ),
  );
});

Deno.test("loadModel() refuses what a call of TensorFlow.js cannot say", async () => {
  const call = (edit: (node: Json) => void) =>
    refusal("merges", (layers) => {
      const index = layers.findIndex(({ class_name }: Json) => class_name === "Dense");
      edit(layers[index].inbound_nodes[0]);
    });
  assertEquals(
    await call((node) => node.kwargs = { scale: 2 }),
    parts(
      "layers[1].inbound_nodes[0].kwargs.scale",
      "2",
      "null: Dense of TensorFlow.js is not called with it",
    ),
  );
  assertEquals(
    await call((node) => node.args = ["x"]),
    parts("layers[1].inbound_nodes[0].args[0]", '"x"', "a tensor or an array of tensors"),
  );
  assertEquals(
    await call((node) => node.args[0].config.keras_history = ["x"]),
    parts(
      "layers[1].inbound_nodes[0].args[0].config.keras_history",
      "an array of 1 item",
      "an array [layer, node, tensor]",
    ),
  );
  assertEquals(
    await call((node) => node.args.push(tensor("dense", [null, 1, 2]))),
    parts(
      "layers[1].inbound_nodes[0]",
      "an array of 2 items",
      "one reference as Dense takes inputs",
    ),
  );
});

Deno.test("loadModel() refuses an operation that is not run", async () => {
  const message = await refusal("arithmetic", (layers) => {
    layers.find(({ class_name }) => class_name === "TrueDivide")!.class_name = "Argmax";
  });
  assertEquals(
    message,
    parts("layers[1].class_name", '"Argmax"', "an operation that is run"),
  );
});

Deno.test("loadModel() refuses two directions that are no copies of each other", async () => {
  assertEquals(
    await refusal("bidirectional", (layers) => layers[1].config.backward_layer.config.units = 3),
    parts(
      "layers[1].config.backward_layer",
      "unlike config.json.config.layers[1].config.layer",
      "a copy of it with go_backwards: TensorFlow.js has no other",
    ),
  );
});

Deno.test("loadModel() refuses settings that TensorFlow.js would leave out", async () => {
  const cases: [string, string, string, unknown, string][] = [
    ["conv3d", "Conv3D", "groups", 2, "1: TensorFlow.js has no grouped 3-D convolution"],
    [
      "transposed",
      "Conv2DTranspose",
      "output_padding",
      [1, 1],
      "null: TensorFlow.js does not support output padding",
    ],
    ["encoded", "Discretization", "sparse", true, "false: TensorFlow.js has no sparse tensors"],
  ];
  for (const [name, className, key, value, expected] of cases) {
    const said = await refusal(name, (layers) => {
      layers.find(({ class_name }) => class_name === className)!.config[key] = value;
    });
    assert(said.place.endsWith(`.config.${key}`), said.place);
    assertEquals(said.expected, expected);
  }
});

Deno.test("loadModel() says of a layer that is not run why not", async () => {
  const cases = [
    [
      "TextVectorization",
      "text is not preprocessed here. Save the model behind it, which takes numbers: " +
      "keras.Model(layer_behind.input, model.output)",
    ],
    [
      "Lambda",
      "it holds code of Python, expected a class of that name that --register FILE supplies (a module " +
      "that exports register({ tf }))",
    ],
    [
      "ConvLSTM1D",
      "TensorFlow.js convolves only states of pictures, expected a ConvLSTM2D with pictures of one " +
      "row, or a class of that name that --register FILE supplies",
    ],
    [
      "ReversibleEmbedding",
      "it is called a second time, in reverse, to make logits of its own table, expected an Embedding " +
      "and a Dense for the head, or a class of that name that --register FILE supplies",
    ],
  ];
  for (const [className, why] of cases) {
    const { message } = await refused("dense", (layers) => layers[1].class_name = className);
    assertEquals(
      message,
      `layers[1].class_name is "${className}", which is not run: ${why}`,
    );
  }
});

Deno.test("loadModel() takes a layer for an activation where it is one", async () => {
  const activationOf = (layer: Json) =>
    plainTopology(
      { class_name: "Dense", config: { units: 1, activation: layer } },
      "x",
      (name) => name,
    ) as Json;
  const own = (className: string, config: Json) =>
    activationOf({ class_name: className, config }).config.activation;
  assertEquals(own("ReLU", { max_value: 6, negative_slope: 0, threshold: 0 }), "relu6");
  assertEquals(own("ReLU", { max_value: null }), "relu");
  assertEquals(own("LeakyReLU", { negative_slope: 0.1 }), {
    class_name: "leakyRelu",
    config: { alpha: 0.1 },
  });
  assertEquals(own("Softmax", { axis: -1 }), "softmax");
  assertEquals(own("Activation", { activation: "silu" }), "swish");
  // A setting that a layer omits is Keras's default.
  assertEquals(
    ["Softmax", "ReLU", "ELU"].map((name) => own(name, {})),
    ["softmax", "relu", "elu"],
  );
  const leaky = (alpha: number) => ({ class_name: "leakyRelu", config: { alpha } });
  assertEquals(own("LeakyReLU", {}), leaky(0.3));
  assertEquals(own("LeakyReLU", { alpha: 0.2 }), leaky(0.2));
  assertEquals(own("ReLU", { negative_slope: 0.1, threshold: null }), leaky(0.1));
  const strange: [string, Json][] = [
    ["Softmax", { axis: 1 }],
    ["ReLU", { max_value: 5 }],
    ["ReLU", { max_value: 6, negative_slope: 0.1 }],
    ["ReLU", { threshold: 1 }],
    ["Activation", { activation: 1 }],
  ];
  for (const [name, config] of strange) {
    assertThrows(() => own(name, config), ModelError, "with settings that no activation has");
  }
  assertEquals(
    await refusal(
      "dense",
      (layers) => layers[1].config.activation = { class_name: "ELU", config: { alpha: 2 } },
    ),
    parts(
      "layers[1].config.activation",
      'a layer "ELU" with settings that no activation has',
      "it after the layer, not in it",
    ),
  );
});

Deno.test("loadModel() reads a model.json whose BatchNormalization has a list of axes and no scale", async () => {
  const { json, weights } = toManifest(bytesOf("conv2d_keras2.h5.gz"));
  const layers = (json as Json).modelTopology.model_config.config.layers;
  const lists = layers.filter(({ class_name, config }: Json) =>
    class_name === "BatchNormalization" && Array.isArray(config.axis)
  );
  assertEquals(lists.map(({ config }: Json) => [config.axis, config.scale]), [
    [[3], true],
    [[3], false],
  ]);
  const folder = await Deno.makeTempDir();
  await Deno.writeFile(`${folder}/weights.bin`, weights);
  await Deno.writeTextFile(`${folder}/model.json`, JSON.stringify(json));
  const { model } = await loadModel(`${folder}/model.json`);
  assertEquals(model.layers.filter(({ weights }) => weights.length === 3).length, 1);
  model.dispose();
  await Deno.remove(folder, { recursive: true });
});

Deno.test("plainTopology() reads a subclass of a model by its layers", () => {
  const knownAs = (name: string) => name === "InputLayer" || name === "Dense" ? name : null;
  const input = { class_name: "InputLayer", config: { name: "a" } };
  const dense = { class_name: "Dense", config: { name: "b", units: 1 } };
  const inner = { class_name: "Encoder", config: { name: "c", layers: [input, dense] } };
  const ends = { input_layers: [["a", 0, 0]], output_layers: [["c", 0, 0]] };
  const whole = { class_name: "Custom>Gan", config: { layers: [input, inner], ...ends } };
  const { class_name: name, config } = plainTopology(whole, "", knownAs) as Json;
  assertEquals(name, "Functional");
  assertEquals(config.layers[1].class_name, "Sequential");
  // A registered class is built as it is, and a list of other things makes no model.
  const registered = plainTopology(whole, "", (name) => name === "Custom>Gan" ? name : null);
  assertEquals((registered as Json).class_name, "Custom>Gan");
  const other = { class_name: "Stack", config: { layers: [dense] } };
  assertEquals((plainTopology(other, "", knownAs) as Json).class_name, "Stack");
});

Deno.test("loadModel() loads a subclass of a functional model and of a Sequential", async () => {
  for (const name of ["dense", "merges"]) {
    const load = (bytes: Uint8Array<ArrayBuffer>) =>
      withFile("a.keras", bytes, async (path) => (await loadModel(path)).model);
    const { config, weights } = unpackKeras(bytesOf(`${name}.keras`));
    const model = await load(packKeras({ config, weights }));
    const subclass = await load(packKeras({
      config: { ...config as Json, class_name: "Gan", registered_name: "Custom>Gan" },
      weights,
    }));
    const values = (one: typeof model) => one.getWeights().map((weight) => [...weight.dataSync()]);
    assertEquals(values(subclass), values(model));
    assertEquals(subclass.outputs[0].shape, model.outputs[0].shape);
    model.dispose();
    subclass.dispose();
  }
});

Deno.test("plainTopology() reads a constant tensor or array in a call", () => {
  for (const class_name of ["__tensor__", "__numpy__"]) {
    const constant = { class_name, config: { value: [1, 2], dtype: "float32" } };
    const args = [tensor("a", [null, 2]), constant];
    const { inbound_nodes } = plainTopology(
      { class_name: "Multiply", config: {}, inbound_nodes: [{ args, kwargs: {} }] },
      "",
      (name) => name,
    ) as Json;
    assertEquals(inbound_nodes[0].args[1], [1, 2]);
  }
});
