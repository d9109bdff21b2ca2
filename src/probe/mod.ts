/**
 * Probes: measurements that one pass cannot make. They run a model several times or train it for
 * some steps, then restore it. Assertions run them, and rules judge the results.
 *
 * @module
 */
export * from "./probe_batch_independence.ts";
export * from "./probe_causality.ts";
export * from "./probe_gradients.ts";
export * from "./probe_input_dependence.ts";
export * from "./probe_loss.ts";
export type * from "./probe_options.ts";
export * from "./probe_overfit.ts";
export * from "./probe_step.ts";
export type * from "./probe_subject.ts";
export type { ProbeName } from "./probes.ts";
export type * from "./trial.ts";
export * from "./try_training.ts";
export type { Batch } from "../model/batch.ts";
export type { LayersModel, Optimizer, Tensor } from "../engine/tensorflow.ts";
export type { LossName, Objective } from "../model/objective.ts";
