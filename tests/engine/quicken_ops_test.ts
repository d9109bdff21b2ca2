import { assert, assertEquals, assertThrows } from "@std/assert";
import { startEngine } from "../../src/engine/mod.ts";
import { quickenOps } from "../../src/engine/quicken_ops.ts";
import type { Tensor, TensorFlow } from "../../src/engine/tensorflow.ts";

/** A network by hand, with a tensor that several operations read; its gradients, and what is left of them. */
function gradients(tf: TensorFlow): { values: number[][]; tensors: number; bytes: number } {
  return tf.tidy(() => {
    const x = tf.linspace(-1, 1, 12).reshape([3, 4]);
    const w = tf.linspace(0, 2, 20).reshape([4, 5]);
    const f = (x: Tensor, w: Tensor) => {
      const h = tf.tanh(tf.matMul(x as never, w as never));
      const [first, rest] = tf.split(h, [2, 3], 1);
      return tf.add(tf.sum(tf.mul(first, first)), tf.mean(tf.softmax(rest).mul(h.mean())));
    };
    const before = tf.memory();
    const made = tf.grads(f)([x, w]);
    const { numTensors, numBytes } = tf.memory();
    return {
      values: made.map((tensor) => Array.from(tensor.dataSync())),
      tensors: numTensors - before.numTensors,
      bytes: numBytes - before.numBytes,
    };
  });
}

Deno.test("quickenOps() changes no bit of a gradient and leaves no tensor, and is taken back", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const quick = gradients(tf);
  assert(Object.hasOwn(tf.engine(), "runKernel"));
  assertEquals(quick.tensors, 2);
  const before = tf.memory().numTensors;
  gradients(tf);
  assertEquals(tf.memory().numTensors, before);
  await engine.stop();
  assert(!Object.hasOwn(tf.engine(), "runKernel") && !Object.hasOwn(tf.engine(), "endScope"));
});

Deno.test("quickenOps() does what TensorFlow.js does, which debugs and profiles by itself", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const quick = gradients(tf);
  const profile = await tf.profile(() => {
    gradients(tf);
    return tf.scalar(0);
  });
  assert(profile.kernelNames.includes("BatchMatMul") && profile.kernelNames.includes("Tanh"));
  tf.env().set("DEBUG", true);
  try {
    const { log } = console;
    console.log = () => {};
    try {
      assertEquals(gradients(tf), quick);
    } finally {
      console.log = log;
    }
  } finally {
    tf.env().set("DEBUG", false);
  }
});

Deno.test("quickenOps() keeps the tape whole where a gradient is differentiated itself", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const cube = (x: Tensor) => tf.mul(tf.mul(x, x), x);
  const third = tf.grad(tf.grad(tf.grad((x) => tf.sum(cube(x)))));
  const second = tf.grad(tf.grad((x) => tf.sum(tf.log(x))));
  const x = tf.tensor1d([0.5, 2]);
  assertEquals(Array.from(third(x).dataSync()), [6, 6]);
  assertEquals(Array.from(second(x).dataSync()), [-4, -0.25]);
});

Deno.test("quickenOps() leaves a scope and a kernel that throw as they were before", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const before = tf.memory().numTensors;
  assertThrows(() => tf.tidy(() => tf.matMul(tf.ones([2, 3]), tf.ones([4, 5]))), Error, "inner");
  assertThrows(() => tf.engine().runKernel("NoSuchKernel", {}, {}), Error, "not registered");
  assertEquals(tf.memory().numTensors, before);
  const kept = tf.tidy(() => {
    const one = tf.scalar(1);
    const two = tf.scalar(2);
    return { list: [tf.add(one, two)], one, text: "text" };
  });
  assertEquals([kept.one.dataSync()[0], kept.list[0].dataSync()[0]], [1, 3]);
  assertEquals(tf.memory().numTensors, before + 2);
  tf.dispose([kept.one, kept.list]);
  quickenOps(tf)();
  assertEquals(tf.tidy(() => tf.add(1, 1).dataSync()[0]), 2);
});
