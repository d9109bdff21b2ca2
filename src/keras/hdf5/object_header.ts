import type { Budget } from "../../files/byte_source.ts";
import { countOf } from "../../files/file_types.ts";
import { BYTES, type FileType } from "../../ground/traits/number_types.ts";
import { type Hdf5Budget, type Hdf5Bytes, NOWHERE } from "./hdf5_bytes.ts";
import { showValue } from "../../ground/words/show_value.ts";
import { FractalHeap, treeRecords } from "./dense_storage.ts";

/** Message types of an object header that are read. */
export const MESSAGE = {
  dataspace: 0x01,
  linkInfo: 0x02,
  datatype: 0x03,
  oldFill: 0x04,
  fill: 0x05,
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
    throw type === MESSAGE.datatype
      ? bytes.noNumbers("has a named type", "its own")
      : bytes.wrong("has a message that is stored elsewhere", "its own");
  }
  messages.push(message);
  if (type !== MESSAGE.continuation) return;
  if (pieces.length >= MAX_PIECES) throw bytes.wrong("is in a cycle", "an end");
  add(follow(bytes.offset(), bytes.length()));
}

/** Type of the entries of an array or attribute; the text of a `longText` is in a heap. */
interface Datatype {
  type: FileType | "text" | "longText";
  /** Number of bytes of an entry. */
  size: number;
  /** True if the first byte of a number is its highest; absent if not. */
  isBigEndian?: true;
}

/** Floating-point types by their size and the bits of their exponent. */
const FLOATS: Record<string, FileType> = {
  "2 5": "float16",
  "2 8": "bfloat16",
  "4 8": "float32",
  "8 11": "float64",
};

/** Bit of a floating-point type whose bytes are in neither order. */
const VAX = 0x40;

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
 * @throws {NoNumbers} If they are neither text nor numbers as Keras writes them.
 * @throws {ModelError} If the type is damaged.
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
    throw bytes.noNumbers(
      `says that the entries are ${NAMES[kind] ?? "unknown"} of ${8 * size} bits`,
      "text, floats or integers",
    );
  }
  if (kind === 1 && (bits & VAX) !== 0) {
    throw bytes.wrong("says that the entries are in the order of a VAX", "little- or big-endian");
  }
  const isBigEndian = size > 1 && kind < 2 && (bits & 1) !== 0;
  return { type: type as FileType, size, ...isBigEndian ? { isBigEndian } : {} };
}

/** Largest number of axes of an array in HDF5. */
const MAX_RANK = 32;

/** Lengths of an array along its axes. */
export interface Dataspace {
  shape: number[];
  /** Lengths that it may grow to; `Infinity` for any. */
  most: number[];
}

/** Reads a shape. */
export function readDataspace(bytes: Hdf5Bytes): Dataspace {
  const version = bytes.version(1, 2);
  const rank = bytes.uint(1);
  const flags = bytes.uint(1);
  // In the newer version, a mark instead of an axis of length 0 denotes a space without entries.
  if (version === 1) bytes.skip(5);
  else if (bytes.uint(1) === 2) return { shape: [0], most: [0] };
  if (rank > MAX_RANK) throw bytes.wrong(`has ${rank} axes`, `at most ${MAX_RANK}`);
  const shape = Array.from({ length: rank }, () => bytes.length());
  if (shape.some((size) => size === NOWHERE || size >= Number.MAX_SAFE_INTEGER)) {
    throw bytes.wrong("has an axis of 2^53 entries or more", "fewer");
  }
  if ((flags & 1) === 0) return { shape, most: shape };
  const most = shape.map(() => bytes.length()).map((one) => one === NOWHERE ? Infinity : one);
  if (most.some((length, axis) => length < shape[axis])) {
    throw bytes.wrong(`has shape [${shape.join(", ")}]`, `at most [${most.join(", ")}]`);
  }
  return { shape, most };
}

const WHAT = "A text of the HDF5 file";

/**
 * Heaps that the attributes of a file share for their texts. Each is listed once, however many
 * texts it has.
 */
export class TextHeaps {
  /** Limits on what may still be read of the file. */
  readonly budget: Hdf5Budget;
  /** Positions of the entries of each heap, by its address and their index. */
  readonly #heaps = new Map<number, Map<number, number>>();

  constructor(budget: Hdf5Budget) {
    this.budget = budget;
  }

