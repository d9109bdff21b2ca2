import { assertEquals, assertNotEquals } from "@std/assert";
import { onBackend } from "./backends.ts";
import { guardHeap } from "./guard_heap.ts";

// The guards take the damage, so that the heap stays whole.
for (const column of ["stock WASM", "this engine"] as const) {
  Deno.test(`guardHeap() finds the bool one-hot that writes past its output: ${column}`, async () => {
    await onBackend(column, (tf) => {
      const heap = guardHeap(tf);
      const indices = tf.tensor1d([0, 2, 1], "int32");
      tf.dispose([tf.oneHot(indices, 3, 1, 0, "bool"), indices]);
      heap.remove();
      if (column === "stock WASM") assertNotEquals(heap.damaged(), 0);
      else assertEquals(heap.damaged(), 0);
    });
  });
}
