import { assert, assertEquals, assertRejects } from "@std/assert";
import type { LayersModel } from "../../src/engine/mod.ts";
import { startEngine } from "../../src/engine/mod.ts";
import { loadModel, ModelError } from "../../src/model/mod.ts";
import { saveModel, withFolder } from "./save_model.ts";

const { tf } = await startEngine();
const { layers } = tf;

// deno-lint-ignore no-explicit-any
type Json = any;
/** Changes the configurations of a model's layers, or the whole model. */
type Edit = (layers: Json[], model: Json) => void;

/** How a saved and spoilt model is refused, without the names of file and model. */
async function refusal(model: LayersModel, edit: Edit): Promise<string> {
  return await withFolder(async (folder) => {
    const path = await saveModel(tf, model, folder, {
      edit: (json) => {
        edit(json.modelTopology.config.layers, json.modelTopology);
        return json;
      },
    });
    const tensors = tf.memory().numTensors;
    const error = await assertRejects(() => loadModel(path), ModelError);
    assertEquals(tf.memory().numTensors, tensors, "a failed load leaves tensors");
    assert(error.message.startsWith(`${path}: modelTopology`), error.message);
    return error.message.slice(`${path}: modelTopology.config.layers`.length);
  });
}

const sequential = (make: () => unknown[]) => () => tf.sequential({ layers: make() as never[] });

const MODELS = {
  dense: sequential(
    () => [layers.dense({ units: 2, inputShape: [3] }), layers.dropout({ rate: 0.5 })],
  ),
  conv1d: sequential(() => [
    layers.conv1d({ filters: 2, kernelSize: 3, padding: "causal", inputShape: [8, 2] }),
    layers.maxPooling1d({}),
  ]),
  conv2d: sequential(() => [
    layers.zeroPadding2d({ inputShape: [6, 6, 2] }),
    layers.separableConv2d({ filters: 2, kernelSize: 3 }),
    layers.maxPooling2d({}),
    layers.upSampling2d({}),
    layers.flatten(),
    layers.reshape({ targetShape: [4, 8] }),
  ]),
  pooling3d: sequential(
    () => [layers.averagePooling3d({ padding: "same", inputShape: [4, 4, 4, 1] })],
  ),
  lstm: sequential(() => [
    layers.embedding({ inputDim: 4, outputDim: 2, inputLength: 5 }),
    layers.bidirectional({ layer: layers.lstm({ units: 2 }) as never }),
    layers.repeatVector({ n: 3 }),
    layers.timeDistributed({ layer: layers.dense({ units: 2 }) }),
    layers.rnn({ cell: layers.stackedRNNCells({ cells: [layers.gruCell({ units: 2 })] }) }),
  ]),
  graph() {
    const input = tf.input({ shape: [2], name: "in" });
    const a = layers.dense({ name: "a", units: 2 }).apply(input);
    const b = layers.dense({ name: "b", units: 2 }).apply(a);
    const outputs = layers.add({ name: "sum" }).apply([a, b] as never[]) as never;
    return tf.model({ inputs: input, outputs });
  },
  nested() {
    const inner = tf.sequential({
      name: "inner",
      layers: [layers.dense({ units: 2, inputShape: [2] })],
    });
    const input = tf.input({ shape: [2], name: "in" });
    return tf.model({ inputs: input, outputs: inner.apply(inner.apply(input)) as never });
  },
};

const COUNT = "expected a whole number from 1 to 2147483647";

