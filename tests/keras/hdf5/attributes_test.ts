import { Budget, bytesInMemory } from "../../../src/files/byte_source.ts";
import { attributeTexts, MESSAGE, TextHeaps } from "../../../src/keras/hdf5/object_header.ts";
import { hdf5Budget, Hdf5Bytes } from "../../../src/keras/hdf5/hdf5_bytes.ts";
import { ModelError } from "../../../src/entry/model.ts";
import { assertEquals, assertThrows } from "@std/assert";
import { assertRefused, parts, partsOf } from "../../assert_refused.ts";

const encode = (text: string) => [...new TextEncoder().encode(text)];

/** A whole number in this many bytes, little-endian. */
const word = (value: number, bytes: number) =>
  Array.from({ length: bytes }, (_, i) => Math.floor(value / 256 ** i) % 256);

const padded = (bytes: number[]) => [
  ...bytes,
  ...Array<number>(Math.ceil(bytes.length / 8) * 8 - bytes.length).fill(0),
];

/** A list of texts, each of this many bytes. */
const textType = (size: number) => [0x13, 0, 0, 0, ...word(size, 4)];

interface Attribute {
  name: string;
  version?: number;
  shared?: number;
  type: number[];
  count: number;
  values: number[];
}

/** An attribute as a version of the format writes it. */
function attribute({ name, version = 1, shared = 0, type, count, values }: Attribute) {
  const parts = [[...encode(name), 0], type, [1, 1, 0, 0, 0, 0, 0, 0, ...word(count, 8)]];
  return [
    version,
    shared,
    ...parts.flatMap((part) => word(part.length, 2)),
    ...version === 3 ? [0] : [],
    ...parts.flatMap((part) => version === 1 ? padded(part) : part),
    ...values,
  ];
}

/** The texts of an attribute among these. */
function texts(
  wanted: string,
  messages: number[][],
  left = 1000,
  type: number = MESSAGE.attribute,
) {
  const found = messages.map((bytes) => {
    const widths = { offset: 8, length: 8 };
    const piece = { from: 0, count: bytes.length, what: "A message" };
    return { type, bytes: new Hdf5Bytes(bytesInMemory(new Uint8Array(bytes)), widths, piece) };
  });
  return attributeTexts(
    found,
    wanted,
    '"/"',
    new TextHeaps({
      ...hdf5Budget(1000),
      texts: new Budget(left, () => new ModelError(parts("", "too much text", ""))),
    }),
  );
}

const pair = { type: textType(3), count: 2, values: encode("ab\0cde") };
const refusal = (run: () => unknown) => partsOf(assertThrows(run, ModelError));

Deno.test("attributeTexts() reads attributes of each version, by name", () => {
  for (const version of [1, 2, 3]) {
    const list = ["a", "longer name", "b"].map((name) => attribute({ name, version, ...pair }));
    for (const name of ["a", "longer name", "b"]) {
      assertEquals(texts(name, list), ["ab", "cde"], `${version}`);
    }
    assertEquals(texts("c", list), null);
  }
  assertEquals(
    refusal(() => texts("a", [attribute({ name: "a", version: 4, ...pair })])),
    parts('The list of attributes of "/"', "version 4", "1 or 2 or 3"),
  );
});

Deno.test("attributeTexts() refuses a type that stands elsewhere, which the oldest version cannot have", () => {
  const shared = (version: number) =>
    texts("a", [attribute({ name: "a", version, shared: 1, ...pair })]);
  assertEquals(shared(1), ["ab", "cde"]);
  for (const version of [2, 3]) {
    assertEquals(
      refusal(() => shared(version)),
      parts('The list of attributes of "/"', "a named type", "its own"),
    );
  }
});

Deno.test("attributeTexts() requires the bytes of all texts, and some in each", () => {
  const read = (more: Partial<Attribute>) =>
    texts("a", [attribute({ name: "a", ...pair, ...more })]);
  assertEquals(read({ count: 0 }), []);
  assertEquals(read({ count: 1 }), ["ab"]);
  const what = 'Attribute "a" of "/"';
  const cases: [Partial<Attribute>, found: string, expected: string][] = [
    [{ count: 3 }, "cut off at 6 bytes", "3 texts of 3 bytes"],
    [{ values: encode("ab\0cd") }, "cut off at 5 bytes", "2 texts of 3 bytes"],
    [{ type: textType(0) }, "cut off at 6 bytes", "2 texts of 0 bytes"],
    [{ count: 2 ** 52 }, "cut off at 6 bytes", `${2 ** 52} texts of 3 bytes`],
    [{ type: [0x10, 0, 0, 0, ...word(2, 4)] }, "not text", "text"],
  ];
  for (const [more, found, expected] of cases) {
    assertEquals(refusal(() => read(more)), parts(what, found, expected));
  }
});

Deno.test("attributeTexts() reads no more text than its budget has, empty texts for nothing", () => {
  const longType = [0x19, 1, 0, 0, ...word(16, 4)];
  const long = (lengths: number[]) =>
    attribute({
      name: "a",
      type: longType,
      count: lengths.length,
      values: lengths.flatMap((length) => [...word(length, 4), ...word(0, 8), ...word(1, 4)]),
    });
  assertEquals(texts("a", [long([0, 0])], 0), ["", ""]);
  assertRefused(
    () => texts("a", [long([3])], 3),
    parts("A text of the HDF5 file", "damaged", '"GCOL" at its start'),
    ModelError,
  );
  assertEquals(
    refusal(() => texts("a", [long([0, 4])], 3)),
    parts("", "too much text", ""),
  );
});

Deno.test("attributeTexts() looks for attributes in a fractal heap, with or without an order", () => {
  const info = (flags: number, address: number[]) =>
    texts(
      "a",
      [[0, flags, ...flags === 1 ? word(7, 2) : [], ...address]],
      0,
      MESSAGE.attributeInfo,
    );
  for (const flags of [0, 1, 2]) {
    assertEquals(info(flags, Array(8).fill(255)), null);
    assertEquals(
      refusal(() => info(flags, word(64, 8))),
      parts(
        'The list of attributes of "/"',
        "at bytes 64 to 64",
        `it within the HDF5 file's ${flags === 1 ? 12 : 10} bytes`,
      ),
    );
  }
});
