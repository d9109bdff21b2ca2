import type { ActivationFunction } from "../traits/activations.ts";
import type {
  DeclaredSignals,
  KernelLayout,
  LayerKind,
  LayerOperation,
  Moments,
  WeightMoments,
} from "../traits/layers.ts";

/** Statistics of a tensor in the forward pass, and their uncertainty. */
export interface Signal extends Moments {
  /**
   * Mean product of the same entry in two examples; equals the mean square if all examples are
   * alike.
   */
  alike: number;
  /** Mean product of two entries at neighbouring positions (pixels, steps) of one example. */
  near: number;
  /** Number of entries, over the batch and all calls. */
  entries: number;
  /** Variance of the logarithm of the mean square, over draws of the weights. */
  spread: number;
  /** Mean squared cosine over pairs of examples: the part of the spread that all examples share. */
  aligned: number;
  /** True if {@linkcode Signal.alike} and {@linkcode Signal.near} are guesses. */
  vague: boolean;
  /** Variance of the parts' variances, relative to their mean, if parts were concatenated. */
  uneven?: number;
  /** Moments of z, and phi, if the entries are phi(z) of a normal z. */
  normal?: { activation: string; mean: number; variance: number; near: number };
}

/** Gradient in the backward pass. Sizes are squared l2 norms over all entries. */
export interface Gradient {
  /** Squared l2 norm. */
  square: number;
  /** Part that all examples share. */
  alike: number;
  /** Part that neighbouring positions of an example share. */
  near: number;
  /** Part along z, unit by unit. */
  along: number;
  /** Variance of the logarithm of the squared norm, over draws of the weights. */
  spread: number;
  /** Mean squared cosine over pairs of examples. */
  aligned: number;
  /** Activation that it has just passed through; otherwise absent. */
  through?: { activation: string; mean: number; variance: number; slopeSquare: number };
  /** E[phi'^2] if only the largest entry of each window gets the gradient; otherwise absent. */
  chosen?: number;
}

/** Sliding window of a convolution or a pool. */
export interface Window {
  /** Size along each axis. */
  size: readonly number[];
  /** Stride along each axis. */
  strides: readonly number[];
  /** Padding beyond the border: zeros on both sides, none, or zeros before the first step. */
  padding: "same" | "valid" | "causal";
  /** Distance of the taps along each axis. Default: 1. */
  dilation?: readonly number[];
}

/** Layer in signal propagation theory. */
export interface NetworkNode {
  /** Unique name. */
  name: string;
  kind: LayerKind;
  /** Operation within the kind, or `null`. */
  operation: LayerOperation | null;
  /** Elementwise activation between z and a, by name or as a function, or `null`. */
  activation: string | ActivationFunction | null;
  /** Names of the nodes or model inputs that it reads, each once. */
  inputs: readonly string[];
  /** Number of tensors that a call reads; absent if equal to the number of inputs. */
  operands?: number;
  /** Number of calls. */
  calls: number;
  /** Shape of its output with the batch first, or `null`. */
  shape: readonly number[] | null;
  /** Number of entries of a. */
  entries: number;
  /** Number of entries of z. */
  inner: number;
  /** Weights, kernel first. */
  weights: readonly WeightMoments[];
  /** Memory layout of its only kernel. */
  layout?: KernelLayout;
  /** Window of a convolution or a pool. */
  window?: Window;
  /** Strides of a transposed convolution, if its window is not known. */
  strides?: readonly number[];
  /** Statistics that a batch normalisation uses. */
  statistics?: "moving" | "batch";
  /** Epsilon that a normalisation adds to the variance. */
  epsilon?: number;
  /** Number of entries in the norm, for a normalisation by norm. */
  normEntries?: number;
  rescaling?: { scale: number; offset: number };
  /** Number of steps and activations of a recurrent layer. */
  recurrent?: { steps: number; activation: string; gate: string | null };
  /**
   * Signals declared by a registered class, and the input mean square that they were computed for.
   */
  declared?: DeclaredSignals & { input: number };
  measured: {
    /** a, or `null`. */
    activations: { meanSquare: number; mean: number } | null;
    /** z, or `null`. */
    preActivations: { meanSquare: number; mean: number } | null;
    /** Squared l2 norm and mean of dJ/da, or `null`. */
    activationGradients: { square: number; mean: number } | null;
    /** Squared l2 norm and mean of delta, or `null`. */
    preActivationGradients: { square: number; mean: number } | null;
  };
  /** True if there is no kernel between the node and an output of the model. */
  isOutput: boolean;
}

