import { assertEquals, assertThrows } from "@std/assert";
import { convertTopology } from "../../../src/keras/topology/convert_topology.ts";
import { plainTopology } from "../../../src/keras/files/plain_topology.ts";
import { ModelError } from "../../../src/entry/model.ts";

type Json = Record<string, unknown>;

const KNOWN = ["Sequential", "Model", "Functional", "InputLayer", "Dense", "L1L2", "Mine", "relu"];
const convert = (topology: unknown, root?: string) =>
  convertTopology(topology, (name) => KNOWN.includes(name), root);

const object = (class_name: string, config: unknown, more: Json = {}): Json => ({
  class_name,
  config,
  ...more,
});

const dense = (more: Json = {}) => object("Dense", { units: 1, ...more });
const sequential = (...layers: unknown[]) => object("Sequential", { name: "s", layers });
const first = { batch_input_shape: [null, 2] };

const message = (topology: unknown, root?: string) =>
  assertThrows(() => convert(topology, root), ModelError).message;

Deno.test("convertTopology() takes a model, or one of Keras around it", () => {
  const model = sequential(dense(first));
  const config = {
    name: "s",
    layers: [{ className: "Dense", config: { units: 1, batchInputShape: [null, 2] } }],
  };
  for (const given of [model, { ...model, model_config: null }, { model_config: model }]) {
    const found = convert(given);
    assertEquals([found.className, found.config], ["Sequential", config]);
  }
  const bare = convert(object("Sequential", [dense(first)]));
  assertEquals(bare.config, { layers: config.layers });
  const classes = "expected Model, Functional, Sequential";
  const cases: [unknown, string][] = [
    [[], "modelTopology is an empty array, expected an object"],
    [{ model_config: 3 }, "modelTopology.model_config is 3, expected an object"],
    [{}, `modelTopology.class_name is missing, ${classes}`],
    [{ model_config: {} }, `modelTopology.model_config.class_name is missing, ${classes}`],
    [{ class_name: 3, config: {} }, `modelTopology.class_name is 3, ${classes}`],
    [{ class_name: "Model" }, `modelTopology.class_name is "Model", ${classes}`],
    [dense(), `modelTopology.class_name is "Dense", ${classes}`],
  ];
  for (const [given, why] of cases) assertEquals(message(given), why);
  assertEquals(message([], "config.json"), "config.json is an empty array, expected an object");
});

Deno.test("convertTopology() says where each configuration stands", () => {
  const given = sequential(dense(first), object("Mine", { inner: dense() }));
  const { config, places } = convert({ model_config: given });
  const [one, mine] = config.layers as { config: Json }[];
  assertEquals(
    [config, one.config, mine.config, (mine.config.inner as Json).config].map((found) =>
      places.get(found as object)
    ),
    ["", ".layers[0].config", ".layers[1].config", ".layers[1].config.inner.config"].map(
      (end) => `modelTopology.model_config.config${end}`,
    ),
  );
});

Deno.test("convertTopology() keeps names and knows the package of a custom class", () => {
  const mine = {
    name: "my_layer",
    some_key: "some_value",
    list: ["a_b", ["c_d"]],
    Activation: "relu",
  };
  const { config } = convert(sequential(dense(first), object("my_package>Mine", mine)));
  assertEquals((config.layers as Json[])[1], {
    className: "Mine",
    config: { name: "my_layer", someKey: "someValue", list: ["aB", ["cD"]], Activation: "relu" },
  });
  for (const dtype of [undefined, null, "float32", "int32", "bool"]) {
    convert(sequential(dense({ ...first, dtype })));
  }
  assertEquals(
    message(sequential(dense({ ...first, dtype: "complex64" }))),
    'modelTopology.config.layers[0].config.dtype is "complex64", expected "float32", "int32" or "bool"',
  );
  assertEquals(
    message(sequential(object("Unheard", first))).startsWith(
      'modelTopology.config.layers[0].class_name is "Unheard"',
    ),
    true,
  );
});

Deno.test("convertTopology() makes one penalty of the two that Keras has", () => {
  const penalty = (className: string, config: Json) => {
    const { config: { layers } } = convert(
      sequential(dense({ ...first, kernel_regularizer: object(className, config) })),
    );
    return (layers as { config: Json }[])[0].config.kernelRegularizer;
  };
  const made = (l1: number, l2: number) => ({ className: "L1L2", config: { l1, l2 } });
  assertEquals(penalty("L1", { l1: 0.1 }), made(0.1, 0));
  assertEquals(penalty("L2", { l2: 0.1 }), made(0, 0.1));
  assertEquals(penalty("L1L2", { l1: 0.1, l2: 0.2 }), made(0.1, 0.2));
});

/** A graph of two branches of which the second leads to no output. */
function graph(more: Json = {}) {
  const layer = (name: string, from: string | null) =>
    object(
      from === null ? "InputLayer" : "Dense",
      from === null ? { ...first, name } : { units: 1, name },
      { name, inbound_nodes: from === null ? [] : [[[from, 0, 0, {}]]] },
    );
  return object("Model", {
    name: "m",
    layers: [layer("in_put", null), layer("a_b", "in_put"), layer("c", "a_b"), layer("d", "a_b")],
    input_layers: [["in_put", 0, 0]],
    output_layers: [["c", 0, 0]],
    ...more,
  });
}

Deno.test("convertTopology() drops layers that no output needs, in models inside of models too", () => {
  const names = (config: Json) => (config.layers as Json[]).map(({ name }) => name);
  assertEquals(names(convert(graph()).config), ["in_put", "a_b", "c"]);
  const { config } = convert(sequential(graph()));
  assertEquals(names((config.layers as { config: Json }[])[0].config), ["in_put", "a_b", "c"]);
  const both = graph({ output_layers: [["c", 0, 0], ["d", 0, 0]] });
  assertEquals(names(convert(both).config), ["in_put", "a_b", "c", "d"]);
});

Deno.test("convertTopology() takes no configuration of a custom class for a graph", () => {
  for (
    const keys of [["layers"], ["input_layers"], ["output_layers"], ["layers", "input_layers"]]
  ) {
    const own = Object.fromEntries(keys.map((key) => [key, [["x"]]]));
    const { config } = convert(sequential(dense(first), object("Mine", { own })));
    const kept = (config.layers as { config: { own: Json } }[])[1].config.own;
    assertEquals(Object.values(kept), keys.map(() => [["x"]]));
  }
});

Deno.test("convertTopology() goes 100 levels deep, and says so of more", () => {
  const nested = (levels: number) => {
    let value: unknown = 1;
    for (let i = 0; i < levels; i++) value = [value];
    return sequential(dense({ ...first, deep: value }));
  };
  // The list stands five levels down: configuration, layers, the first, its configuration, the key.
  convert(nested(95));
  assertEquals(message(nested(96)), "deep has more than 100 levels, expected at most 100");
});

Deno.test("plainTopology() sees a sign of Keras 3 wherever it stands in a model, as deep as 200 levels", () => {
  /** A model whose only sign is this many levels below its configuration. */
  const hidden = (levels: number) => {
    let value: unknown = { class_name: "DTypePolicy" };
    for (let i = 0; i < levels; i++) value = [value];
    return object("Dense", { units: 1, activation: "hard_sigmoid", more: value });
  };
  const activation = (levels: number) =>
    (plainTopology(hidden(levels), "", (name) => name).config as Json).activation;
  assertEquals([0, 198].map(activation), ["hardSigmoid6", "hardSigmoid6"]);
  assertEquals(activation(199), "hard_sigmoid");
});
