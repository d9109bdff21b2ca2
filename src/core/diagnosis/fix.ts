import { InputError } from "../../ground/words/input_error.ts";
import {
  list,
  nullable,
  number,
  object,
  requireValue,
  type Shape,
  string,
} from "../../ground/words/shape.ts";
import { showWord } from "../../ground/words/show_value.ts";

/** Weight that a fix changes. */
export interface FixWeight {
  /** Path of its layer. */
  layer: string;
  /** Its name, unique within the model. */
  weight: string;
  /**
   * True if its first axis is that of the inputs although PyTorch expects the outputs; absent:
   * false.
   */
  inputsFirst?: boolean;
  /** Line of the user's PyTorch code that calls its layer: `net.py:12`; absent if unknown. */
  source?: string;
}

/** Weight that is drawn again. */
export interface Redrawn extends FixWeight {
  /** New standard deviation. */
  std?: number;
  /** Initialiser that draws it; absent if it is that of the whole fix. */
  initializer?: string;
}

export function initializerIn(fix: { initializer: string }, weight: Redrawn): string {
  return weight.initializer ?? fix.initializer;
}

/** Mean and deviation that values are normalised by. */
export interface FixMoments {
  /** Their mean. */
  mean: number;
  /** Their standard deviation. */
  std: number;
  /**
   * Granularity, if each feature or entry is normalised separately: its name, and the axes over
   * which mean and deviation are computed; absent if all values use the two numbers.
   */
  each?: { what: "feature" | "entry" | "output"; axes: number[] };
}

/**
 * Fix for a cause, as data: it is put into words, written as code, applied to the model and
 * measured again, all from this.
 */
export type Fix = Treatment & {
  /**
   * Framework in whose words it is expressed, if not TensorFlow.js: Keras for a file saved by
   * Keras, PyTorch for a state dict.
   */
  framework?: "keras" | "pytorch";
};

/** Change that a fix makes. */
export type Treatment =
  /** Multiplies weights, each by a separate factor. */
  | { kind: "rescale"; weights: (FixWeight & { factor: number })[]; initializer: string | null }
  /** Draws weights again by an initialiser, each with a separate standard deviation. */
  | { kind: "redraw"; weights: (Redrawn & { std: number })[]; initializer: string }
  /** Sets weights of rank 1 to one number. */
  | { kind: "set-bias"; weights: FixWeight[]; value: number }
  /**
   * Subtracts the mean of an input (its place among the inputs is `index`) over the batch and
   * divides by its standard deviation.
   */
  | ({ kind: "normalize-input"; input: string; index: number } & FixMoments)
  /** The same for the targets of an output. */
  | ({ kind: "normalize-targets"; output: string; index: number } & FixMoments)
  /** Gives the targets of an output its shape. */
  | { kind: "reshape-targets"; output: string; index: number; shape: number[] }
  /** Adds a number to the classes of an output. */
  | { kind: "shift-classes"; output: string; index: number; by: number }
  /** Gives layers another activation, and their kernels the scale that suits it. */
  | {
    kind: "activation";
    layers: string[];
    from: string;
    to: string;
    rescale: (FixWeight & { factor: number })[];
  }
  /** Gives the model another last activation, another loss, or both. */
  | { kind: "head"; layer: string; activation: string | null; loss: string | null }
  /** Trains layers that were frozen. */
  | { kind: "unfreeze"; layers: string[] }
  /** Lowers the rate of dropout layers. */
  | { kind: "dropout"; layers: string[]; rate: number }
  /**
   * Removes one of two activations in a row: that of `layer`, whose output `next` activates again.
   */
  | {
    kind: "remove-activation";
    layer: string;
    activation: string;
    next: string;
    nextActivation: string;
  }
  | { kind: "penalties"; layers: string[]; by: number }
  /** Trains at another rate. */
  | { kind: "learning-rate"; from: number; to: number }
  /** Fix that cannot be applied to a built model: a sentence. */
  | { kind: "rebuild"; what: string };

/**
 * Fix that only changes weights: it can be applied to a model permanently, and written into a file.
 */
export type WeightFix = Extract<Fix, { kind: "rescale" | "redraw" | "set-bias" }>;

/** Returns true if a fix only changes weights. */
export function isWeightFix(fix: Fix): fix is WeightFix {
  requireValue("fix", fix, object({ kind: string }));
  return ["rescale", "redraw", "set-bias"].includes(fix.kind);
}

const weightsOf = (more: Record<string, Shape<unknown>>) =>
  list(object({ layer: string, weight: string, ...more }));

const layers = list(string);
const moments = { index: number, mean: number, std: number };

/** Required fields of each kind of fix. */
const SHAPES: Readonly<Record<Fix["kind"], Shape<unknown>>> = {
  rescale: object({ weights: weightsOf({ factor: number }), initializer: nullable(string) }),
  redraw: object({ weights: weightsOf({ std: number }), initializer: string }),
  "set-bias": object({ weights: weightsOf({}), value: number }),
  "normalize-input": object({ input: string, ...moments }),
  "normalize-targets": object({ output: string, ...moments }),
  "reshape-targets": object({ output: string, index: number, shape: list(number) }),
  "shift-classes": object({ output: string, index: number, by: number }),
  activation: object({ layers, from: string, to: string }),
  head: object({ layer: string, activation: nullable(string), loss: nullable(string) }),
  unfreeze: object({ layers }),
  dropout: object({ layers, rate: number }),
  "remove-activation": object({
    layer: string,
    activation: string,
    next: string,
    nextActivation: string,
  }),
  penalties: object({ layers, by: number }),
  "learning-rate": object({ from: number, to: number }),
  rebuild: object({ what: string }),
};

/** Requires a fix of a known kind, with its fields. */
export function requireFix(place: string, fix: Fix): void {
  requireValue(place, fix, object({ kind: string }));
  if (!Object.hasOwn(SHAPES, fix.kind)) {
    throw new InputError({
      place: `${place}.kind`,
      found: showWord(fix.kind),
      expected: `one of ${Object.keys(SHAPES).join(", ")}`,
    });
  }
  requireValue(place, fix, SHAPES[fix.kind]);
}
