import { type Hdf5Group, openHdf5 } from "../../../src/keras/hdf5/open_hdf5.ts";
import type { Hdf5Array } from "../../../src/keras/hdf5/read_array.ts";
import { ModelError } from "../../../src/entry/model.ts";
import { bytesOf, FILES } from "../files/fixtures.ts";
import { assertRefused, type Parts, parts } from "../../assert_refused.ts";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { gunzipSync } from "node:zlib";

const FOLDER = new URL("../../../fixtures/files/hdf5/", import.meta.url);

/** A file that bench/peers/write_bad_hdf5.py wrote. */
const file = (name: string) =>
  new Uint8Array(gunzipSync(Deno.readFileSync(new URL(`${name}.h5.gz`, FOLDER))));

for (const name of ["types", "newest"]) {
  Deno.test(`openHdf5() reads every type of number in ${name}.h5, and texts of every length`, () => {
    const root = openHdf5(file(name));
    const found = Object.fromEntries(
      [...root.children].map(([name, one]) => [name, [...(one as Hdf5Array).read()]]),
    );
    const whole = [1, 2, -3], half = [1, 2.5, -3];
    assertEquals(found, {
      empty: [],
      f2: half,
      f4: half,
      f8: half,
      flag: [1, 0],
      i1: whole,
      i2: whole,
      i4: whole,
      i8: whole,
      scalar: [7],
      u1: [1, 2, 253],
    });
    assertEquals((root.children.get("empty") as Hdf5Array).shape, [0, 3]);
    assertEquals((root.children.get("scalar") as Hdf5Array).shape, []);
    assertEquals(root.texts("text"), ["ein Wort: Größe"]);
    assertEquals(root.texts("list"), ["one", "three"]);
    assertEquals(root.texts("words"), ["a", "bc", ""]);
    assertEquals(root.texts("none"), null);
    assertRefused(
      () => root.texts("number"),
      parts('Attribute "number" of "/"', "not text", "text"),
      ModelError,
    );
  });
}

Deno.test("openHdf5() finds all of many names", () => {
  const names = Array.from({ length: 40 }, (_, i) => `a${i}`).sort();
  for (const name of ["many_names", "newest_many_names"]) {
    assertEquals([...openHdf5(file(name)).children.keys()], names);
  }
});

const REFUSED: [name: string, refused: Parts][] = [
  [
    "soft_link",
    parts('The list of "/"', '"b", a link to another name', "data"),
  ],
  [
    "external_link",
    parts('The header of "/"', '"b", a link out of the file', "data in the file"),
  ],
  [
    "newest_soft_link",
    parts('The header of "/"', '"b", a link to another name', "data"),
  ],
  [
    "newest_external_link",
    parts('The header of "/"', '"b", a link out of the file', "data in the file"),
  ],
  ["hard_links", parts('"b"', "also known by another name in the HDF5 file", "one name")],
  ["circle", parts('"a/b"', "also known by another name in the HDF5 file", "one name")],
  ["external_data", parts('"a"', "kept in another file", "its entries in this one")],
  [
    "reference",
    parts(
      'The header of "b"',
      "that the entries are references to objects of 64 bits",
      "text, floats or integers",
    ),
  ],
  [
    "compound",
    parts(
      'The header of "a"',
      "that the entries are compounds of 64 bits",
      "text, floats or integers",
    ),
  ],
  ["text", parts('"a"', "text", "numbers")],
];

for (const [name, refused] of REFUSED) {
  Deno.test(`openHdf5() refuses ${name}.h5`, () => {
    assertRefused(() => openHdf5(file(name)), refused, ModelError);
  });
}

const LEFT_OUT: Record<string, string> = {
  alias: 'The list of "/" has "alias", a link to another name, expected data',
  bytes:
    'The header of "bytes" says that the entries are opaque bytes of 24 bits, expected text, ' +
    "floats or integers",
  complex:
    'The header of "complex" says that the entries are compounds of 64 bits, expected text, ' +
    "floats or integers",
  elsewhere: 'The list of "/" has "elsewhere", a link out of the file, expected data in the file',
  "layers/dense/names": '"layers/dense/names" holds text, expected numbers',
  "optimizer/names": '"optimizer/names" holds text, expected numbers',
  outside: '"outside" is kept in another file, expected its entries in this one',
  ragged: 'The header of "ragged" says that the entries are lists of 128 bits, expected text, ' +
    "floats or integers",
  table: 'The header of "table" says that the entries are compounds of 64 bits, expected text, ' +
    "floats or integers",
  target: 'The header of "target" says that the entries are references to objects of 64 bits, ' +
    "expected text, floats or integers",
  type: '"type" is a named type, expected an array',
  typed: 'The header of "typed" has a named type, expected its own',
  view: '"view" is a view of other arrays, expected its own entries',
  words: '"words" holds text, expected numbers',
};

