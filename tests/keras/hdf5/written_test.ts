import { openHdf5 } from "../../../src/keras/hdf5/open_hdf5.ts";
import type { Hdf5Array } from "../../../src/keras/hdf5/read_array.ts";
import { ModelError } from "../../../src/entry/model.ts";
import { array, header, link, noHeap, type Widths, writeHdf5 } from "./write_hdf5.ts";
import { assertEquals, assertThrows } from "@std/assert";
import { parts, partsOf } from "../../assert_refused.ts";

const WIDE: Widths = { offset: 8, length: 8 };
const DATA = 2000;

/** An array of a file: its shape, where it stands, and what is unusual of its name and header. */
interface Given {
  shape: number[];
  address: number;
  link?: Parameters<typeof link>[3];
  header?: Parameters<typeof header>[1];
}

/** A file whose root holds arrays, with the bytes 0 to 99 as data. */
function file(
  arrays: Record<string, Given>,
  widths = WIDE,
  more: Parameters<typeof header>[1] = {},
) {
  const given = Object.entries(arrays);
  const place = (i: number) => 500 + 100 * i;
  const root = header([
    [2, noHeap(widths)],
    ...given.map(([name, { link: how }], i): [number, number[]] => [
      6,
      link(name, place(i), widths, how),
    ]),
  ], more);
  return writeHdf5(100, [
    [100, root],
    ...given.map(([, { shape, address, header: how }], i) =>
      [place(i), header(array(shape, address, widths), how)] as const
    ),
    [DATA, Array.from({ length: 100 }, (_, i) => i)],
  ], widths);
}

const read = (bytes: Uint8Array) =>
  Object.fromEntries(
    [...openHdf5(bytes).children].map(([name, one]) => [name, [...(one as Hdf5Array).read()]]),
  );
const refusal = (bytes: Uint8Array) => partsOf(assertThrows(() => openHdf5(bytes), ModelError));

const two = { a: { shape: [2, 2], address: DATA }, b: { shape: [3], address: DATA + 4 } };
const expected = { a: [0, 1, 2, 3], b: [4, 5, 6] };

Deno.test("openHdf5() reads files whose addresses and lengths have 4 bytes or 8", () => {
  for (const offset of [4, 8]) {
    for (const length of [4, 8]) assertEquals(read(file(two, { offset, length })), expected);
  }
  assertEquals(
    refusal(file(two, { offset: 2, length: 8 })),
    parts("The first block of the HDF5 file", "addresses of 2 bytes", "4 or 8"),
  );
});

Deno.test("openHdf5() reads headers and names with anything that may stand in them", () => {
  for (const sizeWidth of [1, 2, 3]) {
    for (const more of [{}, { times: true }, { limits: true }, { order: true }]) {
      assertEquals(read(file(two, WIDE, { sizeWidth, ...more })), expected);
    }
  }
  const header = { times: true, limits: true, order: true };
  assertEquals(read(file({ ...two, a: { ...two.a, header } })), expected);
  const ways = [{ order: true }, { set: true }, { kind: 0 }, { kind: 0, order: true, set: true }];
  for (const nameWidth of [0, 1, 2, 3]) {
    for (const way of ways) {
      assertEquals(read(file({ ...two, a: { ...two.a, link: { ...way, nameWidth } } })), expected);
    }
  }
  for (const kind of [1, 2, 64]) {
    const [where, expected] = kind === 1
      ? ["to another name", "data"]
      : ["out of the file", "data in the file"];
    assertEquals(
      refusal(file({ a: { ...two.a, link: { kind } } })),
      parts('The header of "/"', `"a", a link ${where}`, expected),
    );
  }
});

Deno.test("openHdf5() lets arrays meet, and refuses those that share a byte", () => {
  const pair = (from: number, size: number) =>
    file({ a: { shape: [4], address: DATA + 10 }, b: { shape: [size], address: DATA + from } });
  for (const [from, size] of [[14, 3], [8, 2], [0, 10]]) read(pair(from, size));
  for (const [from, size] of [[13, 1], [10, 4], [8, 3], [0, 50], [11, 2]]) {
    const [one, other] = from >= 10 ? ["b", "a"] : ["a", "b"];
    assertEquals(
      refusal(pair(from, size)),
      parts(`"${one}" and "${other}"`, "bytes of the HDF5 file", "arrays that do not overlap"),
    );
  }
  // Without entries it shares nothing, wherever it is said to be.
  for (const from of [8, 10, 11, 14]) assertEquals(read(pair(from, 0)).b, []);
});

