import { assertEquals, assertThrows } from "@std/assert";
import { plainGraph } from "../../../src/keras/files/plain_graph.ts";
import { plainLayer } from "../../../src/keras/files/plain_topology.ts";
import { ModelError } from "../../../src/entry/model.ts";
import { assertRefused, parts, partsOf } from "../../assert_refused.ts";

type Json = Record<string, unknown>;

const tensor = (layer: string, node = 0, index = 0) => ({
  class_name: "__keras_tensor__",
  config: { shape: [null, 2], dtype: "float32", keras_history: [layer, node, index] },
});

const layer = (name: string, class_name: string, ...inbound_nodes: unknown[]): Json => ({
  name,
  class_name,
  config: { name },
  inbound_nodes,
});

const call = (...args: unknown[]) => ({ args, kwargs: {} });

/** Keras 3's configuration of a Dense after a nested Sequential, both of them outputs. */
const LAYERS = [
  layer("in", "InputLayer"),
  layer("nested", "Sequential", call(tensor("in"))),
  layer("dense", "Dense", call(tensor("nested"))),
];

const graph = (config: Json, layers = LAYERS) =>
  plainGraph({ input_layers: ["in", 0, 0], ...config }, layers, "x", {
    knownAs: (name) => name,
    hasMasks: false,
  });

Deno.test("plainGraph() counts the calls of a nested Sequential from 1 wherever it is an output", () => {
  const cases: [unknown, unknown][] = [
    [["nested", 0, 0], [["nested", 1, 0]]],
    [["dense", 0, 0], [["dense", 0, 0]]],
    [[["nested", 0, 0], ["dense", 0, 1]], [["nested", 1, 0], ["dense", 0, 1]]],
    [{ a: ["dense", 0, 0], b: ["nested", 2, 0] }, [["dense", 0, 0], ["nested", 3, 0]]],
  ];
  for (const [given, expected] of cases) {
    assertEquals(graph({ output_layers: given }).output_layers, expected, JSON.stringify(given));
  }
});

Deno.test("plainGraph() leaves the outputs of Keras 2 and what is no reference as they are", () => {
  const old = [
    layer("in", "InputLayer"),
    layer("nested", "Sequential", [["in", 0, 0, {}]]),
  ];
  const config = { output_layers: [["nested", 1, 0]] };
  assertEquals(graph(config, old).output_layers, [["nested", 1, 0]]);
  for (const strange of [null, "nested", 3, [["nested"]], [[1, 0, 0]], [["nested", "0", 0]]]) {
    assertEquals(graph({ output_layers: strange }).output_layers, strange);
  }
});

Deno.test("plainGraph() rewrites calls as Keras 2 has them, their inputs too", () => {
  const { layers, input_layers } = graph({ output_layers: ["dense", 0, 0] });
  assertEquals(input_layers, [["in", 0, 0]]);
  assertEquals((layers as Json[]).map(({ inbound_nodes }) => inbound_nodes), [
    [],
    [[["in", 0, 0, {}]]],
    [[["nested", 1, 0, {}]]],
  ]);
});

Deno.test("plainGraph() takes options and arguments of a call, and leaves out those that are not set", () => {
  const one = (node: unknown, className = "Dense") => {
    const layers = [layer("in", "InputLayer"), layer("a", className, node)];
    return (graph({ output_layers: ["a", 0, 0] }, layers).layers as Json[])[1].inbound_nodes;
  };
  const plain = [[["in", 0, 0, {}]]];
  assertEquals(one({ args: [tensor("in"), null], kwargs: { mask: null } }), plain);
  assertEquals(one({ args: [tensor("in")], kwargs: { mask: [null, null] } }), plain);
  assertEquals(one({ args: [tensor("in")] }), plain);
  for (const key of ["inputs", "sequence", "sequences"]) {
    assertEquals(one({ kwargs: { [key]: tensor("in") } }), plain);
  }
  for (const training of [true, false]) {
    assertEquals(
      one({ args: [tensor("in")], kwargs: { training } }),
      [[["in", 0, 0, { training }]]],
    );
  }
  const two = [[["in", 0, 0, {}], ["in", 0, 1]]];
  assertEquals(one({ args: [[tensor("in"), tensor("in", 0, 1)]] }, "Add"), two);
  assertEquals(one({ args: [tensor("in"), tensor("in", 0, 1)] }, "Add"), two);
  const kwargs = { initial_state: [tensor("in", 0, 1)] };
  assertEquals(one({ args: [tensor("in")], kwargs }, "GRU"), two);
});

