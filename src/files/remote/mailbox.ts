import { ModelError } from "../../core/model/model_error.ts";

/** Range of a file on a server: its number, and the bytes from one index to before another. */
export interface RemoteRange {
  id: number;
  from: number;
  to: number;
}

/** Request of a reader to the thread that talks to servers. */
type Order =
  /** Read a range into the answer. */
  | { kind: "read"; stream: number; range: RemoteRange }
  /** Read these ahead of the stream. */
  | { kind: "expect"; stream: number; ranges: RemoteRange[] }
  /** Open a file, which is described as JSON. */
  | { kind: "open"; text: string };

const KINDS = ["read", "expect", "open"] as const;

/** Numbers at the beginning: a bell that readers ring, one that rings when a slot is free again. */
const BELL = 0, FREED = 1, STREAMS = 2;
const CONTROL_BYTES = 64;

/** Numbers of a slot before its data. */
const STATE = 0, KIND = 1, STREAM = 2, LENGTH = 3, TIME = 4;
const HEAD_BYTES = 64;

/** States of a slot, in their order. */
const FREE = 0, CLAIMED = 1, ASKED = 2, SERVED = 3, DONE = 4, FAILED = 5;

/** Largest number of bytes of an answer. */
const ANSWER_BYTES = 2 ** 20;
const SLOT_BYTES = HEAD_BYTES + ANSWER_BYTES;
const SLOTS = 12;

/** Numbers of a range. */
const RANGE = 3;

/** Largest number of ranges that fit a slot. */
const MAX_RANGES = ANSWER_BYTES / (8 * RANGE) | 0;

/** Time in seconds after which a reader that has not taken its answer must have ended. */
const MAX_UNTAKEN = 30;

/** Time in ms after which the other thread must have died: it gives up far earlier. */
const MAX_WAIT = 3_600_000;

/**
 * Memory through which readers ask another thread and wait for its answer. Readers of files are
 * synchronous; a request to a server is not.
 */
export class Mailbox {
  /** Memory that both threads have. */
  readonly buffer: SharedArrayBuffer;
  readonly #control: Int32Array;
  readonly #slots: Slot[];
  /** Number of this reader. */
  #stream: number | null = null;

  /** @param buffer Memory of a mailbox of another thread. Default: new memory. */
  constructor(buffer = new SharedArrayBuffer(CONTROL_BYTES + SLOTS * SLOT_BYTES)) {
    this.buffer = buffer;
    this.#control = new Int32Array(buffer, 0, CONTROL_BYTES / 4);
    this.#slots = Array.from({ length: SLOTS }, (_, i) => new Slot(buffer, i));
  }

  /** Number of this thread as a reader. */
  get stream(): number {
    return this.#stream ??= Atomics.add(this.#control, STREAMS, 1);
  }

