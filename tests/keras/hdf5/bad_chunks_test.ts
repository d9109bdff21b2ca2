import { openHdf5 } from "../../../src/keras/hdf5/open_hdf5.ts";
import type { Hdf5Array } from "../../../src/keras/hdf5/read_array.ts";
import { ModelError } from "../../../src/entry/model.ts";
import { word } from "./write_hdf5.ts";
import { chunkedFile, chunkTree, inIndex, inTree, type WrittenChunk } from "./write_chunks.ts";
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { deflateSync } from "node:zlib";

const arrayIn = (bytes: Uint8Array, mostUnpacked?: (size: number) => number) =>
  openHdf5(bytes, mostUnpacked && { mostUnpacked }).children.get("a") as Hdf5Array;

/** Returns why the entries of a file are refused: read at once, and in pieces. */
async function refusal(bytes: Uint8Array): Promise<string> {
  const array = arrayIn(bytes, () => 2 ** 50);
  const { message } = assertThrows(() => array.bytes!(), ModelError);
  const later = await assertRejects(() => Array.fromAsync(array.unpack!()), ModelError);
  assertEquals(later.message, message);
  return message;
}

const refusedAtOnce = (bytes: Uint8Array) => assertThrows(() => arrayIn(bytes), ModelError).message;

const TREE = 1000, DATA = 2000;
const ENTRIES = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];

/** Chunks of 4 of an array of 10 entries, one after the other. */
const plain: WrittenChunk[] = [0, 4, 8].map((at) => ({ at: [at], size: 4, address: DATA + at }));
const data = [DATA, [...ENTRIES, 0, 0]] as const;

/** Ten entries in chunks of 4, as the tree lists them. */
const inFours = (chunks: readonly WrittenChunk[], more: Parameters<typeof chunkedFile>[1] = []) =>
  chunkedFile({ shape: [10], layout: inTree([4], TREE) }, [
    [TREE, chunkTree(chunks)],
    data,
    ...more,
  ]);

Deno.test("openHdf5() reads chunks of a tree, and refuses what a tree says wrongly", async () => {
  assertEquals([...arrayIn(inFours(plain)).bytes!()], ENTRIES);
  const [first, second, third] = plain;
  const index = 'The index of the chunks of "a"', chunk = 'A chunk of "a"';
  const refused: [string, WrittenChunk[]][] = [
    [`${chunk} is listed twice or too late, expected once, in order`, [first, first, third]],
    [`${chunk} is listed twice or too late, expected once, in order`, [second, first]],
    [`${index} has a chunk at [3], expected fewer than [3]`, [{ ...third, at: [12] }]],
    [`${index} has a chunk at [5], expected a multiple of its size`, [{ ...second, at: [5] }]],
    [
      `${chunk} is at bytes 2009 to 2013, expected it within the HDF5 file's 2,012 bytes: damaged`,
      [{ ...third, address: DATA + 9 }],
    ],
    ['The chunk of "a" at [4] has 3 bytes, expected its 4 bytes: damaged', [{
      ...second,
      size: 3,
    }]],
  ];
  for (const [said, chunks] of refused) assertEquals(await refusal(inFours(chunks)), said);
});

Deno.test("openHdf5() refuses trees of chunks that lead back, to each node again, or elsewhere", async () => {
  const tree = (nodes: [number, number[]][]) =>
    chunkedFile({ shape: [10], layout: inTree([4], TREE) }, [...nodes, data]);
  const to = (address: number, at = 0): WrittenChunk => ({ at: [at], size: 0, address });
  const index = 'The index of the chunks of "a"';
  const leaf: [number, number[]] = [1200, chunkTree(plain)];
  assertEquals(
    [...arrayIn(tree([[TREE, chunkTree([to(1200)], { level: 1 })], leaf])).bytes!()],
    ENTRIES,
  );
  const itself = chunkTree([to(TREE)], { level: 1 });
  assertEquals(
    await refusal(tree([[TREE, itself]])),
    `${index} is damaged, expected a tree of chunks`,
  );
  const names = chunkTree(plain, { kind: 0 });
  assertEquals(
    await refusal(tree([[TREE, names]])),
    `${index} is damaged, expected a tree of chunks`,
  );
  // Each of 20 levels leads to the next one twice, the last to a node without chunks.
  const levels = Array.from({ length: 20 }, (_, i): [number, number[]] => [
    TREE + 100 * i,
    chunkTree(i === 19 ? [] : [to(TREE + 100 * (i + 1)), to(TREE + 100 * (i + 1))], {
      level: 19 - i,
    }),
  ]);
  const many = chunkedFile({ shape: [10], layout: inTree([4], TREE) }, levels);
  assertEquals(
    await refusal(many),
    `The nodes of the index of "a" add up to more than ${
      many.length.toLocaleString("en")
    } bytes, expected each to have its own: they repeat or overlap`,
  );
});

