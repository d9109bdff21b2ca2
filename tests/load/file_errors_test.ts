import { assertRefused, parts, partsOf } from "../assert_refused.ts";
import { assertEquals, assertThrows } from "@std/assert";
import { BatchError } from "../../src/core/model/batches/batch.ts";
import { readCsv } from "../../src/files/read_csv.ts";
import { parseNpy, readNpz } from "../../src/files/read_npy.ts";
import { writeZip } from "../files/write_zip.ts";
import { fixture } from "../torch/fixture.ts";

const refusal = (run: () => unknown) => partsOf(assertThrows(run, BatchError));

/** An array as `numpy.save` writes it, of a header as it stands. */
function npy(header: string, entries = 0): Uint8Array<ArrayBuffer> {
  const text = new TextEncoder().encode(header);
  const bytes = new Uint8Array(10 + text.length + entries);
  bytes.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0]);
  new DataView(bytes.buffer).setUint16(8, text.length, true);
  bytes.set(text, 10);
  return bytes;
}

const header = (descr: string, shape: string, order = "False") =>
  `{'descr': '${descr}', 'fortran_order': ${order}, 'shape': (${shape}), }`;

Deno.test("parseNpy() refuses what numpy.save does not write, and objects", () => {
  const cases: [bytes: Uint8Array, found: string, expected: string][] = [
    [new Uint8Array(3), "not a NumPy array", "one that numpy.save writes"],
    [npy("").fill(255, 8, 10), "not a NumPy array", "one that numpy.save writes"],
    [npy("{}  "), "fields or no type", "an array of numbers"],
    [
      npy(header("|O", "2,")),
      `type "|O"`,
      "little-endian numbers: array.astype('float32') writes them",
    ],
    [
      npy(header(">f4", "2,"), 8),
      `type ">f4"`,
      "little-endian numbers: array.astype(array.dtype.newbyteorder('<')) writes them",
    ],
    [npy(header("<f4", "2, 2"), 12), "12 bytes of entries", "16 for shape [2, 2]"],
    [
      npy(header("<f4", "99999999999, 99999999999")),
      "shape [99999999999, 99999999999]",
      "at most 6 axes of a tensor",
    ],
    [
      npy(header("<f4", "1,1,1,1,1,1,1"), 4),
      "shape [1, 1, 1, 1, 1, 1, 1]",
      "at most 6 axes of a tensor",
    ],
    [npy("{'descr': '<f4', 'shape': (1,), }", 4), "no shape", "one"],
  ];
  for (const [bytes, found, expected] of cases) {
    assertRefused(() => parseNpy(bytes, "x"), { place: "x", found, expected }, BatchError);
  }
  const double = npy(header("<f8", ""), 8);
  new DataView(double.buffer).setFloat64(double.length - 8, 1e300, true);
  assertRefused(
    () => parseNpy(double, "x"),
    { place: "x", found: "1e+300", expected: "the range of float32, up to 3.4e38" },
    BatchError,
  );
});

Deno.test("parseNpy() refuses an array that is cut anywhere", async () => {
  const whole = await Deno.readFile(fixture("batch.npy"));
  for (let length = 0; length < whole.length; length++) {
    refusal(() => parseNpy(whole.subarray(0, length), "x"));
  }
});

Deno.test("readNpz() refuses other names, and names those that it takes", () => {
  const one = npy(header("<f4", "1, 1"), 4);
  const pack = (...names: string[]) =>
    writeZip(names.map((name) => ({ name: `${name}.npy`, content: one })));
  const read = (bytes: Uint8Array, inputs = ["a"], outputs = ["z"]) =>
    readNpz(bytes, inputs, outputs);
  const wanted = '"x" and "y", "inputs" and "targets", or "x_train" and "y_train"';
  assertEquals(
    refusal(() => read(pack("x_test", "y_train"))),
    parts("The file", 'the arrays "x_test", "y_train"', wanted),
  );
  assertEquals(
    refusal(() => read(pack("x_train", "y_train", "weights"))),
    parts("The file", 'the arrays "x_train", "y_train", "weights"', wanted),
  );
  assertEquals(
    refusal(() => read(pack("x", "y", "z2"))),
    parts("The file", 'the arrays "x", "y", "z2"', wanted),
  );
  assertEquals(
    refusal(() => read(pack("a"), ["a", "b"])),
    parts("The file", 'the arrays "a"', '"a", "b", "z"'),
  );
  const both = read(pack("a", "b", "z"), ["b", "a"]);
  assertEquals([both.inputs.map(({ place }) => place), both.targets?.[0].place], [["b", "a"], "z"]);
});

Deno.test("readCsv() names the row and the column of what it cannot read", () => {
  const cases: [text: string, place: string, found: string, expected: string][] = [
    ["", "The file", "no rows", "a header and a row for each example"],
    ["a,b\n", "The file", "no rows", "a header and a row for each example"],
    ["1,2\n3,4", "Row 1", "only numbers", "a header with a name for each column"],
    ["a,b\n1,2\n3", "Row 3", "1 cells", "2 as the header has"],
    [
      "a,b\ncat,1",
      'Row 2, column "a"',
      '"cat"',
      "a number",
    ],
    [
      "a,b\n1,2\n1,cat",
      'Row 3, column "b"',
      '"cat"',
      "a number",
    ],
    ["a,b\n1,", 'Row 2, column "b"', '""', "a number"],
    ["a,b\n1,1e39", 'Row 2, column "b"', '"1e39"', "the range of float32, up to 3.4e38"],
  ];
  for (const [text, place, found, expected] of cases) {
    assertRefused(() => readCsv(text), { place, found, expected }, BatchError);
  }
  assertEquals(
    refusal(() => readCsv("a,b\ncat,1")),
    parts('Row 2, column "a"', '"cat"', "a number"),
  );
  assertEquals(
    refusal(() => readCsv('a,b\n1,2"')),
    parts(
      "",
      'The file is not CSV: parse error on line 2, column 4: bare " in non-quoted-field',
      "",
    ),
  );
});

Deno.test("readCsv() takes a column for targets by its name", () => {
  for (const name of ["y", "Target", "labels", "class", "Species"]) {
    assertEquals(readCsv(`a,${name}\n1,2`).targets?.[0].values[0], 2);
  }
  assertEquals(readCsv("label,a\n3,2").targets?.[0].values[0], 3);
  for (const head of ["y,a", "label", "a,years", "a,label,b"]) {
    const row = head.split(",").map((_, i) => i + 1).join(",");
    assertEquals(readCsv(`${head}\n${row}`).targets, null);
  }
});
