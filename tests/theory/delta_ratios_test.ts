import { assertAlmostEquals } from "@std/assert";
import { startEngine } from "../../src/engine/start/start_engine.ts";
import { deltaRatios } from "./delta_ratios.ts";

Deno.test("meanField() gives the delta ratios of the engine to 2 % in the mean over 40 seeds", async () => {
  await using engine = await startEngine();
  const seeds = Array.from({ length: 40 }, (_, i) => 100_000 + i);
  const control = { activation: "tanh" as const, sigma: 1, depth: 3, width: 512 };
  for (const ratios of deltaRatios(engine, control, seeds)) {
    assertAlmostEquals(ratios.reduce((sum, ratio) => sum + ratio / seeds.length, 0), 1, 0.02);
  }
});
