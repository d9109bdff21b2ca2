import { placeOps } from "../../../src/engine/ops/install_ops.ts";
import { installOps } from "../../../src/engine/ops/mod.ts";
import type { TensorFlow } from "../../../src/engine/tensorflow.ts";
import { onBackend } from "../../conformance/backends.ts";
import { assert, assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { runRow } from "../../conformance/run_row.ts";
import { CASES } from "./repair_cases.ts";

const kernelsOf = (tf: TensorFlow) =>
  new Map(tf.getKernelsForBackend("wasm").map((config) => [config.kernelName, config]));

const product = (tf: TensorFlow) =>
  tf.tidy(() => [...tf.matMul(tf.ones([2, 3]), tf.ones([4, 3]), false, true).dataSync()]);

Deno.test("installOps() takes every kernel and gradient back, whole", async () => {
  await onBackend("stock WASM", async (tf) => {
    const before = kernelsOf(tf);
    const names = [...before.keys(), "TanhGrad", "ClipByValueGrad"];
    const gradients = names.map((name) => tf.getGradient(name));
    const takeBack = await installOps(tf);
    assert(tf.getKernel("BatchMatMul", "wasm") !== before.get("BatchMatMul"));
    await takeBack();
    assertEquals([...kernelsOf(tf).entries()].filter(([name, k]) => before.get(name) !== k), []);
    assertEquals(kernelsOf(tf).size, before.size);
    assert(names.every((name, i) => tf.getGradient(name) === gradients[i]));
    assertEquals(product(tf), Array(8).fill(3));
    await takeBack();
  });
});

Deno.test("installOps() leaves what someone registered over it", async () => {
  await onBackend("stock WASM", async (tf) => {
    const stock = tf.getKernel("Tanh", "wasm");
    const takeBack = await installOps(tf);
    const theirs = { ...tf.getKernel("Tanh", "wasm") };
    tf.unregisterKernel("Tanh", "wasm");
    tf.registerKernel(theirs);
    await takeBack();
    const found = tf.getKernel("Tanh", "wasm");
    tf.unregisterKernel("Tanh", "wasm");
    tf.registerKernel(stock);
    assert(found === theirs);
  });
});

Deno.test("installOps() refuses to install twice, and over another backend", async () => {
  await onBackend("this engine", async (tf) => {
    await assertRejects(() => installOps(tf), Error, "installed already");
  });
  await onBackend("cpu", async (tf) => {
    await assertRejects(() => installOps(tf), Error, 'found "cpu"');
  });
});

Deno.test("installOps() lets one of two have them that ask at the same time", async () => {
  await onBackend("stock WASM", async (tf) => {
    const kernels = () => new Map(tf.getKernelsForBackend("wasm").map((k) => [k.kernelName, k]));
    const before = kernels();
    const [first, second] = await Promise.allSettled([installOps(tf), installOps(tf)]);
    assert(first.status === "fulfilled" && second.status === "rejected");
    assertEquals(
      second.reason.message,
      "The kernels are installed already: take them back before installing again",
    );
    await assertRejects(() => installOps(tf), Error, "installed already");
    await first.value();
    assertEquals(kernels(), before);
    const takeBack = await installOps(tf);
    // The function that the first returned does not undo a later installation.
    await first.value();
    await assertRejects(() => installOps(tf), Error, "installed already");
    await takeBack();
    assertEquals(kernels(), before);
  });
});

Deno.test("installed kernels follow the backend to a new heap", async () => {
  await onBackend("stock WASM", async (tf) => {
    const factory = tf.findBackendFactory("wasm");
    const { heap, takeBack } = await placeOps(tf, {});
    const { native } = heap;
    assertEquals(product(tf), Array(8).fill(3));
    await tf.setBackend("cpu");
    tf.removeBackend("wasm");
    tf.registerBackend("wasm", factory, 2);
    await tf.setBackend("wasm");
    assert(heap.native !== native);
    assert(heap.native.memory !== native.memory);
    assertEquals(product(tf), Array(8).fill(3));
    await takeBack();
  });
});

Deno.test("stock TensorFlow.js fails where a kernel or a gradient is repaired", async (t) => {
  await onBackend("stock WASM", async (tf) => {
    for (const [name, row] of Object.entries(CASES)) {
      await t.step(name, () => {
        assertNotEquals(runRow(tf, row).status, "ok", "stock is right here: nothing to repair");
      });
    }
  });
});

Deno.test("installOps() repairs every kernel and gradient", async (t) => {
  await onBackend("this engine", async (tf) => {
    for (const [name, row] of Object.entries(CASES)) {
      await t.step(name, () => {
        const { status, detail, worst, leaked } = runRow(tf, row);
        assertEquals(status, "ok", `${detail}, relative error ${worst}`);
        assertEquals(leaked, 0);
      });
    }
  });
});
