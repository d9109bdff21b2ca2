import type { Budget } from "../../files/byte_source.ts";
import { type Hdf5Bytes, NOWHERE } from "./hdf5_bytes.ts";

/** Bytes of a node beside its records: signature, version, kind and checksum. */
const PREFIX = 10;

/** Largest number of levels: each has at least twice the records of the one above. */
const MAX_DEPTH = 52;

/** Record of a tree. */
interface TreeRecord {
  /** Kind of the tree, which says what its records hold. */
  kind: number;
  bytes: Hdf5Bytes;
}

/** Nodes of a tree. */
interface Nodes {
  kind: number;
  size: number;
  /** Bytes of a record. */
  record: number;
  /** Bytes of a reference to a node, by its level. */
  references: number[];
  /** Bytes of the number of its records. */
  count: number;
}

/**
 * Yields the records of a B-tree of version 2, in their order.
 *
 * @param at `address`: place of the tree; `kinds`: expected kinds; `what`: its name, for messages.
 * @param budget Bytes of trees that may still be read.
 * @throws {ModelError} If it is damaged.
 */
export function* treeRecords(
  file: Hdf5Bytes,
  { address, kinds, what }: { address: number; kinds: readonly number[]; what: string },
  budget: Budget,
): Generator<TreeRecord> {
  const header = file.rest(address, what);
  header.signature("BTHD");
  header.version(0);
  const kind = header.uint(1);
  if (!kinds.includes(kind)) throw header.wrong(`is a tree of kind ${kind}`, kinds.join(" or "));
  const size = header.uint(4), record = header.uint(2), depth = header.uint(2);
  header.skip(2);
  const root = header.offset(), count = header.uint(2);
  if (depth > MAX_DEPTH || size < PREFIX + record) {
    throw header.wrong("is damaged", "a tree of at most 52 levels");
  }
  if (root === NOWHERE) return;
  const nodes = divideNodes({ kind, size, record }, depth, file.widths.offset);
  const visit = function* (address: number, level: number, count: number): Generator<TreeRecord> {
    budget.spend(size);
    const node = file.piece(address, size, what);
    node.signature(level === 0 ? "BTLF" : "BTIN");
    node.version(0);
    if (node.uint(1) !== kind) throw node.wrong("is damaged", `nodes of kind ${kind}`);
    const records = node.skip(count * record);
    for (let i = 0; i <= count; i++) {
      if (level > 0) {
        const reference = file.piece(
          node.skip(nodes.references[level]),
          nodes.references[level],
          what,
        );
        yield* visit(reference.offset(), level - 1, reference.uint(nodes.count));
      }
      if (i < count) yield { kind, bytes: file.piece(records + i * record, record, what) };
    }
  };
  yield* visit(root, depth, count);
}

/** Returns the sizes of parts of nodes: numbers take as many bytes as the largest that may occur. */
function divideNodes(
  { kind, size, record }: Pick<Nodes, "kind" | "size" | "record">,
  depth: number,
  address: number,
): Nodes {
  const inLeaf = Math.floor((size - PREFIX) / record);
  const count = widthOf(inLeaf);
  const references = [0];
  let below = inLeaf;
  for (let level = 1; level <= depth; level++) {
    const reference = address + count + (level === 1 ? 0 : widthOf(below));
    const here = Math.floor((size - PREFIX - reference) / (record + reference));
    references.push(reference);
    below = (here + 1) * below + here;
  }
  return { kind, size, record, references, count };
}

/** Returns the number of bytes of a whole number. */
function widthOf(value: number): number {
  let width = 1;
  while (value >= 256 ** width && width < 8) width++;
  return width;
}

/** Kinds of objects in a heap: in its blocks, in a separate place, in its identifier. */
const MANAGED = 0, HUGE = 1, TINY = 2;

/** Kind of the tree that lists huge objects. */
const HUGE_OBJECTS = 1;

/** Heap of names or attributes, with blocks in rows of which each is twice as large as the last. */
export class FractalHeap {
  readonly #file: Hdf5Bytes;
  readonly #what: string;
  readonly #budget: Budget;
  /** Bytes of an offset in the heap, of the length of an object, and of an identifier. */
  readonly #widths: { offset: number; length: number; id: number };
  /** Address of the tree of huge objects. */
  readonly #hugeTree: number;
  /** Places of huge objects by their number. */
  #huge: Map<number, { address: number; length: number }> | null = null;
  /** Blocks of a row, bytes of the first, and number of the rows that hold objects themselves. */
  readonly #table: { width: number; start: number; direct: number };
  readonly #root: { address: number; rows: number };

