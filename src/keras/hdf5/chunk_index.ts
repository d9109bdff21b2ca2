import { countOf } from "../../files/file_types.ts";
import {
  type ChunkLayout,
  type ListedArray,
  type Listing,
  readChunk,
  type StoredChunk,
} from "./chunks.ts";
import { type Hdf5Bytes, NOWHERE } from "./hdf5_bytes.ts";
import { treeRecords } from "./dense_storage.ts";

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

/** Bytes of a checksum. */
const CHECKSUM = 4;

/** Entries of an array of chunks, which follow each other in the file. */
class Elements {
  readonly #listing: Listing;
  readonly width: number;

  constructor(listing: Listing, width: number) {
    this.#listing = listing;
    this.width = width;
  }

  /** Reads elements at a position; their numbers start at `number`. */
  read(bytes: Hdf5Bytes, count: number, number: number): void {
    const { budget, add } = this.#listing;
    budget.indexes.spend(count * this.width);
    for (let i = 0; i < count; i++) {
      const chunk = readChunk(bytes, this.width, this.#listing);
      if (chunk.address !== NOWHERE) add(number + i, chunk);
    }
  }

  /** Reads the elements of the pages of a block that were written. */
  readPages(
    first: number,
    { page, count, number, isWritten }: {
      page: number;
      count: number;
      number: number;
      isWritten: (page: number) => boolean;
    },
  ): void {
    const { file, what } = this.#listing;
    for (let at = 0, i = 0; at < count; at += page, i++) {
      if (!isWritten(i)) continue;
      const elements = file.rest(first + i * (page * this.width + CHECKSUM), what);
      this.read(elements, Math.min(page, count - at), number + at);
    }
  }
}

/** Opens a block of an index: its signature, and its kind. */
function openBlock({ file, what, isPacked }: Listing, address: number, signature: string) {
  const block = file.rest(address, what);
  block.signature(signature);
  block.version(0);
  if (block.uint(1) !== (isPacked ? 1 : 0)) {
    throw block.wrong("is damaged", "chunks that are packed as the array says");
  }
  return block;
}

/** Returns a function that says if a bit is set; the first is the highest of the first byte. */
function bitsOf(bytes: Hdf5Bytes, count: number): (bit: number) => boolean {
  const bits = bytes.bytes(count);
  return (bit) => (bits[Math.floor(bit / 8)] >> (7 - bit % 8) & 1) === 1;
}

/** Lists an array of chunks that cannot grow. */
function listFixed(listing: Listing): void {
  const { file, layout, grid, budget } = listing;
  const header = openBlock(listing, layout.address, "FAHD");
  const elements = new Elements(listing, header.uint(1));
  const page = 2 ** header.uint(1), count = header.length(), address = header.offset();
  if (count !== countOf(grid.most)) {
    throw header.wrong(`has ${count} chunks`, `${grid.most.join(" x ")}`);
  }
  if (address === NOWHERE) return;
  const block = openBlock(listing, address, "FADB");
  block.skip(file.widths.offset);
  if (count <= page) return elements.read(block, count, 0);
  const bitmap = Math.ceil(Math.ceil(count / page) / 8);
  budget.indexes.spend(bitmap);
  const isWritten = bitsOf(block, bitmap);
  elements.readPages(block.at + CHECKSUM, { page, count, number: 0, isWritten });
}

/** Parameters of an extensible array. */
interface Extensible {
  elements: Elements;
  /** Bytes of the offset of a block. */
  offset: number;
  /** Number of elements in the first block, in the smallest data block, and in a page. */
  first: number;
  least: number;
  page: number;
  /** Number of elements in all. */
  count: number;
}

/** Lists an array of blocks, whose size doubles every two rows. */
function listExtensible(listing: Listing): void {
  const { file, layout, grid, what } = listing;
  if (grid.most.filter((length) => length === Infinity).length !== 1) {
    throw file.rest(layout.address, what).wrong("is extensible", "it for one axis without an end");
  }
  const header = openBlock(listing, layout.address, "EAHD");
  const elements = new Elements(listing, header.uint(1));
  const bits = header.uint(1), first = header.uint(1), least = header.uint(1);
  const pointers = header.uint(1), page = 2 ** header.uint(1);
  header.skip(4 * file.widths.length);
  const count = header.length();
  header.length();
  const address = header.offset();
  if (least === 0 || pointers === 0 || bits > 64) {
    throw header.wrong("is damaged", "rows of blocks");
  }
  if (address === NOWHERE) return;
  const parameters = { elements, offset: Math.ceil(bits / 8), first, least, page, count };
  const block = openBlock(listing, address, "EAIB");
  block.skip(file.widths.offset);
  elements.read(block, first, 0);
  const direct = 2 * Math.floor(Math.log2(pointers));
  let number = first;
  for (let row = 0; number < count; row++) {
    const blocks = 2 ** Math.floor(row / 2), length = 2 ** Math.ceil(row / 2) * least;
    if (row < direct) {
      for (let i = 0; i < blocks; i++) {
        listDataBlock(listing, parameters, { address: block.offset(), number, length });
        number += length;
      }
    } else {
      listRow(listing, parameters, { address: block.offset(), number, blocks, length });
      number += blocks * length;
    }
  }
}

interface DataBlock {
  address: number;
  /** Number of its first element. */
  number: number;
  length: number;
}

function listDataBlock(
  listing: Listing,
  { elements, offset }: Extensible,
  { address, number, length }: DataBlock,
): void {
  if (address === NOWHERE) return;
  const block = openBlock(listing, address, "EADB");
  block.skip(listing.file.widths.offset + offset);
  elements.read(block, length, number);
}

/** Lists a row of data blocks, whose elements may be in pages. */
function listRow(
  listing: Listing,
  parameters: Extensible,
  { address, number, blocks, length }: DataBlock & { blocks: number },
): void {
  if (address === NOWHERE) return;
  const { offset, page, elements } = parameters;
  const row = openBlock(listing, address, "EASB");
  row.skip(listing.file.widths.offset + offset);
  const pages = length > page ? length / page : 0;
  const bitmap = blocks * Math.ceil(pages / 8);
  listing.budget.indexes.spend(bitmap + blocks * listing.file.widths.offset);
  const isWritten = bitsOf(row, bitmap);
  for (let i = 0; i < blocks; i++) {
    const address = row.offset();
    const from = number + i * length;
    if (pages === 0) listDataBlock(listing, parameters, { address, number: from, length });
    else if (address !== NOWHERE) {
      const block = openBlock(listing, address, "EADB");
      block.skip(listing.file.widths.offset + offset + CHECKSUM);
      elements.readPages(block.at, {
        page,
        count: length,
        number: from,
        isWritten: (at) => isWritten(i * pages + at),
      });
    }
  }
}