const spoilt: [string, keyof typeof MODELS, Edit, string][] = [
  [
    "no units",
    "dense",
    ([dense]) => delete dense.config.units,
    `[0].config.units is missing, ${COUNT}`,
  ],
  [
    "negative units",
    "dense",
    ([dense]) => dense.config.units = -1,
    `[0].config.units is -1, ${COUNT}`,
  ],
  [
    "half a unit",
    "dense",
    ([dense]) => dense.config.units = 0.5,
    `[0].config.units is 0.5, ${COUNT}`,
  ],
  [
    "units beyond int32",
    "dense",
    ([dense]) => dense.config.units = 2 ** 31,
    `[0].config.units is 2147483648, ${COUNT}`,
  ],
  [
    "a rate above 1",
    "dense",
    ([, dropout]) => dropout.config.rate = 1.5,
    "[1].config.rate is 1.5, expected a number from 0 to 1",
  ],
  [
    "an initialiser that needs a value, by its name alone",
    "dense",
    ([dense]) => dense.config.kernel_initializer = "Constant",
    "[0].config is not a configuration of Constant: config must have value set but got [object Object]",
  ],
  [
    "a flag of text",
    "dense",
    ([dense]) => dense.config.use_bias = "no",
    '[0].config.use_bias is "no", expected true or false',
  ],
  [
    "a name that is a number",
    "dense",
    ([dense]) => dense.config.name = 7,
    "[0].config.name is 7, expected a text",
  ],
  [
    "a shape of text",
    "dense",
    ([dense]) => dense.config.batch_input_shape = [null, "3"],
    '[0].config.batch_input_shape[1] is "3", expected null or a whole number from 1 to 2147483647',
  ],
  [
    "no shape at all",
    "dense",
    ([dense]) => delete dense.config.batch_input_shape,
    '[0].config has no "batch_input_shape", expected the shape that the model takes',
  ],
  [
    "weights in the topology",
    "dense",
    ([dense]) => dense.config.weights = [1],
    "[0].config.weights is an array of 1 item, expected null: weights stand in weightsManifest",
  ],
  [
    "a class that is a number",
    "dense",
    ([dense]) => dense.class_name = 7,
    "[0].class_name is 7, expected the name of a class",
  ],
  [
    "an initialiser in the place of a layer",
    "dense",
    ([dense]) => dense.class_name = "Zeros",
    '[0].class_name is "Zeros", expected the class of a layer',
  ],
  [
    "a layer in the place of an initialiser",
    "dense",
    ([dense]) => dense.config.kernel_initializer.class_name = "Dense",
    '[0].config.kernel_initializer.class_name is "Dense", expected the class of an initializer',
  ],
  [
    "an initialiser whose class is a number",
    "dense",
    ([dense]) => dense.config.kernel_initializer.class_name = 7,
    "[0].config.kernel_initializer.class_name is 7, expected the name of a class",
  ],
  [
    "an initialiser without configuration",
    "dense",
    ([dense]) => dense.config.kernel_initializer.config = null,
    "[0].config.kernel_initializer.config is null, expected an object",
  ],
  [
    "an unknown mode of an initialiser",
    "dense",
    ([dense]) => dense.config.kernel_initializer.config.mode = "fan",
    '[0].config.kernel_initializer.config.mode is "fan", expected "fan_in", "fan_out" or "fan_avg"',
  ],
  [
    "a scale that cannot be made a number",
    "dense",
    ([dense]) => dense.config.kernel_initializer.config.scale = { toString: 1 },
    "[0].config.kernel_initializer.config.scale is an object, expected a number of at least 0",
  ],
  [
    "an initialiser that is a number",
    "dense",
    ([dense]) => dense.config.bias_initializer = 7,
    '[0].config.bias_initializer is 7, expected an initializer with "class_name" and "config"',
  ],
  [
    "an unknown constraint",
    "dense",
    ([dense]) => dense.config.kernel_constraint = "maxNrm",
    '[0].config.kernel_constraint is "maxNrm", expected a constraint that TensorFlow.js has; did ' +
    'you mean "MaxNorm"?',
  ],
  [
    "a negative dilation",
    "conv1d",
    ([conv]) => conv.config.dilation_rate = [-5],
    `[0].config.dilation_rate[0] is -5, ${COUNT}`,
  ],
  [
    "a kernel of too many axes",
    "conv1d",
    ([conv]) => conv.config.kernel_size = [3, 3],
    `[0].config.kernel_size is an array of 2 items, ${COUNT}, or an array of one`,
  ],
  [
    "a causal window that the heap cannot hold",
    "conv1d",
    ([conv]) => conv.config.dilation_rate = [1e9],
    "[0].config pads its input of shape [any, 8, 2] to 2000000008, expected a window that the " +
    "engine's 4 GiB have room for",
  ],
  [
    "a pooling window that the heap cannot hold",
    "pooling3d",
    ([pool]) => pool.config.pool_size = [1e9, 2, 2],
    "[0].config pads its input of shape [any, 4, 4, 4, 1] to 1000000003 x 5 x 5, expected a window " +
    "that the engine's 4 GiB have room for",
  ],
  [
    "a window that the input has no room for",
    "conv1d",
    ([, pool]) => pool.config.pool_size = [9],
    "[1].config makes the shape [any, 0, 2] of [any, 8, 2], expected sizes of at least 1",
  ],
  [
    "an unknown padding",
    "conv2d",
    ([, , pool]) => pool.config.padding = "causal",
    '[2].config.padding is "causal", expected "same" or "valid"',
  ],
  [
    "a border of three",
    "conv2d",
    ([border]) => border.config.padding = [1, 1, 1],
    "[0].config.padding is an array of 3 items, expected a whole number from 0 to 2147483647, or an " +
    "array of 2 of them, or of 2 pairs",
  ],
  [
    "a negative border",
    "conv2d",
    ([border]) => border.config.padding = [[1, 1], [1, -1]],
    "[0].config.padding[1][1] is -1, expected a whole number from 0 to 2147483647",
  ],
  [
    "an output that the heap cannot hold",
    "conv2d",
    ([, , , up]) => up.config.size = [1e5, 1e5],
    "[3].config makes the shape [any, 300000, 300000, 2] of [any, 3, 3, 2], expected at most 2^30 " +
    "entries, which fill the engine's 4 GiB",
  ],
  [
    "two open sizes",
    "conv2d",
    ([, , , , , reshape]) => reshape.config.target_shape = [-1, null],
    "[5].config.target_shape is an array of 2 items, expected an array of sizes of which -1 leaves " +
    "one open",
  ],
  [
    "a wrapper without its layer",
    "lstm",
    ([, bidirectional]) => delete bidirectional.config.layer,
    '[1].config.layer is missing, expected a recurrent layer with "class_name" and "config"',
  ],
  [
    "a bidirectional layer around no recurrent one",
    "lstm",
    ([, bidirectional]) => bidirectional.config.layer.class_name = "Flatten",
    '[1].config.layer.class_name is "Flatten", expected the class of a recurrent layer',
  ],
  [
    "negative units inside of a wrapper",
    "lstm",
    ([, , , wrapper]) => wrapper.config.layer.config.units = -1,
    `[3].config.layer.config.units is -1, ${COUNT}`,
  ],
  [
    "a recurrent layer without its cell",
    "lstm",
    ([, , , , rnn]) => rnn.config.cell = null,
    '[4].config.cell is null, expected the cell of a recurrent layer with "class_name" and "config"',
  ],
  [
    "no cells",
    "lstm",
    ([, , , , rnn]) => rnn.config.cell.config.cells = [],
    "[4].config.cell.config.cells is an empty array, expected an array of cells",
  ],
  [
    "a layer in the place of a cell",
    "lstm",
    ([, , , , rnn]) => rnn.config.cell.config.cells[0].class_name = "GRU",
    '[4].config.cell.config.cells[0].class_name is "GRU", expected the class of the cell of a ' +
    "recurrent layer",
  ],
  [
    "more steps than can be held",
    "lstm",
    ([, , repeat]) => repeat.config.n = 1e6,
    "[3].config runs 1000000 steps, expected at most 100000, whose tensors JavaScript can hold",
  ],
  [
    "inputs of a rank that a layer does not take",
    "dense",
    ([dense]) => dense.config.batch_input_shape = [null],
    "[0].config cannot take inputs of shape [any], expected at least 2 axes",
  ],
  [
    "a shape without the batch",
    "dense",
    ([dense]) => dense.config.batch_input_shape = [],
    "[0].config.batch_input_shape is an empty array, expected an array of sizes, that of the batch " +
    "first",
  ],
  [
    "layers of one name in a row",
    "dense",
    ([dense, dropout]) => dropout.config.name = dense.config.name = "one",
    '[1].config.name is "one", expected a name that no layer before it has',
  ],
  [
    "a name that is none to TensorFlow.js",
    "dense",
    ([dense]) => dense.config.name = "one\u001b[31m",
    '[0].config.name is "one\\u001b[31m", expected a name of letters, digits and . _ - / that begins ' +
    "with a letter or digit",
  ],
  [
    "an axis that the input does not have",
    "graph",
    ([, , b, sum]) => {
      sum.class_name = "Concatenate";
      sum.config.axis = 2;
      b.config.units = 2;
    },
    "[3].config.axis is 2, expected an axis of the shape [any, 2]",
  ],
  [
    "two inputs for a layer of one",
    "graph",
    ([, , b]) => b.inbound_nodes[0].push(["in", 0, 0]),
    "[2].inbound_nodes[0] is an array of 2 items, expected one reference as Dense takes inputs",
  ],
  [
    "three inputs for a product of two",
    "graph",
    ([, , , sum]) => {
      sum.class_name = "Dot";
      sum.config.axes = 1;
      sum.inbound_nodes[0].push(["in", 0, 0]);
    },
    "[3].inbound_nodes[0] is an array of 3 items, expected 2 references as Dot takes inputs",
  ],
  [
    "one input for a sum",
    "graph",
    ([, , , sum]) => sum.inbound_nodes[0].pop(),
    "[3].inbound_nodes[0] is an array of 1 item, expected 2 or more references as Add takes inputs",
  ],
  [
    "a key twice",
    "graph",
    ([, a]) => a.config.units_ = 3,
    '[1].config has the keys "units" and "units_", which are one to TensorFlow.js, expected one of them',
  ],
  [
    "an input without a shape",
    "graph",
    ([input]) => delete input.config.batch_input_shape,
    '[0].config has no "batch_input_shape", expected the shape that the model takes',
  ],
  [
    "the tensor of a nested model's own inputs",
    "nested",
    ([, inner]) => inner.inbound_nodes[1][0][1] = 0,
    '[1].inbound_nodes[1][0][1] is 0, expected 1 to 2 as the calls of layer "inner" are numbered',
  ],
  [
    "a call that is not there",
    "graph",
    ([, , b]) => b.inbound_nodes[0][0][1] = 1,
    '[2].inbound_nodes[0][0][1] is 1, expected 0 as the calls of layer "a" are numbered',
  ],
  [
    "a tensor that is not there",
    "graph",
    ([, , b]) => b.inbound_nodes[0][0][2] = 1,
    '[2].inbound_nodes[0][0][2] is 1, expected 0 as the tensors of layer "a" are numbered',
  ],
  [
    "a call without inputs",
    "graph",
    ([, , b]) => b.inbound_nodes[0] = [],
    "[2].inbound_nodes[0] is an empty array, expected an array of references",
  ],
  [
    "arguments that are a number",
    "graph",
    ([, , b]) => b.inbound_nodes[0][0][3] = 7,
    "[2].inbound_nodes[0][0][3] is 7, expected an object",
  ],
  [
    "a name that every object has",
    "graph",
    ([, , b]) => b.name = b.config.name = "constructor",
    '[2].name is "constructor", expected a name that JavaScript has no use for',
  ],
];
for (const [what, model, edit, message] of spoilt) {
  Deno.test(`loadModel() refuses ${what}, and says where it stands`, async () => {
    const built = MODELS[model]();
    const numbers = /_[A-Z]\w*?\d+/;
    assertEquals(
      (await refusal(built, edit)).replace(numbers, "_*"),
      message.replace(numbers, "_*"),
    );
    built.dispose();
  });
}

