import type { Budget } from "../../model/files/budget.ts";
import { BYTES } from "../../model/files/file_types.ts";
import type { FileType } from "../../model/weights/weights_manifest.ts";
import { showValue } from "../../words/show_value.ts";
import { type Hdf5Bytes, NOWHERE } from "./hdf5_bytes.ts";

/** Message types of an object header that are read. */
export const MESSAGE = {
  dataspace: 0x01,
  linkInfo: 0x02,
  datatype: 0x03,
  link: 0x06,
  externalFiles: 0x07,
  layout: 0x08,
  filters: 0x0b,
  attribute: 0x0c,
  continuation: 0x10,
  symbolTable: 0x11,
  attributeInfo: 0x15,
} as const;

/** Message with its type and its bytes. */
export interface Message {
  type: number;
  bytes: Hdf5Bytes;
}

/** Flag of a message that is elsewhere, such as a named type. */
const SHARED = 2;

/** Largest number of pieces in a header written by a program. */
const MAX_PIECES = 1000;

const KNOWN: ReadonlySet<number> = new Set(Object.values(MESSAGE));

/** Fewest bytes of a message that is read: a shape without axes. */
const MIN_MESSAGE = 4;

/**
 * Returns the messages of an object, a group or an array.
 *
 * @param what Name of the object, for messages.
 * @param budget Bytes of headers that may still be read.
 * @throws {ModelError} If it is not an object header.
 */
export function readMessages(
  file: Hdf5Bytes,
  address: number,
  what: string,
  budget: Budget,
): Message[] {
  const shown = `The header of ${what}`;
  const start = file.rest(address, shown);
  const isOld = start.left > 0 && start.uint(1) === 1;
  const pieces: Hdf5Bytes[] = [];
  const add = (piece: Hdf5Bytes) => {
    budget.spend(piece.left);
    pieces.push(piece);
  };
  const read = isOld ? readOld : readNew;
  return read(file, address, shown, { pieces, add });
}

/** Pieces of a header, one of which may refer to another. */
interface Pieces {
  pieces: Hdf5Bytes[];
  add(piece: Hdf5Bytes): void;
}

function readOld(file: Hdf5Bytes, address: number, what: string, own: Pieces): Message[] {
  const prefix = file.rest(address, what);
  prefix.skip(2);
  const count = prefix.uint(2);
  prefix.skip(4);
  const size = prefix.uint(4);
  const messages: Message[] = [];
  own.add(file.piece(address + 16, size, what));
  // Iteration over an array includes entries added during it.
  let seen = 0;
  for (const piece of own.pieces) {
    while (piece.left >= 8 && seen < count) {
      seen++;
      const type = piece.uint(2), length = piece.uint(2), flags = piece.uint(1);
      piece.skip(3);
      const at = piece.skip(length);
      if (!isRead(type, length)) continue;
      const message = { type, bytes: file.piece(at, length, what) };
      const follow = (from: number, count: number) => file.piece(from, count, what);
      addMessage(messages, own, { message, flags, follow });
    }
  }
  return messages;
}

function readNew(file: Hdf5Bytes, address: number, what: string, own: Pieces): Message[] {
  const prefix = file.rest(address, what);
  prefix.signature("OHDR");
  prefix.version(2);
  const header = prefix.uint(1);
  if ((header & 0x20) !== 0) prefix.skip(16);
  if ((header & 0x10) !== 0) prefix.skip(4);
  const size = prefix.uint(1 << (header & 3));
  const messages: Message[] = [];
  own.add(file.piece(prefix.at, size, what));
  const order = (header & 4) === 0 ? 0 : 2;
  for (const piece of own.pieces) {
    while (piece.left >= 4 + order) {
      const type = piece.uint(1), length = piece.uint(2), flags = piece.uint(1);
      piece.skip(order);
      const at = piece.skip(length);
      if (!isRead(type, length)) continue;
      const message = { type, bytes: file.piece(at, length, what) };
      const follow = (from: number, count: number) => {
        const next = file.piece(from, count - 4, what);
        next.signature("OCHK");
        return next;
      };
      addMessage(messages, own, { message, flags, follow });
    }
  }
  return messages;
}

/** Other messages are skipped: a file may hold millions of them. */
const isRead = (type: number, length: number) => KNOWN.has(type) && length >= MIN_MESSAGE;

function addMessage(
  messages: Message[],
  { pieces, add }: Pieces,
  { message, flags, follow }: {
    message: Message;
    flags: number;
    follow: (from: number, count: number) => Hdf5Bytes;
  },
): void {
  const { type, bytes } = message;
  if ((flags & SHARED) !== 0) {
    throw bytes.wrong("has a message that is stored elsewhere", "its own");
  }
  messages.push(message);
  if (type !== MESSAGE.continuation) return;
  if (pieces.length >= MAX_PIECES) throw bytes.wrong("is in a cycle", "an end");
  add(follow(bytes.offset(), bytes.length()));
}

/** Type of the entries of an array or attribute; the text of a `longText` is in a heap. */
export interface Datatype {
  type: FileType | "text" | "longText";
  /** Number of bytes of an entry. */
  size: number;
}

