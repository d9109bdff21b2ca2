import { assert, assertEquals, assertRejects } from "@std/assert";
import { assertSays, type Parts, parts } from "../assert_refused.ts";
import { startEngine } from "../../src/engine/mod.ts";
import { loadModel, ModelError } from "../../src/entry/model.ts";
import {
  type Edit,
  errorOf,
  functional,
  refusal,
  refusalOf,
  refused,
  tiny,
} from "../core/model/refusal.ts";
import { saveModel, withFolder } from "../core/model/save_model.ts";

const { tf } = await startEngine();

const spoilt: [string, Edit, Parts | string][] = [
  ["null", () => null, parts("The file", "null", "a layers model")],
  ["an array", () => [1, 2], parts("The file", "an array of 2 items", "a layers model")],
  [
    "a graph model",
    (json) => ({ ...json, format: "graph-model" }),
    parts(
      "The file",
      "a graph model, which has no layers to measure",
      "a layers model (convert the Keras model with --output_format=tfjs_layers_model)",
    ),
  ],
  [
    "another format",
    (json) => ({ ...json, format: "x" }),
    parts("format", '"x"', '"layers-model"'),
  ],
  ["no topology", () => ({}), parts('"modelTopology"', "missing", "a layers model")],
  [
    "a report",
    () => ({ version: 1, engine: {}, layers: [] }),
    parts("The file", "a JSON report", "a layers model"),
  ],
  [
    "a topology that is text",
    (json) => ({ ...json, modelTopology: "x" }),
    parts("modelTopology", '"x"', "an object"),
  ],
  [
    "a model_config that is text",
    (json) => ({ ...json, modelTopology: { model_config: "{}" } }),
    parts("modelTopology.model_config", '"{}"', "an object"),
  ],
  [
    "no class",
    (json) => ({ ...json, modelTopology: {} }),
    parts("modelTopology.class_name", "missing", "Model, Functional, Sequential"),
  ],
  [
    "a layer in the place of a model",
    (json) => ({ ...json, modelTopology: json.modelTopology.config.layers[0] }),
    parts("modelTopology.class_name", '"Dense"', "Model, Functional, Sequential"),
  ],
  [
    "no layers",
    (json) => (delete json.modelTopology.config.layers, json),
    parts("modelTopology.config.layers", "missing", "an array"),
  ],
  [
    "an unknown class",
    (json) => (json.modelTopology.config.layers[1].class_name = "Dens", json),
    parts(
      "modelTopology.config.layers[1].class_name",
      '"Dens", a class that TensorFlow.js does not have',
      "one that it has or that --register FILE supplies (a module that exports register({ tf }))",
    ),
  ],
  [
    "a class that every object has",
    (json) => (json.modelTopology.config.layers[1].class_name = "constructor", json),
    parts(
      "modelTopology.config.layers[1].class_name",
      '"constructor", a class that TensorFlow.js does not have',
      "one that it has or that --register FILE supplies (a module that exports register({ tf }))",
    ),
  ],
  [
    "an unknown activation",
    (json) => (json.modelTopology.config.layers[1].config.activation = "tahn", json),
    parts(
      "modelTopology.config.layers[1].config.activation",
      '"tahn"',
      'an activation that TensorFlow.js has; did you mean "tanh"?',
    ),
  ],
  [
    "a type that TensorFlow.js does not have",
    (json) => (json.modelTopology.config.layers[0].config.dtype = "float16", json),
    parts(
      "modelTopology.config.layers[0].config.dtype",
      '"float16"',
      '"float32", "int32" or "bool"',
    ),
  ],
  [
    "a recurrent layer with a billion states",
    (json) => {
      json.modelTopology.config.layers = [{
        class_name: "SimpleRNN",
        config: { units: 4, stateful: true, batch_input_shape: [1e9, 1, 1] },
      }];
      return json;
    },
    "modelTopology asks for batches of [1000000000, 1, 1], whose states would be 8000000000 " +
    "numbers, expected no more than 4194304",
  ],
  [
    "nesting without end",
    (json) => {
      let deep: unknown = 1;
      for (let i = 0; i < 5000; i++) deep = [deep];
      json.modelTopology.config.layers[0].config.extra = deep;
      return json;
    },
    "extra has more than 100 levels, expected at most 100",
  ],
];

Deno.test("loadModel() says what a layer of ours refuses inside of one of TensorFlow.js", async () => {
  const layer = tf.layers.dense({ units: 4 });
  const model = tf.sequential({
    layers: [tf.layers.timeDistributed({ layer, inputShape: [5, 4], name: "steps" })],
  });
  const edit: Edit = (json) => {
    const config = { name: "norm", groups: 3 };
    json.modelTopology.config.layers[0].config.layer = { class_name: "GroupNormalization", config };
    return json;
  };
  assertEquals(
    await refused({ edit }, model),
    parts(
      "modelTopology.config.layers[0].config cannot take inputs of shape [any, 5, 4]: groups of norm",
      "3",
      "-1 or a divisor of its 4 channels",
    ),
  );
  model.dispose();
});

for (const [what, edit, said] of spoilt) {
  Deno.test(`loadModel() refuses ${what}`, () =>
    withFolder(async (folder) => {
      const path = await saveModel(tf, tiny, folder, { edit });
      assertSays(await errorOf(path), said, path);
    }));
}