  /**
   * Reads a text.
   *
   * @throws {ModelError} If the heap has no such entry.
   */
  text(file: Hdf5Bytes, heap: number, index: number, length: number): string {
    this.budget.texts.spend(length);
    const entries = this.#heaps.get(heap) ?? this.#list(file, heap);
    this.#heaps.set(heap, entries);
    const at = entries.get(index);
    if (at === undefined) {
      throw file.rest(heap, WHAT).wrong(`is not entry ${index} of its heap`, "it there");
    }
    const entry = file.rest(at, WHAT);
    const size = entry.length();
    if (length > size) throw entry.wrong(`has ${size} bytes`, `${length}`);
    return file.piece(entry.at, length, WHAT).text(length);
  }

  #list(file: Hdf5Bytes, heap: number): Map<number, number> {
    const head = file.rest(heap, WHAT);
    head.signature("GCOL");
    head.version(1);
    head.skip(3);
    const list = file.piece(heap, head.length(), WHAT);
    this.budget.heaps.spend(list.left);
    list.skip(head.at - heap);
    const entries = new Map<number, number>();
    while (list.left > 0) {
      const index = list.uint(2);
      list.skip(6);
      // The last entry is the free space.
      if (index === 0) break;
      const at = list.at;
      const size = list.length();
      if (!entries.has(index)) entries.set(index, at);
      list.skip(Math.ceil(size / 8) * 8);
    }
    return entries;
  }
}

/**
 * Reads an attribute of text.
 *
 * @param messages Messages of the group that has the attribute.
 * @param wanted Name of the attribute.
 * @param what Name of the group, for messages.
 * @returns Its texts, or `null` if there is none of that name.
 * @throws {ModelError} If it is damaged, or not text.
 */
export function attributeTexts(
  messages: readonly Message[],
  wanted: string,
  what: string,
  heaps: TextHeaps,
): string[] | null {
  const list = `The list of attributes of ${what}`;
  for (const message of attributesIn(messages, list, heaps.budget)) {
    const version = message.version(1, 2, 3);
    if (message.uint(1) !== 0 && version > 1) throw message.wrong("has a named type", "its own");
    const sizes = [message.uint(2), message.uint(2), message.uint(2)];
    if (version === 3) message.skip(1);
    // The oldest version pads each part to a multiple of 8.
    const padded = (size: number) => version === 1 ? Math.ceil(size / 8) * 8 : size;
    const [nameAt, typeAt, spaceAt] = sizes.map((size) => message.skip(padded(size)));
    const [name, datatype, space] = [nameAt, typeAt, spaceAt].map((at, i) =>
      message.piece(at, sizes[i], list)
    );
    if (name.text(sizes[0]) !== wanted) continue;
    const entries = readDatatype(datatype);
    const count = countOf(readDataspace(space).shape) ?? Infinity;
    const shown = `Attribute ${showValue(wanted)} of ${what}`;
    return readTexts(message.piece(message.at, message.left, shown), entries, count, heaps);
  }
  return null;
}

/** Kind of the tree that lists attributes by the hash of their name. */
const ATTRIBUTES = 8;

/** Yields the attributes in a header, and those that it refers to, in a heap. */
function* attributesIn(
  messages: readonly Message[],
  what: string,
  budget: Hdf5Budget,
): Generator<Hdf5Bytes> {
  for (const { type, bytes } of messages) {
    const message = bytes.piece(bytes.at, bytes.left, what);
    if (type === MESSAGE.attribute) yield message;
    if (type !== MESSAGE.attributeInfo) continue;
    message.version(0);
    if ((message.uint(1) & 1) !== 0) message.skip(2);
    const address = message.offset();
    if (address === NOWHERE) continue;
    const heap = new FractalHeap(message, address, what, budget.trees);
    const records = { address: message.offset(), kinds: [ATTRIBUTES], what };
    for (const { bytes } of treeRecords(message, records, budget.trees)) yield heap.object(bytes);
  }
}

function readTexts(
  bytes: Hdf5Bytes,
  { type, size }: Datatype,
  count: number,
  heaps: TextHeaps,
): string[] {
  // An empty list has no texts, regardless of the type that numpy gives its entries.
  if (count === 0) return [];
  if (type !== "text" && type !== "longText") throw bytes.wrong("is not text", "text");
  // Texts of 0 bytes would repeat any number of times.
  if (!(size > 0 && count * size <= bytes.left)) {
    throw bytes.wrong(`is cut off at ${bytes.left} bytes`, `${count} texts of ${size} bytes`);
  }
  return Array.from({ length: count }, () => {
    if (type === "text") return bytes.text(size);
    const length = bytes.uint(4), heap = bytes.offset(), index = bytes.uint(4);
    return length === 0 ? "" : heaps.text(bytes, heap, index, length);
  });
}
