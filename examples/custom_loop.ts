/**
 * A hand-written training loop, with `tf.variableGrads`, that judges the network before the first step
 * and measures it every 10 steps:
 *
 *     deno run -A examples/custom_loop.ts
 */
import { assertHealthy, measure, runRules, startEngine } from "@gradient-health/gradient-health";
import type { Scalar, Tensor } from "@tensorflow/tfjs";
import { createBatch, createModel, objective } from "./digits.ts";

const STEPS = 40;
const EVERY = 10;

// From here on TensorFlow.js computes on the engine, the loop below included.
await using engine = await startEngine();
const { tf } = engine;
const model = await createModel({ tf, seed: 0 });
const batch = await createBatch({ tf, seed: 0, examples: 48 });
// The other 16 digits: measured is what is not trained on.
const held = await createBatch({ tf, seed: 3, examples: 16 });
const optimizer = tf.train.adam(0.003);

// Throws here, before anything is spent, if the network would not learn.
await assertHealthy(model, held, { objective });

for (let step = 0; step <= STEPS; step++) {
  if (step % EVERY === 0) {
    const measurements = await measure(model, held, { objective });
    const errors = runRules(measurements, { trained: step > 0 })
      .filter(({ severity }) => severity === "error");
    const [kernel] = measurements.layers.find(({ name }) => name === "dense_1")!.weights;
    console.log(
      `step ${step}: loss ${measurements.objective.value.toFixed(3)}, ` +
        `mean |gradient| of ${kernel.name} ${kernel.gradients!.meanAbs.toExponential(1)}, ` +
        `${errors.length} errors`,
    );
    for (const { message } of errors) console.error(message);
    if (errors.length > 0) Deno.exit(1);
  }
  tf.tidy(() => {
    const { grads } = tf.variableGrads(() => {
      const outputs = model.apply(batch.inputs, { training: true }) as Tensor;
      return tf.metrics.categoricalCrossentropy(batch.targets as Tensor, outputs).mean() as Scalar;
    });
    optimizer.applyGradients(Object.entries(grads).map(([name, tensor]) => ({ name, tensor })));
  });
}
