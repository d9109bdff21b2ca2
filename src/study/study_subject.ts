import type { LayersModel, TensorFlow } from "../engine/tensorflow.ts";
import type { StudyVariant } from "./grid_point.ts";

/**
 * Context in which a model of a study is created. `null` if the grid does not set a value: use your
 * own.
 */
export interface StudyContext extends StudyVariant {
  /** TensorFlow.js of the engine. */
  tf: TensorFlow;
  /**
   * Seed of the weights: draw them from it, so that the draw can be repeated. Draws without a seed
   * depend on it as well.
   */
  seed: number;
}

/**
 * Creates a model of a study. The function receives the values that the grid varies (activation,
 * initialiser, depth, width) and should use them; the study scales the kernels and disposes the
 * model.
 */
export type CreateStudyModel = (context: StudyContext) => LayersModel | Promise<LayersModel>;

/** Network that a study knows by name. */
export interface NamedNetwork {
  /**
   * `dense`: layers of one activation, 10 of width 64 unless the grid says otherwise, whose kernels
   * have the standard deviation 1 / sqrt(fan-in) at scale 1. `exercise`: the exercise network,
   * whose kernels have the standard deviation 200.
   */
  network: "dense" | "exercise";
}

/** Model that is loaded from a file. */
export interface ModelFile {
  /** Path of a model.json or of a module, as for `loadModel`. */
  model: string;
  /** Modules that register custom layers. Default: none. */
  register?: readonly string[];
  /** Path of a file with its weights, as for `loadWeights`. Default: its own. */
  weights?: string;
}

/** Subject of a study. Several workers need a subject that is given as data. */
export type StudySubject = CreateStudyModel | NamedNetwork | ModelFile;
