/**
 * Probes: what one pass cannot tell. They run a model again and again, or train it for some steps, and
 * put everything back.
 *
 * @module
 */
export * from "./probe_batch_independence.ts";
export * from "./probe_causality.ts";
export * from "./probe_gradients.ts";
export * from "./probe_input_dependence.ts";
export * from "./probe_loss.ts";
export * from "./probe_options.ts";
export * from "./probe_overfit.ts";
export * from "./probe_step.ts";
export * from "./probe_subject.ts";
export type { Batch } from "../model/batch.ts";
export type { LayersModel, Optimizer, Tensor } from "../engine/tensorflow.ts";
export type * from "../measure/objective.ts";
