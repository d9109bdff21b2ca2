import type { Budget } from "../../model/files/budget.ts";
import type { Hdf5Bytes } from "./hdf5_bytes.ts";

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