Deno.test("loadModel() refuses a model that lacks an input which its outputs need", async () => {
  const model = MODELS.graph();
  const message = await refusal(model, ([, , b], whole) => {
    const other = structuredClone(whole.config.layers[0]);
    other.name = other.config.name = "other";
    whole.config.layers.push(other);
    b.inbound_nodes[0][0][0] = "other";
  });
  assert(
    message.endsWith('has no "other", expected every input that the outputs need'),
    message,
  );
  model.dispose();
});

Deno.test("loadModel() refuses outputs of a call that is not there", async () => {
  const model = MODELS.graph();
  const message = await refusal(model, (_, whole) => whole.config.output_layers[0][1] = 3);
  assert(message.includes('[0][1] is 3, expected 0 as the calls of layer "sum"'), message);
  model.dispose();
});

Deno.test("loadModel() refuses inputs and outputs that are listed twice, or are no inputs", async () => {
  const lists: [string, (whole: Json) => void, string][] = [
    ["output", ({ config }) => config.output_layers.push(["sum", 0, 0]), '[1] is ["sum",0,0], '],
    ["input", ({ config }) => config.input_layers.push(["in", 0, 0]), '[1][0] is "in", '],
  ];
  for (const [what, edit, where] of lists) {
    const model = MODELS.graph();
    assert((await refusal(model, (_, whole) => edit(whole))).includes(
      `${where}expected an ${what} that is not listed before`,
    ));
    const message = await refusal(model, (_, whole) => whole.config.input_layers[0][0] = "a");
    assert(message.includes('[0][0] is "a", expected the name of an InputLayer'), message);
    model.dispose();
  }
});

