import { assertEquals, assertStringIncludes } from "@std/assert";
import { activationScale } from "../../src/core/rules/signal/activation_scale.ts";
import { runRules } from "../../src/core/rules/judge_rule.ts";
import { startEngine } from "../../src/engine/start/start_engine.ts";
import type { TensorFlow } from "../../src/engine/tensorflow.ts";
import { measure } from "../../src/core/measure/measure.ts";
import { randomBatch } from "../../src/core/model/batches/random_batch.ts";

const CHANNELS = 64;
const WINDOW = 4 * 4;
const STRIDES = 2 * 2;

/** A decoder: each output of a transposed convolution of stride 2 adds up a quarter of the window. */
function decoder(tf: TensorFlow, stddev: number, seed: number) {
  const kernel = (i: number) => tf.initializers.randomNormal({ stddev, seed: 10 * seed + i });
  const model = tf.sequential();
  for (let i = 1; i <= 3; i++) {
    model.add(tf.layers.conv2dTranspose({
      filters: CHANNELS,
      kernelSize: 4,
      strides: 2,
      padding: "same",
      activation: "relu",
      kernelInitializer: kernel(i),
      ...(i === 1 ? { inputShape: [4, 4, CHANNELS] } : {}),
    }));
  }
  const kernelInitializer = tf.initializers.glorotUniform({ seed });
  model.add(tf.layers.conv2d({ filters: 1, kernelSize: 3, kernelInitializer }));
  return model;
}

async function findings(factor: number) {
  await using engine = await startEngine();
  const { tf } = engine;
  const model = decoder(tf, factor * Math.sqrt(2 * STRIDES / (WINDOW * CHANNELS)), 1);
  const batch = randomBatch(model);
  const measurements = await measure(model, batch);
  assertEquals(measurements.layers[0].strides, [2, 2]);
  assertEquals(measurements.layers.at(-1)!.strides, undefined);
  tf.dispose(batch.inputs);
  model.dispose();
  return runRules(measurements);
}

Deno.test("runRules() finds nothing in a decoder drawn by He for its strides", async () => {
  assertEquals(await findings(1), []);
});

Deno.test("runRules() knows by how much a decoder's kernels are too large", async () => {
  const found = await findings(5);
  const [{ fix }] = found.filter(({ rule }) => rule === "init-scale");
  assertStringIncludes(fix, "by 0.199");
});

Deno.test("activationScale only warns of a decoder as TensorFlow.js draws it, and excuses no tenth of that", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  for (const [factor, kind] of [[1, "small"], [0.1, "too-small"]] as const) {
    for (let seed = 1; seed <= 4; seed++) {
      const up = (filters: number, i: number) =>
        tf.layers.conv2dTranspose({
          filters,
          kernelSize: 3,
          strides: 2,
          padding: "same",
          activation: "relu",
          kernelInitializer: tf.initializers.varianceScaling({
            scale: 2 * factor ** 2,
            mode: "fanIn",
            distribution: "normal",
            seed: 10 * seed + i,
          }),
          ...(i === 0 ? { inputShape: [4, 4, 8] } : {}),
        });
      const kernelInitializer = tf.initializers.glorotUniform({ seed });
      const head = tf.layers.conv2d({ filters: 1, kernelSize: 3, kernelInitializer });
      const layers = [...[16, 16, 32].map(up), head];
      const model = tf.sequential({ layers });
      const batch = randomBatch(model, { seed });
      const found = activationScale.run(await measure(model, batch));
      assertEquals(found.at(-1)!.kind, kind, `seed ${seed}`);
      assertEquals(found.at(-1)!.severity, "warning");
      tf.dispose(batch.inputs);
      model.dispose();
    }
  }
});
