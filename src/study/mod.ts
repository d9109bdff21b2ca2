/**
 * The rescaling study: the effect of the initial scale of the kernels on gradients and activations,
 * for different activations, initialisers, depths and widths.
 *
 * @module
 */
export type { LayersModel, Tensor, TensorFlow } from "../engine/tensorflow.ts";
export type { LossName } from "../ground/traits/losses.ts";
export type {
  GridPoint,
  ResolvedGrid,
  StudyLayer,
  StudyPoint,
  StudyVariant,
} from "./grid_point.ts";
export type {
  AxisGrowth,
  GrowthAxis,
  GrowthFigure,
  GrowthFix,
  GrowthLayer,
  GrowthLevel,
  GrowthSlope,
  GrowthSummary,
  LayerGrowth,
  LayerScaling,
  PointTraining,
  RateTransfer,
  StudyTraining,
  TrainingPlan,
} from "./growth/growth_types.ts";
export type { GrowthGrid } from "./growth/growth_study.ts";
export {
  type GrowthOptions,
  runGrowth,
  type TryOptions,
  tryScalings,
} from "./growth/run_growth.ts";
export { summarizeGrowth } from "./growth/summarize_growth.ts";
export { type InitializerName, INITIALIZERS } from "../ground/theory/initializers.ts";
export { type MergedStudy, mergeStudyFiles } from "./merge_study_files.ts";
export {
  type LayerFigureName,
  type LayerSummary,
  type Quartiles,
  quartiles,
  type ScaleSummary,
  type Study,
  type StudySummary,
  type VariantSummary,
} from "./study_summary.ts";
export { type RunningStudy, runStudy, type RunStudyOptions } from "./run_study.ts";
export { type Shard, shardRange, type StudyHeader } from "./study_document.ts";
export { study, summarizeStudy } from "./study.ts";
export {
  type CreateStudyModel,
  type ModelFile,
  type NamedNetwork,
  STUDY_RULES,
  type StudyContext,
  StudyError,
  type StudyOptions,
  type StudyProgress,
  type StudySubject,
} from "./study_options.ts";
export * from "./study_file.ts";
export { resolveGrid, type StudyGrid } from "./study_grid.ts";
export * from "./study_writer.ts";