Deno.test("loadModel() refuses a model without outputs", async () => {
  const model = functional();
  const edit: Edit = (json) => (json.modelTopology.config.output_layers = [], json);
  assertEquals(
    await refusal({ edit }, model),
    "modelTopology.config.output_layers is an empty array, expected an array of references " +
      "to layers",
  );
  model.dispose();
});

Deno.test("loadModel() says what a file of another format is and what to do", async () => {
  const convert = "convert it with tensorflowjs_converter";
  const write = "write the same layers in a module that exports createModel({ tf, seed })";
  const alone = `${write}, and give it these by --weights; report and check judge them alone, too`;
  const cases: [string, string, string][] = [
    [
      "saved_model.pb",
      "it is a TensorFlow graph",
      `${convert} --input_format=keras_saved_model --output_format=tfjs_layers_model`,
    ],
    ["a.pt", "it holds weights without layers", alone],
    ["a.pth", "it holds weights without layers", alone],
    ["a.onnx", "it is an ONNX model", write],
    ["a.safetensors", "it holds weights without layers", alone],
    [
      "a.gguf",
      "it is a GGUF file of llama.cpp",
      "report judges the checkpoint that it was made from, or what transformers saves after " +
      "from_pretrained(FOLDER, gguf_file=NAME)",
    ],
    [
      "a.msgpack",
      "it is a checkpoint of Flax",
      "report judges what numpy.savez writes of flax.traverse_util.flatten_dict(params, sep='/')",
    ],
    [
      "a.ckpt.index",
      "it is a file of TensorFlow without layers",
      "report judges what model.save_weights('model.weights.h5') writes",
    ],
  ];
  for (const [path, what, fix] of cases) {
    assertEquals(
      (await assertRejects(() => loadModel(path), ModelError)).message,
      `${path}: ${what}, expected a model.json, a .keras, .h5 or .pt2 file, or a .ts or .js module: ${fix}`,
    );
  }
});

Deno.test("loadModel() says what is wrong with layers that come without weights", async () => {
  const path = await Deno.makeTempFile({ suffix: ".json" });
  await Deno.writeTextFile(path, '{"class_name": "Sequential", "config": {}, "backend": "jax"}');
  assertEquals(await refusalOf(path), "topology.config.layers is missing, expected an array");
  await Deno.writeTextFile(path, '{"class_name": "Sequential"}');
  assertEquals(await refusalOf(path), '"modelTopology" is missing, expected a layers model');
  await Deno.remove(path);
});

const WEIGHTS =
  "; report, check and diff judge weights alone, too: .safetensors, .pt, .pth, .ckpt, " +
  ".bin, .npz, .npy and .weights.h5";

Deno.test("loadModel() says what is wrong with the file itself", async () => {
  const cases: [string, string][] = [
    ["/no/model.json", "/no/model.json: there is no such file"],
    [
      "/no/model",
      "/no/model: there is no such file, expected a model.json, a .keras, .h5 or .pt2 file, or a .ts or .js module",
    ],
    [
      "/tmp",
      `/tmp: it is a folder, expected a model.json, a .keras, .h5 or .pt2 file, or a .ts or .js module in it${WEIGHTS}`,
    ],
  ];
  for (const [path, message] of cases) {
    assertEquals((await assertRejects(() => loadModel(path), ModelError)).message, message);
  }
  await withFolder(async (folder) => {
    const path = await saveModel(tf, tiny, folder);
    const text = await Deno.readTextFile(path);
    for (const length of [0, 1, 100, text.length - 1]) {
      await Deno.writeTextFile(path, text.slice(0, length));
      const message = await refusalOf(path);
      assert(message.startsWith("the file is not valid JSON: "), message);
    }
    await Deno.writeTextFile(path, "not\nJSON\n");
    assertEquals(
      await refusalOf(path),
      `the file is not valid JSON: Unexpected token 'o', "not JSON "`,
    );
    await Deno.writeTextFile(path, '{"a": \u009b31m}');
    assertEquals(
      await refusalOf(path),
      'the file is not valid JSON: Unexpected token \'\\x9b\', "{"a": \\x9b31m}"',
    );
    await Deno.writeFile(path, new Uint8Array([0, 255, 254, 1]));
    assert((await refusalOf(path)).startsWith("the file is not valid JSON: "));
    await Deno.writeTextFile(`${folder}/notes`, "x");
    assertEquals(
      (await assertRejects(() => loadModel(`${folder}/notes`), ModelError)).message,
      `${folder}/notes: it is not a file type that this tool reads, expected a model.json, a .keras, .h5 or .pt2 file, or a .ts or .js module${WEIGHTS}`,
    );
  });
});

Deno.test("loadModel() takes weights of 2 GiB, and no number more", async () => {
  const declare = (count: number): Edit => (json) => {
    json.weightsManifest = [{
      paths: ["none.bin"],
      weights: [
        { name: "w", shape: [count], dtype: "float32" },
        { name: "iter", shape: [9], dtype: "float32", group: "optimizer" },
      ],
    }];
    return json;
  };
  assertEquals(
    await refusal({ edit: declare(2 ** 29) }),
    'weightsManifest[0].paths[0] is "none.bin", but there is no such file',
  );
  assertEquals(
    await refusal({ edit: declare(2 ** 29 + 1) }),
    "weightsManifest declares 2.0 GiB of weights, expected at most 2 GiB: weights and their " +
      "gradients have to fit into the engine's 4 GiB",
  );
});
