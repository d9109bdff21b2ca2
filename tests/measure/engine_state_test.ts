import { assertEquals } from "@std/assert";
import { startEngine, type Tensor } from "../../src/engine/mod.ts";
import { recordTape } from "../../src/measure/keep_state.ts";

const { tf } = await startEngine();

Deno.test("recordTape() gives the operations of its own pass, inside of another gradient too", () => {
  const x = tf.tensor1d([1, 2]);
  const own = (of: Tensor) =>
    recordTape(tf, () => void tf.square(tf.neg(of))).map(({ kernelName }) => kernelName);
  let inside: string[] = [];
  const gradient = tf.grad((input: Tensor) => {
    const half = tf.mul(input, 0.5);
    inside = own(half);
    return tf.sum(half);
  })(x);
  assertEquals(inside, ["Neg", "Square"]);
  assertEquals([...gradient.dataSync()], [0.5, 0.5]);
  tf.dispose([x, gradient]);
});
