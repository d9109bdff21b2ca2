import { assertEquals, assertStringIncludes } from "@std/assert";
import { watchPublished } from "../../../bench/monitor/watch_published.ts";
import { startEngine } from "../../../src/engine/start/start_engine.ts";

/** Published programs of whose training the monitor once said nothing. */
const SILENT: [string, number, string][] = [
  ["31556268", 10, "The learning rate of 0.05 is too low"],
  ["44998910", 20, "The learning rate of 0.01 is too low"],
  ["50306988", 20, "The learning rate of 0.001 is too low"],
  ["regression-low_lr", 10, "The learning rate of 1e-5 is too low"],
  ["digits-over_reg", 10, "Weight decay eats the weights"],
];

for (const [id, by, says] of SILENT) {
  Deno.test(`healthMonitor() names what ails the published program ${id} by step ${by}`, async () => {
    await using engine = await startEngine();
    const { found } = await watchPublished(engine.tf, id);
    assertEquals(found?.step, by);
    assertStringIncludes(found!.says, says);
  });
}

Deno.test("healthMonitor() does not stop a published repair whose loss falls", async () => {
  await using engine = await startEngine();
  const { found, steps, losses: [first, last] } = await watchPublished(engine.tf, "48934338 fixed");
  assertEquals([found, steps], [null, 400]);
  assertEquals(last < 0.2 * first, true);
});
