import type { Budget } from "../../files/byte_source.ts";
import { countOf } from "../../files/file_types.ts";
import { type Hdf5Bytes, NOWHERE } from "./hdf5_bytes.ts";
import { builtin } from "../../platform/builtins.ts";
import { formatCount } from "../../ground/words/numbers.ts";
import { inflateStream } from "../../files/unzip.ts";
import { ModelError } from "../../core/model/model_error.ts";
import { InputError, refusal } from "../../ground/words/input_error.ts";

/** Chunk in the file. */
export interface StoredChunk {
  address: number;
  /** Number of its bytes in the file. */
  size: number;
  /** Bits of the filters that it was not packed by. */
  mask: number;
}

/** Layout of an array in chunks. */
export interface ChunkLayout {
  /** Kind of the index. */
  index: "tree" | "single" | "implicit" | "fixed" | "extensible" | "newTree";
  /** Place of the index, or of the chunk or chunks themselves. */
  address: number;
  /** Lengths of a chunk. */
  chunk: number[];
  /** Number of bytes of an unpacked chunk. */
  bytes: number;
  /** True if chunks that reach over the end of the array are not packed. */
  plainEdges: boolean;
  /** Size and mask of the only chunk, if it is packed and needs no index. */
  single: Omit<StoredChunk, "address"> | null;
}

const INDEXES = [
  "single",
  "implicit",
  "fixed",
  "extensible",
  "newTree",
] as const;

/**
 * Reads the layout of an array in chunks, behind its class.
 *
 * @param width Bytes of an entry.
 */
export function readChunkLayout(
  layout: Hdf5Bytes,
  version: number,
  { rank, width }: { rank: number; width: number },
): ChunkLayout {
  const flags = version === 3 ? 0 : layout.uint(1);
  const axes = layout.uint(1);
  if (rank === 0) throw layout.wrong("has chunks of a single entry", "it in one piece");
  if (axes !== rank + 1) throw layout.wrong(`has chunks of ${axes - 1} axes`, `${rank}`);
  let address = version === 3 ? layout.offset() : NOWHERE;
  const size = version === 3 ? 4 : layout.uint(1);
  if (size < 1 || size > 8) throw layout.wrong(`has sizes of ${size} bytes`, "1 to 8");
  const chunk = Array.from({ length: rank }, () => layout.uint(size));
  const entry = layout.uint(size);
  const count = countOf(chunk) ?? 0;
  if (count === 0 || entry !== width || count * width >= Number.MAX_SAFE_INTEGER) {
    throw layout.wrong(
      `has chunks of [${chunk.join(", ")}] entries of ${entry} bytes`,
      `fewer than 2^53 bytes in entries of ${width}`,
    );
  }
  let index: ChunkLayout["index"] = "tree";
  let single: ChunkLayout["single"] = null;
  if (version > 3) {
    const kind = layout.uint(1);
    if (INDEXES[kind - 1] === undefined) {
      throw layout.wrong(`has an index of kind ${kind}`, "1 to 5");
    }
    index = INDEXES[kind - 1];
    if (index === "single" && (flags & 2) !== 0) {
      single = { size: layout.length(), mask: layout.uint(4) };
    }
    // The parameters of the others are repeated in their index.
    layout.skip({ single: 0, implicit: 0, fixed: 1, extensible: 5, newTree: 6 }[index]);
    address = layout.offset();
  }
  const plainEdges = (flags & 1) !== 0;
  return { index, address, chunk, bytes: count * width, plainEdges, single };
}

/** Array whose chunks are listed. */
export interface ListedArray {
  /** Name of the array, for messages. */
  what: string;
  layout: ChunkLayout;
  /** Number of chunks along each axis; `most`: if the array is as large as it may become. */
  grid: { here: readonly number[]; most: readonly number[] };
  isPacked: boolean;
  /** Bytes of indexes that may still be read, and of chunks that they may list. */
  budget: { indexes: Budget; chunks: Budget };
}

/** Array whose index is read. */
export interface Listing extends ListedArray {
  file: Hdf5Bytes;
  /** Name of the index, for messages. */
  what: string;
  add(number: number, chunk: StoredChunk): void;
}

