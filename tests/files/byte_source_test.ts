import { assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  bytesInMemory,
  type ByteSource,
  byteSource,
  pagedSource,
  partOf,
  piecesOf,
} from "../../src/files/byte_source.ts";

const PAGE = 2 ** 16;
const MAX_PAGES = 64;
const PIECE = 2 ** 20;

const content = (size: number) => Uint8Array.from({ length: size }, (_, i) => i * 31 + (i >> 8));

/** A source that notes what is read of it. */
function noted(bytes: Uint8Array<ArrayBuffer>) {
  const reads: [from: number, count: number][] = [];
  const source = bytesInMemory(bytes);
  const own: ByteSource = {
    ...source,
    read(from, count, what) {
      reads.push([from, count]);
      return source.read(from, count, what);
    },
  };
  return { own, reads };
}

Deno.test("pagedSource() and partOf() read what their source has there", () => {
  const bytes = content(3 * PAGE + 100);
  const paged = pagedSource(bytesInMemory(bytes));
  fc.assert(fc.property(fc.nat(bytes.length), fc.nat(2 * PAGE), (from, most) => {
    const count = Math.min(most, bytes.length - from);
    const expected = bytes.subarray(from, from + count);
    assertEquals(paged.read(from, count, "It"), expected);
    assertEquals(partOf(paged, from, count).read(0, count, "It"), expected);
  }));
});

Deno.test("pagedSource() reads a page at a time, and keeps the 64 that were used last", () => {
  const { own, reads } = noted(content(PAGE * (MAX_PAGES + 1) + 5));
  const paged = pagedSource(own);
  const touch = (page: number) => paged.read(page * PAGE + 4, 1, "It");
  for (let page = 0; page < MAX_PAGES; page++) touch(page);
  assertEquals(reads, Array.from({ length: MAX_PAGES }, (_, page) => [page * PAGE, PAGE]));
  touch(0);
  assertEquals(reads.length, MAX_PAGES);
  // One more displaces the page that was not used for longest, the second.
  touch(MAX_PAGES);
  touch(0);
  assertEquals(reads.length, MAX_PAGES + 1);
  touch(1);
  assertEquals(reads.slice(MAX_PAGES), [[MAX_PAGES * PAGE, PAGE], [PAGE, PAGE]]);
  // The last page is as long as the rest, and ranges over two pages are read as they are.
  touch(MAX_PAGES + 1);
  paged.read(PAGE - 1, 2, "It");
  assertEquals(reads.slice(-2), [[(MAX_PAGES + 1) * PAGE, 5], [PAGE - 1, 2]]);
});

Deno.test("piecesOf() divides a range of a file into pieces of 1 MiB, and memory into none", async () => {
  const path = await Deno.makeTempFile();
  const bytes = content(3 * PIECE + 7);
  await Deno.writeFile(path, bytes);
  const source = await byteSource(path);
  for (const [from, count] of [[0, bytes.length], [5, PIECE], [5, PIECE + 1], [1, 0]]) {
    const range = { from, count, what: "It" };
    const pieces = Array.from(piecesOf(source, range), (piece) => piece.slice());
    const lengths = Array.from(
      { length: Math.ceil(count / PIECE) },
      (_, i) => Math.min(PIECE, count - i * PIECE),
    );
    assertEquals(pieces.map(({ length }) => length), lengths);
    const whole = new Uint8Array(pieces.flatMap((piece) => [...piece]));
    assertEquals(whole, bytes.subarray(from, from + count));
    assertEquals([...piecesOf(bytesInMemory(bytes), range)], [bytes.subarray(from, from + count)]);
  }
  await Deno.remove(path);
});