/** An LSTM behind a layer that masks, the mask as Keras 3 lists it among the layers. */
function masked(
  { name, config, value, any = false }: {
    name: string;
    config: Json;
    value: unknown;
    any?: boolean;
  },
) {
  const mask = any ? "any" : "not_equal";
  const layers: Json[] = [
    layer("in", "InputLayer"),
    { ...layer("masking", name, call(tensor("in"))), config },
    layer("not_equal", "NotEqual", call(tensor("in"), value)),
    ...any ? [layer("any", "Any", call(tensor("not_equal")))] : [],
    layer("lstm", "LSTM", { args: [tensor("masking")], kwargs: { mask: tensor(mask) } }),
  ];
  return graph({ output_layers: ["lstm", 0, 0] }, layers).layers as Json[];
}

Deno.test("plainGraph() leaves the masks to TensorFlow.js that an Embedding or a Masking makes", () => {
  const embedding = { name: "Embedding", config: { mask_zero: true }, value: 0 };
  const masking = { name: "Masking", config: { mask_value: 3 }, value: 3, any: true };
  const names = (given: Parameters<typeof masked>[0]) => masked(given).map(({ name }) => name);
  assertEquals(names(embedding), ["in", "masking", "lstm"]);
  assertEquals(names(masking), ["in", "masking", "lstm"]);
  assertEquals(names({ ...masking, config: {}, value: 0 }), ["in", "masking", "lstm"]);
  const others: Parameters<typeof masked>[0][] = [
    { ...embedding, value: 1 },
    { ...embedding, config: { mask_zero: false } },
    { ...embedding, name: "Dense" },
    { ...embedding, any: true },
    { ...masking, value: 0 },
    { ...masking, any: false },
    { ...masking, config: {}, value: 1 },
  ];
  for (const given of others) {
    const [name, at] = given.any ? ["any", 4] : ["not_equal", 3];
    assertRefused(
      () => masked(given),
      parts(
        `x.layers[${at}].inbound_nodes[0].kwargs.mask`,
        `a mask that "${name}" makes`,
        "one of an Embedding or a Masking, which TensorFlow.js makes itself",
      ),
      ModelError,
    );
  }
});

Deno.test("plainGraph() refuses a class that is not a text", () => {
  const node = { args: [tensor("in")], kwargs: { why: 2 } };
  const layers = [
    layer("in", "InputLayer"),
    { ...layer("odd", "Dense", node), class_name: {} },
  ];
  assertRefused(
    () =>
      plainGraph({ input_layers: ["in", 0, 0] }, layers, "x", {
        knownAs: (name) => name.trim(),
        hasMasks: false,
      }),
    parts(
      "x.layers[1].class_name",
      "an object, a class that TensorFlow.js does not have",
      "one that it has or that --register FILE supplies (a module that exports register({ tf }))",
    ),
    ModelError,
  );
});

Deno.test("plainGraph() keeps a mask among the layers that something else reads", () => {
  const layers = [
    layer("in", "InputLayer"),
    layer("not_equal", "NotEqual", call(tensor("in"), 0)),
    layer("dense", "Dense", call(tensor("not_equal"))),
  ];
  const kept = graph({ output_layers: ["dense", 0, 0] }, layers).layers as Json[];
  assertEquals(kept.map(({ name }) => name), ["in", "not_equal", "dense"]);
  const end = graph({ output_layers: ["not_equal", 0, 0] }, layers.slice(0, 2)).layers as Json[];
  assertEquals(end.map(({ name }) => name), ["in", "not_equal"]);
});

