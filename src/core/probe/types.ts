/**
 * The types of probes: their options and results. The entry points of assertions and rules re-export
 * these, but not the functions.
 *
 * @module
 */
export type {
  Batch,
  BatchIndependenceProbe,
  CausalityProbe,
  GradientComparison,
  GradientProbe,
  InputDependenceProbe,
  LayersModel,
  LossName,
  LossProbe,
  Objective,
  Optimizer,
  OverfitProbe,
  ProbeName,
  ProbeOptions,
  ProbeSubject,
  StepProbe,
  Tensor,
  TrainingStep,
  WeightStep,
} from "./mod.ts";
