import { plainGraph } from "../../../src/keras/files/plain_graph.ts";
import { ModelError } from "../../../src/load/mod.ts";
import { assertEquals, assertThrows } from "@std/assert";

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

/** What Keras 3 writes of a Dense behind a nested Sequential, of which each is an output. */
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
    assertThrows(
      () => masked(given),
      ModelError,
      `is a mask that "${given.any ? "any" : "not_equal"}" makes, expected one of an Embedding`,
    );
  }
});

Deno.test("plainGraph() refuses a class that is not a text", () => {
  const node = { args: [tensor("in")], kwargs: { why: 2 } };
  const layers = [
    layer("in", "InputLayer"),
    { ...layer("odd", "Dense", node), class_name: {} },
  ];
  assertThrows(
    () =>
      plainGraph({ input_layers: ["in", 0, 0] }, layers, "x", {
        knownAs: (name) => name.trim(),
        hasMasks: false,
      }),
    ModelError,
    "x.layers[1].class_name is an object, a class that TensorFlow.js does not have",
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
      assertThrows(
        () => graph({ output_layers: ["pool", 0, 0] }, maskOf(own, before)),
        ModelError,
        `kwargs.mask is the mask "not_equal", which the layer's input has lost`,
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
