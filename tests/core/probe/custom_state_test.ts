import { assertEquals } from "@std/assert";
import * as assertions from "../../../src/entry/assert.ts";
import { startEngine } from "../../../src/engine/mod.ts";
import type { Tensor } from "../../../src/engine/tensorflow.ts";
import { probeOverfit } from "../../../src/core/probe/probe_step.ts";

const { tf } = await startEngine();
const { layers } = tf;

const MSE = { objective: "meanSquaredError" } as const;

/** Adds how often it was called to what it is given, and counts in a weight that is not trained. */
class Counter extends layers.Layer {
  static className = "Counter";
  override build() {
    this.addWeight("count", [], "float32", tf.initializers.zeros(), undefined, false);
    this.built = true;
  }
  override computeOutputShape(shape: number[]) {
    return shape;
  }
  override call(inputs: Tensor | Tensor[]) {
    return tf.tidy(() => {
      const [count] = this.weights;
      const next = tf.add(count.read(), 1);
      count.write(next as never);
      return tf.add([inputs].flat()[0], next);
    });
  }
}

Deno.test("probes start each pass from the same weights that a custom layer writes", async () => {
  const model = tf.sequential({
    layers: [
      layers.dense({ units: 4, inputShape: [3] }),
      new Counter({}) as never,
      layers.batchNormalization(),
      layers.dense({ units: 1 }),
    ],
  });
  const batch = { inputs: tf.randomNormal([8, 3]), targets: tf.randomNormal([8, 1]) };
  tf.dispose(model.predict(batch.inputs));
  const weights = () => model.getWeights().map((weight) => [...weight.dataSync()]);
  const before = weights();
  await assertions.assertGradientsMatchNumeric(model, batch, MSE);
  await assertions.assertBatchIndependence(model, batch);
  await assertions.assertLossReduction(model, batch, MSE);
  await probeOverfit(model, batch, { ...MSE, steps: 3, targetLoss: 0 });
  assertEquals(weights(), before);
  tf.dispose([batch.inputs, batch.targets]);
  model.dispose();
});