/** Returns a packed chunk of 4 entries, or of another number. */
function packed(bytes: Uint8Array, { entries = 4, ids = [1] } = {}) {
  const chunk: WrittenChunk = { at: [0], size: bytes.length, address: DATA };
  return chunkedFile(
    { shape: [entries], layout: inTree([entries], TREE), packing: ids },
    [[TREE, chunkTree([chunk])], [DATA, [...bytes]]],
  );
}

Deno.test("openHdf5() refuses packed chunks that hold less, more or something else", async () => {
  const of = (count: number) =>
    new Uint8Array(deflateSync(Uint8Array.from(ENTRIES.slice(0, count))));
  assertEquals([...arrayIn(packed(of(4))).bytes!()], [1, 2, 3, 4]);
  const damaged = 'The chunk of "a" at [0] is damaged, expected 4 bytes and their checksum';
  for (const bytes of [of(3), of(5), of(10), of(4).slice(0, -5), of(4).map((byte) => byte ^ 85)]) {
    assertEquals(await refusal(packed(bytes)), damaged);
  }
  // The checksum of 1, 2, 3, 4: words of 0x0102 and 0x0304.
  const summed = (change: number) => Uint8Array.of(1, 2, 3, 4, 0x06 ^ change, 0x04, 0x08, 0x05);
  assertEquals([...arrayIn(packed(summed(0), { ids: [3] })).bytes!()], [1, 2, 3, 4]);
  assertEquals(await refusal(packed(summed(1), { ids: [3] })), damaged);
});

Deno.test("openHdf5() refuses a chunk that its bytes cannot hold before it takes memory", async () => {
  const bytes = new Uint8Array(deflateSync(new Uint8Array(1000)));
  const most = 1032 * bytes.length;
  assertEquals(
    await refusal(packed(bytes, { entries: most })),
    `The chunk of "a" at [0] is damaged, expected ${
      most.toLocaleString("en")
    } bytes and their checksum`,
  );
  assertEquals(
    await refusal(packed(bytes, { entries: most + 1 })),
    `The chunk of "a" at [0] has ${bytes.length} bytes, expected those of ${
      (most + 1).toLocaleString("en")
    } bytes: damaged`,
  );
});

Deno.test("openHdf5() refuses arrays that unpack to more than a file may hold", () => {
  const unwritten = (count: number) =>
    chunkedFile({ shape: [count], layout: inTree([2 ** 30], 2 ** 53) }, []);
  const bytes = unwritten(1);
  bytes.set(Array<number>(8).fill(255), bytes.findIndex((_, i) => isAt(bytes, i, [3, 2, 2])) + 3);
  const most = 2 ** 26 + 10 * bytes.length;
  const sized = (count: number) => {
    const copy = bytes.slice();
    copy.set(word(count, 8), copy.findIndex((_, i) => isAt(copy, i, [2, 1, 0, 1])) + 4);
    return copy;
  };
  assertEquals(arrayIn(sized(most)).shape, [most]);
  const said = (count: number, limit: number) =>
    `"a" unpacks with the arrays before it to ${count.toLocaleString("en")} bytes, expected at ` +
    `most ${limit.toLocaleString("en")} bytes: the file has ${bytes.length} bytes`;
  assertEquals(refusedAtOnce(sized(most + 1)), said(most + 1, most));
  assertEquals(
    assertThrows(() => arrayIn(sized(51), () => 50), ModelError).message,
    said(51, 50),
  );
  const whole = arrayIn(sized(2 ** 33), () => 2 ** 50);
  assertThrows(() => whole.bytes!(), ModelError, '"a" has 8.0 GiB, expected at most 4.0 GiB');
});

const isAt = (bytes: Uint8Array, at: number, wanted: readonly number[]) =>
  wanted.every((byte, i) => bytes[at + i] === byte);

Deno.test("openHdf5() rejects invalid layouts of chunks", () => {
  const of = (layout: number[], shape = [10]) =>
    refusedAtOnce(chunkedFile({ shape, layout }, [[TREE, chunkTree([])]]));
  const header = 'The header of "a"';
  assertEquals(of(inTree([4, 4], TREE)), `${header} has chunks of 2 axes, expected 1`);
  const sizes = (chunk: number, width: number) =>
    `${header} has chunks of [${chunk}] entries of ${width} bytes, expected fewer than 2^53 ` +
    "bytes in entries of 1";
  assertEquals(of(inTree([0], TREE)), sizes(0, 1));
  assertEquals(of(inTree([4], TREE, 2)), sizes(4, 2));
  assertEquals(
    of(inIndex([2 ** 60], 1, { address: TREE })),
    sizes(Number.MAX_SAFE_INTEGER, 1),
  );
  assertEquals(
    of(inTree([], TREE), []),
    `${header} has chunks of a single entry, expected it in one piece`,
  );
  assertEquals(
    of(inIndex([4], 6, { address: TREE })),
    `${header} has an index of kind 6, expected 1 to 5`,
  );
  assertEquals(
    of(inIndex([4], 0, { address: TREE })),
    `${header} has an index of kind 0, expected 1 to 5`,
  );
});

