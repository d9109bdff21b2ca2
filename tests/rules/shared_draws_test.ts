import { startEngine } from "../../src/engine/start/start_engine.ts";
import type { TensorFlow } from "../../src/engine/tensorflow.ts";
import { measure } from "../../src/measure/measure.ts";
import { randomBatch } from "../../src/model/batches/random_batch.ts";
import { runRules } from "../../src/rules/judge_rule.ts";
import { assertEquals } from "@std/assert";

/** Returns what `symmetry` finds in six layers of 16 units, whose initialisers are these. */
async function found(
  initializer: (tf: TensorFlow, layer: number) => ReturnType<TensorFlow["initializers"]["zeros"]>,
) {
  await using engine = await startEngine();
  const { tf } = engine;
  const model = tf.sequential();
  for (let layer = 1; layer <= 6; layer++) {
    model.add(tf.layers.dense({
      name: `dense_${layer}`,
      units: 16,
      activation: "relu",
      kernelInitializer: initializer(tf, layer),
      inputShape: [16],
    }));
  }
  const measurements = await measure(model, randomBatch(model));
  model.dispose();
  return runRules(measurements)
    .filter(({ rule }) => rule === "symmetry");
}

Deno.test("symmetry warns once of layers that one seed draws", async () => {
  const findings = await found((tf) => tf.initializers.heUniform({ seed: 7 }));
  assertEquals(
    findings.map(({ severity, kind, layers }) => [severity, kind, layers?.length]),
    [["warning", "shared-draw", 6]],
  );
});

Deno.test("symmetry leaves kernels with seeds of their own, and identities, alone", async () => {
  assertEquals(await found((tf, layer) => tf.initializers.heUniform({ seed: layer })), []);
  assertEquals(await found((tf) => tf.initializers.heUniform({})), []);
  assertEquals(await found((tf) => tf.initializers.identity({ gain: 1 })), []);
});
