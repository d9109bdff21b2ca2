import { bytesInMemory } from "../../../src/files/byte_source.ts";
import { readDataspace, readDatatype } from "../../../src/keras/hdf5/object_header.ts";
import { Hdf5Bytes, NOWHERE } from "../../../src/keras/hdf5/hdf5_bytes.ts";
import { ModelError } from "../../../src/entry/model.ts";
import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { assertRefused, parts, partsOf } from "../../assert_refused.ts";

/** A piece that is all of a file, with addresses and lengths of this many bytes. */
const piece = (bytes: readonly number[], offset = 8, length = 8) =>
  new Hdf5Bytes(
    bytesInMemory(new Uint8Array(bytes)),
    { offset, length },
    { from: 0, count: bytes.length, what: "It" },
  );

/** A whole number in this many bytes, little-endian. */
const word = (value: number, bytes: number) =>
  Array.from({ length: bytes }, (_, i) => Math.floor(value / 256 ** i) % 256);

const refusal = (run: () => unknown) => partsOf(assertThrows(run, ModelError));

Deno.test("Hdf5Bytes reads whole numbers, addresses and lengths of any width", () => {
  fc.assert(fc.property(
    fc.constantFrom(1, 2, 4, 8),
    fc.maxSafeNat(),
    (width, number) => {
      const value = number % 256 ** width;
      const bytes = piece([...word(value, width), 9]);
      assertEquals([bytes.uint(width), bytes.at, bytes.left], [value, width, 1]);
    },
  ));
  for (const width of [4, 8]) {
    const other = 12 - width;
    assertEquals(piece(word(77, width), width, other).offset(), 77);
    assertEquals(piece(word(77, width), other, width).length(), 77);
  }
});

Deno.test("Hdf5Bytes knows the address that leads nowhere, and a number beyond 2^53 for too large", () => {
  const ones = (count: number) => Array<number>(count).fill(255);
  assertEquals(piece(ones(8)).offset(), NOWHERE);
  assertEquals(piece(ones(4), 4).offset(), NOWHERE);
  // All bits of 4 bytes are an ordinary number unless they are an address.
  assertEquals(piece(ones(4)).uint(4), 2 ** 32 - 1);
  assertEquals(piece([...ones(4), 0, 0, 0, 0]).offset(), 2 ** 32 - 1);
  assertEquals(piece([...ones(6), 31, 0]).uint(8), 2 ** 53 - 1);
  assertEquals(piece([...word(0, 6), 32, 0]).uint(8), 2 ** 53 - 1);
  assertEquals(piece([...word(0, 4), ...ones(4)]).uint(8), 2 ** 53 - 1);
});

Deno.test("Hdf5Bytes reads up to its last byte and none beyond it", () => {
  assertEquals([...piece([1, 2, 3]).bytes(3)], [1, 2, 3]);
  assertEquals(
    refusal(() => piece([1, 2, 3]).bytes(4)),
    parts("It", "cut off", "4 more bytes at byte 0"),
  );
  const whole = piece([1, 2, 3]);
  const inner = whole.piece(1, 1, "A part");
  assertEquals([inner.at, inner.left, inner.skip(1)], [1, 1, 1]);
  assertEquals(refusal(() => inner.uint(1)), parts("A part", "cut off", "1 more byte at byte 2"));
  assertEquals(whole.piece(3, 0, "A part").left, 0);
  assertEquals([whole.rest(1, "A part").left, whole.rest(3, "A part").left], [2, 0]);
  for (const [from, count] of [[0, 4], [3, 1], [4, 0], [-1, 1], [0, -1], [0, NaN]]) {
    assertEquals(
      refusal(() => whole.piece(from, count, "A part")),
      parts("A part", `at bytes ${from} to ${from + count}`, "it within the HDF5 file's 3 bytes"),
    );
  }
  assertRefused(
    () => whole.rest(4, "A part"),
    parts("A part", "at bytes 4 to 4", "it within the HDF5 file's 3 bytes"),
    ModelError,
  );
});

Deno.test("Hdf5Bytes reads texts up to a byte 0, and names that need one", () => {
  const letters = [...new TextEncoder().encode("ab")];
  assertEquals(piece([...letters, 0, 7]).text(4), "ab");
  assertEquals(piece(letters).text(2), "ab");
  assertEquals(piece([0, ...letters]).text(3), "");
  const names = piece([...letters, 0, 0]);
  assertEquals([names.name(), names.at, names.name(), names.left], ["ab", 3, "", 0]);
  assertEquals(
    refusal(() => piece(letters).name()),
    parts("It", "a name without an end", "a byte 0 after it"),
  );
  for (const start of ["ab", "a"]) piece(letters).signature(start);
  for (const other of ["ac", "abc"]) {
    assertEquals(
      refusal(() => piece(letters).signature(other)),
      parts("It", "damaged", `"${other}" at its start`),
    );
  }
  assertEquals([piece([2]).version(1, 2), piece([1]).version(1, 2)], [2, 1]);
  assertEquals(refusal(() => piece([3]).version(1, 2)), parts("It", "version 3", "1 or 2"));
});

