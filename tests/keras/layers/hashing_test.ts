import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { startEngine } from "../../../src/engine/start/start_engine.ts";
import { kerasLayers } from "../../../src/keras/layers/mod.ts";
import { fingerprintOf } from "../../../src/keras/layers/preprocessing.ts";
import { loadModel } from "../../../src/load/load_model.ts";
import { measure } from "../../../src/core/measure/measure.ts";
import { randomBatch } from "../../../src/entry/model.ts";
import type { Tensor } from "../../../src/engine/tensorflow.ts";
import golden from "../../../fixtures/files/hashing/figures.json" with { type: "json" };
import { assertRefused, parts } from "../../assert_refused.ts";

const FOLDER = new URL("../../../fixtures/files/hashing/", import.meta.url);

Deno.test("fingerprintOf() hashes whole numbers of up to 17 characters as TensorFlow does", () => {
  for (const { settings: { num_bins: bins, mask_value: mask }, bins: expected } of golden.bins) {
    const isMasked = mask !== undefined && bins > 1;
    const found = golden.whole.map((whole) => {
      if (isMasked && whole === mask) return 0;
      return isMasked
        ? 1 + Number(fingerprintOf(whole) % BigInt(bins - 1))
        : Number(fingerprintOf(whole) % BigInt(bins));
    });
    assertEquals(found, expected);
  }
});

for (const { name, inputs, outputs } of golden.models) {
  Deno.test(`Hashing to ${name} gives the outputs of Keras, and is measured`, async () => {
    await using engine = await startEngine();
    const { tf } = engine;
    const { model } = await loadModel(new URL(`${name}.keras`, FOLDER).pathname);
    const batch = tf.tensor(inputs.values, inputs.shape, "int32");
    const found = model.predict(batch) as Tensor;
    for (const [i, value] of found.dataSync().entries()) {
      assertAlmostEquals(value, outputs[i], 1e-6);
    }
    const before = tf.memory().numTensors;
    const drawn = randomBatch(model);
    const { layers } = await measure(model, drawn);
    assert(layers.some(({ className }) => className === "Hashing"));
    tf.dispose(drawn.inputs);
    assertEquals(tf.memory().numTensors, before);
    tf.dispose([batch, found]);
    model.dispose();
  });
}

Deno.test("Hashing takes float32, cuts off fractions, and refuses what it cannot hash", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const { Hashing } = kerasLayers(tf);
  const hashing = new Hashing({ numBins: 1000 });
  const binsOf = (values: number[], dtype: "float32" | "int32") => {
    const bins = hashing.apply(tf.tensor(values, [values.length, 1], dtype)) as Tensor;
    return [...bins.dataSync()];
  };
  assertEquals(binsOf([7.9, -7.9, -0.5], "float32"), binsOf([7, -7, 0], "int32"));
  // Float32 has one number for both.
  const [one, other] = binsOf([16777217, 16777216], "int32");
  assert(one !== other);
  assertRefused(
    () => new Hashing({ numBins: 0 }),
    parts("numBins of hashing_Hashing2", "0", "a whole number above 0"),
  );
  const json = {
    class_name: "Sequential",
    config: { layers: [{ class_name: "Hashing", config: { num_bins: 4, salt: 3 } }] },
  };
  const file = await Deno.makeTempFile({ suffix: ".json" });
  await Deno.writeTextFile(file, JSON.stringify(json));
  await assertRejects(() => loadModel(file), Error, "salt");
  await Deno.remove(file);
});
