import {
  indexed,
  indexedShape,
  itemsOf,
} from "../../../src/keras/layers/operations/rearrangements.ts";
import golden from "../../../fixtures/golden/slices.json" with { type: "json" };
import { startEngine } from "../../../src/engine/mod.ts";
import { isOperation, plainOperation } from "../../../src/keras/files/plain_operation.ts";
import { ModelError } from "../../../src/entry/model.ts";
import { assertEquals, assertThrows } from "@std/assert";
import { assertRefused, parts } from "../../assert_refused.ts";

type Json = Record<string, unknown>;

const tensor = (name: string, shape = [null, 6, 4]) => ({
  class_name: "__keras_tensor__",
  config: { shape, dtype: "float32", keras_history: [name, 0, 0] },
});
const a = tensor("a");
const b = tensor("b");
const slice = (start: unknown, stop: unknown, step: unknown = null) => ({
  class_name: "__slice__",
  config: { start, stop, step },
});

function plain(
  class_name: string,
  args: unknown[],
  { settings = {}, kwargs = {}, hasMasks = false }: {
    settings?: Json;
    kwargs?: Json;
    hasMasks?: boolean;
  } = {},
) {
  const layer = { class_name, name: "op", config: { name: "op", ...settings } };
  return plainOperation(layer, { args, kwargs }, "x.layers[2].inbound_nodes[0]", { hasMasks });
}

Deno.test("isOperation() knows the modules of keras.ops, and an operation without its module", () => {
  for (const module of ["keras.src.ops.numpy", "keras.ops", "keras.ops.nn", "keras.src.ops.core"]) {
    assertEquals(isOperation({ module }), true, module);
  }
  for (const module of ["keras.layers", "keras", "my.keras.ops", "keras.opsis"]) {
    assertEquals(isOperation({ module }), false, module);
  }
  // A .h5 names no modules.
  const saved = { class_name: "Subtract", config: { name: "a" }, inbound_nodes: [{ args: [a] }] };
  assertEquals(isOperation(saved), true);
  assertEquals(isOperation({ ...saved, config: { name: "a", trainable: true } }), false);
  assertEquals(isOperation({ ...saved, class_name: "MyOwn" }), false);
  assertEquals(isOperation({ ...saved, inbound_nodes: [[["in", 0, 0, {}]]] }), false);
});

Deno.test("plainOperation() makes a Rescaling of an operation with a number, on either side", () => {
  const cases: [string, unknown[], number, number][] = [
    ["Add", [a, 4], 1, 4],
    ["Add", [4, a], 1, 4],
    ["Subtract", [a, 4], 1, -4],
    ["Subtract", [4, a], -1, 4],
    ["Multiply", [4, a], 4, 0],
    ["Divide", [a, 4], 0.25, 0],
    ["TrueDivide", [a, 4], 0.25, 0],
    ["Negative", [a], -1, 0],
  ];
  for (const [name, args, scale, offset] of cases) {
    assertEquals(plain(name, args), {
      class_name: "Rescaling",
      config: { name: "op", scale, offset },
      tensors: [a],
    });
  }
});

Deno.test("plainOperation() makes layers and activations of the operations that are one", () => {
  const named = (config: Json) => ({ name: "op", ...config });
  assertEquals(plain("Add", [a, b]), { class_name: "Add", config: named({}), tensors: [a, b] });
  assertEquals(
    plain("Concatenate", [[a, b]], { settings: { axis: 1 }, hasMasks: true }),
    { class_name: "Concatenate", config: named({ axis: 1, mask_rule: "none" }), tensors: [a, b] },
  );
  const activation = (activation: unknown) => ({
    class_name: "Activation",
    config: named({ activation }),
    tensors: [a],
  });
  assertEquals(plain("Silu", [a]), activation("swish"));
  assertEquals(plain("Gelu", [a], { settings: { approximate: true } }), activation("gelu_new"));
  assertEquals(
    plain("LeakyRelu", [a], { settings: { negative_slope: 0.1 } }),
    activation({ class_name: "leakyRelu", config: { alpha: 0.1 } }),
  );
  assertEquals(plain("Softmax", [a], { settings: { axis: -1 } }), activation("softmax"));
  assertEquals(plain("Softmax", [a], { settings: { axis: 1 } }).class_name, "Softmax");
  assertEquals(plain("Elu", [a], { settings: { alpha: 0.5 } }).config, named({ alpha: 0.5 }));
});

