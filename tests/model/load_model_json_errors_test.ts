import { assert, assertEquals, assertRejects } from "@std/assert";
import fc from "fast-check";
import type { LayersModel } from "../../src/engine/mod.ts";
import { startEngine } from "../../src/engine/mod.ts";
import { exerciseModel, loadModel, ModelError } from "../../src/model/mod.ts";
import { saveModel, type SaveOptions, withFolder } from "./save_model.ts";

const { tf } = await startEngine();

const tiny = exerciseModel({ width: 2, depth: 1 });

/** The message with which a saved and spoilt model is refused, without the file's name. */
async function refusal(options: SaveOptions, model: LayersModel = tiny): Promise<string> {
  return await withFolder(async (folder) => {
    const path = await saveModel(tf, model, folder, options);
    return await refusalOf(path);
  });
}

async function refusalOf(path: string): Promise<string> {
  const tensors = tf.memory().numTensors;
  const error = await assertRejects(() => loadModel(path), ModelError);
  assertEquals(tf.memory().numTensors, tensors, "a failed load leaves tensors");
  assert(error.message.startsWith(`${path}: `), error.message);
  assert(!/\n/.test(error.message), error.message);
  return error.message.slice(path.length + 2);
}

/** A functional model: in -> a -> b -> sum(a, b). */
function functional(): LayersModel {
  const input = tf.input({ shape: [2], name: "in" });
  const a = tf.layers.dense({ name: "a", units: 2 }).apply(input);
  const b = tf.layers.dense({ name: "b", units: 2 }).apply(a);
  const outputs = tf.layers.add({ name: "sum" }).apply([a, b] as never[]) as never;
  return tf.model({ inputs: input, outputs, name: "graph" });
}

// deno-lint-ignore no-explicit-any
type Edit = (json: any) => unknown;

