import type { Budget } from "../../model/files/byte_source.ts";
import { countOf } from "../../model/files/file_types.ts";
import { type Hdf5Bytes, NOWHERE } from "./hdf5_bytes.ts";

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
