import { assertEquals } from "@std/assert";
import type { Fix } from "../../src/diagnosis/fix.ts";
import { startEngine } from "../../src/engine/start/start_engine.ts";
import { applyFixes } from "../../src/diagnosis/examine/mod.ts";
import { exerciseModel } from "../../src/model/layers/exercise_model.ts";
import { getWeights } from "../../src/model/weights/set_weights.ts";
import { assertRefused, parts } from "../assert_refused.ts";

const weight = (name: string) => ({ layer: name.split("/")[0], weight: name });

Deno.test("applyFixes() changes the weights that the fixes name, and no other bit", async () => {
  await using engine = await startEngine();
  const model = exerciseModel({ width: 5, depth: 4 });
  const before = getWeights(model);
  const { numTensors } = engine.tf.memory();
  const head: Fix = { kind: "head", layer: "dense_5", activation: "softmax", loss: null };
  const { changed, left } = applyFixes(model, [
    {
      kind: "rescale",
      weights: [{ ...weight("dense_2/kernel"), factor: 0.25 }],
      initializer: null,
    },
    head,
    { kind: "redraw", weights: [{ ...weight("dense_3/kernel"), std: 2 }], initializer: "heNormal" },
    { kind: "set-bias", weights: [weight("dense_4/bias")], value: 7 },
    { kind: "rescale", weights: [{ ...weight("dense_2/kernel"), factor: 2 }], initializer: null },
  ]);
  assertEquals(engine.tf.memory().numTensors, numTensors);
  assertEquals(changed, ["dense_2/kernel", "dense_3/kernel", "dense_4/bias"]);
  assertEquals(left, [head]);
  const after = getWeights(model);
  assertEquals(
    after["dense_2/kernel"].values,
    before["dense_2/kernel"].values.map((value) => value / 2),
  );
  assertEquals([...after["dense_4/bias"].values], [7, 7, 7, 7, 7]);
  assertEquals(after["dense_3/kernel"].values.some((value) => Math.abs(value) > 20), false);
  for (const name of Object.keys(before).filter((name) => !changed.includes(name))) {
    assertEquals(after[name], before[name]);
  }
  model.dispose();
});

Deno.test("applyFixes() changes nothing where a fix is not for the model or no fix", async () => {
  await using _engine = await startEngine();
  const model = exerciseModel({ width: 5, depth: 1 });
  const before = getWeights(model);
  const first: Fix = { kind: "set-bias", weights: [weight("dense_1/bias")], value: 7 };
  assertRefused(
    () => applyFixes(model, [first, { ...first, weights: [weight("dense_9/bias")] }]),
    { place: "The fixes", found: 'a weight "dense_9/bias"', expected: "one that the model has" },
  );
  const spoilt = { kind: "rescale", weights: [weight("dense_1/kernel")] } as unknown as Fix;
  assertRefused(
    () => applyFixes(model, [first, spoilt]),
    parts("fixes[1].weights[0].factor", "undefined", "a number"),
  );
  assertEquals(getWeights(model), before);
  model.dispose();
});