const spoilt: [string, Edit, string][] = [
  ["null", () => null, "The file holds null, expected a layers model"],
  ["an array", () => [1, 2], "The file holds an array of 2 items, expected a layers model"],
  [
    "a graph model",
    (json) => ({ ...json, format: "graph-model" }),
    "The file holds a graph model, which has no layers to measure, expected a layers model " +
    "(convert the Keras model with --output_format=tfjs_layers_model)",
  ],
  [
    "a graph model of old",
    () => ({ modelTopology: { node: [] }, weightsManifest: [] }),
    "The file holds a graph model, which has no layers to measure, expected a layers model " +
    "(convert the Keras model with --output_format=tfjs_layers_model)",
  ],
  [
    "another format",
    (json) => ({ ...json, format: "x" }),
    'format is "x", expected "layers-model"',
  ],
  ["no topology", () => ({}), '"modelTopology" is missing, expected a layers model'],
  [
    "no manifest",
    ({ modelTopology }) => ({ modelTopology }),
    "weightsManifest is missing, expected an array: the model must be saved with its weights",
  ],
  [
    "a topology that is text",
    (json) => ({ ...json, modelTopology: "x" }),
    'modelTopology is "x", expected an object',
  ],
  [
    "a model_config that is text",
    (json) => ({ ...json, modelTopology: { model_config: "{}" } }),
    'modelTopology.model_config is "{}", expected an object',
  ],
  [
    "no class",
    (json) => ({ ...json, modelTopology: {} }),
    "modelTopology.class_name is missing, expected Model, Functional, Sequential",
  ],
  [
    "a layer in the place of a model",
    (json) => ({ ...json, modelTopology: json.modelTopology.config.layers[0] }),
    'modelTopology.class_name is "Dense", expected Model, Functional, Sequential',
  ],
  [
    "no layers",
    (json) => (delete json.modelTopology.config.layers, json),
    "modelTopology.config.layers is missing, expected an array",
  ],
  [
    "an unknown class",
    (json) => (json.modelTopology.config.layers[1].class_name = "Dens", json),
    'modelTopology.config.layers[1].class_name is "Dens", a class that TensorFlow.js does not ' +
    "have, expected one that it has or that --register FILE brings " +
    "(a module that exports register({ tf }))",
  ],
  [
    "a class that every object has",
    (json) => (json.modelTopology.config.layers[1].class_name = "constructor", json),
    'modelTopology.config.layers[1].class_name is "constructor", a class that TensorFlow.js does ' +
    "not have, expected one that it has or that --register FILE brings " +
    "(a module that exports register({ tf }))",
  ],
  [
    "an unknown activation",
    (json) => (json.modelTopology.config.layers[1].config.activation = "tahn", json),
    'modelTopology.config.layers[1].config.activation is "tahn", expected an activation that ' +
    'TensorFlow.js has; did you mean "tanh"?',
  ],
  [
    "a Keras 3 version",
    (json) => (json.modelTopology.keras_version = "3.1.0", json),
    'modelTopology.keras_version is "3.1.0": the model was saved by Keras 3, whose format ' +
    "TensorFlow.js cannot read, expected Keras 2 (save it with the package tf_keras, or with " +
    "TF_USE_LEGACY_KERAS=1, and convert again)",
  ],
  [
    "a Keras 3 input",
    (json) => {
      json.modelTopology.config.layers.unshift({
        class_name: "InputLayer",
        config: { batch_shape: [null, 2] },
      });
      return json;
    },
    'modelTopology.config.layers[0].config has "batch_shape": the model was saved by Keras 3, ' +
    "whose format TensorFlow.js cannot read, expected Keras 2 (save it with the package tf_keras, " +
    "or with TF_USE_LEGACY_KERAS=1, and convert again)",
  ],
  [
    "a type that TensorFlow.js does not have",
    (json) => (json.modelTopology.config.layers[0].config.dtype = "float16", json),
    'modelTopology.config.layers[0].config.dtype is "float16", expected "float32", "int32" or "bool"',
  ],
  [
    "a Keras 3 dtype",
    (json) => (json.modelTopology.config.layers[0].config.dtype = { class_name: "x" }, json),
    "modelTopology.config.layers[0].config.dtype is an object: the model was saved by Keras 3, " +
    "whose format TensorFlow.js cannot read, expected Keras 2 (save it with the package tf_keras, " +
    "or with TF_USE_LEGACY_KERAS=1, and convert again)",
  ],
  [
    "paths that are none",
    (json) => (json.weightsManifest[0].paths = "weights-0.bin", json),
    'weightsManifest[0].paths is "weights-0.bin", expected an array of file names',
  ],
  [
    "a path that is none",
    (json) => (json.weightsManifest[0].paths[0] = 3, json),
    "weightsManifest[0].paths[0] is 3, expected a file name",
  ],
  [
    "a manifest without files",
    (json) => (json.weightsManifest[0].paths = [], json),
    "weightsManifest[0].paths is an empty array, expected the files of 36 bytes that hold its 4 " +
    "weights",
  ],
  [
    "a manifest of text",
    (json) => (json.weightsManifest = ["x"], json),
    "weightsManifest[0].paths is missing, expected an array of file names",
  ],
  [
    "weights that are none",
    (json) => (json.weightsManifest[0].weights = null, json),
    "weightsManifest[0].weights is null, expected an array of weights",
  ],
  [
    "a weight that is none",
    (json) => (json.weightsManifest[0].weights[1] = null, json),
    "weightsManifest[0].weights[1] is null, expected a weight",
  ],
  [
    "a weight without a name",
    (json) => (delete json.weightsManifest[0].weights[1].name, json),
    "weightsManifest[0].weights[1].name is missing, expected a string",
  ],
  [
    "a weight without a shape",
    (json) => (json.weightsManifest[0].weights[1].shape = [2, -1], json),
    "weightsManifest[0].weights[1].shape is an array of 2 items, expected an array of whole numbers",
  ],
  [
    "a weight too large to address",
    (json) => (json.weightsManifest[0].weights[1].shape = [2 ** 20, 2 ** 20], json),
    "weightsManifest[0].weights[1].shape is [1048576, 1048576], expected at most 2^31 entries",
  ],
  [
    "a weight of text",
    (json) => (json.weightsManifest[0].weights[1].dtype = "string", json),
    'weightsManifest[0].weights[1].dtype is "string", expected "float32", "int32" or "bool"',
  ],
  [
    "an unknown packing",
    (json) => (json.weightsManifest[0].weights[1].quantization = { dtype: "int4" }, json),
    'weightsManifest[0].weights[1].quantization.dtype is "int4", expected "uint8", "uint16" or ' +
    '"float16"',
  ],
  [
    "a packing without scale",
    (json) => (json.weightsManifest[0].weights[1].quantization = { dtype: "uint8", min: 0 }, json),
    "weightsManifest[0].weights[1].quantization.scale is missing, expected a number",
  ],
  [
    "a weight that the model does not have",
    (json) => (json.weightsManifest[0].weights[1].name = "dense_9/bias", json),
    'weightsManifest[0].weights[1] is "dense_9/bias", expected a weight that the model has',
  ],
  [
    "a weight of another shape",
    (json) => (json.weightsManifest[0].weights[2].shape = [1, 2], json),
    'weightsManifest[0].weights[2] is "dense_2/kernel" of shape [1, 2] and type float32, expected ' +
    "[2, 1] and float32 as its layer has",
  ],
  [
    "a weight of another type",
    (json) => (json.weightsManifest[0].weights[2].dtype = "int32", json),
    'weightsManifest[0].weights[2] is "dense_2/kernel" of shape [2, 1] and type int32, expected ' +
    "[2, 1] and float32 as its layer has",
  ],
  [
    "more weights than declared",
    (json) => {
      json.modelTopology.config.layers.push({
        class_name: "Dense",
        config: { name: "more", units: 3 },
      });
      return json;
    },
    'weightsManifest does not have "more/kernel" and 1 more, expected every weight of the model',
  ],
  [
    "a layer of a billion units",
    (json) => (json.modelTopology.config.layers[0].config.units = 1e9, json),
    'modelTopology.config.layers[0].config asks for a weight "kernel" of shape [2, 1000000000], ' +
    "expected no more than " +
    "the 9 entries that weightsManifest declares for the whole model",
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
    "weights beyond the heap",
    (json) => {
      json.weightsManifest[0].weights.push({ name: "x", shape: [2 ** 29], dtype: "float32" });
      return json;
    },
    "weightsManifest declares 2.0 GiB of weights, expected at most 2 GiB: weights and their " +
    "gradients have to fit into the engine's 4 GiB",
  ],
  [
    "nesting without end",
    (json) => {
      let deep: unknown = 1;
      for (let i = 0; i < 5000; i++) deep = [deep];
      json.modelTopology.config.layers[0].config.extra = deep;
      return json;
    },
    "extra is nested more than 100 levels deep",
  ],
];
for (const [what, edit, message] of spoilt) {
  Deno.test(`loadModel() refuses ${what}`, async () => {
    assertEquals(await refusal({ edit }), message);
  });
}

