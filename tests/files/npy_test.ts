import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { BatchError } from "../../src/core/model/batches/batch.ts";
import { readCsv } from "../../src/files/read_csv.ts";
import { parseNpy, readNpz } from "../../src/files/read_npy.ts";
import { writeZip } from "./write_zip.ts";
import { assertRefused, parts } from "../assert_refused.ts";

/** NumPy's names of its types, with the arrays that write their entries here. */
const TYPES: Record<string, (numbers: number[]) => ArrayBufferView<ArrayBuffer>> = {
  f8: (numbers) => new Float64Array(numbers),
  f4: (numbers) => new Float32Array(numbers),
  f2: (numbers) => new Float16Array(numbers),
  i8: (numbers) => new BigInt64Array(numbers.map(BigInt)),
  i4: (numbers) => new Int32Array(numbers),
  i2: (numbers) => new Int16Array(numbers),
  i1: (numbers) => new Int8Array(numbers),
  u8: (numbers) => new BigUint64Array(numbers.map(BigInt)),
  u4: (numbers) => new Uint32Array(numbers),
  u2: (numbers) => new Uint16Array(numbers),
  u1: (numbers) => new Uint8Array(numbers),
  b1: (numbers) => new Uint8Array(numbers),
};

/** An array as `numpy.save` writes it, with the length of its header in two bytes or in four. */
function npy(header: string, data: ArrayBufferView<ArrayBuffer>, version = 1) {
  const text = new TextEncoder().encode(header);
  const start = version === 1 ? 10 : 12;
  const bytes = new Uint8Array(start + text.length + data.byteLength);
  bytes.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, version, 0]);
  const view = new DataView(bytes.buffer);
  if (version === 1) view.setUint16(8, text.length, true);
  else view.setUint32(8, text.length, true);
  bytes.set(text, start);
  bytes.set(new Uint8Array(data.buffer), start + text.length);
  return bytes;
}

const header = (type: string, order: boolean, shape: number[]) =>
  `{'descr': '${type}', 'fortran_order': ${order ? "True" : "False"}, 'shape': (${
    shape.length === 1 ? `${shape[0]},` : shape.join(", ")
  }), }\n`;

Deno.test("parseNpy() reads arrays of any type, shape, order and version", () => {
  const arrays = fc.record({
    type: fc.constantFrom(...Object.keys(TYPES)),
    sign: fc.constantFrom("<", "|", "="),
    shape: fc.array(fc.nat({ max: 3 }), { maxLength: 4 }),
    order: fc.boolean(),
    version: fc.constantFrom(1, 2, 3),
  });
  fc.assert(fc.property(arrays, ({ type, sign, shape, order, version }) => {
    const count = shape.reduce((a, b) => a * b, 1);
    const numbers = Array.from({ length: count }, (_, i) => i % 128);
    const file = npy(header(sign + type, order, shape), TYPES[type](numbers), version);
    const found = parseNpy(file, "x");
    assertEquals([found.place, found.shape], ["x", shape]);
    // Where an entry stands that the file has at some place.
    const expected = numbers.map((_, at) => {
      if (!order) return numbers[at];
      let rest = at;
      let from = 0;
      for (let axis = shape.length - 1; axis >= 0; axis--) {
        from += rest % shape[axis] * shape.slice(0, axis).reduce((a, b) => a * b, 1);
        rest = Math.floor(rest / shape[axis]);
      }
      return numbers[from];
    });
    assertEquals([...found.values as Float64Array], expected);
  }));
});

Deno.test("parseNpy() takes the largest numbers of float32 and what is none, and refuses larger ones", () => {
  const most = 2 ** 128 - 2 ** 104;
  const one = (value: number) =>
    parseNpy(npy(header("<f8", false, []), new Float64Array([value])), "x").values[0];
  for (const value of [most, -most, Infinity, -Infinity, NaN, 1e-300]) {
    assertEquals(one(value), value);
  }
  for (const value of [2 ** 128, -(2 ** 128), 1e300]) {
    const said = parts("x", `${value}`, "the range of float32, up to 3.4e38");
    assertRefused(() => one(value), said, BatchError);
  }
  for (const axes of [6, 7]) {
    const read = () =>
      parseNpy(npy(header("<f4", false, Array(axes).fill(1)), new Float32Array(1)), "x");
    if (axes === 6) assertEquals(read().shape.length, 6);
    else {assertRefused(
        read,
        parts("x", "shape [1, 1, 1, 1, 1, 1, 1]", "at most 6 axes of a tensor"),
        BatchError,
      );}
  }
});