/** A type: its class and version, the bits of the class, its size, and what follows. */
const datatype = (kind: number, bits: number, size: number, more: number[] = []) =>
  readDatatype(piece([0x10 | kind, bits, 0, 0, ...word(size, 4), ...more]));

/** Rest of the description of a floating-point number, in which the bits of its exponent matter. */
const float = (exponent: number) => [0, 0, 16, 0, 0, exponent, 0, 23];

Deno.test("readDatatype() knows each number by its class, size and sign", () => {
  for (const size of [1, 2, 4, 8]) {
    assertEquals(datatype(0, 8, size), { type: `int${8 * size}` as "int8", size });
    assertEquals(datatype(0, 0, size), { type: `uint${8 * size}` as "uint8", size });
  }
  const floats = [["float16", 2, 5], ["bfloat16", 2, 8], ["float32", 4, 8], [
    "float64",
    8,
    11,
  ]] as const;
  for (const [type, size, exponent] of floats) {
    assertEquals(datatype(1, 0, size, float(exponent)), { type, size });
  }
  assertEquals(datatype(5, 0, 2), { type: "bfloat16", size: 2 });
  // A truth value: an enumeration of 2 names, over the type that follows.
  const byte = [0x10, 8, 0, 0, ...word(1, 4)];
  assertEquals(datatype(8, 2, 1, byte), { type: "int8", size: 1 });
  assertEquals(datatype(3, 0, 5), { type: "text", size: 5 });
  assertEquals(datatype(9, 1, 16), { type: "longText", size: 16 });
});

Deno.test("readDatatype() refuses numbers of other sizes and orders, by name", () => {
  const refused: [string, () => unknown][] = [
    ["are whole numbers of 24 bits", () => datatype(0, 8, 3)],
    ["are floating-point numbers of 32 bits", () => datatype(1, 0, 4, float(5))],
    ["are opaque bytes of 8 bits", () => datatype(5, 0, 1)],
    ["are times of 32 bits", () => datatype(2, 0, 4)],
    ["are bit fields of 8 bits", () => datatype(4, 0, 1)],
    ["are compounds of 64 bits", () => datatype(6, 0, 8)],
    ["are references to objects of 64 bits", () => datatype(7, 0, 8)],
    ["are lists of 128 bits", () => datatype(9, 0, 16)],
    ["are arrays of 64 bits", () => datatype(10, 0, 8)],
    ["are unknown of 64 bits", () => datatype(15, 0, 8)],
  ];
  for (const [what, read] of refused) {
    assertEquals(
      refusal(read),
      parts("It", `that the entries ${what}`, "text, floats or integers"),
    );
  }
  assertEquals(
    refusal(() => datatype(1, 0x41, 4, float(8))),
    parts("It", "that the entries are in the order of a VAX", "little- or big-endian"),
  );
  for (const number of [datatype(0, 9, 2), datatype(1, 1, 4, float(8))]) {
    assertEquals(number.isBigEndian, true);
  }
  // One byte has no order, and the bits of an opaque type say something else.
  assertEquals(datatype(0, 9, 1).type, "int8");
  assertEquals(datatype(5, 1, 2).type, "bfloat16");
});

Deno.test("readDataspace() reads both versions, with and without entries", () => {
  const sizes = [...word(3, 8), ...word(2 ** 40, 8)];
  assertEquals(readDataspace(piece([1, 2, 0, 0, 0, 0, 0, 0, ...sizes])).shape, [3, 2 ** 40]);
  assertEquals(readDataspace(piece([1, 0, 0, 0, 0, 0, 0, 0])).shape, []);
  assertEquals(readDataspace(piece([2, 2, 0, 1, ...sizes])).shape, [3, 2 ** 40]);
  assertEquals(readDataspace(piece([2, 0, 0, 0])).shape, []);
  assertEquals(readDataspace(piece([2, 0, 0, 2])).shape, [0]);
  const growing = [...sizes, ...word(9, 8), ...Array<number>(8).fill(255)];
  assertEquals(readDataspace(piece([2, 2, 1, 1, ...growing])), {
    shape: [3, 2 ** 40],
    most: [9, Infinity],
  });
  assertEquals(
    refusal(() => readDataspace(piece([3, 0, 0, 0]))),
    parts("It", "version 3", "1 or 2"),
  );
  assertRefused(
    () => readDataspace(piece([2, 2, 0, 1, ...sizes.slice(1)])),
    parts("It", "cut off", "8 more bytes at byte 12"),
    ModelError,
  );
});
