import type { KernelLayout } from "../traits/kernel_layout.ts";
import type { LayerKind, LayerOperation } from "../traits/layers.ts";
import type { DeclaredSignals, Moments, WeightMoments } from "../traits/moments.ts";

/** The entries of a tensor on the way up, and how well they are known. */
export interface Signal extends Moments {
  /** Mean of the product of one entry at two examples: as much as the mean square where all are alike. */
  alike: number;
  /** Mean of the product of two entries at neighbouring positions (pixels, steps) of one example. */
  near: number;
  /** How many entries there are, over the batch and all calls. */
  entries: number;
  /** Variance of ln of the mean square over draws of the weights. */
  spread: number;
  /** Mean over pairs of examples of the squared cosine: how much of the spread all examples share. */
  aligned: number;
  /** Whether {@linkcode Signal.alike} and {@linkcode Signal.near} are a guess. */
  vague: boolean;
  /** Variance, over its parts, of their variance relative to the mean one, where parts were put side by side. */
  uneven?: number;
  /** Where the entries are phi(z) of a normal z: its moments, and phi. */
  normal?: { activation: string; mean: number; variance: number; near: number };
}

/** A gradient on the way down. Its sizes are squared l2 norms over all entries. */
export interface Gradient {
  /** The squared l2 norm. */
  square: number;
  /** The part of it that all examples share. */
  alike: number;
  /** The part of it that neighbouring positions of an example share. */
  near: number;
  /** The part of it that goes along with z, unit by unit. */
  along: number;
  /** Variance of ln of the squared norm over draws of the weights. */
  spread: number;
  /** Mean over pairs of examples of the squared cosine. */
  aligned: number;
  /** The activation that it has just come through; else absent. */
  through?: { activation: string; mean: number; variance: number; slopeSquare: number };
  /** E[phi'^2] where the entry that was the largest of a window is sent all of it; else absent. */
  chosen?: number;
}

/** A window that slides over its input: a convolution's or a pool's. */
export interface Window {
  /** Its size along each axis. */
  size: readonly number[];
  /** Its steps along each axis. */
  strides: readonly number[];
  /** What is read beyond the border: zeros on both sides, nothing, or zeros before the first step. */
  padding: "same" | "valid" | "causal";
  /** The distance of its taps along each axis. Default: 1. */
  dilation?: readonly number[];
}

/** A layer as the theory of signals sees it. */
export interface NetworkNode {
  /** Unique name. */
  name: string;
  /** What the layer does to its input. */
  kind: LayerKind;
  /** Which of the operations of its kind it is, or `null`. */
  operation: LayerOperation | null;
  /** Name of the elementwise activation between z and a, or `null`. */
  activation: string | null;
  /** Names of the nodes that it reads, or of the model's inputs, each once. */
  inputs: readonly string[];
  /** How many tensors a call reads; absent where that is the number of its inputs. */
  operands?: number;
  /** How many calls there are. */
  calls: number;
  /** Shape of its output with the batch first, or `null`. */
  shape: readonly number[] | null;
  /** How many entries a has. */
  entries: number;
  /** How many entries z has. */
  inner: number;
  /** Its weights, kernel first. */
  weights: readonly WeightMoments[];
  /** How its one kernel lies in memory. */
  layout?: KernelLayout;
  /** Of a convolution or a pool. */
  window?: Window;
  /** Strides of a transposed convolution, where its window is not known. */
  strides?: readonly number[];
  /** Of a batch normalisation: whose statistics it runs on. */
  statistics?: "moving" | "batch";
  /** Of a normalisation: what it adds to the variance. */
  epsilon?: number;
  /** Of a normalisation by the norm: how many entries it is taken of. */
  normEntries?: number;
  /** Of a rescaling. */
  rescaling?: { scale: number; offset: number };
  /** Of a recurrent layer: how many steps, and the activations of its parts. */
  recurrent?: { steps: number; activation: string; gate: string | null };
  /** What the rule of a registered class says, and the mean square of the input that it was asked with. */
  declared?: DeclaredSignals & { input: number };
  /** What was measured of it. */
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
  /** Whether no kernel comes between the node and an output of the model. */
  isOutput: boolean;
}

/** What a node makes of the signals that it is fed. */
export interface Step {
  /** z, or `null` where the node has none. */
  z: Signal | null;
  /** a. */
  a: Signal;
  /** What it sends back, by the gradient at a: the gradient at z, and those at its inputs. */
  back(gradient: Gradient): { delta: Gradient | null; inputs: readonly Gradient[] | null };
  /** The gradients at its inputs by the gradient at z, where that is measured; absent without z. */
  backFromDelta?(delta: Gradient): readonly Gradient[];
}

/** A rule for a kind of layer: what a node makes of its inputs, or `null` where theory does not know. */
export type LayerRule = (
  node: NetworkNode,
  inputs: readonly Signal[],
  context: Context,
) => Step | null;

/** What holds for the whole network. */
export interface Context {
  /** How many examples the batch has. */
  examples: number;
  /** The shapes of what a node reads, in the order of its inputs. */
  shapesOf(node: NetworkNode): readonly (readonly number[] | null)[];
  /** z as it is to be taken for granted: as predicted, or as measured. */
  settle(node: NetworkNode, z: Signal): Signal;
}

/** How many units or channels a node has. */
export function unitsOf({ shape, weights, layout }: NetworkNode): number {
  const ofKernel = layout === "ordinary" ? weights[0]?.shape.at(-1) : undefined;
  return ofKernel ?? shape?.at(-1) ?? 1;
}

/** A gradient whose parts are all multiplied by a factor. */
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

/** A signal with its moments multiplied by a factor, but for the mean, by its root. */
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

/** The share of a spread that is left over a batch: examples that are not alike average it out. */
export function sharedBy(aligned: number, examples: number): number {
  const shared = Math.min(1, Math.max(0, aligned));
  return shared + (1 - shared) / examples;
}

/** The part of a gradient that the mean over a batch has: of what one example shares, one of so many. */
export function sharedOver({ alike, near }: Gradient, examples: number): number {
  return alike + Math.max(0, near - alike) / examples;
}
