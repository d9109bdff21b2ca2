import { assertEquals } from "@std/assert";
import { threadsToLoad } from "../../src/cli/threads_to_load.ts";
import { MAX_THREADS } from "../../src/engine/start/choose_threads.ts";

Deno.test("threadsToLoad() takes every core for 84 MB of weights, and one below", async () => {
  const path = await Deno.makeTempFile();
  const cores = Math.min(navigator.hardwareConcurrency, MAX_THREADS);
  try {
    await Deno.truncate(path, 84e6);
    assertEquals(await threadsToLoad(path), cores);
    await Deno.truncate(path, 83e6);
    assertEquals(await threadsToLoad(path), 1);
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("threadsToLoad() takes one thread for no file, and leaves one that is missing to who reads it", async () => {
  assertEquals(await threadsToLoad(null), 1);
  assertEquals(await threadsToLoad("there/is/no/such/file.keras"), 1);
});
