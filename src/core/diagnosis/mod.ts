/**
 * Diagnosis: groups findings by cause and proposes fixes. Pure functions of measurements and
 * findings; nothing is loaded or run.
 *
 * @module
 */
export {
  type Fix,
  type FixMoments,
  type FixWeight,
  isWeightFix,
  type Redrawn,
  type Treatment,
  type WeightFix,
} from "./fix.ts";
export { describeFix, fixCode, type NamedLayers } from "./fix_words.ts";
export { diagnose } from "./diagnose.ts";
export type {
  Cause,
  Consequence,
  Diagnosis,
  DiagnosisRates,
  DiagnosisTrial,
  JudgedWeights,
  TrialCurves,
  Tried,
  TriedFigure,
  Verdict,
} from "./diagnosis.ts";