/** Floating-point types by their size and the bits of their exponent. */
const FLOATS: Record<string, FileType> = {
  "2 5": "float16",
  "2 8": "bfloat16",
  "4 8": "float32",
  "8 11": "float64",
};

const NAMES = [
  "whole numbers",
  "floating-point numbers",
  "times",
  "texts",
  "bit fields",
  "opaque bytes",
  "compounds",
  "references to objects",
  "enumerations",
  "lists",
  "arrays",
];

/**
 * Reads the type of entries.
 *
 * @throws {ModelError} If they are neither text nor numbers as Keras writes them.
 */
export function readDatatype(bytes: Hdf5Bytes): Datatype {
  const kind = bytes.uint(1) & 15;
  const bits = bytes.uint(1);
  bytes.skip(2);
  const size = bytes.uint(4);
  let type: string | undefined;
  switch (kind) {
    case 0:
      type = `${(bits & 8) === 0 ? "uint" : "int"}${8 * size}`;
      break;
    case 1:
      bytes.skip(5);
      type = FLOATS[`${size} ${bytes.uint(1)}`];
      break;
    case 3:
      return { type: "text", size };
    case 5:
      // HDF5 has no native bfloat16.
      type = size === 2 ? "bfloat16" : undefined;
      break;
    case 8:
      // A boolean is an enumeration of bytes.
      return readDatatype(bytes);
    case 9:
      if ((bits & 15) === 1) return { type: "longText", size };
  }
  if (type === undefined || !Object.hasOwn(BYTES, type)) {
    throw bytes.wrong(
      `says that the entries are ${NAMES[kind] ?? "unknown"} of ${8 * size} bits`,
      "text, floats or integers",
    );
  }
  if (size > 1 && (bits & 1) !== 0 && kind < 2) {
    throw bytes.wrong("says that the entries are big-endian", "little-endian ones as Keras writes");
  }
  return { type: type as FileType, size };
}

/** Largest number of axes of an array in HDF5. */
const MAX_RANK = 32;

/** Reads a shape. */
export function readDataspace(bytes: Hdf5Bytes): number[] {
  const version = bytes.version(1, 2);
  const rank = bytes.uint(1);
  bytes.skip(1);
  // In the newer version, a mark instead of an axis of length 0 denotes a space without entries.
  if (version === 1) bytes.skip(5);
  else if (bytes.uint(1) === 2) return [0];
  if (rank > MAX_RANK) throw bytes.wrong(`has ${rank} axes`, `at most ${MAX_RANK}`);
  const shape = Array.from({ length: rank }, () => bytes.length());
  if (shape.some((size) => size === NOWHERE || size >= Number.MAX_SAFE_INTEGER)) {
    throw bytes.wrong("has an axis of 2^53 entries or more", "fewer");
  }
  return shape;
}

/** Mark of a link to a name instead of an object, in a symbol table. */
const SOFT_IN_TABLE = 2;

const HARD = 0, SOFT = 1;

/**
 * Returns the names in a group, with the addresses of the objects. A link to a name, in this file
 * or in another, is rejected: nothing outside the file is read.
 *
 * @param what Name of the group, for messages.
 * @param budget Characters of names that may still be read.
 * @returns The addresses by name, or `null` if the object is not a group.
 * @throws {ModelError} If its lists are damaged or hold links.
 */
export function groupLinks(
  file: Hdf5Bytes,
  messages: Message[],
  what: string,
  budget: Budget,
): Map<string, number> | null {
  const links = new Map<string, number>();
  const add = (name: string, address: number, bytes: Hdf5Bytes) => {
    budget.spend(name.length);
    if (links.has(name)) throw bytes.wrong(`lists ${showValue(name)} twice`, "each name once");
    links.set(name, address);
  };
  let isGroup = false;
  for (const { type, bytes } of messages) {
    if (type === MESSAGE.symbolTable) readTable(file, bytes, add, what);
    else if (type === MESSAGE.link) readLink(bytes, add);
    else if (type === MESSAGE.linkInfo) requireNoHeap(bytes);
    else continue;
    isGroup = true;
  }
  return isGroup ? links : null;
}

type Add = (name: string, address: number, bytes: Hdf5Bytes) => void;

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
      if (isSoft) throw softLink(node, name);
      add(name, address, node);
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
  if (kind === SOFT) throw softLink(message, name);
  if (kind !== HARD) {
    throw message.wrong(
      `has ${showValue(name)}, a link out of the file`,
      "data in the file",
    );
  }
  add(name, message.offset(), message);
}

const softLink = (bytes: Hdf5Bytes, name: string) =>
  bytes.wrong(`has ${showValue(name)}, a link to another name`, "data");

/**
 * Rejects the newest form, for many names, which is only written on request (`libver="latest"`).
 */
function requireNoHeap(message: Hdf5Bytes): void {
  message.version(0);
  if ((message.uint(1) & 1) !== 0) message.skip(8);
  if (message.offset() === NOWHERE) return;
  throw message.wrong(
    "keeps its names in a fractal heap",
    'the format that Keras writes (h5py without libver="latest" and track_order)',
  );
}