for (const name of ["beside_weights", "newest_beside_weights"]) {
  Deno.test(`openHdf5() leaves out of ${name}.h5 all that is no array of numbers in it`, () => {
    const found: [string, string][] = [];
    const { children } = openHdf5(file(name), {
      leaveOut: (path, { message }) => found.push([path, message]),
    });
    assertEquals(Object.fromEntries(found), LEFT_OUT);
    const { dense } = Object.fromEntries((children.get("layers") as Hdf5Group).children);
    const { vars } = Object.fromEntries((dense as Hdf5Group).children);
    assertEquals(
      [...(vars as Hdf5Group).children.values()].map((one) => [...(one as Hdf5Array).read()]),
      [[0, 1, 2, 3, 4, 5], [1, 1, 1]],
    );
    assertThrows(() => openHdf5(file(name)), ModelError, LEFT_OUT.alias);
  });
}

Deno.test("openHdf5() opens no file that is cut off, wherever", () => {
  for (const name of ["nested.h5.gz", "dense.weights.h5.gz", "lstm_keras2.h5.gz"]) {
    const whole = bytesOf(name);
    for (let length = 0; length < whole.length; length += 61) {
      assertThrows(() => openHdf5(whole.subarray(0, length)), ModelError);
    }
    const error = assertThrows(() => openHdf5(whole.subarray(0, whole.length - 1)), ModelError);
    assertEquals(
      error.message,
      `The HDF5 file has ${(whole.length - 1).toLocaleString("en")} bytes, expected ` +
        `${whole.length} as its first block states: truncated`,
    );
  }
  assertRefused(
    () => openHdf5(new Uint8Array(4)),
    parts("The file", "another format", "HDF5 or zip, in which Keras saves models"),
    ModelError,
  );
});

Deno.test("openHdf5() opens every file that Keras wrote", () => {
  const files = FILES.filter((name) => name.endsWith(".h5.gz")).map(bytesOf);
  assert(files.length > 30);
  for (const bytes of files) assert(openHdf5(bytes).children.size > 0);
});

/** A copy of a file with a number of 8 bytes in place of one that occurs once. */
function replaced(bytes: Uint8Array, from: number, to: number): Uint8Array {
  const copy = new Uint8Array(bytes);
  const view = new DataView(copy.buffer);
  let count = 0;
  for (let at = 0; at + 8 <= copy.length; at += 8) {
    if (view.getBigUint64(at, true) !== BigInt(from)) continue;
    view.setBigUint64(at, BigInt(to), true);
    count++;
  }
  assert(count > 0, `${from} does not occur`);
  return copy;
}

Deno.test("openHdf5() holds every address and shape against the file", () => {
  const bytes = file("hard_links");
  // The one size of the array, then its length in bytes, become gigantic.
  for (const [from, to] of [[2, 2 ** 52], [8, 2 ** 40], [2, 2 ** 31], [8, 7]]) {
    assertThrows(() => openHdf5(replaced(bytes, from, to)), ModelError);
  }
});

/** A file of Keras with one byte of its first block of a kind replaced. */
function damaged(signature: string, offset: number, value: number): Uint8Array {
  const bytes = new Uint8Array(bytesOf("dense.weights.h5.gz"));
  const at = bytes.findIndex((_, i) =>
    [...signature].every((letter, j) => bytes[i + j] === letter.charCodeAt(0))
  );
  assert(at > 0, `${signature} does not occur`);
  bytes[at + offset] = value;
  return bytes;
}

Deno.test("openHdf5() takes a list of names for no other list", () => {
  // The byte after the signature says what the tree lists: 0 names, 1 the chunks of an array.
  const said = parts('The list of "/"', "damaged", "a tree of names");
  assertRefused(() => openHdf5(damaged("TREE", 4, 1)), said, ModelError);
});

Deno.test("openHdf5() refuses a list whose levels do not lead down", () => {
  // A leaf that says it is one level up has names where it should have trees.
  assertRefused(
    () => openHdf5(damaged("TREE", 5, 1)),
    parts('The list of "/"', "damaged", '"TREE" at its start'),
    ModelError,
  );
});
