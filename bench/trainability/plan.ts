import type { OptimizerName } from "./optimizers.ts";

/** Kinds of networks in the population. */
export const FAMILIES = [
  "dense",
  "convolutional",
  "residual",
  "recurrent",
  "attention",
  "autoencoder",
] as const;

/** A kind of network. */
export type Family = typeof FAMILIES[number];

/** Task of a network; `tasks.ts` makes the examples. */
export type TaskName =
  | "digits"
  | "moons"
  | "circles"
  | "parity"
  | "friedman"
  | "rows"
  | "adding"
  | "tokens"
  | "pictures";

/** A loss of TensorFlow.js by name, or one of those that take logits. */
export type Loss =
  | "categoricalCrossentropy"
  | "binaryCrossentropy"
  | "meanSquaredError"
  | "softmaxCrossEntropy"
  | "sigmoidCrossEntropy";

/** Head of a network. */
export interface Head {
  activation: string;
  loss: Loss;
  /** A separate softmax layer after the head. */
  softmaxAgain?: boolean;
}

/**
 * Weights that an edit changes: by role, or the one of a role at that share of the way to the head.
 */
export interface WeightTarget {
  role:
    | "kernel"
    | "recurrent"
    | "bias"
    | "embedding"
    | "head"
    | "gamma"
    | "query and key"
    | "custom";
  /**
   * Share of the way to the head at which the weight of the role is (0: the first, below 1). Left
   * out: all.
   */
  at?: number;
}

/** Changes of weights after the initialisers have drawn them. */
export type WeightEdit =
  & WeightTarget
  & (
    | { do: "multiply"; by: number }
    | { do: "fill"; with: number }
    | { do: "normal"; std: number }
    /** Uniform within `factor` / root of the fan-in, as PyTorch draws kernels and biases. */
    | { do: "uniform by fan-in"; factor: number }
    /** Value that an entry gets. */
    | { do: "poison"; with: "NaN" | "Infinity" }
  );

/** Changes of the examples. */
export interface DataEdits {
  inputs?: { scale?: number; offset?: number; constant?: boolean; feature?: number };
  targets?: { scale?: number; offset?: number };
}

/** A network of the population, as plain data: everything that it is built from. */
export interface Plan {
  seed: number;
  family: Family;
  task: TaskName;
  /** Hidden layers, blocks or, of an autoencoder, layers a side. */
  depth: number;
  width: number;
  activation: string;
  initializer: string;
  normalization: "none" | "batch" | "layer";
  /**
   * End of a residual net's branches. Place of the normalisation of attention; without skips there
   * is none, except in a "normalized chain", which has one before each part.
   */
  style: "plain" | "zero-ended" | "scaled" | "pre" | "post" | "no skips" | "normalized chain";
  /** Options of a recurrent net. */
  cell: "simpleRNN" | "lstm" | "gru";
  /**
   * Attention as a custom layer of dense layers, or as the MultiHeadAttention of Keras with two
   * heads.
   */
  attention: "whole" | "parts" | "heads";
  /** Units of the layer half-way, where it is not as wide as the rest; `null` where it is. */
  bottleneck: number | null;
  dropout: number;
  l2: number;
  head: Head;
  frozen: "nothing" | "everything" | "hidden layers" | "head" | "first layer";
  /** Optimizer, if it is part of the draw; otherwise every rate is tried. */
  optimizer: { name: OptimizerName; rate: number } | null;
  edits: WeightEdit[];
  data: DataEdits;
  /** Faults, in words with their strength; empty for a sensible network. */
  faults: string[];
}

/** Kind of task: two classes, ten classes, or numbers. */
export type TaskKind = "classes" | "binary" | "numbers";

/** Kind of each task. */
export const KIND: Record<TaskName, TaskKind> = {
  digits: "classes",
  moons: "binary",
  circles: "binary",
  parity: "binary",
  friedman: "numbers",
  rows: "classes",
  adding: "numbers",
  tokens: "classes",
  pictures: "numbers",
};