/** Result of applying a node's rule to its input signals. */
export interface Step {
  /** z, or `null` if the node has none. */
  z: Signal | null;
  /** a. */
  a: Signal;
  /** Returns the gradient at z and those at the inputs, given the gradient at a. */
  back(gradient: Gradient): { delta: Gradient | null; inputs: readonly Gradient[] | null };
  /** Returns the gradients at the inputs, given a measured gradient at z; absent without z. */
  backFromDelta?(delta: Gradient): readonly Gradient[];
}

/**
 * Rule for a kind of layer: computes a node's signals from its inputs, or returns `null` if theory
 * has no answer.
 */
export type LayerRule = (
  node: NetworkNode,
  inputs: readonly Signal[],
  context: Context,
) => Step | null;

/** Properties of the whole network. */
export interface Context {
  /** Number of examples in the batch. */
  examples: number;
  /** Returns the shapes that a node reads, in the order of its inputs. */
  shapesOf(node: NetworkNode): readonly (readonly number[] | null)[];
  /** Returns the z to continue with, as predicted or as measured. */
  settle(node: NetworkNode, z: Signal): Signal;
}

export function unitsOf({ shape, weights, layout }: NetworkNode): number {
  const ofKernel = layout === "ordinary" ? weights[0]?.shape.at(-1) : undefined;
  return ofKernel ?? shape?.at(-1) ?? 1;
}

/** Multiplies all parts of a gradient by a factor. */
export function scaleGradient(gradient: Gradient, factor: number): Gradient {
  const { square, alike, near, spread, aligned } = gradient;
  return {
    square: square * factor,
    alike: alike * factor,
    near: near * factor,
    along: 0,
    spread,
    aligned,
  };
}

/** Multiplies the moments of a signal by a factor, and the mean by its root. */
export function scaleSignal(signal: Signal, factor: number): Signal {
  return {
    ...signal,
    meanSquare: signal.meanSquare * factor,
    alike: signal.alike * factor,
    near: signal.near * factor,
    mean: signal.mean * Math.sqrt(factor),
    normal: undefined,
  };
}

/** Returns the share of a spread that remains over a batch: independent examples average it out. */
export function sharedBy(aligned: number, examples: number): number {
  const shared = Math.min(1, Math.max(0, aligned));
  return shared + (1 - shared) / examples;
}

/**
 * Returns the part of a gradient that survives in the mean over a batch; the part shared within an
 * example shrinks by the number of examples.
 */
export function sharedOver({ alike, near }: Gradient, examples: number): number {
  return alike + Math.max(0, near - alike) / examples;
}

export interface NetworkInput {
  /** Shape, examples first. */
  shape: readonly number[];
  /** Mean of the squared entries. */
  meanSquare: number;
  /** Mean of the entries. */
  mean: number;
  /** True if the entries are independent random numbers; in data, neighbours are alike. */
  random: boolean;
}

/** Returns the signal of a network input. */
export function ofInput({ shape, meanSquare, mean, random }: NetworkInput): Signal {
  const entries = shape.reduce((product, size) => product * size, 1);
  const common = mean ** 2;
  const features = Math.max(1, entries / Math.max(1, shape[0]));
  return {
    meanSquare,
    mean,
    alike: common,
    near: random ? common : (common + meanSquare) / 2,
    entries,
    spread: 0,
    aligned: Math.max(1 / features, meanSquare > 0 ? (common / meanSquare) ** 2 : 0),
    vague: !random,
  };
}

/** Returns the measured signal, used if no rule can predict it. */
export function ofMeasured(node: NetworkNode): Signal | null {
  const { activations } = node.measured;
  if (activations === null) return null;
  const { meanSquare, mean } = activations;
  return {
    meanSquare,
    mean,
    alike: mean ** 2,
    near: (mean ** 2 + meanSquare) / 2,
    entries: node.entries,
    spread: 0,
    aligned: 1,
    vague: true,
  };
}

/** Scales a predicted z to the measured size. */
export function asMeasured({ measured: { preActivations } }: NetworkNode, z: Signal): Signal {
  if (preActivations === null || !(z.meanSquare > 0)) return z;
  const factor = preActivations.meanSquare / z.meanSquare;
  return {
    ...z,
    meanSquare: preActivations.meanSquare,
    mean: preActivations.mean,
    alike: z.alike * factor,
    near: z.near * factor,
    spread: 0,
  };
}

/** Returns the measured gradient, or `null` if there is none. */
export function measuredGradient(
  node: NetworkNode,
  figure: "activationGradients" | "preActivationGradients",
): Gradient | null {
  const measured = node.measured[figure];
  if (measured === null) return null;
  const { square, mean } = measured;
  const entries = figure === "activationGradients" ? node.entries : node.inner;
  const alike = Math.min(square, mean ** 2 * entries);
  const share = square > 0 ? alike / square : 0;
  return {
    square,
    alike,
    near: alike,
    along: 0,
    spread: 0,
    aligned: Math.max(share ** 2, 1 / unitsOf(node)),
  };
}