Deno.test("readNpz() takes the inputs alone, or targets by any of their names", () => {
  const array = npy(header("<f4", false, [1, 1]), new Float32Array(1));
  const zip = (names: string[]) =>
    writeZip(names.map((name) => ({ name: `${name}.npy`, content: array })));
  const read = (names: string[], inputs: string[], outputs: string[]) => {
    const { inputs: from, targets } = readNpz(zip(names), inputs, outputs);
    return [from.map(({ place }) => place), targets?.map(({ place }) => place) ?? null];
  };
  const pairs = [["x", "y"], ["X", "y"], ["inputs", "targets"], ["arr_0", "arr_1"], ["a", "z"]];
  for (const [x, y] of pairs) {
    assertEquals(read([x], ["a"], ["z"]), [[x], null]);
    assertEquals(read([x, y], ["a"], ["z"]), [[x], [y]]);
    assertEquals(read([y, x], ["a"], ["z"]), [[x], [y]]);
  }
  // By the name of an output beside one for inputs, too; several outputs by their names alone.
  assertEquals(read(["x", "z"], ["a"], ["z"]), [["x"], ["z"]]);
  assertEquals(read(["x", "z", "w"], ["a"], ["z", "w"]), [["x"], ["z", "w"]]);
  assertEquals(read(["a", "b"], ["b", "a"], ["z"]), [["b", "a"], null]);
  // An output without a loss needs no targets.
  const one = (names: string[]) =>
    readNpz(zip(names), ["a"], ["z", "w"], ["w"]).targets?.map(({ place }) => place);
  assertEquals([one(["a", "w"]), one(["x", "y"]), one(["x", "z", "w"])], [["w"], ["y"], [
    "z",
    "w",
  ]]);
  // Several inputs by their names, or all in their order, and the targets of one output.
  assertEquals(read(["b", "a", "y"], ["a", "b"], ["z"]), [["a", "b"], ["y"]]);
  assertEquals(read(["x0", "x1", "labels"], ["a", "b"], ["z"]), [["x0", "x1"], ["labels"]]);
  assertEquals(read(["x0", "x1", "z"], ["a", "b"], ["z"]), [["x0", "x1"], ["z"]]);
  assertEquals(read(["x0", "x1"], ["a", "b"], ["z"]), [["x0", "x1"], null]);
  assertEquals(read(["x", "labels"], ["x", "labels"], ["z"]), [["x", "labels"], null]);
  for (
    const [names, inputs, outputs] of [
      [["a", "c", "y"], ["a", "b"], ["z"]],
      [["x0", "x1", "x2", "y"], ["a", "b"], ["z"]],
      [["x", "y"], ["a"], ["z", "w"]],
      [["x", "y"], ["a", "b"], ["z"]],
      [["a"], ["a", "b"], ["z"]],
      [["x", "z"], ["a"], ["z", "w"]],
      [["x", "targets"], ["a"], ["z"]],
      [[], ["a"], ["z"]],
    ]
  ) {
    assertThrows(
      () => read(names, inputs, outputs),
      BatchError,
      `The file holds ${names.length === 0 ? "no" : "the"} arrays`,
    );
  }
  const many = Array.from({ length: 7 }, (_, i) => `n${i}`);
  assertRefused(
    () => read(many, ["a"], ["z"]),
    parts(
      "The file",
      'the arrays "n0", "n1", "n2", "n3", "n4", "n5"',
      '"x" and "y", "inputs" and "targets", or "x_train" and "y_train"',
    ),
    BatchError,
  );
});

