import { countOf } from "../../model/files/file_types.ts";
import { type Listing, readChunk } from "./chunk_layout.ts";
import { type Hdf5Bytes, NOWHERE } from "./hdf5_bytes.ts";

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

  /** Reads those of pages of a block, if they were written. */
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
export function listFixed(listing: Listing): void {
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

/** Lists an array of blocks, of which pairs of rows each are twice as large as the last. */
export function listExtensible(listing: Listing): void {
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
