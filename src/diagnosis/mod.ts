/**
 * Diagnosis: causes told from what follows from them, and what to do about them. Pure functions of what was
 * measured and found; nothing is loaded or run.
 *
 * @module
 */
export {
  type Cure,
  type CuredMoments,
  type CuredWeight,
  isWeightCure,
  type Treatment,
  type WeightCure,
} from "./cure.ts";
export { cureCode, describeCure } from "./cure_words.ts";
export { diagnose } from "./diagnose.ts";
export type { WeightProgress } from "./diagnose_training.ts";
export type {
  Cause,
  Consequence,
  Diagnosis,
  DiagnosisTrial,
  Tried,
  TriedFigure,
} from "./diagnosis.ts";
export type { NamedLayers } from "./format_layers.ts";
