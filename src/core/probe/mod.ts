/**
 * Probes: measurements that one pass cannot make. They run a model several times or train it for
 * some steps, then restore it. Assertions run them, and rules judge the results.
 *
 * @module
 */
export {
  type BatchIndependenceProbe,
  type CausalityProbe,
  type InputDependenceProbe,
  probeBatchIndependence,
  probeCausality,
  probeInputDependence,
} from "./probe_dependence.ts";
export * from "./probe_gradients.ts";
export * from "./probe_loss.ts";
export type { ProbeOptions, ProbeSubject, TrainingStep } from "./probe_options.ts";
export * from "./probe_step.ts";
export type { TrialOptions } from "./open_trial.ts";
export type { ProbeName } from "./probes.ts";
export type {
  Attempt,
  LayerTraining,
  SkippedTrial,
  Trial,
  TrialReason,
  TrialVerdict,
} from "./trial.ts";
export { type LearningRates, type RateTried } from "./rate_search.ts";
export { learningRates, type RateOptions } from "./learning_rates.ts";
export { tryTraining } from "./try_training.ts";
export type { Batch } from "../model/batches/batch.ts";
export type { LayersModel, Optimizer, Tensor } from "../../engine/tensorflow.ts";
export type { LossName } from "../../ground/traits/losses.ts";
export type { Objective } from "../model/objective.ts";
