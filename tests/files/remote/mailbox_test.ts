import { Mailbox } from "../../../src/files/remote/mailbox.ts";
import { assertEquals } from "@std/assert";

/** States of a slot, and the place of the time at which it was answered. */
const DONE = 4, TIME = 4;
const CONTROL_BYTES = 64, SLOT_BYTES = 64 + 2 ** 20, SLOTS = 12;

Deno.test("answers that a reader did not take, as it was ended, make room after 30 seconds", () => {
  const mailbox = new Mailbox();
  const now = Math.floor(Date.now() / 1000);
  const slots = Array.from(
    { length: SLOTS },
    (_, i) => new Int32Array(mailbox.buffer, CONTROL_BYTES + i * SLOT_BYTES, 16),
  );
  // All are taken; one was left long ago.
  for (const [i, numbers] of slots.entries()) {
    numbers[0] = DONE;
    numbers[TIME] = now - (i === 7 ? 40 : 5);
  }
  // Answers the request as another thread does, once it is there.
  const waits = Atomics.wait;
  try {
    Atomics.wait = ((numbers: Int32Array) => {
      assertEquals(numbers.byteOffset, slots[7].byteOffset);
      new Uint8Array(mailbox.buffer, numbers.byteOffset + 64).set([1, 2, 3]);
      slots[7][0] = DONE;
      return "ok";
    }) as unknown as typeof waits;
    const answer = new Uint8Array(3);
    mailbox.ask({ kind: "open", text: "{}" }, answer);
    assertEquals([...answer], [1, 2, 3]);
  } finally {
    Atomics.wait = waits;
  }
  assertEquals(slots.map(([state]) => state), slots.map((_, i) => i === 7 ? 0 : DONE));
});
