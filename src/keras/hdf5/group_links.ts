import { showValue } from "../../words/show_value.ts";
import { FractalHeap } from "./fractal_heap.ts";
import { type Hdf5Bytes, type NoNumbers, NOWHERE } from "./hdf5_bytes.ts";
import type { Hdf5Budget } from "./hdf5_budget.ts";
import { MESSAGE, type Message } from "./object_header.ts";
import { treeRecords } from "./search_tree.ts";

/** Mark of a link to a name instead of an object, in a symbol table. */
const SOFT_IN_TABLE = 2;

const HARD = 0, SOFT = 1;

/** Address of an object, or the refusal of a link to a name. */
type Target = number | NoNumbers;

/**
 * Returns the names in a group, with the addresses of the objects. A link to a name, in this file
 * or in another, is not followed: nothing outside the file is read.
 *
 * @param what Name of the group, for messages.
 * @param budget What may still be read.
 * @returns The addresses by name, or `null` if the object is not a group.
 * @throws {ModelError} If its lists are damaged.
 */
export function groupLinks(
  file: Hdf5Bytes,
  messages: Message[],
  what: string,
  budget: Hdf5Budget,
): Map<string, Target> | null {
  const links = new Map<string, Target>();
  const add: Add = (name, target, bytes) => {
    budget.names.spend(name.length);
    if (links.has(name)) throw bytes.wrong(`lists ${showValue(name)} twice`, "each name once");
    links.set(name, target);
  };
  let isGroup = false;
  for (const { type, bytes } of messages) {
    if (type === MESSAGE.symbolTable) readTable(file, bytes, add, what);
    else if (type === MESSAGE.link) readLink(bytes, add);
    else if (type === MESSAGE.linkInfo) readLinksInHeap(bytes, { add, what, budget });
    else continue;
    isGroup = true;
  }
  return isGroup ? links : null;
}

type Add = (name: string, target: Target, bytes: Hdf5Bytes) => void;

/** Reads the older form: a tree of tables with the names in a heap. */
function readTable(file: Hdf5Bytes, message: Hdf5Bytes, add: Add, what: string): void {
  const root = message.offset();
  const heap = file.rest(message.offset(), `The list of names of ${what}`);
  heap.signature("HEAP");
  heap.skip(4);
  const size = heap.length();
  heap.length();
  const names = heap.offset();
  const nameAt = (offset: number) =>
    file.piece(names, size, `The list of names of ${what}`).piece(
      names + offset,
      size - offset,
      `A name in ${what}`,
    ).name();
  const seen = new Set<number>();
  const visit = (address: number, above: number) => {
    const node = file.rest(address, `The list of ${what}`);
    if (seen.has(address)) throw node.wrong("leads back to itself", "an end");
    seen.add(address);
    node.signature("TREE");
    const kind = node.uint(1), level = node.uint(1), count = node.uint(2);
    if (kind !== 0 || level >= above) throw node.wrong("is damaged", "a tree of names");
    node.offset();
    node.offset();
    for (let i = 0; i < count; i++) {
      node.length();
      const child = node.offset();
      if (level > 0) visit(child, level);
      else readNode(child);
    }
  };
  const readNode = (address: number) => {
    const node = file.rest(address, `The list of ${what}`);
    if (seen.has(address)) throw node.wrong("leads back to itself", "an end");
    seen.add(address);
    node.signature("SNOD");
    node.version(1);
    node.skip(1);
    for (let i = node.uint(2); i > 0; i--) {
      const name = nameAt(node.offset());
      const address = node.offset();
      const isSoft = node.uint(4) === SOFT_IN_TABLE;
      node.skip(20);
      add(name, isSoft ? softLink(node, name) : address, node);
    }
  };
  visit(root, 256);
}

/** Reads the newer form: a message for each name. */
function readLink(message: Hdf5Bytes, add: Add): void {
  message.version(1);
  const flags = message.uint(1);
  const kind = (flags & 8) === 0 ? HARD : message.uint(1);
  if ((flags & 4) !== 0) message.skip(8);
  if ((flags & 16) !== 0) message.skip(1);
  const name = message.text(message.uint(1 << (flags & 3)));
  if (kind === HARD) add(name, message.offset(), message);
  else if (kind === SOFT) add(name, softLink(message, name), message);
  else {
    const said = `has ${showValue(name)}, a link out of the file`;
    add(name, message.noNumbers(said, "data in the file"), message);
  }
}

const softLink = (bytes: Hdf5Bytes, name: string) =>
  bytes.noNumbers(`has ${showValue(name)}, a link to another name`, "data");

/** Kinds of the trees that list links: by the hash of their name, and in the order of their making. */
const BY_NAME = 5, BY_ORDER = 6;

/** Bytes before the identifier of a link in both. */
const BEFORE_ID = { [BY_NAME]: 4, [BY_ORDER]: 8 };

/** Reads the newest form, for many names: the messages are in a heap, listed by a tree. */
function readLinksInHeap(
  message: Hdf5Bytes,
  { add, what, budget }: { add: Add; what: string; budget: Hdf5Budget },
): void {
  message.version(0);
  const flags = message.uint(1);
  if ((flags & 1) !== 0) message.skip(8);
  const heapAt = message.offset(), byName = message.offset();
  if (heapAt === NOWHERE) return;
  const isOrdered = (flags & 2) !== 0;
  const heap = new FractalHeap(message, heapAt, `The list of ${what}`, budget.trees);
  const kind = isOrdered ? BY_ORDER : BY_NAME;
  const tree = {
    address: isOrdered ? message.offset() : byName,
    kinds: [kind],
    what: `The list of ${what}`,
  };
  const found: Parameters<Add>[] = [];
  for (const { bytes } of treeRecords(message, tree, budget.trees)) {
    bytes.skip(BEFORE_ID[kind]);
    readLink(heap.object(bytes), (...link) => found.push(link));
  }
  // Hashes have no order that means something.
  if (!isOrdered) found.sort(([one], [other]) => one < other ? -1 : 1);
  for (const link of found) add(...link);
}
