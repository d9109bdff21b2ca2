import type { Hdf5Bytes } from "./hdf5_bytes.ts";

/** The messages of an object header that are looked at, by their numbers. */
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

/** One message: what it is, and its bytes. */
export interface Message {
  type: number;
  bytes: Hdf5Bytes;
}

/** A message of this flag stands elsewhere, as a named type does. */
const SHARED = 2;

/** More pieces than this no writer makes of one header. */
const MOST_PIECES = 1000;

/**
 * The messages of an object, a group or an array.
 *
 * @param file Any piece of the file.
 * @param address Where its header stands.
 * @param what What the object is called, for messages.
 * @throws {ModelError} If it is no object header.
 */
export function readMessages(file: Hdf5Bytes, address: number, what: string): Message[] {
  const shown = `The header of ${what}`;
  const start = file.rest(address, shown);
  const isOld = start.left > 0 && start.uint(1) === 1;
  return isOld ? readOld(file, address, shown) : readNew(file, address, shown);
}

function readOld(file: Hdf5Bytes, address: number, what: string): Message[] {
  const prefix = file.rest(address, what);
  prefix.skip(2);
  const count = prefix.uint(2);
  prefix.skip(4);
  const size = prefix.uint(4);
  const messages: Message[] = [];
  const pieces = [file.piece(address + 16, size, what)];
  // An array hands out what is added on the way, too.
  for (const piece of pieces) {
    while (piece.left >= 8 && messages.length < count) {
      const type = piece.uint(2), length = piece.uint(2), flags = piece.uint(1);
      piece.skip(3);
      const bytes = file.piece(piece.skip(length), length, what);
      addMessage(
        messages,
        pieces,
        { type, bytes },
        flags,
        (from, count) => file.piece(from, count, what),
      );
    }
  }
  return messages;
}

function readNew(file: Hdf5Bytes, address: number, what: string): Message[] {
  const prefix = file.rest(address, what);
  prefix.signature("OHDR");
  prefix.version(2);
  const flags = prefix.uint(1);
  if ((flags & 0x20) !== 0) prefix.skip(16);
  if ((flags & 0x10) !== 0) prefix.skip(4);
  const size = prefix.uint(1 << (flags & 3));
  const messages: Message[] = [];
  const pieces = [file.piece(prefix.at, size, what)];
  const order = (flags & 4) === 0 ? 0 : 2;
  for (const piece of pieces) {
    while (piece.left >= 4 + order) {
      const type = piece.uint(1), length = piece.uint(2), own = piece.uint(1);
      piece.skip(order);
      const bytes = file.piece(piece.skip(length), length, what);
      addMessage(messages, pieces, { type, bytes }, own, (from, count) => {
        const next = file.piece(from, count - 4, what);
        next.signature("OCHK");
        return next;
      });
    }
  }
  return messages;
}

function addMessage(
  messages: Message[],
  pieces: Hdf5Bytes[],
  message: Message,
  flags: number,
  follow: (from: number, count: number) => Hdf5Bytes,
): void {
  const { type, bytes } = message;
  if ((flags & SHARED) !== 0 && type !== 0) {
    throw bytes.wrong("has a message that stands elsewhere", "its own");
  }
  messages.push(message);
  if (type !== MESSAGE.continuation) return;
  if (pieces.length >= MOST_PIECES) throw bytes.wrong("is in a circle", "an end");
  pieces.push(follow(bytes.offset(), bytes.length()));
}