const graphs: [string, Edit, string][] = [
  [
    "a layer that takes its input from nowhere",
    (layers) => layers[2].inbound_nodes[0][0][0] = "c",
    'layers[2].inbound_nodes[0][0][0] is "c", expected the name of a layer of this model',
  ],
  [
    "layers of one name",
    (layers) => layers[2].name = "a",
    'layers[2].name is "a", expected a name that no layer before it has',
  ],
  [
    "a layer of two names",
    (layers) => layers[2].config.name = "c",
    'layers[2].config.name is "c", expected "b" as modelTopology.config.layers[2].name has it',
  ],
  [
    "a reference that is none",
    (layers) => layers[2].inbound_nodes[0][0] = "a",
    'layers[2].inbound_nodes[0][0] is "a", expected an array [layer, node, tensor]',
  ],
  [
    "a layer that is not called",
    (layers) => delete layers[2].inbound_nodes,
    "layers[2].inbound_nodes is missing, expected an array",
  ],
  [
    "a layer without configuration",
    (layers) => delete layers[2].config,
    "layers[2].config is missing, expected an object",
  ],
];
for (const [what, edit, message] of graphs) {
  Deno.test(`loadModel() refuses ${what}`, async () => {
    const model = functional();
    const found = await refusal({
      edit: (json) => (edit(json.modelTopology.config.layers), json),
    }, model);
    assertEquals(found, `modelTopology.config.${message}`);
    model.dispose();
  });
}

Deno.test("loadModel() refuses layers that wait for each other", async () => {
  const at = "modelTopology.config.layers[1].inbound_nodes[0]";
  for (const wait of ["a", "b", "sum"]) {
    const model = functional();
    const message = await refusal({
      edit: (json) => {
        json.modelTopology.config.layers[1].inbound_nodes = [[[wait, 0, 0, {}]]];
        return json;
      },
    }, model);
    assertEquals(
      message,
      `${at} takes the output of "${wait}", which waits for it in turn, expected layers that do ` +
        `not go round in a circle`,
    );
    model.dispose();
  }
});

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

Deno.test("loadModel() refuses weight files that are too short or too long", async () => {
  assertEquals(
    await refusal({ editWeights: (bytes) => bytes.slice(0, -1) }),
    '"weights-0.bin" has 35 bytes, expected 36 for the 4 weights that weightsManifest declares: ' +
      "truncated",
  );
  assertEquals(
    await refusal({ shard: 20, editWeights: (bytes) => new Uint8Array([...bytes, 0]) }),
    '"weights-0.bin", "weights-1.bin" have 37 bytes, expected 36 for the 4 weights that ' +
      "weightsManifest declares: not the file that belongs here",
  );
});

