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

/** What a network is to learn; `tasks.ts` makes the examples. */
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

/** What a network ends in. */
export interface Head {
  activation: string;
  loss: Loss;
  /** A softmax layer of its own behind the head. */
  softmaxAgain?: boolean;
}

/** Which weights an edit changes: by role, or of a role the one at that share of the way to the head. */
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
  /** Of all of the role, the one at this share of the way (0: the first, below 1). Left out: all. */
  at?: number;
}

/** What is done to weights after the initialisers have drawn them. */
export type WeightEdit =
  & WeightTarget
  & (
    | { do: "multiply"; by: number }
    | { do: "fill"; with: number }
    | { do: "normal"; std: number }
    /** Uniform within `factor` / root of the fan-in, as PyTorch draws kernels and biases. */
    | { do: "uniform by fan-in"; factor: number }
    /** One entry becomes this. */
    | { do: "poison"; with: "NaN" | "Infinity" }
  );

/** What is done to the examples. */
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
   * Of a residual net: what its branches end in. Of attention: where its normalisation is; without skips there is
   * none, but in a "normalized chain", which has one before each part.
   */
  style: "plain" | "zero-ended" | "scaled" | "pre" | "post" | "no skips" | "normalized chain";
  /** Of a recurrent net. */
  cell: "simpleRNN" | "lstm" | "gru";
  /** Attention in a layer of its own, made of dense layers, or as the MultiHeadAttention of Keras with two heads. */
  attention: "whole" | "parts" | "heads";
  /** Units of the layer half-way, where it is not as wide as the rest; `null` where it is. */
  bottleneck: number | null;
  dropout: number;
  l2: number;
  head: Head;
  frozen: "nothing" | "everything" | "hidden layers" | "head" | "first layer";
  /** What it is compiled with, where that is part of the draw; else every rate is tried. */
  optimizer: { name: OptimizerName; rate: number } | null;
  edits: WeightEdit[];
  data: DataEdits;
  /** What is wrong with it, in words with the strength; empty for a sensible network. */
  faults: string[];
}

/** Whether two classes or ten are told apart, or numbers are hit. */
export type TaskKind = "classes" | "binary" | "numbers";

/** What kind each task is of. */
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
