import {
  bytesInMemory,
  type ByteSource,
  expectReads,
  pagedSource,
  partOf,
  piecesOf,
} from "../../files/byte_source.ts";
import { countOf } from "../../files/file_types.ts";
import { removeCopy, temporaryCopy } from "../../files/stored_copy.ts";
import { ModelError } from "../../core/model/model_error.ts";
import { writeFailure } from "../../ground/words/failure.ts";
import { refusal } from "../../ground/words/input_error.ts";
import { formatMemory } from "../../ground/words/numbers.ts";
import type { ChunkIndex } from "./chunk_index.ts";
import {
  type ChunkLayout,
  type Filters,
  isPlain,
  isShuffled,
  type PackedChunk,
  requireSize,
  type StoredChunk,
  unpackChunk,
  unpackChunkSlowly,
} from "./chunks.ts";

/** Array whose entries are not in one piece of the file, little-endian. */
export interface ChunkedArray {
  /** Name, for messages. */
  what: string;
  /** Shape, of one axis at least. */
  shape: readonly number[];
  /** Bytes of an entry. */
  width: number;
  isBigEndian: boolean;
  layout: Pick<ChunkLayout, "chunk" | "bytes" | "plainEdges">;
  filters: Filters;
  /** Bytes of the entries that were never written. */
  fill: Uint8Array;
  source: ByteSource;
  /** Lists the chunks. */
  list(): ChunkIndex;
}

/** Largest array that is read at once. */
const MAX_WHOLE = 2 ** 32;

/** Numbers of bytes that are held. */
interface Room {
  /** Usual size of a piece. */
  piece: number;
  /** Largest size of one that is a row of chunks. */
  row: number;
  /** Largest size of a chunk that is unpacked in memory. */
  chunk: number;
}

const ROOM: Room = { piece: 2 ** 22, row: 2 ** 25, chunk: 2 ** 23 };

/** Returns all entries, row-major and little-endian. */
export function readChunks(array: ChunkedArray): Uint8Array<ArrayBuffer> {
  const size = countOf(array.shape)! * array.width;
  if (size > MAX_WHOLE) {
    throw new ModelError(
      refusal`${array.what} has ${formatMemory(size)}, expected at most ${formatMemory(MAX_WHOLE)}`,
    );
  }
  const to = new Uint8Array(size);
  const index = array.list();
  for (const box of boxesOf(array, { piece: Infinity, row: Infinity, chunk: Infinity })) {
    fillBox(array, { box, to, index, rawOf: (chunk) => rawInMemory(array, chunk) });
  }
  return to;
}

/**
 * Yields the entries likewise, in pieces, each of which is written over the one before. Chunks too
 * large to be held are unpacked to temporary files.
 *
 * @param room Numbers of bytes that are held; tests make them small.
 */
export async function* unpackChunks(
  array: ChunkedArray,
  room = ROOM,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const index = array.list();
  const copies = new Map<number, ByteSource>();
  const rawOf = (chunk: PackedChunk, number: number): Raw => {
    const copy = copies.get(number);
    if (copy !== undefined) return rawOn(copy, chunk);
    const { address, size } = chunk;
    return chunk.unpacked > room.chunk && array.source.file !== null
      ? rawOn(partOf(array.source, address, size), chunk)
      : rawInMemory(array, chunk);
  };
  let buffer = new Uint8Array();
  try {
    for (const box of boxesOf(array, room)) {
      const size = countOf(lengthsOf(box))! * array.width;
      if (buffer.length < size) buffer = new Uint8Array(size);
      expectChunks(array, box, index);
      if (array.layout.bytes > room.chunk) await copyLarge(array, { box, index, copies });
      const to = buffer.subarray(0, size);
      fillBox(array, { box, to, index, rawOf });
      yield to;
    }
  } finally {
    copies.forEach(removeCopy);
  }
}

/** Block of an array: from one place to before another, along each axis. */
interface Box {
  from: readonly number[];
  to: readonly number[];
}

const lengthsOf = ({ from, to }: Box) => from.map((start, axis) => to[axis] - start);