  /**
   * Asks the other thread, and blocks until it has answered.
   *
   * @param order The request.
   * @param to Memory for the answer. Default: none.
   * @throws {ModelError} If it fails.
   */
  ask(order: Order, to: Uint8Array | null = null): void {
    const slot = this.#claim();
    slot.write(order);
    Atomics.store(slot.numbers, STATE, ASKED);
    Atomics.add(this.#control, BELL, 1);
    Atomics.notify(this.#control, BELL);
    const state = slot.waitUntil(DONE);
    const failure = state === DONE ? null : slot.text();
    if (state === DONE) to?.set(slot.data.subarray(0, to.length));
    Atomics.store(slot.numbers, STATE, FREE);
    Atomics.add(this.#control, FREED, 1);
    Atomics.notify(this.#control, FREED, 1);
    if (failure !== null) throw new ModelError(failure);
  }

  #claim(): Slot {
    while (true) {
      const freed = Atomics.load(this.#control, FREED);
      const slot = this.#slots.find((slot) => slot.claim(FREE)) ??
        this.#slots.find((slot) => slot.isLeft && (slot.claim(DONE) || slot.claim(FAILED)));
      if (slot !== undefined) return slot;
      Atomics.wait(this.#control, FREED, freed, 1000);
    }
  }

  /** Serves the readers of other threads, each with its own answer, and never ends. */
  async serve(answer: (order: Order, data: Uint8Array) => Promise<void>): Promise<never> {
    while (true) {
      const rung = Atomics.load(this.#control, BELL);
      for (const slot of this.#slots) {
        if (Atomics.compareExchange(slot.numbers, STATE, ASKED, SERVED) === ASKED) {
          slot.answer(answer);
        }
      }
      const { async: waits, value } = Atomics.waitAsync(this.#control, BELL, rung);
      if (waits) await value;
    }
  }
}

/** Place for one request and its answer. */
class Slot {
  readonly numbers: Int32Array;
  readonly data: Uint8Array;
  readonly #ranges: Float64Array;

  constructor(buffer: SharedArrayBuffer, index: number) {
    const start = CONTROL_BYTES + index * SLOT_BYTES;
    this.numbers = new Int32Array(buffer, start, HEAD_BYTES / 4);
    this.data = new Uint8Array(buffer, start + HEAD_BYTES, ANSWER_BYTES);
    this.#ranges = new Float64Array(buffer, start + HEAD_BYTES, ANSWER_BYTES / 8 | 0);
  }

  /** Takes the slot if it is in a state. */
  claim(state: number): boolean {
    return Atomics.compareExchange(this.numbers, STATE, state, CLAIMED) === state;
  }

  /** True if its answer has not been taken for long: the thread of the reader was ended. */
  get isLeft(): boolean {
    return Math.floor(Date.now() / 1000) - Atomics.load(this.numbers, TIME) > MAX_UNTAKEN;
  }

  write(order: Order): void {
    this.numbers[KIND] = KINDS.indexOf(order.kind);
    if (order.kind === "open") return this.#put(order.text);
    this.numbers[STREAM] = order.stream;
    const ranges = order.kind === "read" ? [order.range] : order.ranges.slice(0, MAX_RANGES);
    this.numbers[LENGTH] = ranges.length;
    ranges.forEach(({ id, from, to }, i) => this.#ranges.set([id, from, to], RANGE * i));
  }

  read(): Order {
    const kind = KINDS[this.numbers[KIND]];
    if (kind === "open") return { kind, text: this.text() };
    const stream = this.numbers[STREAM];
    const ranges = Array.from({ length: this.numbers[LENGTH] }, (_, i) => {
      const [id, from, to] = this.#ranges.subarray(RANGE * i);
      return { id, from, to };
    });
    return kind === "read" ? { kind, stream, range: ranges[0] } : { kind, stream, ranges };
  }

  text(): string {
    return new TextDecoder().decode(this.data.slice(0, this.numbers[LENGTH]));
  }

  #put(text: string): void {
    const bytes = new TextEncoder().encode(text).subarray(0, ANSWER_BYTES);
    this.data.set(bytes);
    this.numbers[LENGTH] = bytes.length;
  }

  async answer(answer: (order: Order, data: Uint8Array) => Promise<void>): Promise<void> {
    let state = DONE;
    try {
      await answer(this.read(), this.data);
    } catch (error) {
      this.#put((error as Error).message);
      state = FAILED;
    }
    Atomics.store(this.numbers, TIME, Math.floor(Date.now() / 1000));
    Atomics.store(this.numbers, STATE, state);
    Atomics.notify(this.numbers, STATE);
  }

  waitUntil(least: number): number {
    const end = performance.now() + MAX_WAIT;
    while (true) {
      const state = Atomics.load(this.numbers, STATE);
      if (state >= least) return state;
      if (performance.now() > end) throw new ModelError("The thread that asks servers has ended");
      Atomics.wait(this.numbers, STATE, state, MAX_WAIT);
    }
  }
}

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

/** Announces the next reads of this thread from files on servers, in order. */
export function expectRemote(reads: readonly { place: RemotePlace; from: number; to: number }[]) {
  for (const [buffer, own] of Map.groupBy(reads, ({ place }) => place.mailbox)) {
    const ranges = own.map(({ place, from, to }): RemoteRange => ({ id: place.id, from, to }));
    const mailbox = mailboxOf(buffer);
    mailbox.ask({ kind: "expect", stream: mailbox.stream, ranges });
  }
}
