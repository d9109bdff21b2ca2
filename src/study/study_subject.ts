import type { LayersModel, TensorFlow } from "../engine/tensorflow.ts";
import type { StudyVariant } from "./grid_point.ts";

/** What a model of a study is created from. `null`: the grid does not say, so use your own. */
export interface StudyContext extends StudyVariant {
  /** The engine's TensorFlow.js. */
  tf: TensorFlow;
  /**
   * Seed of the weights: draw them from it, so that the draw can be repeated. Draws without a seed
   * follow it as well.
   */
  seed: number;
}

/**
 * Creates a model of a study. The function receives what the grid varies (activation, initialiser, depth,
 * width) and should use it; the study scales the kernels and disposes the model.
 */
export type CreateStudyModel = (context: StudyContext) => LayersModel | Promise<LayersModel>;

/** A network that is studied by its name. */
export interface NamedNetwork {
  /**
   * `dense`: layers of one activation, 10 of width 64 unless the grid says otherwise, whose kernels have
   * the standard deviation 1 / sqrt(fan-in) at scale 1. `exercise`: the exercise's network, whose
   * kernels have the standard deviation 200.
   */
  network: "dense" | "exercise";
}

/** A model that is studied from its file. */
export interface ModelFile {
  /** Path of a model.json or of a module, as `loadModel` takes it. */
  model: string;
  /** Modules that register custom layers. Default: none. */
  register?: readonly string[];
  /** A file of weights that the model gets, as `loadWeights` takes it. Default: its own. */
  weights?: string;
}

/** What is studied. Several workers can only study a subject that is given as data. */
export type StudySubject = CreateStudyModel | NamedNetwork | ModelFile;
