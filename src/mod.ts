/**
 * Asserts that a neural network is healthy before anyone pays to train it: one forward and one
 * backward pass of a TensorFlow.js model on WASM, measured layer by layer and judged.
 *
 * The gate, the mean-field theory, the kernels for a backend of one's own and the matchers for
 * `@std/expect` are in `./gate`, `./theory`, `./kernels` and `./expect`: few need them, and their names
 * are short.
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
export * from "./engine/mod.ts";
export {
  type CustomLayerTraits,
  type KernelLayout,
  type LayerKind,
  registerLayer,
} from "./traits/mod.ts";
export * from "./model/mod.ts";
export * from "./measure/mod.ts";
export * from "./checks/mod.ts";
export * from "./assert/mod.ts";
export * from "./render/mod.ts";
export * from "./study/mod.ts";

// Not awaited: a model module may import this one, and would wait for it for ever.
if (import.meta.main) import("./cli/run.ts");
