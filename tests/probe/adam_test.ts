import { assertAlmostEquals, assertEquals } from "@std/assert";
import type * as tfjs from "@tensorflow/tfjs";
import { heapOf } from "../../src/engine/start/prepare_engine.ts";
import { startEngine } from "../../src/engine/start/start_engine.ts";
import type { Tensor } from "../../src/engine/tensorflow.ts";
import { adam } from "../../src/probe/adam.ts";
import { updateOf } from "../../src/probe/training_step.ts";

Deno.test("adam() knows its weights again where there are others in the next step", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const draw = (shape: number[], seed: number): Tensor =>
    tf.randomNormal(shape, 0, 1, "float32", seed);
  const weights = [draw([3], 1), draw([40, 50], 2)];
  const [few, many, alone] = [weights[0], weights[1], weights[1]].map((value) =>
    tf.variable(value)
  );
  const held = tf.memory().numTensors;
  const [own, other] = [0, 1].map(() => adam(heapOf(engine), { learningRate: 0.01 }));
  for (let step = 0; step < 4; step++) {
    const of = draw([3], step + 3);
    const ofMany = draw([40, 50], step + 9);
    // The first one is frozen after a step, and comes again.
    if (step === 1 || step === 2) own.update([many], [ofMany]);
    else own.update([few, many], [of, ofMany]);
    other.update([alone], [ofMany]);
    tf.dispose([of, ofMany]);
  }
  assertEquals(many.dataSync(), alone.dataSync());
  own.dispose();
  other.dispose();
  assertEquals(tf.memory().numTensors, held);
  tf.dispose([...weights, few, many, alone]);
});

Deno.test("adam() steps as TensorFlow.js's does", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  for (const options of [{}, { beta1: 0.5, beta2: 0.9, epsilon: 0.1 }]) {
    const { beta1, beta2, epsilon } = { beta1: undefined, beta2: undefined, ...options } as Partial<
      Record<"beta1" | "beta2" | "epsilon", number>
    >;
    const optimizer = tf.train.adam(0.01, beta1, beta2, epsilon);
    const own = adam(heapOf(engine), { learningRate: 0.01, ...options });
    const start = tf.randomNormal([4, 5], 0, 1, "float32", 1);
    const [ours, theirs, still] = [start, start, start].map((value) => tf.variable(value));
    for (let step = 0; step < 20; step++) {
      const gradient: Tensor = tf.randomNormal([4, 5], 0, step + 1, "float32", step + 2);
      own.update([ours, still], [gradient, null]);
      updateOf(optimizer)([theirs as tfjs.Variable], [gradient]);
      gradient.dispose();
    }
    const [a, b] = [ours, theirs].map((variable) => variable.dataSync());
    a.forEach((value, i) => assertAlmostEquals(value, b[i], 2e-6));
    assertEquals([...still.dataSync()], [...start.dataSync()]);
    optimizer.dispose();
    own.dispose();
    tf.dispose([start, ours, theirs, still]);
  }
});
