import { assert, assertEquals } from "@std/assert";
import { startEngine } from "../../src/engine/start/start_engine.ts";
import { examine } from "../../src/diagnosis/examine/examine.ts";
import { classes } from "../networks/trained_models.ts";

Deno.test("examine() does not blame a failed trial on what was fixed in vain", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const { layers, initializers } = tf;
  const kernel = (seed: number) => ({
    kernelInitializer: initializers.randomNormal({ stddev: 0.07, seed }),
  });
  const { labels: _, ...batch } = classes(tf);
  const [, features] = batch.inputs.shape;
  const [, units] = batch.targets.shape;
  // The noise drowns the inputs in training; the kernels are only somewhat too small.
  const model = tf.sequential({
    layers: [
      layers.gaussianNoise({ stddev: 30, inputShape: [features!] }),
      ...[1, 2, 3].map((seed) => layers.dense({ units: 32, activation: "relu", ...kernel(seed) })),
      layers.dense({ units: units!, activation: "softmax" }),
    ],
  });
  model.compile({ optimizer: tf.train.adam(0.001), loss: "categoricalCrossentropy" });
  const { diagnosis: { verdict, causes }, trial } = await examine(model, batch);
  assert(trial !== null && "verdict" in trial);
  assertEquals([trial.verdict, verdict], ["fails", "sick"]);
  assertEquals(causes.map(({ kind, severity }) => [kind, severity]), [
    ["trial", "error"],
    ["kernel-scale", "warning"],
  ]);
});
