import { assertEquals } from "@std/assert";
import fc from "fast-check";
import type { TensorFlow } from "../../src/engine/tensorflow.ts";
import { onBackend } from "./backends.ts";
import { guardHeap } from "./guard_heap.ts";
import type { Row } from "./row.ts";
import { runRow } from "./run_row.ts";

export const size = (max: number) => fc.integer({ min: 1, max });
export const sizes = (count: number, max: number) =>
  fc.array(size(max), { minLength: count, maxLength: count });

/** Checks the row of many random cases, forward and gradients. */
export function property<T>(cases: fc.Arbitrary<T>, row: (value: T) => Row, numRuns = 40) {
  return onBackend("this engine", (tf: TensorFlow) => {
    const heap = guardHeap(tf);
    fc.assert(
      fc.property(cases, (value) => {
        const made = row(value);
        const { status, worst, detail, leaked } = runRow(tf, made);
        assertEquals(
          { status, leaked },
          { status: "ok", leaked: 0 },
          `${made.subject} ${made.options}: ${detail}, relative error ${worst}`,
        );
      }),
      { numRuns, seed: 1 },
    );
    heap.remove();
    assertEquals(heap.damaged(), 0, "a kernel wrote outside its output");
  });
}