Deno.test("plainOperation() keeps the order of operands, and what a call says besides", () => {
  assertEquals(plain("Power", [2, a]), {
    class_name: "PowerOp",
    config: { name: "op", settings: {}, operands: [{ value: 2 }, { tensor: 0 }] },
    tensors: [a],
  });
  assertEquals(plain("Where", [a, b, [[1], [2]]]).config.operands, [
    { tensor: 0 },
    { tensor: 1 },
    { value: [[1], [2]] },
  ]);
  const key = [slice(null, null), 0, null, slice(1, -1, 2), {
    class_name: "__ellipsis__",
    config: {},
  }];
  assertEquals(plain("GetItem", [a, key]).config.settings, {
    key: [[null, null, null], 0, null, [1, -1, 2], ["..."]],
  });
  assertEquals(plain("GetItem", [a, 3]).config.settings, { key: [3] });
  assertEquals(plain("Take", [a, [0, 2]], { settings: { axis: 1 } }).config.settings, {
    axis: 1,
    indices: [0, 2],
  });
  const { config, tensors } = plain("Divide", [], { kwargs: { x1: a, x2: b } });
  assertEquals([config, tensors], [{ name: "op", settings: {} }, [a, b]]);
  const kwargs = { constant_values: 2, other: null };
  assertEquals(plain("Pad", [a], { settings: { mode: "constant" }, kwargs }).config.settings, {
    mode: "constant",
    constant_values: 2,
  });
});

Deno.test("plainOperation() refuses what is not run, with the reason", () => {
  for (const name of ["Argmax", "FFT", "toString", "Zeros"]) {
    const said = parts("x.layers[2].class_name", `"${name}"`, "an operation that is run");
    assertRefused(() => plain(name, [a]), said, ModelError);
  }
  assertThrows(
    () => plain("Argmax", [a]),
    ModelError,
    "an operation of Keras (keras.ops) that is not run here: it has no gradient. Save a model without it",
  );
  const refuses = (
    name: string,
    given: unknown[],
    place: string,
    found: string,
    expected: string,
  ) =>
    assertRefused(
      () => plain(name, [a, ...given]),
      parts(`x.layers[2].inbound_nodes[0].${place}`, found, expected),
      ModelError,
    );
  refuses("Add", ["x"], "args[1]", '"x"', "a tensor, a number or an array of numbers");
  const item = "a whole number, a slice, an ellipsis or null";
  refuses("GetItem", [["x"]], "args[1][0]", '"x"', item);
  refuses("GetItem", [[slice(0.5, 1)]], "args[1][0]", "an object", item);
  refuses("GetItem", [[slice(0, 1, 0)]], "args[1][0]", "an object", item);
});

Deno.test("indexedShape() drops the axes of single places, from either end", () => {
  const shape = (axis0: number, axis1: number) =>
    indexedShape([{ place: axis0 }, { place: axis1 }], [2, 3, 4]);
  for (const [first, second] of [[0, 0], [-2, -3], [1, 2]]) {
    assertEquals(shape(first, second), []);
  }
  for (const place of [-4, 3]) {
    assertRefused(
      () => shape(0, place),
      parts("The operation", `index ${place} of axis 1`, "one of 3 entries"),
    );
  }
});

Deno.test("itemsOf() has an item for each axis, of a batch of numbers, too", () => {
  const whole = { start: null, stop: null, step: 1 };
  assertEquals(itemsOf([[null, null, null]], [null]), [whole]);
  assertEquals(itemsOf([["..."]], [null]), [whole]);
  assertEquals(itemsOf([], [null, 3]), [whole, whole]);
  assertEquals(itemsOf([["..."], 2], [null, 3]), [whole, { place: 2 }]);
  for (const key of [[0], [null], [[1, null, null]]]) {
    assertRefused(
      () => itemsOf(key, [null]),
      parts(
        "The operation",
        "examples out of the batch",
        "all: each example of a batch is measured by itself",
      ),
    );
  }
  assertRefused(
    () => itemsOf([[null, null, null], 0], [null]),
    parts("The operation", "2 indices for [null]", "at most one per axis"),
  );
});

Deno.test("indexed() takes the items of an axis that Python's slices take", async () => {
  const { tf } = await startEngine();
  const { ends, places } = golden as {
    ends: (number | null)[];
    places: Record<string, string[]>;
  };
  const shape = [1, 4];
  const x = tf.tensor([0, 1, 2, 3], shape);
  for (const [name, taken] of Object.entries(places)) {
    const step = name === "None" ? null : Number(name);
    taken.forEach((expected, i) => {
      const start = ends[Math.floor(i / ends.length)];
      const stop = ends[i % ends.length];
      const items = itemsOf([[null, null, null], [start, stop, step]], shape);
      const found = tf.tidy(() => [...indexed(tf, x, items).dataSync()].join(""));
      assertEquals(found, expected, `[${start}:${stop}:${step}]`);
      assertEquals(indexedShape(items, [null, 4]), [null, expected.length]);
    });
  }
  x.dispose();
});
