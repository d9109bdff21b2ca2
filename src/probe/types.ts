/**
 * The types of probes: what one is asked and what it answers. Assertions and rules hand them on, but not
 * the functions.
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