Deno.test("plainGraph() refuses a mask that the input of the call has lost", () => {
  const maskOf = (source: Json, before: Json) => {
    const mask = { args: [tensor(source.name as string)], kwargs: { mask: tensor("not_equal") } };
    return [
      layer("in", "InputLayer"),
      { ...layer("words", "Embedding", call(tensor("in"))), config: { mask_zero: true } },
      layer("not_equal", "NotEqual", call(tensor("in"), 0)),
      before,
      ...source === before ? [] : [source],
      layer("pool", "GlobalAveragePooling1D", mask),
    ];
  };
  const stops = [
    layer("before", "Multiply", call(tensor("words"), 2)),
    layer("before", "Conv1D", call(tensor("words"))),
    layer("before", "Reshape", call(tensor("words"))),
    { ...layer("before", "LSTM", call(tensor("words"))), config: { return_sequences: false } },
  ];
  for (const before of stops) {
    const source = layer("after", "Dense", call(tensor("before")));
    for (const own of [before, source]) {
      assertRefused(
        () => graph({ output_layers: ["pool", 0, 0] }, maskOf(own, before)),
        parts(
          `x.layers[${own === before ? 4 : 5}].inbound_nodes[0].kwargs.mask`,
          'the mask "not_equal"',
          "the mask of the layer's input",
        ),
        ModelError,
      );
    }
  }
  const passes = layer("before", "Dense", call(tensor("words")));
  graph({ output_layers: ["pool", 0, 0] }, maskOf(passes, passes));
});

Deno.test("plainGraph() lists a dictionary by key, as Keras numbers its tensors", () => {
  const { input_layers, output_layers } = graph({
    input_layers: { b: ["in", 0, 0], a: ["dense", 0, 0] },
    output_layers: { q: ["in", 0, 0], p: ["dense", 0, 0] },
  });
  assertEquals(input_layers, [["dense", 0, 0], ["in", 0, 0]]);
  assertEquals(output_layers, [["dense", 0, 0], ["in", 0, 0]]);
});

Deno.test("plainGraph() maps a dictionary by the names of a nested model's inputs", () => {
  const called = (given: Json, config: Json, mask: unknown = null) => {
    const nested = layer("nested", "Functional", { args: [given], kwargs: { mask } });
    const layers = [layer("x", "InputLayer"), layer("y", "InputLayer"), { ...nested, config }];
    return (graph({ output_layers: ["nested", 0, 0] }, layers).layers as Json[])[2].inbound_nodes;
  };
  const listed = { input_layers: [["b", 0, 0], ["a", 0, 0]] };
  const given = { a: tensor("x"), b: tensor("y") };
  const expected = [[["y", 0, 0, {}], ["x", 0, 0]]];
  assertEquals(called(given, listed), expected);
  // Keras ignores further keys if the nested model was made of a list.
  assertEquals(called({ ...given, c: tensor("x") }, listed, { a: null, b: null }), expected);
  // The keys of the dictionary that a model was made of win over the names of its inputs.
  const made = { ...listed, input_names: ["a", "b"] };
  assertEquals(called(given, made), [[["x", 0, 0, {}], ["y", 0, 0]]]);
  for (const [wrong, config] of [[{ a: tensor("x") }, listed], [{ ...given, c: 1 }, made]]) {
    assertThrows(
      () => called(wrong, config),
      ModelError,
      'expected the names of the inputs of "nested"',
    );
  }
});

type LayerJson = Record<string, unknown>;

const plain = (className: string, config: LayerJson) => plainLayer(className, config, "x");
const same = (className: string, config: LayerJson) => ({ class_name: className, config });

Deno.test("plainLayer() takes a list of one axis for the axis, and any other as it is", () => {
  const axis = (axis: unknown) => plain("BatchNormalization", { axis, epsilon: 1 }).config;
  assertEquals(axis([3]), { epsilon: 1, axis: 3 });
  for (const other of [3, 0, null, [], [1, 2]]) {
    assertEquals(axis(other), { epsilon: 1, axis: other as number });
  }
  assertEquals(axis(undefined), { epsilon: 1 });
});

Deno.test("plainLayer() makes a leaky one of a ReLU that has a slope and no limits", () => {
  const leaky = { class_name: "LeakyReLU", config: { name: "r", alpha: 0.1 } };
  for (const none of [undefined, null, 0]) {
    const config = { name: "r", threshold: none, max_value: none };
    assertEquals(plain("ReLU", { ...config, negative_slope: 0.1 }), leaky);
    const flat = { ...config, negative_slope: none };
    assertEquals(plain("ReLU", flat), same("ReLU", flat));
  }
  for (const limit of [{ threshold: 1 }, { max_value: 6 }, { threshold: 1, max_value: 6 }]) {
    const config = { negative_slope: 0.1, ...limit };
    assertEquals(plain("ReLU", config), same("ReLU", config));
  }
});