/** Reads the place of a chunk, and, if chunks are packed, its size and mask. */
export function readChunk(
  bytes: Hdf5Bytes,
  width: number,
  { layout, isPacked }: Pick<ListedArray, "layout" | "isPacked">,
): StoredChunk {
  const size = width - bytes.widths.offset - 4;
  if (isPacked ? size < 1 || size > 8 : width !== bytes.widths.offset) {
    throw bytes.wrong(`has entries of ${width} bytes`, "an address, a size and a mask");
  }
  const address = bytes.offset();
  if (!isPacked) return { address, size: layout.bytes, mask: 0 };
  return { address, size: bytes.uint(size), mask: bytes.uint(4) };
}

const DEFLATE = 1, SHUFFLE = 2, FLETCHER32 = 3;

/** Names of other filters, by their numbers. */
const NAMES: Readonly<Record<number, string>> = {
  4: "szip",
  5: "n-bit",
  6: "scale-offset",
  307: "bzip2",
  32000: "LZF",
  32001: "Blosc",
  32004: "LZ4",
  32008: "bitshuffle",
  32013: "ZFP",
  32015: "Zstandard",
  32026: "Blosc2",
};

/** Number from which on a filter is not one of HDF5's own. */
const FOREIGN = 256;

/** Bytes of the checksum behind what it is of. */
const CHECKSUM = 4;

/** Largest number of bytes that deflate packs into one. */
const MAX_RATIO = 1032;

/** Filters that chunks are packed by, in their order. */
export type Filters = readonly number[];

/**
 * Reads the filters of an array.
 *
 * @param width Bytes of an entry.
 * @param what Name of the array, for messages.
 * @throws {ModelError} If one of them is not read.
 */
export function readFilters(bytes: Hdf5Bytes, width: number, what: string): Filters {
  const version = bytes.version(1, 2);
  const count = bytes.uint(1);
  if (version === 1) bytes.skip(6);
  return Array.from({ length: count }, (_, i) => {
    const id = bytes.uint(2);
    const length = version === 1 || id >= FOREIGN ? bytes.uint(2) : 0;
    bytes.skip(2);
    const values = bytes.uint(2);
    bytes.skip(length);
    const own = bytes.piece(bytes.skip(4 * values), 4 * values, what);
    if (version === 1 && values % 2 === 1) bytes.skip(4);
    const expected = "deflate, shuffle or fletcher32";
    if (id !== DEFLATE && id !== SHUFFLE && id !== FLETCHER32) {
      throw new ModelError(
        refusal`${what} is packed by ${NAMES[id] ?? `filter ${id}`}, expected ${expected}`,
      );
    }
    if (id === SHUFFLE && (i > 0 || own.uint(4) !== width)) {
      throw new ModelError(
        refusal`${what} is shuffled after it was packed, expected its entries of ${width} bytes`,
      );
    }
    return id;
  });
}

/** Chunk as its filters see it. */
export interface PackedChunk extends StoredChunk {
  /** Name of the chunk, for messages. */
  what: string;
  filters: Filters;
  /** Number of its unpacked bytes. */
  unpacked: number;
}

/** Returns the filters of a chunk that are to be undone, the last first. */
const activeFilters = ({ filters, mask }: PackedChunk): Filters =>
  filters.filter((_, i) => (mask >>> i & 1) === 0).reverse();

/** Returns true if the bytes of the entries of a chunk are apart: all first ones, all second ones. */
export const isShuffled = (chunk: PackedChunk): boolean => activeFilters(chunk).includes(SHUFFLE);

/** Returns true if a chunk is in the file as it is, or shuffled. */
export const isPlain = (chunk: PackedChunk): boolean =>
  activeFilters(chunk).every((id) => id === SHUFFLE);

/**
 * Rejects a chunk whose bytes in the file cannot hold what it is said to unpack to.
 *
 * @throws {ModelError} If they cannot.
 */
export function requireSize(chunk: PackedChunk): void {
  const active = activeFilters(chunk);
  const { size, unpacked, what } = chunk;
  const sums = CHECKSUM * active.filter((id) => id === FLETCHER32).length;
  const isDeflated = active.includes(DEFLATE);
  if (isDeflated ? unpacked <= MAX_RATIO * size : size === unpacked + sums) return;
  throw new ModelError({
    place: what,
    verb: "has",
    found: formatCount(size, "byte"),
    expected: `${isDeflated ? "those of" : "its"} ${formatCount(unpacked + sums, "byte")}`,
    hint: ": damaged",
  });
}

const refuseDamaged = ({ what, unpacked }: PackedChunk): never => {
  throw new ModelError(
    refusal`${what} is damaged, expected ${formatCount(unpacked, "byte")} and their checksum`,
  );
};

