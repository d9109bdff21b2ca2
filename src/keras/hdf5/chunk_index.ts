import { countOf } from "../../model/files/file_types.ts";
import { listExtensible, listFixed } from "./chunk_arrays.ts";
import {
  type ChunkLayout,
  type ListedArray,
  type Listing,
  readChunk,
  type StoredChunk,
} from "./chunk_layout.ts";
import { type Hdf5Bytes, NOWHERE } from "./hdf5_bytes.ts";
import { treeRecords } from "./search_tree.ts";

/** Chunks of one size, one after the other. */
interface ChunkRow {
  address: number;
  size: number;
  count: number;
}

/** Chunks of an array that were written. */
export class ChunkIndex {
  /** Number, place, size and mask of each, one after the other, by ascending number. */
  readonly #chunks: number[] = [];
  readonly #strides: readonly number[];
  /** Chunks that follow each other in the file, without an index. */
  readonly #row: ChunkRow | null;

  /**
   * @param strides Differences of the numbers of chunks beside each other, along each axis.
   * @param row Chunks that follow each other in the file; `null` if they are added.
   */
  constructor(strides: readonly number[], row: ChunkRow | null = null) {
    this.#strides = strides;
    this.#row = row;
  }

  /** Number of chunks. */
  get count(): number {
    return this.#row?.count ?? this.#chunks.length / 4;
  }

  /** Returns the number of a chunk, given its place among the chunks along each axis. */
  numberOf(place: readonly number[]): number {
    return place.reduce((sum, at, axis) => sum + at * this.#strides[axis], 0);
  }

  /** Adds a chunk; returns false if its number is not larger than that of the one before. */
  add(number: number, { address, size, mask }: StoredChunk): boolean {
    if (number <= (this.#chunks.at(-4) ?? -1)) return false;
    this.#chunks.push(number, address, size, mask);
    return true;
  }

  /** Returns a chunk by its number; `null` if it was never written. */
  find(number: number): StoredChunk | null {
    if (this.#row !== null) {
      const { address, size, count } = this.#row;
      return number < count ? { address: address + number * size, size, mask: 0 } : null;
    }
    let from = 0, to = this.count;
    while (from < to) {
      const middle = Math.floor((from + to) / 2);
      if (this.#chunks[4 * middle] < number) from = middle + 1;
      else to = middle;
    }
    if (this.#chunks[4 * from] !== number) return null;
    const [address, size, mask] = this.#chunks.slice(4 * from + 1, 4 * from + 4);
    return { address, size, mask };
  }
}

/**
 * Lists the chunks of an array.
 *
 * @throws {ModelError} If their index is damaged.
 */
export function listChunks(file: Hdf5Bytes, array: ListedArray): ChunkIndex {
  const { layout, grid, budget } = array;
  const strides = stridesOf(layout.index, grid);
  if (layout.index === "implicit" && layout.address !== NOWHERE) {
    const { address, bytes: size } = layout;
    const count = countOf(grid.most) ?? Infinity;
    file.piece(address, count * size, `The row of chunks of ${array.what}`);
    return new ChunkIndex(strides, { address, size, count });
  }
  const index = new ChunkIndex(strides);
  if (layout.address === NOWHERE) return index;
  const what = `The index of the chunks of ${array.what}`;
  const add = (number: number, chunk: StoredChunk) => {
    budget.chunks.spend(chunk.size);
    const bytes = file.piece(chunk.address, chunk.size, `A chunk of ${array.what}`);
    if (!index.add(number, chunk)) {
      throw bytes.wrong("is listed twice or too late", "once, in order");
    }
  };
  const listing: Listing = { ...array, file, what, add };
  switch (layout.index) {
    case "single":
      if (grid.here.some((count) => count > 1)) {
        throw file.rest(layout.address, what).wrong("has 1 chunk", grid.here.join(" x "));
      }
      add(0, { address: layout.address, size: layout.bytes, mask: 0, ...layout.single });
      break;
    case "fixed":
      listFixed(listing);
      break;
    case "extensible":
      listExtensible(listing);
      break;
    default:
      for (const { place, chunk } of treeChunks(listing)) {
        if (place.some((at, axis) => at < 0 || at >= grid.here[axis])) {
          throw file.rest(chunk.address, what).wrong(
            `has a chunk at [${place.join(", ")}]`,
            `fewer than [${grid.here.join(", ")}]`,
          );
        }
        add(index.numberOf(place), chunk);
      }
  }
  return index;
}

/** Returns the differences of the numbers of chunks beside each other. */
function stridesOf(index: ChunkLayout["index"], { here, most }: ListedArray["grid"]): number[] {
  const isArray = index === "fixed" || index === "implicit" || index === "extensible";
  const lengths = isArray ? most : here;
  // The axis that may grow without end varies last in an extensible array.
  const growing = index === "extensible" ? most.indexOf(Infinity) : -1;
  const strides = Array<number>(lengths.length).fill(1);
  let stride = 1;
  for (let axis = lengths.length - 1; axis >= 0; axis--) {
    if (axis === growing) continue;
    strides[axis] = stride;
    stride *= lengths[axis];
  }
  if (growing >= 0) strides[growing] = stride;
  return strides;
}

/** Place of a chunk along each axis, and the chunk. */
interface PlacedChunk {
  place: number[];
  chunk: StoredChunk;
}

function treeChunks(listing: Listing): Iterable<PlacedChunk> {
  return listing.layout.index === "tree" ? oldTreeChunks(listing) : newTreeChunks(listing);
}

/** Kind of a tree of chunks, among those of the first version. */
const CHUNKS = 1;

function* oldTreeChunks({ file, what, layout, budget }: Listing): Generator<PlacedChunk> {
  const rank = layout.chunk.length;
  const { offset } = file.widths;
  const width = 8 + 8 * (rank + 1) + offset;
  const visit = function* (address: number, above: number): Generator<PlacedChunk> {
    const node = file.rest(address, what);
    node.signature("TREE");
    const kind = node.uint(1), level = node.uint(1), count = node.uint(2);
    if (kind !== CHUNKS || level >= above) throw node.wrong("is damaged", "a tree of chunks");
    budget.indexes.spend(8 + 2 * offset + count * width);
    node.skip(2 * offset);
    for (let i = 0; i < count; i++) {
      const size = node.uint(4), mask = node.uint(4);
      const starts = layout.chunk.map(() => node.uint(8));
      node.skip(8);
      const address = node.offset();
      if (level > 0) yield* visit(address, level);
      else {
        const place = starts.map((start, axis) => start / layout.chunk[axis]);
        if (!place.every(Number.isSafeInteger)) {
          throw node.wrong(`has a chunk at [${starts.join(", ")}]`, "a multiple of its size");
        }
        yield { place, chunk: { address, size, mask } };
      }
    }
  };
  yield* visit(layout.address, 256);
}

/** Kinds of trees of chunks in the second version: as they are, and packed. */
const PLAIN_CHUNKS = 10, PACKED_CHUNKS = 11;

function* newTreeChunks(listing: Listing): Generator<PlacedChunk> {
  const { file, what, layout: { address, chunk: lengths }, isPacked, budget } = listing;
  const tree = { address, kinds: [isPacked ? PACKED_CHUNKS : PLAIN_CHUNKS], what };
  for (const { bytes } of treeRecords(file, tree, budget.indexes)) {
    const chunk = readChunk(bytes, bytes.left - 8 * lengths.length, listing);
    yield { place: lengths.map(() => bytes.uint(8)), chunk };
  }
}
