import { assertAlmostEquals, assertEquals } from "@std/assert";
import { startEngine } from "../../../src/engine/start/start_engine.ts";
import type { Engine } from "../../../src/engine/engine.ts";
import { gradients } from "../../../src/core/measure/pass_tensors.ts";
import { measure } from "../../../src/core/measure/measure.ts";
import { loadModel } from "../../../src/load/load_model.ts";
import golden from "../../../fixtures/files/masked_losses/figures.json" with { type: "json" };

type Case = typeof golden.cases[number];

const FOLDER = new URL("../../../fixtures/files/masked_losses/", import.meta.url);

async function subjectOf({ tf }: Engine, { name, inputs, targets }: Case) {
  const { model } = await loadModel(new URL(`${name}.keras`, FOLDER).pathname);
  const given = targets.map(({ shape, values }) => tf.tensor(values, shape));
  const batch = {
    inputs: tf.tensor(inputs.values, inputs.shape, model.inputs[0].dtype as "int32"),
    targets: given.length === 1 ? given[0] : given,
  };
  return { model, batch };
}

for (const one of golden.cases) {
  Deno.test(`${one.name}: masked rows count in no loss, as in Keras on TensorFlow`, async () => {
    await using engine = await startEngine();
    const { tf } = engine;
    const { model, batch } = await subjectOf(engine, one);
    const before = tf.memory().numTensors;
    const largest = Math.max(...one.gradients.flat().map(Math.abs));
    const training = { batchNormalization: "training" } as const;
    const taken = await gradients(model, batch, training);
    assertEquals(taken.length, one.gradients.length);
    for (const [i, { name, tensor }] of taken.entries()) {
      const found = tensor.dataSync();
      assertEquals(found.length, one.gradients[i].length);
      for (const [k, value] of one.gradients[i].entries()) {
        assertAlmostEquals(found[k], value, 2e-5 * largest, `${name}[${k}]`);
      }
    }
    tf.dispose(taken.map(({ tensor }) => tensor));
    const isNormalized = one.name === "normalized";
    for (const microBatch of isNormalized ? ["auto"] as const : ["auto", 3] as const) {
      const { objective } = await measure(model, batch, { microBatch, ...training });
      assertAlmostEquals(objective.value, one.loss, 5e-6 * Math.max(1, one.loss));
      if (one.metric !== undefined) {
        assertAlmostEquals(objective.metrics![0].value!, one.metric, 1e-6);
      }
    }
    assertEquals(tf.memory().numTensors, before);
    tf.dispose([batch.inputs, batch.targets].flat());
    model.dispose();
  });
}
