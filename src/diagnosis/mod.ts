/**
 * Diagnosis: groups findings by cause and proposes fixes. Pure functions of measurements and
 * findings; nothing is loaded or run.
 *
 * @module
 */
export {
  type Cure,
  type CuredMoments,
  type CuredWeight,
  isWeightCure,
  type Redrawn,
  type Treatment,
  type WeightCure,
} from "./fix.ts";
export { cureCode, describeCure, type NamedLayers } from "./fix_words.ts";
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
