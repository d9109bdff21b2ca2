import { startEngine } from "../../src/engine/start/start_engine.ts";
import { measure } from "../../src/measure/measure.ts";
import type { LayerMeasurements } from "../../src/measure/measurements.ts";
import { architecture } from "../../src/rules/weights/architecture.ts";
import { makeMeasurements } from "../networks/measurements.ts";
import { testThreshold } from "./test_threshold.ts";
import { assertEquals, assertStringIncludes } from "@std/assert";

/** Of 32 examples with this mean cosine in the second of three layers. */
function alike(cosine: number, given: Partial<LayerMeasurements> = {}) {
  const spread = 1 - (1 + 31 * cosine) / 32;
  return makeMeasurements([{ spread: 0.9 }, { spread, ...given }, { spread: 0.5 }]);
}

testThreshold("alikeCosine", {
  judge: (cosine, options) => architecture.run(alike(cosine), options),
  inside: [0, 0.99, 0.99989],
  outside: [0.99991, 1],
  severity: "note",
  loose: 0.99995,
});

Deno.test("architecture notes where examples are most alike, and in how many directions they differ", () => {
  const [finding] = architecture.run(alike(0.99995));
  assertEquals([finding.layer, finding.kind], ["dense_2", "alike"]);
  assertStringIncludes(finding.message, "in dense_2 their mean cosine is 1 - 5e-5; expected");
  const alikeness = { cosine: 0.99995, effectiveRank: 1.27, examples: 16 };
  const [ranked] = architecture.run(alike(0.99995, { alikeness }));
  assertStringIncludes(ranked.message, ", and they differ in 1.27 directions of 15; expected");
});

Deno.test("architecture notes no examples that were alike from the start, nor in a trained network", () => {
  const measurements = alike(0.99999);
  assertEquals(architecture.run(measurements, {}, true), []);
  measurements.batch.perInput[0].spread = 1e-6;
  assertEquals(architecture.run(measurements), []);
});

Deno.test("measure() compares examples in dense layers where histograms are asked for, and only there", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const model = tf.sequential({
    layers: [
      tf.layers.dense({ units: 8, activation: "relu", inputShape: [4] }),
      tf.layers.dense({ units: 1 }),
    ],
  });
  const inputs = tf.randomNormal([20, 4]);
  const of = async (histograms: boolean) =>
    (await measure(model, { inputs }, { histograms })).layers.map(({ alikeness }) => alikeness);
  assertEquals(await of(false), [undefined, undefined]);
  const [hidden, head] = await of(true);
  assertEquals([hidden?.examples, head?.examples], [16, 16]);
  model.dispose();
});
