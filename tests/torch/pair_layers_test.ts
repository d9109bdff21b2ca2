import { ModelError } from "../../src/core/model/model_error.ts";
import type { Unit } from "../../src/torch/model_units.ts";
import { pairLayers } from "../../src/torch/pair_layers.ts";
import { torchLayers } from "../../src/files/torch_layers.ts";
import { assertEquals, assertThrows } from "@std/assert";

/** A dense layer of a model, given as its path and the sizes of its kernel; a path that begins with `*` is made up. */
function unit(written: string): Unit {
  const [path, rows, columns] = written.split(" ");
  return {
    path: path.replace("*", ""),
    isNamed: !path.startsWith("*"),
    signature: `dense [${rows}, ${columns}] + bias`,
    weights: new Map(),
    flattened: null,
  };
}

/** Linear layers of a file, given likewise. */
const layers = (written: readonly string[]) =>
  torchLayers(written.flatMap((one) => {
    const [name, rows, columns] = one.split(" ");
    const shapes = { weight: [Number(columns), Number(rows)], bias: [Number(columns)] };
    return Object.entries(shapes).map(([own, shape]) => ({
      name: `${name}.${own}`,
      shape,
      type: "float32" as const,
      read: () => new Float32Array(),
    }));
  }));

const pair = (units: string[], file: string[], isOrdered: boolean) =>
  pairLayers(units.map(unit), layers(file), { isOrdered })
    .map(({ unit, layer }) => `${unit.path} ${layer.name}`);
const message = (...args: Parameters<typeof pair>) =>
  assertThrows(() => pair(...args), ModelError).message;

Deno.test("pairLayers() pairs by names where all have one, whatever separates and wraps them", () => {
  for (const isOrdered of [true, false]) {
    assertEquals(
      pair(["b_1 2 2", "A.x 2 2"], ["module.model.a.x 2 2", "_orig_mod.b-1 2 2"], isOrdered),
      ["b_1 _orig_mod.b-1", "A.x module.model.a.x"],
    );
    assertEquals(
      message(["a 2 3", "b 2 2"], ["b 2 2", "a 2 2"], isOrdered),
      '"a" of the file is dense [2, 2] + bias, expected dense [2, 3] + bias as layer "a" of that ' +
        "name has",
    );
  }
});

Deno.test("pairLayers() pairs by order where the file has one, also of layers that are alike", () => {
  assertEquals(pair(["*d 2 2", "*e 2 2"], ["x 2 2", "y 2 2"], true), ["d x", "e y"]);
  // Names that differ in numbers alone tell their order, 10 after 9.
  assertEquals(
    pair(["*d 2 2", "*e 2 2"], ["net.10 2 2", "net.9 2 2"], false),
    ["d net.9", "e net.10"],
  );
  assertEquals(pair(["*d 2 3", "*e 3 2"], ["y 2 3", "z 3 2"], false), ["d y", "e z"]);
  assertEquals(
    message(["*d 2 2", "*e 2 2"], ["x 2 2", "y 2 2"], false),
    'Layer "d" is dense [2, 2] + bias, and so are others of the file, which is sorted by name, ' +
      'expected layers with the names of the file: "x" and so on',
  );
});

Deno.test("pairLayers() pairs by shape where each is the only one of its kind, and refuses to guess", () => {
  for (const isOrdered of [true, false]) {
    assertEquals(
      pair(["*d 2 3", "*e 3 4"], ["a 3 4", "b 2 3"], isOrdered),
      ["d b", "e a"],
    );
    assertEquals(
      message(["*d 2 3", "*e 3 4", "*f 2 3"], ["a 3 4", "b 2 3", "c 2 3"], isOrdered),
      'Layer "d" is dense [2, 3] + bias, and so are 2 layers of the file ("b", "c"), whose order is ' +
        "not that of the model, expected layers with the names of the file",
    );
    assertEquals(
      message(["*d 2 3", "*e 2 3"], ["a 2 3", "b 3 3"], isOrdered),
      'Layer "d" is dense [2, 3] + bias, and so are 1 layers of the file ("a"), whose order is not ' +
        "that of the model, expected layers with the names of the file",
    );
    assertEquals(
      message(["*d 2 3", "*e 3 4"], ["a 3 4", "b 5 5"], isOrdered),
      'Layer "d" is dense [2, 3] + bias, and no layer of the file is: "b" of the file is ' +
        "dense [5, 5] + bias",
    );
  }
});

Deno.test("pairLayers() refuses another number of layers, and names one that fits none", () => {
  const wanted = (count: number) =>
    `The file has ${count} layer${
      count === 1 ? "" : "s"
    } with weights, expected 2 as the model has`;
  assertEquals(message(["*d 2 3", "*e 3 4"], [], true), wanted(0));
  assertEquals(
    message(["*d 2 3", "*e 3 4"], ["a 2 3"], true),
    `${wanted(1)}: "a" of the file is dense [2, 3] + bias`,
  );
  assertEquals(
    message(["*d 2 3", "*e 3 4"], ["a 2 3", "b 9 9", "c 3 4"], true),
    `${wanted(3)}: "b" of the file is dense [9, 9] + bias`,
  );
  assertEquals(
    message(["*d 2 3", "*e 3 4"], ["a 2 3", "b 3 4", "c 3 4"], true),
    `${wanted(3)}: "c" of the file is dense [3, 4] + bias`,
  );
});

Deno.test("pairLayers() gives no layer the weights of another one while its namesake is in the file", () => {
  assertEquals(
    message(["b 2 2", "*e 2 2"], ["a 2 2", "b 2 2"], true),
    'Layer "b" would get the weights of "a" by shapes and order, expected those of "b": give all ' +
      "layers the names of the file",
  );
  assertEquals(pair(["*b 2 2", "*e 2 2"], ["a 2 2", "b 2 2"], true), ["b a", "e b"]);
  assertEquals(pair(["z 2 2", "*e 2 2"], ["a 2 2", "b 2 2"], true), ["z a", "e b"]);
  assertEquals(pair(["a 2 2", "*e 2 2"], ["a 2 2", "b 2 2"], true), ["a a", "e b"]);
});
