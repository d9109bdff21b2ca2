import { assert, assertEquals, assertRejects } from "@std/assert";
import { installKernels } from "../../../src/engine/kernels/mod.ts";
import { onBackend } from "../../conformance/backends.ts";

Deno.test("installKernels() lets one of two have them that ask at the same time", async () => {
  await onBackend("stock WASM", async (tf) => {
    const kernels = () => new Map(tf.getKernelsForBackend("wasm").map((k) => [k.kernelName, k]));
    const before = kernels();
    const [first, second] = await Promise.allSettled([installKernels(tf), installKernels(tf)]);
    assert(first.status === "fulfilled" && second.status === "rejected");
    assertEquals(
      second.reason.message,
      "the kernels are installed already: take them back before installing again",
    );
    await assertRejects(() => installKernels(tf), Error, "installed already");
    await first.value();
    assertEquals(kernels(), before);
    const takeBack = await installKernels(tf);
    // What the first returned is no key to what another has installed since.
    await first.value();
    await assertRejects(() => installKernels(tf), Error, "installed already");
    await takeBack();
    assertEquals(kernels(), before);
  });
});