Deno.test("loadModel() refuses weight files that are missing or none", async () => {
  const rename = (to: string): Edit => (json) => (json.weightsManifest[0].paths = [to], json);
  assertEquals(
    await refusal({ edit: rename("w.bin") }),
    'weightsManifest[0].paths[0] is "w.bin", but there is no such file',
  );
  assertEquals(
    await refusal({ edit: rename("w".repeat(5000)) }),
    `weightsManifest[0].paths[0] is "${"w".repeat(60)}...", but File name too long`,
  );
  assertEquals(
    await refusal({ edit: rename(".") }),
    'weightsManifest[0].paths[0] is ".", which is not a file',
  );
});

Deno.test("loadModel() refuses a weight file that leads out of the folder by its path", async () => {
  const outside = await Deno.makeTempFile();
  await Deno.writeFile(outside, new Uint8Array(36));
  const escapes = [
    outside,
    `../${outside.split("/").at(-1)}`,
    "a/../../b",
    "..",
    "a/..",
    "..\\w.bin",
    "C:\\w.bin",
    "C:w.bin",
    `file://${outside}`,
    "https://example.com/w.bin",
    "w.bin\0",
    "",
    "/",
  ];
  for (const path of escapes) {
    const edit: Edit = (json) => (json.weightsManifest[0].paths = [path], json);
    assertEquals(
      await refusal({ edit }),
      `weightsManifest[0].paths[0] is ${JSON.stringify(path)}, expected a file inside the ` +
        `model's folder`,
    );
  }
  await Deno.remove(outside);
});

Deno.test("loadModel() opens nothing outside the folder, whatever the path", async () => {
  const step = fc.constantFrom("..", ".", "", "a", "link", "file", "...", "..\\", "~", "%2e%2e");
  await withFolder(async (outer) => {
    const folder = `${outer}/inner`;
    await Deno.mkdir(`${folder}/a`, { recursive: true });
    await Deno.writeFile(`${outer}/file`, new Uint8Array(36));
    await Deno.mkdir(`${outer}/a`);
    await Deno.writeFile(`${outer}/a/file`, new Uint8Array(36));
    await Deno.symlink("..", `${folder}/link`);
    await Deno.symlink("../..", `${folder}/a/link`);
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 6 }), async (steps) => {
        const path = await saveModel(tf, tiny, folder, {
          edit: (json) => (json.weightsManifest[0].paths = [steps.join("/")], json),
        });
        const message = await refusalOf(path);
        assert(message.startsWith("weightsManifest[0].paths[0] is "), message);
      }),
      { numRuns: 200 },
    );
  });
});

Deno.test("loadModel() refuses a link that leads out of the folder", async () => {
  await withFolder(async (outer) => {
    // The folder's neighbour starts with the folder's name.
    await Deno.mkdir(`${outer}/model`);
    await Deno.mkdir(`${outer}/model-2`);
    const path = await saveModel(tf, tiny, `${outer}/model`);
    await Deno.rename(`${outer}/model/weights-0.bin`, `${outer}/model-2/w.bin`);
    await Deno.symlink("../model-2/w.bin", `${outer}/model/weights-0.bin`);
    assertEquals(
      await refusalOf(path),
      'weightsManifest[0].paths[0] is "weights-0.bin", a link that leads out of the model\'s ' +
        "folder, expected a file inside it",
    );
  });
});

