import type { Budget } from "../../model/files/byte_source.ts";
import { type Hdf5Bytes, NOWHERE } from "./hdf5_bytes.ts";

/** Bytes of a node beside its records: signature, version, kind and checksum. */
const PREFIX = 10;

/** Largest number of levels: each has at least twice the records of the one above. */
const MAX_DEPTH = 52;

/** Record of a tree. */
export interface TreeRecord {
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
