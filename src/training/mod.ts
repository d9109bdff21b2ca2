/**
 * Rules over the log of a training, from any framework: what goes wrong, since which step, and what to
 * do. They need no engine.
 *
 * @module
 */
export {
  causeOf,
  judgeTraining,
  type JudgeTrainingOptions,
  type TrainingFinding,
} from "./judge_training.ts";
export { readTrainingLog, type ReadTrainingLogOptions, trainingLine } from "./read_training_log.ts";
export { renderTraining } from "./text/render_training.ts";
export type { TrainingSetup } from "./training_log.ts";
export type { TrainingVerdict } from "./training_rule.ts";
export type { LayerSignals, TrainingStep } from "./training_step.ts";
