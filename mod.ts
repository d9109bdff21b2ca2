/**
 * Asserts that a neural network is healthy before anyone pays to train it: one forward and one
 * backward pass of a TensorFlow.js model on WASM, measured layer by layer and judged.
 *
 * @example In a test
 * ```ts
 * import {
 *   assertActivationsNotSaturated,
 *   assertNoVanishingGradients,
 *   exerciseModel,
 *   measure,
 *   randomBatch,
 *   startEngine,
 * } from "@gradient-health/gradient-health";
 *
 * Deno.test("the network can be trained", async () => {
 *   await using _engine = await startEngine();
 *   const model = exerciseModel({ stddev: 1 / Math.sqrt(20) });
 *   const measurements = await measure(model, randomBatch(model));
 *   assertNoVanishingGradients(measurements);
 *   assertActivationsNotSaturated(measurements);
 * });
 * ```
 *
 * @module
 */
export * from "./src/engine/mod.ts";
export * from "./src/model/mod.ts";
export * from "./src/measure/mod.ts";
export * from "./src/checks/mod.ts";
export * from "./src/assert/mod.ts";
export * from "./src/render/mod.ts";
export * from "./src/study/mod.ts";

if (import.meta.main) {
  const { main } = await import("./src/cli/main.ts");
  Deno.exit(await main(Deno.args));
}
