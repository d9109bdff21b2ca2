import { countOf } from "../../model/files/file_types.ts";
import { showValue } from "../../words/show_value.ts";
import { type Datatype, readDataspace, readDatatype } from "./datatype.ts";
import { type Hdf5Bytes, NOWHERE } from "./hdf5_bytes.ts";
import { MESSAGE, type Message } from "./object_header.ts";
import type { TextHeaps } from "./text_heaps.ts";

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
  for (const { type, bytes } of messages) {
    const message = bytes.piece(bytes.at, bytes.left, list);
    if (type === MESSAGE.attributeInfo) requireNoHeap(message);
    if (type !== MESSAGE.attribute) continue;
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
    const count = countOf(readDataspace(space)) ?? Infinity;
    const shown = `Attribute ${showValue(wanted)} of ${what}`;
    return readTexts(message.piece(message.at, message.left, shown), entries, count, heaps);
  }
  return null;
}

/** Rejects attributes in a heap, where an object with many of them may keep them. */
function requireNoHeap(message: Hdf5Bytes): void {
  message.version(0);
  if ((message.uint(1) & 1) !== 0) message.skip(2);
  if (message.offset() === NOWHERE) return;
  throw message.wrong("is in a fractal heap", "attributes in the header as Keras writes them");
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