/** Yields blocks that follow each other, of whole rows of chunks if there is room for them. */
function* boxesOf(array: ChunkedArray, room: Room): Generator<Box> {
  const { shape, width } = array;
  if (shape.includes(0)) return;
  const sizes = shape.map((_, axis) => countOf(shape.slice(axis + 1))! * width);
  const split = Math.max(0, sizes.findIndex((size) => size <= room.row));
  const step = stepOf(array, split, {
    few: Math.max(1, Math.floor(room.piece / sizes[split])),
    most: Math.max(1, Math.floor(room.row / sizes[split])),
    isHeld: array.layout.bytes <= room.chunk,
  });
  const outer = shape.slice(0, split);
  for (const place of placesIn(outer.map(() => 0), outer)) {
    for (let first = 0; first < shape[split]; first += step) {
      const rest = shape.slice(split + 1);
      yield {
        from: [...place, first, ...rest.map(() => 0)],
        to: [...place.map((at) => at + 1), Math.min(shape[split], first + step), ...rest],
      };
    }
  }
}

/**
 * Returns the length of blocks along an axis: `few`, or at most `most` if chunks would have to be
 * unpacked again for the next block.
 */
function stepOf(
  { shape, layout }: ChunkedArray,
  axis: number,
  { few, most, isHeld }: { few: number; most: number; isHeld: boolean },
): number {
  const length = shape[axis], chunk = layout.chunk[axis];
  if (few >= length) return length;
  if (few >= chunk) return few - few % chunk;
  if (!isHeld) return few;
  return most >= chunk ? chunk : Math.ceil(chunk / Math.ceil(chunk / most));
}

/** Yields all places from one to before another; each is written over the one before. */
function* placesIn(from: readonly number[], to: readonly number[]): Generator<number[]> {
  const place = [...from];
  for (;;) {
    yield place;
    let axis = place.length - 1;
    while (axis >= 0 && ++place[axis] >= to[axis]) {
      place[axis] = from[axis];
      axis--;
    }
    if (axis < 0) return;
  }
}

/** Chunk with its number and the place of its first entry in the array. */
interface FoundChunk {
  number: number;
  origin: number[];
  chunk: PackedChunk;
}

/** Yields the places of the chunks that a block has a part of, among all chunks. */
function placesOf({ layout: { chunk } }: ChunkedArray, { from, to }: Box): Generator<number[]> {
  const first = from.map((at, axis) => Math.floor(at / chunk[axis]));
  return placesIn(first, to.map((at, axis) => Math.ceil(at / chunk[axis])));
}

/** Yields those that were written. */
function* chunksIn(array: ChunkedArray, box: Box, index: ChunkIndex): Generator<FoundChunk> {
  for (const place of placesOf(array, box)) {
    const number = index.numberOf(place);
    const stored = index.find(number);
    if (stored === null) continue;
    const origin = place.map((at, axis) => at * array.layout.chunk[axis]);
    const chunk = describeChunk(array, stored, origin);
    requireSize(chunk);
    yield { number, origin, chunk };
  }
}

function describeChunk(
  { what, layout, filters, shape }: ChunkedArray,
  stored: StoredChunk,
  origin: readonly number[],
): PackedChunk {
  const isEdge = origin.some((at, axis) => at + layout.chunk[axis] > shape[axis]);
  return {
    ...stored,
    what: `The chunk of ${what} at [${origin.join(", ")}]`,
    filters: isEdge && layout.plainEdges ? [] : filters,
    unpacked: layout.bytes,
  };
}

/** Unpacked bytes of a chunk: in memory or in a file. */
interface Raw {
  read(from: number, count: number): Uint8Array;
  isShuffled: boolean;
}

function rawInMemory({ source }: ChunkedArray, chunk: PackedChunk): Raw {
  const packed = source.read(chunk.address, chunk.size, chunk.what);
  return rawOn(bytesInMemory(unpackChunk(chunk, packed)), chunk);
}

function rawOn(source: ByteSource, chunk: PackedChunk): Raw {
  // A shuffled chunk is read in several places in turn.
  const pages = source.file === null ? source : pagedSource(source);
  return {
    read: (from, count) => pages.read(from, count, chunk.what),
    isShuffled: isShuffled(chunk),
  };
}

/** Largest number of chunks of a block of which a server is told. */
const MAX_EXPECTED = 2 ** 12;

/** Announces the chunks that are read next: on a server, they are read ahead. */
function expectChunks(array: ChunkedArray, box: Box, index: ChunkIndex): void {
  const { file, start } = array.source;
  if (file?.remote === undefined) return;
  expectReads(
    [...chunksIn(array, box, index).take(MAX_EXPECTED)].map(({ chunk: { address, size } }) => ({
      file,
      from: start + address,
      to: start + address + size,
    })),
  );
}

