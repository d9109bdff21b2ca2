/**
 * The door of a checkout: the library of `src/mod.ts`, and `deno run -A mod.ts`.
 *
 * An `export *` would load the whole library before this module could see that it was only asked
 * for its `--help`, which would take twice as long. So the names stand here one by one, written by
 * `deno task generate`, and a module that imports them waits for the library.
 *
 * @module
 */
import { asksForHelp, showOverview } from "./src/cli/overview.ts";
import type * as Library from "./src/mod.ts";

if (import.meta.main) {
  showOverview(Deno.args);
  // Not awaited: a model module may import this one, and would wait for it for ever. Before the library,
  // which only such a module needs here.
  import("./src/cli/run.ts");
}

// A model module that a command loads may import the library from here. Help loads none.
const library = import.meta.main && asksForHelp(Deno.args)
  ? {} as typeof Library
  : await import("./src/mod.ts");

export const {
  BatchError,
  EngineError,
  MeasureError,
  ModelError,
  RULES,
  StudyError,
  acrossSeeds,
  assertActivationScale,
  assertActivationsNotSaturated,
  assertAllFinite,
  assertBatchIndependence,
  assertBiasInit,
  assertCausal,
  assertDependsOnInput,
  assertGradientBalance,
  assertGradientRatioNear,
  assertGradientsFlow,
  assertGradientsMatchNumeric,
  assertHealthy,
  assertInitScale,
  assertInitialLoss,
  assertInputNormalized,
  assertLossReduction,
  assertMatchesBaseline,
  assertNoDeadUnits,
  assertNoExplodingGradients,
  assertNoVanishingGradients,
  assertOutputHead,
  assertOverfitsBatch,
  assertRule,
  assertSymmetryBroken,
  assertUpdateRatio,
  assertWeightsChange,
  assertWeightsFrozen,
  barChart,
  defineRule,
  exerciseModel,
  getWeights,
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
  runChecks,
  runStudy,
  setWeights,
  startEngine,
  study,
  summarizeStudy,
  testGradientHealth,
} = library;

export type * from "./src/mod.ts";
// A class is a value and a type.
export type BatchError = Library.BatchError;
export type EngineError = Library.EngineError;
export type MeasureError = Library.MeasureError;
export type ModelError = Library.ModelError;
export type StudyError = Library.StudyError;