Deno.test("loadModel() refuses models that call each other too often", async () => {
  const model = MODELS.nested();
  const message = await refusal(model, (_, whole) => {
    for (let depth = 0; depth < 20; depth++) {
      const inner = structuredClone(whole);
      const [input, middle] = whole.config.layers;
      middle.class_name = "Functional";
      middle.config = { ...inner.config, name: "inner" };
      whole.config.layers = [input, middle];
    }
  });
  assert(message.includes("times in one pass, expected at most 100000 calls"), message);
  model.dispose();
});

Deno.test("loadModel() leaves out the layers that no output needs, and all of their tensors", async () => {
  const model = MODELS.graph();
  await withFolder(async (folder) => {
    const unused = (units: number) => (json: Json) => {
      const { layers } = json.modelTopology.config;
      const more = structuredClone(layers[2]);
      more.name = more.config.name = "unused";
      more.config.units = units;
      layers.push(more);
      return json;
    };
    const path = await saveModel(tf, model, folder, { edit: unused(3) });
    const tensors = tf.memory().numTensors;
    const loaded = await loadModel(path);
    assertEquals(loaded.model.layers.map(({ name }) => name), ["in", "a", "b", "sum"]);
    loaded.model.dispose();
    assertEquals(tf.memory().numTensors, tensors);
    await saveModel(tf, model, folder, { edit: unused(0) });
    const { message } = await assertRejects(() => loadModel(path), ModelError);
    assert(message.includes("layers[4].config.units is 0, expected a whole number"), message);
  });
  model.dispose();
});