/** Unpacks large chunks to temporary files, and removes those of chunks that are done. */
async function copyLarge(
  array: ChunkedArray,
  { box, index, copies }: { box: Box; index: ChunkIndex; copies: Map<number, ByteSource> },
): Promise<void> {
  const open = new Set(placesOf(array, box).map((place) => index.numberOf(place)));
  for (const [number, copy] of copies) {
    if (open.has(number)) continue;
    removeCopy(copy);
    copies.delete(number);
  }
  for (const { number, chunk } of chunksIn(array, box, index)) {
    if (isPlain(chunk) || copies.has(number)) continue;
    const { address, size, what, unpacked } = chunk;
    const packed = piecesOf(array.source, { from: address, count: size, what });
    try {
      copies.set(number, await temporaryCopy(unpackChunkSlowly(chunk, packed)));
    } catch (error) {
      if (error instanceof ModelError) throw error;
      throw new ModelError({
        place: what,
        verb: "unpacks to",
        found: formatMemory(unpacked),
        expected: "a temporary file that has room for it",
        hint: `: ${writeFailure(error)}`,
      }, { cause: error });
    }
  }
}

/** Writes the entries of a block. */
function fillBox(
  array: ChunkedArray,
  { box, to, index, rawOf }: {
    box: Box;
    to: Uint8Array;
    index: ChunkIndex;
    rawOf: (chunk: PackedChunk, number: number) => Raw;
  },
): void {
  const { layout, width, fill } = array;
  const isWritten = (place: number[]) => index.find(index.numberOf(place)) !== null;
  if (!placesOf(array, box).every(isWritten)) fillWith(to, fill);
  for (const { number, origin, chunk } of chunksIn(array, box, index)) {
    copyPart(rawOf(chunk, number), { chunk: layout.chunk, origin, width }, { box, to });
  }
  if (array.isBigEndian) swapBytes(to, width);
}

function fillWith(to: Uint8Array, fill: Uint8Array): void {
  if (fill.every((byte) => byte === 0)) {
    to.fill(0);
    return;
  }
  to.set(fill);
  for (let done = fill.length; done < to.length; done *= 2) {
    to.copyWithin(done, 0, Math.min(done, to.length - done));
  }
}

/** Entries of a chunk that are read at once. */
const RUN = 2 ** 18;

/** Copies the part of a chunk that a block has. */
function copyPart(
  raw: Raw,
  { chunk, origin, width }: { chunk: readonly number[]; origin: readonly number[]; width: number },
  { box, to }: { box: Box; to: Uint8Array },
): void {
  const from = origin.map((at, axis) => Math.max(at, box.from[axis]));
  const end = origin.map((at, axis) => Math.min(at + chunk[axis], box.to[axis]));
  const lengths = lengthsOf({ from, to: end });
  const own = lengthsOf(box);
  // Entries follow each other in both along the last axis, and along those before if it is whole.
  let axis = chunk.length - 1;
  let run = lengths[axis];
  while (axis > 0 && lengths[axis] === chunk[axis] && lengths[axis] === own[axis]) {
    axis--;
    run *= lengths[axis];
  }
  const entries = countOf(chunk)!;
  const outer = from.map((at, i) => i < axis ? end[i] : at + 1);
  for (const place of placesIn(from, outer)) {
    const source = indexOf(place, origin, chunk), target = indexOf(place, box.from, own);
    for (let done = 0; done < run; done += RUN) {
      const count = Math.min(RUN, run - done);
      const at = (target + done) * width;
      if (raw.isShuffled) {
        copyShuffled(raw, { from: source + done, count, entries, width }, { to, at });
      } else to.set(raw.read((source + done) * width, count * width), at);
    }
  }
}

/** Returns the index of a place among the entries of a block, row-major. */
const indexOf = (
  place: readonly number[],
  origin: readonly number[],
  lengths: readonly number[],
) => place.reduce((index, at, axis) => index * lengths[axis] + at - origin[axis], 0);

/** Copies entries, whose bytes are apart. */
function copyShuffled(
  raw: Raw,
  { from, count, entries, width }: { from: number; count: number; entries: number; width: number },
  { to, at }: { to: Uint8Array; at: number },
): void {
  for (let byte = 0; byte < width; byte++) {
    const bytes = raw.read(byte * entries + from, count);
    for (let i = 0, next = at + byte; i < count; i++, next += width) to[next] = bytes[i];
  }
}

/** Reverses the bytes of each entry. */
function swapBytes(bytes: Uint8Array, width: number): void {
  for (let at = 0; at < bytes.length; at += width) {
    for (let low = at, high = at + width - 1; low < high; low++, high--) {
      const byte = bytes[low];
      bytes[low] = bytes[high];
      bytes[high] = byte;
    }
  }
}
