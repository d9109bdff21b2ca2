import { assertEquals, assertStrictEquals } from "@std/assert";
import { startEngine } from "../../src/engine/mod.ts";
import { heapOf } from "../../src/engine/start/prepare_engine.ts";
import { shadowMethod } from "../../src/engine/patching.ts";
import { measure } from "../../src/measure/mod.ts";
import { sumTensor, TensorSums } from "../../src/measure/sums.ts";

const engine = await startEngine();
const { tf } = engine;
const heap = heapOf(engine);

Deno.test("TensorSums sums up the same data once, and other data of the same entries again", () => {
  const sums = new TensorSums(heap);
  const x = tf.tensor2d([[1, -2], [0, NaN]]);
  const alias = tf.reshape(x, [4]);
  const copy = tf.tensor1d([1, -2, 0, NaN]);
  const first = sums.of(x);
  assertEquals(first, sumTensor(heap, x));
  assertStrictEquals(sums.of(alias), first);
  assertEquals(sums.of(copy), first);
  assertEquals(sums.of(copy) === first, false);
  tf.dispose([x, alias, copy]);
});

Deno.test("TensorSums sums up a variable again once it has changed", () => {
  const sums = new TensorSums(heap);
  const variable = tf.variable(tf.tensor1d([1, 2, 3]));
  assertEquals(sums.of(variable).maxAbs, 3);
  const next = tf.tensor1d([1, 2, 5]);
  variable.assign(next);
  assertEquals(sums.of(variable).maxAbs, 5);
  tf.dispose([variable, next]);
});

Deno.test("measure() sums up a tensor that several layers are concerned with once", async () => {
  const { layers } = tf;
  const input = tf.input({ shape: [6] });
  const inner = layers.dense({ units: 7, name: "inner" }).apply(input);
  const outer = layers.dense({ units: 7, name: "outer" }).apply(input);
  // dJ/d sum is the gradient of both terms, and what `active` reads is what `sum` returns.
  const sum = layers.add({ name: "sum" }).apply([inner, outer] as never);
  const active = layers.activation({ activation: "tanh", name: "active" }).apply(sum);
  const model = tf.model({ inputs: input, outputs: active as never });
  const counts: number[] = [];
  const restore = shadowMethod(heap.native, "sums", (sumUp) => (address: number, count: number) => {
    counts.push(count);
    return sumUp(address, count);
  });
  const { layers: rows } = await measure(model, { inputs: tf.ones([5, 6]) });
  restore();
  // The outputs of both layers, their sum and its tanh; the gradients of the tanh and of the sum.
  assertEquals(counts.filter((count) => count === 35).length, 6);
  const [a, b, c] = ["inner", "outer", "sum"].map((name) => rows.find((row) => row.name === name)!);
  assertEquals(a.activationGradients, c.activationGradients);
  assertEquals(b.activationGradients, c.activationGradients);
  model.dispose();
});
