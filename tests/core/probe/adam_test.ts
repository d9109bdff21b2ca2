import { assertAlmostEquals, assertEquals } from "@std/assert";
import type * as tfjs from "@tensorflow/tfjs";
import { heapOf } from "../../../src/engine/start/prepare_engine.ts";
import { startEngine } from "../../../src/engine/start/start_engine.ts";
import type { Tensor } from "../../../src/engine/tensorflow.ts";
import { adam, updateOf } from "../../../src/core/probe/training_step.ts";
import { kerasOptimizer } from "../../../src/engine/optimizers/keras_optimizer.ts";
import { rungs } from "../../../src/core/probe/rungs.ts";
import { parseOptimizer } from "../../../src/ground/traits/torch_optimizers.ts";

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

Deno.test("the native Adam of a trial adds epsilon where PyTorch does", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const model = tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [1] })] });
  const { name, learningRate, settings } = parseOptimizer("Adam(lr=0.1)", "--optimizer");
  const Optimizer = kerasOptimizer(tf);
  const asked = new Optimizer({ ...settings, optimizer: name, learningRate });
  const [rung] = rungs(heapOf(engine), model, asked);
  const { update, dispose } = rung.make();
  const weight = tf.tidy(() => tf.tensor1d([1]).variable());
  const gradient: Tensor = tf.tensor1d([1e-8]);
  update([weight], [gradient]);
  // The first step is lr * g / (|g| + epsilon); Keras divides by |g| + epsilon / sqrt(1 - beta2).
  assertAlmostEquals(weight.dataSync()[0], 0.95, 1e-5);
  dispose();
  asked.dispose();
  model.dispose();
  tf.dispose([weight, gradient]);
});
