import { countOf } from "../../model/files/file_types.ts";
import { showValue } from "../../words/show_value.ts";
import { FractalHeap, treeRecords } from "./dense_storage.ts";
import { type Hdf5Budget, type Hdf5Bytes, NOWHERE } from "./hdf5_bytes.ts";
import {
  type Datatype,
  MESSAGE,
  type Message,
  readDataspace,
  readDatatype,
} from "./object_header.ts";

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
