/**
 * Asserts that a neural network is healthy before anyone pays to train it: one forward and one
 * backward pass of a TensorFlow.js model on WASM, measured layer by layer and judged.
 *
 * This entry point has what a test, a script or a notebook needs. Each subject has an entry point for the
 * rest: `./engine`, `./ops`, `./layers` (those of Keras that TensorFlow.js lacks), `./model`, `./traits`, `./measure`, `./probe`, `./theory`,
 * `./rules` (single rules and their thresholds), `./compare` (two runs side by side), `./gate`,
 * `./render` (other formats), `./picture` (pages), `./study`, `./assert`, and `./expect` (matchers for `@std/expect`).
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
import { drawCellsWith } from "./words/overview.ts";

export { type Engine, EngineError, type EngineOptions, startEngine } from "./engine/mod.ts";
export { InputError, type Refusal } from "./words/input_error.ts";
export {
  type CustomLayerTraits,
  type KernelLayout,
  type LayerKind,
  registerLayer,
} from "./traits/mod.ts";
export {
  type Batch,
  BatchError,
  exerciseModel,
  type ExerciseModelOptions,
  getWeights,
  type LayersModel,
  type LoadedModel,
  loadModel,
  type LoadModelOptions,
  ModelError,
  type ModelModule,
  type NewWeight,
  type Objective,
  randomBatch,
  type RandomBatchOptions,
  readBatch,
  type ReadBatchOptions,
  type RescaleOptions,
  rescaleWeights,
  setWeights,
  type Tensor,
  type WeightValue,
} from "./load/mod.ts";
export {
  activations,
  type ActivationsOptions,
  type ActivationTensor,
  gradients,
  type GradientsOptions,
  type GradientTensor,
  measure,
  MeasureError,
  type Measurements,
  type MeasureOptions,
  statistics,
  type TakenTensors,
  type TensorChoice,
  type TensorStatistics,
} from "./measure/mod.ts";
export { diagnose, type Diagnosis } from "./diagnosis/mod.ts";
export { type Examination, examine, type ExamineOptions } from "./diagnosis/examine/mod.ts";
export {
  defineRule,
  type LayerOptions,
  registerRule,
  type Rule,
  type RuleRecord,
  RULES,
  runRules,
  type ThresholdOptions,
} from "./rules/mod.ts";
export * from "./assert/mod.ts";
export {
  barChart,
  type BarChartOptions,
  type BarChartRow,
  renderStudy,
  type RenderStudyOptions,
  renderText,
  type RenderTextOptions,
} from "./render/mod.ts";
export {
  type RunningStudy,
  runStudy,
  type RunStudyOptions,
  type Study,
  study,
  StudyError,
  type StudyGrid,
  type StudyOptions,
  type StudyPoint,
  type StudySubject,
  type StudySummary,
  summarizeStudy,
} from "./study/mod.ts";

// Plot and linkedom, which draw the pictures, are some 700 modules: a literal would have Deno read them at every start.
const CELL = "./picture/cell.ts";
drawCellsWith(async () => {
  const { renderCell }: typeof import("./picture/cell.ts") = await import(CELL);
  return renderCell;
});

// Not awaited: a model module may import this one, and would wait for it forever.
if (import.meta.main) import("./cli/run.ts");