Deno.test("readNpz() takes a batch of the training part of a data set, evenly spaced", () => {
  const count = 1000;
  const numbers = Float32Array.from({ length: count }, (_, i) => i);
  const array = (shape: number[]) => npy(header("<f4", false, shape), numbers);
  const file = writeZip(
    ["x_train", "y_train", "x_test", "y_test"].map((name) => ({
      name: `${name}.npy`,
      content: array(name.startsWith("x") ? [count, 1] : [count]),
    })),
  );
  const { inputs: [x], targets, notes } = readNpz(file, ["a"], ["z"]);
  assertEquals([x.place, x.shape, targets?.[0].shape], ["x_train", [256, 1], [256]]);
  assertEquals(Array.from(x.values), Array.from(targets![0].values));
  assertEquals([x.values[0], x.values[1], x.values[255]], [0, 3, 996]);
  assertEquals(notes, [
    "The arrays x_test, y_test were left out",
    "256 of the 1000 examples of x_train were taken, evenly spaced",
  ]);
  const small = npy(header("<f4", false, [2, 1]), new Float32Array(2));
  const names = ["train_images", "train_labels"];
  const kept = readNpz(writeZip(names.map((name) => ({ name, content: small }))), ["a"], ["z"]);
  assertEquals([kept.inputs[0].shape, kept.notes], [[2, 1], []]);
});

Deno.test("readCsv() reads tables of any size, each number in its place", () => {
  const tables = fc.record({
    columns: fc.integer({ min: 1, max: 4 }),
    rows: fc.integer({ min: 1, max: 4 }),
    target: fc.boolean(),
    end: fc.constantFrom("", "\n", "\r\n", "\n\n"),
  });
  fc.assert(fc.property(tables, ({ columns, rows, target, end }) => {
    const table = Array.from(
      { length: rows },
      (_, y) => Array.from({ length: columns + 1 }, (_, x) => 10 * y + x),
    );
    const names = [
      ...Array.from({ length: columns }, (_, x) => `c${x}`),
      target ? "label" : "last",
    ];
    const text = [names, ...table].map((row) => row.join(",")).join("\n") + end;
    const { inputs: [inputs], targets } = readCsv(text);
    const features = columns + (target ? 0 : 1);
    assertEquals(inputs.shape, [rows, features]);
    assertEquals(
      [...inputs.values as Float64Array],
      table.flatMap((row) => row.slice(0, features)),
    );
    assertEquals(
      targets?.map(({ shape, values }) => [shape, [...values as Float64Array]]) ?? null,
      target ? [[[rows, 1], table.map((row) => row[columns])]] : null,
    );
  }));
});

Deno.test("readCsv() takes quoted cells, words for what is no number, and a header of some numbers", () => {
  const values = (text: string) => [...readCsv(text).inputs[0].values as Float64Array];
  assertEquals(values('"a, ""b""", c \n\n "1",\t2 '), [1, 2]);
  assertEquals(values("a,b,c\nNaN,INF,-inf"), [NaN, Infinity, -Infinity]);
  assertEquals(values("1,b\n3,4"), [3, 4]);
  assertEquals(values("1,\n3,4"), [3, 4]);
  // A first column without a name that counts the rows is pandas's index, of one row too.
  assertEquals(values(",a,b\n0,3,4"), [3, 4]);
  assertEquals(values(",a,b\n1,3,4"), [1, 3, 4]);
  assertEquals(values("a\n3.4028235677973362e38"), [3.4028235677973362e38]);
  assertRefused(
    () => values("a\n3.4028235677973366e38"),
    parts('Row 2, column "a"', '"3.4028235677973366e38"', "the range of float32, up to 3.4e38"),
    BatchError,
  );
  assertRefused(
    () => values("0,1\n3,4"),
    parts("Row 1", "only numbers", "a header with a name for each column"),
    BatchError,
  );
});

Deno.test("readCsv() names ten classes, and says that there are more", () => {
  const note = (count: number) => {
    const rows = Array.from({ length: count }, (_, i) => `${i},${String.fromCharCode(97 + i)}`);
    return readCsv(`x,kind\n${rows.join("\n")}\n`).notes!.join();
  };
  const ten = 'names of 10 classes: 0 is "a", 1 is "b"';
  assertEquals([note(10).includes(ten), note(10).endsWith('9 is "j"')], [true, true]);
  assertEquals(note(11).endsWith('9 is "j", and so on'), true, note(11));
});
