import { assert, assertEquals, assertThrows } from "@std/assert";
import { liveDataOf } from "../../../src/engine/heap/live_data.ts";
import { startEngine } from "../../../src/engine/mod.ts";
import type { Engine } from "../../../src/engine/engine.ts";
import type { Batch } from "../../../src/core/model/batches/batch.ts";
import { Pass } from "../../../src/core/measure/pass.ts";
import { planPass } from "../../../src/core/measure/plan_pass.ts";
import { randomBatch } from "../../../src/entry/model.ts";
import type { LayersModel } from "../../../src/engine/tensorflow.ts";

/** Runs a pass that is said not to fit the heap; `during` is called within. */
function runOffHeap(engine: Engine, model: LayersModel, batch: Batch, during: () => void) {
  const options = { onProgress: during, batchNormalization: "training" as const };
  const plan = planPass(engine.tf, model, batch, options);
  using pass = new Pass(engine, { ...plan, memory: { kind: "offload" } });
  return pass.run();
}

function normalized({ tf }: Engine): LayersModel {
  const { layers } = tf;
  return tf.sequential({
    layers: [
      layers.conv2d({ filters: 8, kernelSize: 3, inputShape: [40, 40, 3] }),
      layers.batchNormalization(),
      layers.reLU(),
      layers.flatten(),
      layers.dense({ units: 3 }),
    ],
  });
}

Deno.test("a pass off the heap has tensors leave it as long as it lasts, and ends with the same figures", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const model = normalized(engine);
  const batch = randomBatch(model, { examples: 4 });
  const { runKernel, moveData } = tf.engine();
  const { numTensors } = tf.memory();
  let apart = 0;
  const whole = (() => {
    const options = { batchNormalization: "training" as const };
    using pass = new Pass(engine, planPass(tf, model, batch, options));
    return pass.run();
  })();
  const off = runOffHeap(engine, model, batch, () => {
    if (tf.engine().runKernel !== runKernel) apart++;
  });
  assertEquals(off, whole);
  assert(apart > 0, "nothing could leave the heap during the pass");
  assertEquals(tf.engine().runKernel, runKernel);
  assertEquals(tf.engine().moveData, moveData);
  assertEquals(tf.memory().numTensors, numTensors);
  model.dispose();
});

Deno.test("a pass off the heap that throws leaves nothing behind", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const model = normalized(engine);
  const batch = randomBatch(model, { examples: 4 });
  const { runKernel } = tf.engine();
  const { numTensors } = tf.memory();
  const resting = liveDataOf(tf.backend()).bytes;
  let calls = 0;
  assertThrows(
    () =>
      runOffHeap(engine, model, batch, () => {
        if (++calls === 6) throw new Error("the caller has had enough");
      }),
    Error,
    "the caller has had enough",
  );
  assertEquals(tf.engine().runKernel, runKernel);
  assertEquals(tf.memory().numTensors, numTensors);
  assert(liveDataOf(tf.backend()).bytes <= resting);
  tf.dispose(batch.inputs);
  model.dispose();
});
