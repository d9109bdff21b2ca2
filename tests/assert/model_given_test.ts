import { healthMatchers } from "../../src/assert/health_matchers.ts";
import { startEngine } from "../../src/engine/start/start_engine.ts";
import type { Measurements } from "../../src/measure/measurements.ts";
import { exerciseModel } from "../../src/model/layers/exercise_model.ts";
import { assertThrows } from "@std/assert";

Deno.test("toBeHealthy() refuses a model, whose examination nobody would wait for", async () => {
  await using _engine = await startEngine();
  const model = exerciseModel({ width: 4, depth: 1 });
  for (const isNot of [false, true]) {
    assertThrows(
      () => healthMatchers.toBeHealthy({ value: model as unknown as Measurements, isNot }),
      TypeError,
      "expected what measure() returns",
    );
  }
  model.dispose();
});