Deno.test("plainLayer() passes on an ActivityRegularization and its penalty", () => {
  const config = { name: "a" };
  const linear = { class_name: "Activation", config: { name: "a", activation: "linear" } };
  assertEquals(plain("Identity", config), linear);
  for (const none of [undefined, null, 0]) {
    assertEquals(plain("ActivityRegularization", { ...config, l1: none, l2: none }), linear);
  }
  for (const [l1, l2] of [[0.1, 0], [0, 0.1], [0.1, 0.1]]) {
    const activity_regularizer = { class_name: "L1L2", config: { l1, l2 } };
    assertEquals(plain("ActivityRegularization", { ...config, l1, l2 }), {
      class_name: "Activation",
      config: { ...linear.config, activity_regularizer },
    });
  }
});

Deno.test("plainLayer() renames settings, keeps what is not there away, and leaves others alone", () => {
  assertEquals(plain("InputLayer", { batch_shape: [null, 2], name: "i" }).config, {
    batch_input_shape: [null, 2],
    name: "i",
  });
  assertEquals(plain("InputLayer", { name: "i" }).config, { name: "i" });
  assertEquals(plain("LeakyReLU", { negative_slope: 0.1 }).config, { alpha: 0.1 });
  assertEquals(plain("LeakyReLU", { alpha: 0.2 }).config, { alpha: 0.2 });
  const unused = { kernel_initializer: 1, kernel_regularizer: 2, kernel_constraint: 3 };
  for (const name of ["SeparableConv1D", "SeparableConv2D"]) {
    assertEquals(plain(name, { filters: 2, ...unused }).config, { filters: 2 });
  }
  assertEquals(
    plain("Discretization", { num_bins: 3, epsilon: 1, bin_boundaries: [1] }).config,
    { bin_boundaries: [1] },
  );
  assertEquals(
    plain("Conv2D", { filters: 2, ...unused }),
    same("Conv2D", { filters: 2, ...unused }),
  );
  assertEquals(plain("toString", { units: 1 }), same("toString", { units: 1 }));
});

Deno.test("plainLayer() takes two directions that are copies, each going its own way", () => {
  const layer = (config: LayerJson, class_name = "LSTM") => ({ class_name, config });
  const pair = (forward: LayerJson | undefined, backward: unknown) =>
    plain("Bidirectional", {
      layer: forward && layer(forward),
      backward_layer: backward,
      merge_mode: "sum",
    }).config;
  const forward = { units: 2, go_backwards: false, name: "forward_lstm" };
  const expected = { layer: layer({ ...forward, name: "lstm" }), merge_mode: "sum" };
  for (
    const backward of [
      undefined,
      null,
      layer({ name: "backward_lstm", go_backwards: true, units: 2 }),
    ]
  ) {
    assertEquals(pair(forward, backward), expected);
  }
  const strange = [
    3,
    layer({ ...forward, go_backwards: true }, "GRU"),
    { class_name: "LSTM", config: null },
    layer({ ...forward, go_backwards: true, units: 3 }),
    layer({ ...forward, go_backwards: true, more: 1 }),
    layer(forward),
  ];
  for (const backward of strange) {
    assertEquals(
      partsOf(assertThrows(() => pair(forward, backward), ModelError)),
      parts(
        "x.backward_layer",
        "unlike x.layer",
        "a copy of it with go_backwards: TensorFlow.js has no other",
      ),
    );
  }
  // A layer without a name gets none, and an entry that is not a layer is refused later.
  assertEquals(pair({ units: 2 }, null), { layer: layer({ units: 2 }), merge_mode: "sum" });
  assertEquals(pair({ name: "forward_" }, null).layer, layer({ name: "forward_" }));
  assertEquals(pair({ name: "my_forward_lstm" }, null).layer, layer({ name: "my_forward_lstm" }));
  assertEquals(pair(undefined, 3), { layer: undefined, merge_mode: "sum" });
});

Deno.test("plainLayer() takes the implementation 0 for 1, as TensorFlow.js does with a warning", () => {
  for (const name of ["GRU", "GRUCell", "LSTM", "LSTMCell"]) {
    assertEquals(plain(name, { implementation: 0 }).config, { implementation: 1 });
    assertEquals(plain(name, { implementation: 2 }).config, { implementation: 2 });
  }
});
