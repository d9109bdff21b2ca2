import { showValue } from "../../words/show_value.ts";
import { countOf } from "../files/file_types.ts";
import { type Datatype, readDataspace, readDatatype } from "./datatype.ts";
import { type Hdf5Bytes, NOWHERE } from "./hdf5_bytes.ts";
import { MESSAGE, type Message } from "./object_header.ts";

/** How many bytes of text may still be read of a file: many attributes could share one long text. */
export interface TextBudget {
  left: number;
}

/**
 * An attribute of text.
 *
 * @param messages The messages of the group that has it.
 * @param wanted Its name.
 * @param what What the group is called, for messages.
 * @param budget How much may still be read.
 * @returns Its texts, or `null` if there is none of that name.
 * @throws {ModelError} If it is damaged, or no text.
 */
export function attributeTexts(
  messages: readonly Message[],
  wanted: string,
  what: string,
  budget: TextBudget,
): string[] | null {
  const list = `The list of attributes of ${what}`;
  for (const { type, bytes } of messages) {
    const message = bytes.piece(bytes.at, bytes.left, list);
    if (type === MESSAGE.attributeInfo) refuseHeap(message);
    if (type !== MESSAGE.attribute) continue;
    const version = message.version(1, 2, 3);
    if (message.uint(1) !== 0 && version > 1) throw message.wrong("has a named type", "its own");
    const sizes = [message.uint(2), message.uint(2), message.uint(2)];
    if (version === 3) message.skip(1);
    // The oldest version fills each part up to a multiple of 8.
    const padded = (size: number) => version === 1 ? Math.ceil(size / 8) * 8 : size;
    const [nameAt, typeAt, spaceAt] = sizes.map((size) => message.skip(padded(size)));
    const [name, datatype, space] = [nameAt, typeAt, spaceAt].map((at, i) =>
      message.piece(at, sizes[i], list)
    );
    if (name.text(sizes[0]) !== wanted) continue;
    const entries = readDatatype(datatype);
    const count = countOf(readDataspace(space)) ?? Infinity;
    const shown = `Attribute ${showValue(wanted)} of ${what}`;
    return readTexts(message.piece(message.at, message.left, shown), entries, count, budget);
  }
  return null;
}

/** Many attributes of one object may stand elsewhere. */
function refuseHeap(message: Hdf5Bytes): void {
  message.version(0);
  if ((message.uint(1) & 1) !== 0) message.skip(2);
  if (message.offset() === NOWHERE) return;
  throw message.wrong("is in a fractal heap", "attributes in the header as Keras writes them");
}

function readTexts(
  bytes: Hdf5Bytes,
  { type, size }: Datatype,
  count: number,
  budget: TextBudget,
): string[] {
  // An empty list has no texts either, whatever numpy takes its entries for.
  if (count === 0) return [];
  if (type !== "text" && type !== "longText") throw bytes.wrong("is no text", "text");
  // A text of no bytes would repeat for nothing.
  if (!(size > 0 && count * size <= bytes.left)) {
    throw bytes.wrong(`is cut off at ${bytes.left} bytes`, `${count} texts of ${size} bytes`);
  }
  return Array.from({ length: count }, () => {
    if (type === "text") return bytes.text(size);
    const length = bytes.uint(4), heap = bytes.offset(), index = bytes.uint(4);
    budget.left -= length;
    if (budget.left < 0) throw bytes.wrong("repeats one text", "texts that fit into the file");
    return length === 0 ? "" : longText(bytes, heap, index, length);
  });
}

/** A text of the heap that the attributes of a file share. */
function longText(bytes: Hdf5Bytes, heap: number, index: number, length: number): string {
  const what = "A text of the HDF5 file";
  const head = bytes.rest(heap, what);
  head.signature("GCOL");
  head.version(1);
  head.skip(3);
  const list = bytes.piece(heap, head.length(), what);
  list.skip(head.at - heap);
  while (list.left > 0) {
    const found = list.uint(2);
    list.skip(6);
    const size = list.length();
    // The last entry is the room that is left.
    if (found === 0) break;
    const start = list.skip(Math.ceil(size / 8) * 8);
    if (found !== index) continue;
    if (length > size) throw list.wrong(`has ${size} bytes`, `${length}`);
    return bytes.piece(start, length, what).text(length);
  }
  throw list.wrong(`is not entry ${index} of its heap`, "it there");
}
