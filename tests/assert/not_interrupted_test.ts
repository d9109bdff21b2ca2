import { InputError } from "../../src/words/input_error.ts";
import { assertEquals, assertRejects } from "@std/assert";
import { assertHealthy, assertOverfitsBatch } from "../../src/assert/assertions.ts";
import { EngineError } from "../../src/engine/engine.ts";
import { startEngine } from "../../src/engine/start/start_engine.ts";
import { exerciseModel } from "../../src/model/layers/exercise_model.ts";
import { randomBatch } from "../../src/model/batches/random_batch.ts";

for (const assertion of [assertHealthy, assertOverfitsBatch]) {
  Deno.test(`${assertion.name}() says that an await is missing if its engine is stopped, or its model disposed`, async () => {
    const engine = await startEngine();
    const model = exerciseModel({ depth: 2 });
    const batch = randomBatch(model, { objective: "meanSquaredError" });
    const options = { objective: "meanSquaredError" } as const;
    const begun = assertion(model, batch, options);
    model.dispose();
    await engine.stop();
    const error = await assertRejects(() => begun, EngineError, "is an `await` missing?");
    assertEquals(error.cause instanceof Error, true);
    assertEquals(error.message.includes(`while ${assertion.name} was measuring`), true);
  });
}

Deno.test("an assertion that is awaited fails as it always did", async () => {
  await using engine = await startEngine();
  const model = exerciseModel({ depth: 2 });
  const inputs = engine.tf.zeros([8, 3]);
  await assertRejects(() => assertHealthy(model, { inputs }), InputError);
  inputs.dispose();
  model.dispose();
  await assertRejects(() => assertHealthy(model, { inputs }), TypeError, "disposed");
});
