import { assertEquals } from "@std/assert";
import { examine } from "../../src/diagnosis/examine/mod.ts";
import { startEngine } from "../../src/engine/start/start_engine.ts";

Deno.test("examine() removes a second softmax behind penalties though warnings then appear that it hid", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const { layers } = tf;
  const draw = (seed: number) => ({
    kernelInitializer: tf.initializers.randomNormal({ stddev: 0.4, seed }),
  });
  const kernelRegularizer = tf.regularizers.l2({ l2: 40 });
  const hidden = [1, 2, 3, 4, 5, 6].map((seed) =>
    layers.dense({
      units: 32,
      activation: "relu",
      inputShape: [32],
      kernelRegularizer,
      ...draw(seed),
    })
  );
  const head = layers.dense({ units: 4, activation: "softmax", ...draw(7) });
  const model = tf.sequential({
    layers: [...hidden, head, layers.activation({ activation: "softmax" })],
  });
  model.compile({ optimizer: "adam", loss: "categoricalCrossentropy" });
  const inputs = tf.randomNormal([32, 32], 0, 1, "float32", 3);
  const targets = tf.tidy(() =>
    tf.oneHot(tf.range(0, 32, 1, "int32").mod(4).cast("int32"), 4).toFloat()
  );
  const { fixes } = await examine(model, { inputs, targets }, { trial: 40, seed: 1 });
  assertEquals(fixes.map(({ kind }) => kind), ["penalties", "remove-activation"]);
  tf.dispose([inputs, targets]);
  model.dispose();
});
