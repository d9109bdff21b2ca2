import type { LayersModel } from "../../engine/tensorflow.ts";
import type { Batch } from "../model/batches/batch.ts";
import {
  probeBatchIndependence,
  probeCausality,
  probeInputDependence,
} from "./probe_dependence.ts";
import { probeGradients } from "./probe_gradients.ts";
import { probeLoss } from "./probe_loss.ts";
import { probeOverfit, probeStep } from "./probe_step.ts";
import type { ProbeOptions, ProbeSubject } from "./probe_options.ts";

/** Name of a probe, which a rule over a model runs. */
export type ProbeName =
  | "batchIndependence"
  | "causality"
  | "gradients"
  | "inputDependence"
  | "loss"
  | "overfit"
  | "step";

/** Runs a model for a rule, with that rule's thresholds. */
type Probe = (
  model: LayersModel,
  batch: Batch,
  options: ProbeOptions,
  thresholds: Readonly<Record<string, number>>,
) => Promise<ProbeSubject>;

export const PROBES: Readonly<Record<ProbeName, Probe>> = {
  batchIndependence: probeBatchIndependence,
  causality: probeCausality,
  gradients: probeGradients,
  inputDependence: probeInputDependence,
  loss: probeLoss,
  // The only probe that may stop early, so it needs the limits.
  overfit: (model, batch, options, { overfitSteps: steps, overfitLoss: targetLoss }) =>
    probeOverfit(model, batch, { ...options, steps, targetLoss }),
  step: probeStep,
};
