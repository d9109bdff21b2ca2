import { assertAlmostEquals, assertEquals } from "@std/assert";
import type { Engine } from "../../../src/engine/engine.ts";
import { startEngine } from "../../../src/engine/start/start_engine.ts";
import { gradients } from "../../../src/core/measure/pass_tensors.ts";
import { measure } from "../../../src/core/measure/measure.ts";
import { compileAsInKeras } from "../../../src/keras/compile_as_saved.ts";
import golden from "../../../fixtures/golden/losses.json" with { type: "json" };

type Case = typeof golden.cases[number];

/** Builds the network of a case, compiled as its file says, and its batch. */
function subjectOf({ tf }: Engine, { head, factor, training, targets: kind }: Case) {
  const [kernel, bias, last, lastBias] = golden.weights;
  const units = lastBias.length;
  const inputs = tf.tensor2d(golden.inputs);
  const model = tf.sequential({
    layers: [
      tf.layers.dense({ units: bias.length, activation: "tanh", inputShape: [inputs.shape[1]] }),
      tf.layers.dense({ units, activation: head as "linear" }),
    ],
  });
  const scaled = (last as number[][]).map((row) => row.map((value) => value * factor));
  const weights = tf.tidy(() => {
    const given = [kernel, bias, scaled, lastBias].map((one) => tf.tensor(one as number[][]));
    model.setWeights(given);
    return given.length;
  });
  assertEquals(weights, 4);
  compileAsInKeras(tf, model, training);
  const targets = tf.tensor(golden.targets[kind as "shares"]);
  return { model, batch: { inputs, targets } };
}

const titleOf = ({ head, factor, training: { loss, loss_weights } }: Case) =>
  JSON.stringify([head, factor, (loss as { config?: unknown }).config ?? loss, loss_weights]);

Deno.test("losses of Keras files have the value and the gradients of Keras on TensorFlow", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  for (const one of golden.cases) {
    const { model, batch } = subjectOf(engine, one);
    const before = tf.memory().numTensors;
    const title = titleOf(one);
    const largest = Math.max(...one.gradients.flat().map(Math.abs));
    const taken = await gradients(model, batch);
    for (const [i, { tensor }] of taken.entries()) {
      const found = tensor.dataSync();
      for (const [k, value] of one.gradients[i].entries()) {
        assertAlmostEquals(found[k], value, 5e-6 * largest, `${title}: gradient ${i}[${k}]`);
      }
    }
    tf.dispose(taken.map(({ tensor }) => tensor));
    for (const microBatch of ["auto", 4] as const) {
      const { objective, layers } = await measure(model, batch, { microBatch });
      assertAlmostEquals(objective.value, one.loss, 2e-6 * Math.max(1, one.loss), title);
      for (const [i, { gradients }] of layers.flatMap(({ weights }) => weights).entries()) {
        const size = Math.hypot(...one.gradients[i]);
        assertAlmostEquals(gradients!.l2, size, 1e-5 * largest, `${title}: gradient ${i}`);
      }
    }
    assertEquals(tf.memory().numTensors, before, titleOf(one));
    tf.dispose([batch.inputs, batch.targets]);
    model.dispose();
  }
});
