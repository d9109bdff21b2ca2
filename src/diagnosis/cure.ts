import { objectWith, requireValue, text } from "../words/requirements.ts";

/** A weight that a cure changes. */
export interface CuredWeight {
  /** Path of its layer. */
  layer: string;
  /** Its name, unique within the model. */
  weight: string;
  /** Whether its first axis is that of the inputs where PyTorch expects the outputs; absent: no. */
  inputsFirst?: boolean;
}

/** A weight that is drawn again. */
export interface Redrawn extends CuredWeight {
  /** Standard deviation that it gets. */
  std?: number;
  /** Initialiser that draws it; absent if that of the whole cure does. */
  initializer?: string;
}

/** Returns the initialiser that draws a weight. */
export function initializerIn(cure: { initializer: string }, weight: Redrawn): string {
  return weight.initializer ?? cure.initializer;
}

/** What values are normalised by. */
export interface CuredMoments {
  /** Their mean. */
  mean: number;
  /** Their standard deviation. */
  std: number;
  /**
   * Where each of them is normalised by itself: what they are called, and the axes over which mean and
   * deviation are taken anew; absent where all are by the two numbers.
   */
  each?: { what: "feature" | "entry" | "output"; axes: number[] };
}

/**
 * What to do about a cause, as data: it is said in words, written as code, applied to the model at hand and
 * measured again, all from this.
 */
export type Cure = Treatment & {
  /**
   * Framework in whose words it is said, if not TensorFlow.js: Keras for a file that Keras has saved, PyTorch for a
   * state dict.
   */
  framework?: "keras" | "pytorch";
};

/** What is done. */
export type Treatment =
  /** Multiplies weights, each by its own factor. */
  | { kind: "rescale"; weights: (CuredWeight & { factor: number })[]; initializer: string | null }
  /** Draws weights again by an initialiser, each with its own standard deviation. */
  | { kind: "redraw"; weights: (Redrawn & { std: number })[]; initializer: string }
  /** Sets weights of rank 1 to one number. */
  | { kind: "set-bias"; weights: CuredWeight[]; value: number }
  /** Subtracts the mean of an input (its place among the inputs is `index`) over the batch and divides by its standard deviation. */
  | ({ kind: "normalize-input"; input: string; index: number } & CuredMoments)
  /** The same for the targets of an output. */
  | ({ kind: "normalize-targets"; output: string; index: number } & CuredMoments)
  /** Adds a number to the classes of an output. */
  | { kind: "shift-classes"; output: string; index: number; by: number }
  /** Gives layers another activation, and their kernels the scale that it asks for. */
  | {
    kind: "activation";
    layers: string[];
    from: string;
    to: string;
    rescale: (CuredWeight & { factor: number })[];
  }
  /** Ends the model in another activation, under another loss, or both. */
  | { kind: "head"; layer: string; activation: string | null; loss: string | null }
  /** Trains layers that were frozen. */
  | { kind: "unfreeze"; layers: string[] }
  /** Lets layers of dropout drop less. */
  | { kind: "dropout"; layers: string[]; rate: number }
  /** Takes one of two activations in a row away: that of `layer`, which `next` applies its own one to. */
  | {
    kind: "remove-activation";
    layer: string;
    activation: string;
    next: string;
    nextActivation: string;
  }
  /** Divides the penalties of layers by a number. */
  | { kind: "penalties"; layers: string[]; by: number }
  /** Trains at another rate. */
  | { kind: "learning-rate"; from: number; to: number }
  /** What cannot be applied to a model that is built: a sentence. */
  | { kind: "rebuild"; what: string };

/** A cure that lies in the weights alone: it can be applied to a model for good, and written into a file. */
export type WeightCure = Extract<Cure, { kind: "rescale" | "redraw" | "set-bias" }>;

/** Whether a cure lies in the weights alone. */
export function isWeightCure(cure: Cure): cure is WeightCure {
  requireValue("cure", cure, objectWith({ kind: text }));
  return ["rescale", "redraw", "set-bias"].includes(cure.kind);
}