  /**
   * @param address Place of its header.
   * @param what Name of the heap, for messages.
   * @param budget Bytes of trees that may still be read.
   */
  constructor(file: Hdf5Bytes, address: number, what: string, budget: Budget) {
    this.#file = file;
    this.#what = what;
    this.#budget = budget;
    const header = file.rest(address, what);
    const { offset, length } = file.widths;
    header.signature("FRHP");
    header.version(0);
    const id = header.uint(2);
    if (header.uint(2) !== 0) throw header.wrong("is compressed", "it without filters");
    header.skip(1);
    const largest = header.uint(4);
    header.skip(length);
    this.#hugeTree = header.offset();
    header.skip(9 * length + offset);
    const width = header.uint(2), start = header.length(), largestBlock = header.length();
    const bits = header.uint(2);
    header.skip(2);
    if (width === 0 || largest === 0 || !(start > 0 && start <= largestBlock)) {
      throw header.wrong("is damaged", "rows of blocks");
    }
    this.#root = { address: header.offset(), rows: header.uint(2) };
    this.#table = { width, start, direct: Math.floor(Math.log2(largestBlock / start)) + 2 };
    this.#widths = {
      offset: Math.ceil(bits / 8),
      length: Math.min(bytesOf(largestBlock), Math.floor(Math.log2(largest) / 8) + 1),
      id,
    };
  }

  /** Bytes of an identifier. */
  get idWidth(): number {
    return this.#widths.id;
  }

  /**
   * Returns an object.
   *
   * @param id Its identifier.
   * @throws {ModelError} If the heap does not have it.
   */
  object(id: Hdf5Bytes): Hdf5Bytes {
    const what = this.#what;
    const first = id.uint(1);
    switch (first >> 4 & 3) {
      case MANAGED: {
        const offset = id.uint(this.#widths.offset), length = id.uint(this.#widths.length);
        return this.#file.piece(this.#locate(offset), length, what);
      }
      case HUGE: {
        const { length } = this.#file.widths;
        const place = this.#hugeObjects().get(id.uint(Math.min(length, this.#widths.id - 1)));
        if (place === undefined) throw id.wrong("refers to an object that is missing", "it there");
        return this.#file.piece(place.address, place.length, what);
      }
      case TINY:
        return this.#file.piece(id.at, (first & 15) + 1, what);
    }
    throw id.wrong("refers to an object of an unknown kind", "one in the heap");
  }

  #hugeObjects(): Map<number, { address: number; length: number }> {
    if (this.#huge !== null) return this.#huge;
    const huge = new Map<number, { address: number; length: number }>();
    this.#huge = huge;
    const tree = { address: this.#hugeTree, kinds: [HUGE_OBJECTS], what: this.#what };
    for (const { bytes } of treeRecords(this.#file, tree, this.#budget)) {
      const address = bytes.offset(), length = bytes.length();
      huge.set(bytes.length(), { address, length });
    }
    return huge;
  }

  /** Returns the place in the file of an offset in the heap. */
  #locate(offset: number): number {
    const { width, start, direct } = this.#table;
    let { address, rows } = this.#root;
    let first = 0;
    while (rows > 0) {
      const block = this.#file.rest(address, this.#what);
      block.signature("FHIB");
      block.version(0);
      block.skip(this.#file.widths.offset + this.#widths.offset);
      const { row, column, from, size } = blockAt(offset - first, { width, start });
      if (row >= rows) throw block.wrong("refers to an object beyond its end", "one in it");
      block.skip((row * width + column) * this.#file.widths.offset);
      address = block.offset();
      first += from;
      rows = row < direct ? 0 : Math.max(1, Math.floor(Math.log2(size / start / width)) + 1);
      if (address === NOWHERE) throw block.wrong("refers to a block that is missing", "it there");
    }
    this.#file.rest(address, this.#what).signature("FHDB");
    return address + offset - first;
  }
}

/** Returns the block of an indirect one that has an offset in it. */
function blockAt(offset: number, { width, start }: { width: number; start: number }) {
  let row = 0, size = start, from = 0;
  while (offset >= from + width * size) {
    from += width * size;
    if (row > 0) size *= 2;
    row++;
  }
  const column = Math.floor((offset - from) / size);
  return { row, column, from: from + column * size, size };
}

/** Returns the number of bytes of an offset in a block. */
const bytesOf = (size: number) => Math.floor((Math.log2(size) + 7) / 8);
