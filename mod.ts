/**
 * The entry point of a checkout: the library of `src/mod.ts`, and `deno run -A mod.ts`.
 *
 * An `export *` would load the whole library before this module could see that it was only asked
 * for its `--help`, which would take twice as long. So the names stand here one by one, written by
 * `deno task generate`, and a module that imports them waits for the library. Its path is not a
 * literal: what a literal names, Deno reads before the first line runs.
 *
 * @module
 */
import { showOverview } from "./src/cli/overview.ts";
import { foreignImport } from "./src/files/user_code/foreign_code.ts";
import type * as Library from "./src/mod.ts";

if (import.meta.main) {
  showOverview(Deno.args);
  // Not awaited: a model module may import this one, and would wait for it for ever.
  import("./src/cli/main.ts").then(({ run }) => run());
  // Nothing but such a module needs the library here; a command has loaded what it runs.
  await foreignImport.promise;
}

const library: typeof Library = await import(import.meta.resolve("./src/mod.ts"));

export const {
  BatchError,
  EngineError,
  InputError,
  MeasureError,
  ModelError,
  RULES,
  StudyError,
  acrossSeeds,
  activations,
  assertActivationScale,
  assertActivationsNotSaturated,
  assertAllFinite,
  assertArchitecture,
  assertAttention,
  assertBatchIndependence,
  assertBiasInit,
  assertBlocksAlike,
  assertCausal,
  assertDependsOnInput,
  assertGradientBalance,
  assertGradientRatioNear,
  assertGradientsFlow,
  assertGradientsMatchNumeric,
  assertHalfPrecision,
  assertHealthy,
  assertInitScale,
  assertInitialLoss,
  assertInputNormalized,
  assertLearningRate,
  assertLossReduction,
  assertMatchesBaseline,
  assertNoDeadUnits,
  assertNoExplodingGradients,
  assertNoVanishingGradients,
  assertOutputHead,
  assertOverfitsBatch,
  assertRegularization,
  assertRule,
  assertScaleFree,
  assertSymmetryBroken,
  assertTargetNormalized,
  assertTrains,
  assertUpdateRatio,
  assertWeightsChange,
  assertWeightsFrozen,
  barChart,
  defineRule,
  diagnose,
  examine,
  exerciseModel,
  getWeights,
  gradients,
  healthMonitor,
  loadModel,
  measure,
  randomBatch,
  readBatch,
  registerLayer,
  registerRule,
  renderStudy,
  renderText,
  rescaleWeights,
  runRules,
  runStudy,
  setWeights,
  startEngine,
  statistics,
  study,
  summarizeStudy,
  testGradientHealth,
} = library;

export type * from "./src/mod.ts";
// A class is a value and a type.
export type BatchError = Library.BatchError;
export type EngineError = Library.EngineError;
export type InputError = Library.InputError;
export type MeasureError = Library.MeasureError;
export type ModelError = Library.ModelError;
export type StudyError = Library.StudyError;
