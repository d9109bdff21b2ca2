import { ANSWER_BYTES, Mailbox, type RemoteRange } from "./mailbox.ts";

/** Place of a file's bytes on a server; plain data that other threads get. */
export interface RemotePlace {
  /** Memory of the mailbox of the thread that asks servers. */
  mailbox: SharedArrayBuffer;
  /** Number of the file there. */
  id: number;
}

/** Mailboxes of this thread. */
const mailboxes = new WeakMap<SharedArrayBuffer, Mailbox>();

function mailboxOf(buffer: SharedArrayBuffer): Mailbox {
  const mailbox = mailboxes.get(buffer) ?? new Mailbox(buffer);
  mailboxes.set(buffer, mailbox);
  return mailbox;
}

/**
 * Reads bytes of a file on a server, and blocks until they are there.
 *
 * @throws {ModelError} If the file has changed, or its server does not send them.
 */
export function readRemote(place: RemotePlace, from: number, to: Uint8Array): void {
  const mailbox = mailboxOf(place.mailbox);
  const { stream } = mailbox;
  for (let done = 0; done < to.length; done += ANSWER_BYTES) {
    const piece = to.subarray(done, done + ANSWER_BYTES);
    const range = { id: place.id, from: from + done, to: from + done + piece.length };
    mailbox.ask({ kind: "read", stream, range }, piece);
  }
}

/** Says what this thread is going to read next of files on servers, in its order. */
export function expectRemote(reads: readonly { place: RemotePlace; from: number; to: number }[]) {
  for (const [buffer, own] of Map.groupBy(reads, ({ place }) => place.mailbox)) {
    const ranges = own.map(({ place, from, to }): RemoteRange => ({ id: place.id, from, to }));
    const mailbox = mailboxOf(buffer);
    mailbox.ask({ kind: "expect", stream: mailbox.stream, ranges });
  }
}
