/**
 * Weights of any size: measured and compared in parts, by workers, without a model.
 *
 * @module
 */
export type { TensorChange, WeightsComparison } from "../core/compare/weights_comparison.ts";
export { compareCheckpoints } from "./compare_checkpoints.ts";
export {
  measureCheckpoint,
  type MeasureCheckpointOptions,
  measureWeights,
} from "./measure_checkpoint.ts";
export type { SweepProgress } from "./sweep_in_parallel.ts";
