/**
 * Probes: what one pass cannot tell. They run a model again and again, or train it for some steps, and
 * put everything back. Assertions run them and rules judge what they found, so the entry points of both
 * hand on what a probe is asked and what it answers.
 *
 * @module
 */
export type { BatchIndependenceProbe } from "./probe_batch_independence.ts";
export type { CausalityProbe } from "./probe_causality.ts";
export type { GradientComparison, GradientProbe } from "./probe_gradients.ts";
export type { InputDependenceProbe } from "./probe_input_dependence.ts";
export type { LossProbe } from "./probe_loss.ts";
export type { ProbeOptions, TrainingStep } from "./probe_options.ts";
export type { OverfitProbe } from "./probe_overfit.ts";
export type { StepProbe, WeightStep } from "./probe_step.ts";
export type { ProbeSubject } from "./probe_subject.ts";
export type { Batch } from "../model/batch.ts";
export type { LayersModel, Optimizer, Tensor } from "../engine/tensorflow.ts";
export type { LossName, Objective } from "../measure/objective.ts";
