import { assert, assertEquals, assertRejects } from "@std/assert";
import { startEngine } from "../../../src/engine/mod.ts";
import { loadModel, ModelError } from "../../../src/entry/model.ts";
import { saveModel, withFolder } from "./save_model.ts";
import { type Json, MODELS, refusal, type Spoilt, testRefusals } from "./test_refusals.ts";

const { tf } = await startEngine();

const spoilt: Spoilt[] = [
  [
    "inputs of a rank that a layer does not take",
    "dense",
    ([dense]) => dense.config.batch_input_shape = [null],
    "[0].config cannot take inputs of shape [any], expected at least 2 axes",
  ],
  [
    "layers of one name in a row",
    "dense",
    ([dense, dropout]) => dropout.config.name = dense.config.name = "one",
    '[1].config.name is "one", expected a name that no layer before it has',
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
];

testRefusals(spoilt);

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
  assert(message.includes("times in one pass, expected at most 10000 calls"), message);
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
