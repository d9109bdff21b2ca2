/**
 * The rescaling study: the effect of the initial scale of the kernels on gradients and activations,
 * for different activations, initialisers, depths and widths.
 *
 * @module
 */
export type { LayersModel, Tensor, TensorFlow } from "../engine/tensorflow.ts";
export type { LossName } from "../model/objective.ts";
export type { GridPoint, StudyVariant } from "./grid_point.ts";
export * from "../theory/initializers.ts";
export * from "./merge_study_files.ts";
export * from "./quartiles.ts";
export * from "./run_study.ts";
export * from "./shard.ts";
export * from "./study.ts";
export * from "./study_error.ts";
export * from "./study_file.ts";
export * from "./study_grid.ts";
export type * from "./study_header.ts";
export type * from "./study_options.ts";
export type * from "./study_point.ts";
export { STUDY_RULES } from "./study_rules.ts";
export type * from "./study_subject.ts";
export type * from "./study_summary.ts";
export * from "./study_writer.ts";
export * from "./summarize_study.ts";