Deno.test("loadModel() reads no file outside the folder that is exchanged for a link", async () => {
  await withFolder(async (outer) => {
    const folder = `${outer}/inner`;
    await Deno.mkdir(folder);
    const path = await saveModel(tf, tiny, folder);
    const [weights, secret] = [`${folder}/weights-0.bin`, `${outer}/secret.bin`];
    await Deno.writeFile(secret, new Uint8Array(36));
    const { open } = Deno;
    const refusalWhile = async (exchange: (open: () => Promise<Deno.FsFile>) => unknown) => {
      let file: Deno.FsFile | undefined;
      Deno.open = async (...args) => {
        await exchange(async () => file = await open(...args));
        return file!;
      };
      try {
        return await refusalOf(path);
      } finally {
        Deno.open = open;
      }
    };
    const link = async () => {
      await Deno.rename(weights, `${folder}/kept`);
      await Deno.symlink(secret, weights);
    };
    const unlink = async () => {
      await Deno.remove(weights);
      await Deno.rename(`${folder}/kept`, weights);
    };
    const shown = 'weightsManifest[0].paths[0] is "weights-0.bin", ';
    // For the moment of opening alone: the name leads to the right file before and after.
    assertEquals(
      await refusalWhile(async (open) => {
        await link();
        await open();
        await unlink();
      }),
      `${shown}which was replaced while it was being read`,
    );
    assertEquals(
      await refusalWhile(async (open) => {
        await link();
        await open();
      }),
      `${shown}a link that leads out of the model's folder, expected a file inside it`,
    );
    await unlink();
    assertEquals(
      await refusalWhile(async (open) => {
        await open();
        await Deno.truncate(weights, 35);
      }),
      `${shown}whose size changed while it was being read`,
    );
  });
});

Deno.test("loadModel() leaves the initialisers of TensorFlow.js as they were", async () => {
  const stock = tf.layers.Layer.prototype as unknown as { addWeight: unknown };
  const { addWeight } = stock;
  await refusal({ edit: (json) => (json.modelTopology.config.layers[1].config.units = 1e9, json) });
  assertEquals(stock.addWeight, addWeight);
  await withFolder(async (folder) => {
    const { model } = await loadModel(await saveModel(tf, tiny, folder));
    model.dispose();
  });
  assertEquals(stock.addWeight, addWeight);
});

Deno.test("loadModel() says what a file of another format is and what to do", async () => {
  const convert = "convert it with tensorflowjs_converter";
  const keras = `save it with Keras 2 (the package tf_keras) and ${convert}`;
  const write = "write the same layers in a module that exports createModel({ tf, seed })";
  const cases: [string, string, string][] = [
    ["a.keras", "it is a Keras model", keras],
    ["a.H5", "it is a Keras model", keras],
    [
      "a.weights.h5",
      "it holds the weights of a Keras model without its layers",
      `save the whole model with Keras 2 (the package tf_keras) and ${convert}`,
    ],
    [
      "saved_model.pb",
      "it is a TensorFlow graph",
      `${convert} --input_format=keras_saved_model --output_format=tfjs_layers_model`,
    ],
    ["a.pt", "it is a PyTorch file", write],
    ["a.pth", "it is a PyTorch file", write],
    ["a.onnx", "it is an ONNX model", write],
    ["a.safetensors", "it holds weights without layers", write],
  ];
  for (const [path, what, cure] of cases) {
    assertEquals(
      (await assertRejects(() => loadModel(path), ModelError)).message,
      `${path}: ${what}, expected a model.json, or a .ts or .js module: ${cure}`,
    );
  }
});

Deno.test("loadModel() says what the layers of a Keras model are without their weights", async () => {
  const path = await Deno.makeTempFile({ suffix: ".json" });
  await Deno.writeTextFile(path, '{"class_name": "Sequential", "config": {}, "backend": "jax"}');
  assertEquals(
    await refusalOf(path),
    "The file holds layers without weights, as to_json() of Keras writes them, expected a layers " +
      'model with "modelTopology" and "weightsManifest": convert the saved model with ' +
      "tensorflowjs_converter",
  );
  await Deno.writeTextFile(path, '{"class_name": "Sequential"}');
  assertEquals(await refusalOf(path), '"modelTopology" is missing, expected a layers model');
  await Deno.remove(path);
});

Deno.test("loadModel() says what is wrong with the file itself", async () => {
  const cases: [string, string][] = [
    ["/no/model.json", "/no/model.json: there is no such file"],
    [
      "/no/model",
      "/no/model: there is no such file, expected a model.json, or a .ts or .js module",
    ],
    ["/tmp", "/tmp: it is a folder, expected a model.json, or a .ts or .js module in it"],
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
      `${folder}/notes: it has no known extension, expected a model.json, or a .ts or .js module`,
    );
  });
});

const golden = new URL("../../fixtures/golden/relu_he/", import.meta.url).pathname;
Deno.test({
  name: "loadModel() needs to read the model's folder and nothing else",
  permissions: { read: [golden] },
  async fn() {
    const { model } = await loadModel(`${golden}model.json`);
    model.dispose();
    const { message } = await assertRejects(() => loadModel("/etc/model.json"), ModelError);
    assertEquals(message, "/etc/model.json: reading it is not allowed: use --allow-read");
  },
});
