import { assertEquals } from "@std/assert";
import { runRules } from "../../src/core/rules/judge_rule.ts";
import { startEngine } from "../../src/engine/start/start_engine.ts";
import type { Layer, TensorFlow } from "../../src/engine/tensorflow.ts";
import { measure } from "../../src/core/measure/measure.ts";
import { randomBatch, randomTargets } from "../../src/core/model/batches/random_batch.ts";
import { rescaleWeights } from "../../src/core/model/weights/model_weights.ts";

/** Layers whose weights have their own axes and are not kernels: slopes of 0, scales of 1. */
const ELEMENTWISE: Record<string, (tf: TensorFlow, name: string) => Layer[]> = {
  "PReLU": (tf, name) => [tf.layers.prelu({ name })],
  "PReLU over channels": (tf, name) => [tf.layers.prelu({ name, sharedAxes: [1, 2] })],
  "LayerNormalization over maps": (tf, name) => [
    tf.layers.layerNormalization({ name, axis: [1, 2, 3] }),
    tf.layers.reLU(),
  ],
};

for (const [what, make] of Object.entries(ELEMENTWISE)) {
  Deno.test(`${what} is no layer with a kernel, and a convnet with it is healthy`, async () => {
    await using engine = await startEngine();
    const { tf } = engine;
    for (let seed = 1; seed <= 4; seed++) {
      const conv = (name: string, given = {}) =>
        tf.layers.conv2d({
          name,
          filters: 16,
          kernelSize: 3,
          kernelInitializer: tf.initializers.heNormal({ seed: 10 * seed + Number(name.at(-1)) }),
          ...given,
        });
      const model = tf.sequential({
        layers: [
          conv("conv_1", { inputShape: [12, 12, 3] }),
          ...make(tf, "first"),
          conv("conv_2"),
          ...make(tf, "second"),
          tf.layers.flatten(),
          tf.layers.dense({ units: 3, activation: "softmax" }),
        ],
      });
      const objective = "categoricalCrossentropy";
      const batch = { ...randomBatch(model, { seed }), targets: randomTargets(model, objective) };
      const measurements = await measure(model, batch, { objective });
      const errors = runRules(measurements).filter(({ severity }) => severity === "error");
      assertEquals(errors, [], `seed ${seed}`);
      const row = (name: string) => measurements.layers.find((layer) => layer.name === name)!;
      // An activation, and a normalisation, lie as deep as what they follow.
      assertEquals(["first", "conv_2", "second"].map((name) => row(name).depth), [1, 2, 2]);
      assertEquals(row("first").weights.map(({ duplicateUnits }) => duplicateUnits).at(0), null);
      const kernels = ["conv_1/kernel", "conv_2/kernel"];
      assertEquals(rescaleWeights(model, 2).slice(0, 2), kernels);
      tf.dispose([batch.inputs, batch.targets]);
      model.dispose();
    }
  });
}
