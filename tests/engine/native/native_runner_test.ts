import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { heapOf } from "../../../src/engine/start/prepare_engine.ts";
import { startHelpers } from "../../../src/engine/native/native_runner.ts";
import { startEngine } from "../../../src/engine/start/start_engine.ts";
import { patchProperty } from "../../../src/engine/patching.ts";

/** Counts the workers that start and end while something is done. */
async function countWorkers(action: () => Promise<void>): Promise<{ made: number; ended: number }> {
  const count = { made: 0, ended: 0 };
  const { Worker } = globalThis;
  const undo = patchProperty(globalThis, "Worker", {
    writable: true,
    value: class extends Worker {
      constructor(url: string | URL, options?: WorkerOptions) {
        super(url, options);
        count.made++;
        this.addEventListener("message", ({ data }) => data === "ended" && count.ended++);
      }
    },
  });
  try {
    await action();
  } finally {
    undo();
  }
  return count;
}

Deno.test("startEngine() starts a worker for each thread but the first, and stop() waits for their end", async () => {
  for (const threads of [1, 2, 8]) {
    const count = await countWorkers(async () => await (await startEngine({ threads })).stop());
    assertEquals(count, { made: threads - 1, ended: threads - 1 });
  }
});

Deno.test("startHelpers() says why a thread does not start", async () => {
  // A module that imports what a helper does not have.
  const bytes = [0, 97, 115, 109, 1, 0, 0, 0, 2, 8, 1, 1, 97, 1, 98, 3, 127, 0];
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  const compiled = new WebAssembly.Module(new Uint8Array(bytes));
  await assertRejects(() => startHelpers(compiled, memory, 0, 1), Error, "WebAssembly.Instance");
});

Deno.test("a thread that breaks down ends the operation with an error, and not the program, or never", async () => {
  await using engine = await startEngine({ threads: 2 });
  const { tf } = engine;
  const { native, address } = heapOf(engine);
  const count = 2 ** 20;
  // The second half, a helper's, lies beyond the heap; where this thread is faster, it breaks down itself.
  const beyond = native.memory.buffer.byteLength - 2 * count;
  const to = tf.fill([count], 0);
  for (let i = 0; i < 3; i++) {
    assertThrows(() => native.relu(beyond, address(to), count), WebAssembly.RuntimeError);
  }
  // The remaining threads continue.
  assertEquals([...tf.relu(tf.tensor1d([-1, 2])).dataSync()], [0, 2]);
  const ones = tf.fill([count], 1);
  assertEquals(tf.sum(tf.relu(ones)).dataSync()[0], count);
  tf.dispose([to, ones]);
});
