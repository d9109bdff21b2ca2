/**
 * Asserts that a neural network is healthy before anyone pays to train it: one forward and one
 * backward pass of a TensorFlow.js model on WASM, measured layer by layer and judged.
 *
 * This entry point has what a test, a script or a notebook needs. Each subject has an entry point for the
 * rest, and for the types of what its functions take and return: `./engine`, `./ops`, `./layers` (those of Keras that
 * TensorFlow.js lacks), `./model`, `./traits`, `./measure`, `./probe`, `./theory`, `./rules` (single rules and their
 * thresholds), `./diagnosis`, `./examine`, `./compare` (two runs side by side), `./gate`, `./render` (other formats),
 * `./picture` (pages), `./study`, `./assert`, and `./expect` (matchers for `@std/expect`).
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
 *   const model = exerciseModel({ std: 1 / Math.sqrt(20) });
 *   const measurements = await measure(model, randomBatch(model));
 *   assertNoVanishingGradients(measurements);
 *   assertActivationsNotSaturated(measurements);
 * });
 * ```
 *
 * @module
 */
import { drawCellsWith } from "./ground/words/overview.ts";

export { type Engine, EngineError, type EngineOptions, startEngine } from "./engine/mod.ts";
export { InputError, type Refusal } from "./ground/words/input_error.ts";
export { type CustomLayerTraits, registerLayer } from "./ground/traits/mod.ts";
export {
  type Batch,
  BatchError,
  exerciseModel,
  getWeights,
  type LayersModel,
  type LoadedModel,
  loadModel,
  type LoadModelOptions,
  ModelError,
  type ModelModule,
  type Objective,
  randomBatch,
  readBatch,
  rescaleWeights,
  setWeights,
  type Tensor,
  type TensorFlow,
} from "./entry/model.ts";
export {
  activations,
  gradients,
  type LayerMeasurements,
  measure,
  MeasureError,
  type Measurements,
  type MeasureOptions,
  statistics,
  type TensorStatistics,
} from "./entry/measure.ts";
export { type Cause, diagnose, type Diagnosis, type Fix } from "./core/diagnosis/mod.ts";
export { type Examination, examine, type ExamineOptions } from "./core/diagnosis/examine/mod.ts";
export {
  defineRule,
  type Finding,
  registerRule,
  type Rule,
  type RuleOptions,
  RULES,
  runRules,
  type Thresholds,
} from "./core/rules/mod.ts";
export * from "./core/assert/assertions.ts";
export {
  acrossSeeds,
  assertRule,
  assertScaleFree,
  assertTrains,
  type AssertTrainsOptions,
  type CreateModel,
  type CreateSibling,
  healthMonitor,
  type HealthMonitorOptions,
  type ScaleFreeOptions,
  testGradientHealth,
  type TestGradientHealthOptions,
} from "./entry/assert.ts";
export { barChart, renderStudy, renderText } from "./entry/render.ts";
export {
  runStudy,
  type Study,
  study,
  StudyError,
  type StudyGrid,
  type StudyOptions,
  summarizeStudy,
} from "./study/mod.ts";

// Few programs draw pictures: a literal would have Deno read their modules at every start.
drawCellsWith(async () => {
  const { renderCell }: typeof import("./notebook/cell.ts") = await import(
    import.meta.resolve("./notebook/cell.ts")
  );
  return renderCell;
});

// A project that links a checkout runs this file by the package's name. Not awaited: a model module
// may import it, and would wait for it forever.
if (import.meta.main) import("./cli/main.ts").then(({ run }) => run());