/** Unpacks a chunk, except for its order if it is shuffled. */
export function unpackChunk(chunk: PackedChunk, packed: Uint8Array): Uint8Array {
  let bytes = packed;
  for (const id of activeFilters(chunk)) {
    if (id === DEFLATE) bytes = inflate(chunk, bytes);
    else if (id === FLETCHER32) {
      const body = bytes.subarray(0, Math.max(0, bytes.length - CHECKSUM));
      const sum = new Fletcher32();
      sum.add(body);
      if (!sum.isStoredIn(bytes.subarray(body.length))) refuseDamaged(chunk);
      bytes = body;
    }
  }
  return bytes.length === chunk.unpacked ? bytes : refuseDamaged(chunk);
}

function inflate(chunk: PackedChunk, bytes: Uint8Array): Uint8Array {
  // Checksums may be behind the entries.
  const most = chunk.unpacked + CHECKSUM * chunk.filters.length;
  try {
    const { buffer, byteOffset, byteLength } = builtin("zlib").inflateSync(bytes, {
      maxOutputLength: most,
    });
    return new Uint8Array(buffer, byteOffset, byteLength);
  } catch {
    return refuseDamaged(chunk);
  }
}

type Pieces = AsyncIterable<Uint8Array<ArrayBuffer>> | Iterable<Uint8Array<ArrayBuffer>>;

/** Yields the bytes of a chunk likewise, in pieces. */
export async function* unpackChunkSlowly(
  chunk: PackedChunk,
  packed: Pieces,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  let pieces = packed;
  for (const id of activeFilters(chunk)) {
    if (id === DEFLATE) pieces = inflateStream(pieces, "deflate");
    else if (id === FLETCHER32) pieces = checkSums(chunk, pieces);
  }
  let size = 0;
  try {
    for await (const piece of pieces) {
      size += piece.length;
      if (size > chunk.unpacked) break;
      yield piece;
    }
  } catch (error) {
    // The stream that unpacks throws a TypeError; those of the file itself descend from it.
    if (!(error instanceof TypeError) || error instanceof InputError) throw error;
    size = -1;
  }
  if (size !== chunk.unpacked) refuseDamaged(chunk);
}

/** Yields all but the checksum at the end, and compares it. */
async function* checkSums(
  chunk: PackedChunk,
  pieces: Pieces,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const sum = new Fletcher32();
  let held = new Uint8Array();
  for await (const piece of pieces) {
    const all = new Uint8Array(held.length + piece.length);
    all.set(held);
    all.set(piece, held.length);
    const end = Math.max(0, all.length - CHECKSUM);
    sum.add(all.subarray(0, end));
    yield all.subarray(0, end);
    held = all.slice(end);
  }
  if (!sum.isStoredIn(held)) refuseDamaged(chunk);
}

/** Number of words after which the sums are shortened: they are exact up to 2^53. */
const WORDS = 360;

/** Checksum of Fletcher over words of 16 bits, big-endian. */
class Fletcher32 {
  #first = 0;
  #second = 0;
  /** First byte of a word whose second one is not known yet. */
  #half = -1;

  add(bytes: Uint8Array): void {
    let at = 0;
    if (this.#half >= 0 && bytes.length > 0) {
      this.#addWord(this.#half, bytes[at++]);
      this.#half = -1;
    }
    const end = bytes.length - (bytes.length - at) % 2;
    while (at < end) {
      const stop = Math.min(end, at + 2 * WORDS);
      let first = this.#first, second = this.#second;
      for (; at < stop; at += 2) {
        first += bytes[at] << 8 | bytes[at + 1];
        second += first;
      }
      this.#first = shortened(first);
      this.#second = shortened(second);
    }
    if (end < bytes.length) this.#half = bytes[end];
  }

  #addWord(high: number, low: number): void {
    this.#first = shortened(this.#first + (high << 8 | low));
    this.#second = shortened(this.#second + this.#first);
  }

  /** Returns true if bytes are the checksum, little-endian. */
  isStoredIn(bytes: Uint8Array): boolean {
    if (this.#half >= 0) this.#addWord(this.#half, 0);
    const sum = [this.#first & 255, this.#first >> 8, this.#second & 255, this.#second >> 8];
    return bytes.length === CHECKSUM && sum.every((byte, i) => bytes[i] === byte);
  }
}

/** Returns a sum of at most 16 bits that is the same modulo 2^16 - 1, and 0 only for 0. */
function shortened(sum: number): number {
  let short = sum;
  while (short > 0xffff) short = short % 0x10000 + Math.floor(short / 0x10000);
  return short;
}