Deno.test("openHdf5() refuses an array that is larger than it may grow to", () => {
  const layout = inTree([4], TREE);
  const growing = (most: number) =>
    chunkedFile({ shape: [10], most: [most], layout }, [[TREE, chunkTree(plain)], data]);
  assertEquals([...arrayIn(growing(10)).bytes!()], ENTRIES);
  assertEquals(
    refusedAtOnce(growing(9)),
    'The header of "a" has shape [10], expected at most [9]',
  );
});

Deno.test("openHdf5() refuses chunks outside of an array, and one for an array of more", async () => {
  const index = 'The index of the chunks of "a"';
  const outside = [[0, 0], [1, -1]].map((at) => ({ at, size: 1, address: DATA }));
  assertEquals(
    await refusal(
      chunkedFile({ shape: [2, 2], layout: inTree([1, 1], TREE) }, [
        [TREE, chunkTree(outside)],
        data,
      ]),
    ),
    `${index} has a chunk at [1, -1], expected fewer than [2, 2]`,
  );
  const single = (chunk: number) =>
    chunkedFile({ shape: [10], layout: inIndex([chunk], 1, { address: DATA }) }, [data]);
  assertEquals([...arrayIn(single(10)).bytes!()], ENTRIES);
  assertEquals(await refusal(single(9)), `${index} has 1 chunk, expected 2`);
});

Deno.test("openHdf5() reads chunks at the end of an array as they are, if its layout says so", async () => {
  const single = (flags: number) =>
    chunkedFile({
      shape: [3],
      layout: inIndex([4], 1, { address: DATA, flags, more: [...word(4, 8), ...word(0, 4)] }),
      packing: [1],
    }, [[DATA, [1, 2, 3, 9]]]);
  assertEquals([...arrayIn(single(3)).bytes!()], [1, 2, 3]);
  assertEquals(
    await refusal(single(2)),
    'The chunk of "a" at [0] is damaged, expected 4 bytes and their checksum',
  );
});

const letters = (text: string) => [...new TextEncoder().encode(text)];

Deno.test("openHdf5() refuses newer indexes that are not those of their array", async () => {
  const of = (kind: number, more: number[], index: number[]) =>
    refusal(chunkedFile(
      { shape: [10], layout: inIndex([4], kind, { address: TREE, more }) },
      [[TREE, index], data],
    ));
  const index = 'The index of the chunks of "a"';
  const fixed = (count: number, kind = 0) => [
    ...letters("FAHD"),
    0,
    kind,
    8,
    10,
    ...word(count, 8),
    ...word(1200, 8),
  ];
  assertEquals(await of(3, [10], fixed(4)), `${index} has 4 chunks, expected 3`);
  assertEquals(
    await of(3, [10], fixed(3, 1)),
    `${index} is damaged, expected chunks that are packed as the array says`,
  );
  assertEquals(await of(3, [10], fixed(3)), `${index} is damaged, expected "FADB" at its start`);
  assertEquals(
    await of(4, [32, 4, 4, 16, 10], letters("EAHD")),
    `${index} is extensible, expected it for one axis without an end`,
  );
  /** A tree whose root is a node above itself. */
  const tree = (kind: number, depth: number) => [
    ...letters("BTHD"),
    0,
    kind,
    ...word(64, 4),
    ...word(16, 2),
    ...word(depth, 2),
    100,
    40,
    ...word(TREE + 100, 8),
    ...word(1, 2),
    ...word(1, 8),
  ];
  const node = [
    ...letters("BTIN"),
    0,
    10,
    ...word(DATA, 8),
    ...word(0, 8),
    ...[1, 2].flatMap(() => [...word(TREE + 100, 8), 1, 1]),
  ];
  const twice = (header: number[]) => [...header, ...Array(100 - header.length).fill(0), ...node];
  const more = [0, 0, 0, 0, 0, 0];
  assertEquals(await of(5, more, tree(11, 0)), `${index} is a tree of kind 11, expected 10`);
  assertEquals(
    await of(5, more, tree(10, 53)),
    `${index} is damaged, expected a tree of at most 52 levels`,
  );
  assertEquals(
    await of(5, more, twice(tree(10, 1))),
    `${index} is damaged, expected "BTLF" at its start`,
  );
  assertEquals(
    await of(5, more, twice(tree(10, 52))),
    'The nodes of the index of "a" add up to more than 2,012 bytes, expected each to have its own: ' +
      "they repeat or overlap",
  );
});