Deno.test("openHdf5() refuses names that are paths, and one that is listed twice", () => {
  for (const name of ["", ".", "..", "a/b", "/"]) {
    assertEquals(
      refusal(file({ [name]: two.a })),
      parts('"/"', JSON.stringify(name), "a name without a path"),
    );
  }
  assertEquals(read(file({ "...": two.a, "a.b": two.b })), {
    "...": [0, 1, 2, 3],
    "a.b": [4, 5, 6],
  });
  const twice = header([
    [2, noHeap(WIDE)],
    ...[400, 500].map((address): [number, number[]] => [6, link("a", address, WIDE)]),
  ]);
  assertEquals(
    refusal(writeHdf5(100, [[100, twice], [500, [0]]], WIDE)),
    parts('The header of "/"', '"a" twice', "each name once"),
  );
});

Deno.test("openHdf5() refuses an array for a root, and a heap of names that is missing", () => {
  const data = [DATA, [1, 2, 3]] as const;
  assertEquals(
    refusal(writeHdf5(100, [[100, header(array([3], DATA, WIDE))], data], WIDE)),
    parts("The HDF5 file", "one array", "a group"),
  );
  const heap = (flags: number, address: number) => {
    const list = noHeap(WIDE, flags);
    list[list.length - 16] = address;
    return writeHdf5(100, [[100, header([[2, list]])], data], WIDE);
  };
  for (const flags of [0, 1]) {
    assertEquals(read(heap(flags, 255)), {});
    assertEquals(refusal(heap(flags, 64)).place, 'The list of "/"');
  }
});

Deno.test("openHdf5() goes 100 groups deep and no deeper", () => {
  const nested = (depth: number) => {
    const place = (i: number) => 100 + 100 * i;
    return writeHdf5(
      100,
      Array.from({ length: depth + 1 }, (_, i) => {
        const inner: [number, number[]][] = i < depth ? [[6, link("g", place(i + 1), WIDE)]] : [];
        return [place(i), header([[2, noHeap(WIDE)], ...inner])] as const;
      }),
      WIDE,
    );
  };
  openHdf5(nested(100));
  const { found, expected } = refusal(nested(101));
  assertEquals([found, expected], ["inside of too many groups", "at most 100 in the HDF5 file"]);
});

Deno.test("openHdf5() holds the bytes of an array against its shape, and those against the file", () => {
  const one = (shape: number[], address: number) => file({ a: { shape, address } });
  assertEquals(read(one([100], DATA)).a.length, 100);
  assertEquals(read(one([1], DATA + 99)).a, [99]);
  assertEquals(read(one([], DATA + 7)).a, [7]);
  assertEquals(
    refusal(one([1], DATA + 100)),
    parts(
      '"a"',
      `at bytes ${DATA + 100} to ${DATA + 101}`,
      "it within the HDF5 file's 2,100 bytes",
    ),
  );
  const messages = array([3], DATA, WIDE);
  messages[0][1][4] = 2;
  const wrong = writeHdf5(100, [
    [100, header([[2, noHeap(WIDE)], [6, link("a", 500, WIDE)]])],
    [500, header(messages)],
    [DATA, [1, 2, 3]],
  ], WIDE);
  assertEquals(
    refusal(wrong),
    parts('"a"', "3 bytes in the HDF5 file", "2 for shape [2]"),
  );
  messages[0][1][4] = 3;
  const compact = (kind: number) => {
    messages[2][1] = kind === 0 ? [3, 0, 3, 0, 7, 8, 9] : [3, kind, ...messages[2][1].slice(2)];
    return writeHdf5(100, [
      [100, header([[2, noHeap(WIDE)], [6, link("a", 500, WIDE)]])],
      [500, header(messages)],
    ], WIDE);
  };
  assertEquals(
    refusal(compact(2)),
    parts('The header of "a"', "chunks of 207 axes", "1"),
  );
  assertEquals(read(compact(0)).a, [7, 8, 9]);
});
