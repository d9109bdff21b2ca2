import type { WeightMoments } from "../traits/layers.ts";
import { activate, keep } from "./activation_moments.ts";
import { fans } from "./initializers.ts";
import {
  type Context,
  type Gradient,
  type LayerRule,
  type NetworkNode,
  scaleGradient,
  scaleSignal,
  type Signal,
  type Step,
  unitsOf,
  type Window,
} from "./signal.ts";
import { isBias } from "./weight_kinds.ts";
import { activationTraits } from "../traits/activation_traits.ts";
import { type ActivationFunction, density, distribution } from "../traits/activations.ts";
import { roughNodes } from "./gaussian_mean.ts";

/**
 * Rule for dense, convolutional (all layouts) and separable layers: z = W a + b, then the
 * activation.
 */
export const kernelRule: LayerRule = (node, inputs, context) => {
  const [input] = inputs;
  const factors = factorsOf(node, context);
  if (inputs.length !== 1 || factors === null || node.activation === null) return null;
  return mix(node, input, factors, context);
};

/** Factors by which a layer with a kernel changes the mean square and the mean. */
interface Factors {
  /** Terms in the sum of an output, times the mean square of the kernel. */
  square: number;
  /** The same for two positions at once; near the border they share fewer terms. */
  alike: number;
  /** Terms in the sum of an output, times the mean of the kernel. */
  mean: number;
  /** True if each channel has only a few weights, which makes channels unlike. */
  isApart: boolean;
}

/** Spread caused by such channels, times their number. */
const APART_SPREAD = 4;

/** Computes z and a of a layer with the given factors. */
function mix(node: NetworkNode, input: Signal, factors: Factors, context: Context): Step | null {
  const bias = node.weights.find(isBias);
  const offset = factors.mean * input.mean;
  const shift = bias?.mean ?? 0;
  // Shared by all units: the mean of the kernel times the mean of the input, plus the biases.
  const fixed = offset ** 2 + 2 * offset * shift + (bias?.meanSquare ?? 0);
  const through = (moment: number, factor = factors.square) => factor * moment + fixed;
  const meanSquare = through(input.meanSquare);
  const z = context.settle(node, {
    meanSquare,
    mean: offset + shift,
    alike: through(input.alike, factors.alike),
    near: through(input.near),
    entries: node.inner,
    spread: meanSquare > 0
      ? input.spread * (factors.square * input.meanSquare / meanSquare) ** 2
      : input.spread,
    aligned: input.aligned,
    vague: input.vague,
  });
  const units = unitsOf(node);
  const activated = activate(node.activation!, z, units, context.examples);
  if (activated === null) return null;
  const own = factors.isApart ? APART_SPREAD / units : 0;
  const backFromDelta = (delta: Gradient) => [{
    ...scaleGradient(delta, factors.square),
    spread: delta.spread + own,
  }];
  return {
    z,
    a: { ...activated.a, entries: node.entries, spread: activated.a.spread + own },
    back(gradient) {
      const delta = activated.back(gradient);
      return { delta, inputs: backFromDelta(delta) };
    },
    backFromDelta,
  };
}

function factorsOf(node: NetworkNode, context: Context): Factors | null {
  const [first, second] = node.weights;
  if (first === undefined || first.shape.length < 2) return null;
  if (node.operation === "separable") {
    if (second === undefined || second.shape.length < 2) return null;
    const depth = one(node, first, "depthwise", context);
    const point = fans(second.shape).fanIn;
    return {
      square: depth.square * point * second.meanSquare,
      alike: depth.alike * point * second.meanSquare,
      mean: depth.mean * point * second.mean,
      isApart: true,
    };
  }
  if (node.layout === undefined) return null;
  return one(node, first, node.layout, context);
}

/**
 * Returns the factors of one kernel, which depend on its window and, if transposed, on how few
 * terms meet.
 */
function one(
  node: NetworkNode,
  kernel: WeightMoments,
  layout: NonNullable<NetworkNode["layout"]>,
  context: Context,
): Factors {
  const { terms, common } = termsOf(node, kernel, layout, context);
  return {
    square: terms * kernel.meanSquare,
    alike: common * kernel.meanSquare,
    mean: terms * kernel.mean,
    isApart: layout === "depthwise",
  };
}

function termsOf(
  { window, strides = [], ...node }: NetworkNode,
  { shape }: WeightMoments,
  layout: NonNullable<NetworkNode["layout"]>,
  context: Context,
): WindowTerms {
  const product = (numbers: readonly number[]) => numbers.reduce((all, one) => all * one, 1);
  const both = (terms: number) => ({ terms, common: terms });
  const { fanIn } = fans(shape, layout);
  const [input] = context.shapesOf(node);
  if (window === undefined) return both(fanIn / product(strides));
  const channels = fanIn / product(shape.slice(0, -2));
  if (layout !== "transposed") {
    if (input === null) return both(fanIn);
    const { terms, common } = windowTerms(window, positionsOf(input));
    return { terms: channels * terms, common: channels * common };
  }
  if (node.shape === null || input === null) return both(fanIn / product(window.strides));
  // The mirrored convolution, from the output to the input, has as many pairs over more entries.
  const from = positionsOf(input);
  const to = positionsOf(node.shape);
  return both(channels * windowTerms(window, to).terms * product(from) / product(to));
}

/** Added to the spread if the correlation of neighbours is unknown: a factor of 1.35 in the rms. */
const VAGUE = 0.36;

/**
 * Rule for the average and maximum of a window. All pairs of its entries count as equally
 * correlated, like neighbours: `near`. The maximum of k normal entries is that of k independent
 * ones plus the shared part.
 */
export const poolingRule: LayerRule = (node, inputs, context) => {
  const [input] = inputs;
  if (inputs.length !== 1) return null;
  const [shape] = context.shapesOf(node);
  const taps = tapsOf(node, input, shape);
  if (taps === null) return null;
  if (node.operation === "globalSum") return sum(average(node, input, taps), taps);
  const isMax = node.operation === "largest" || node.operation === "globalLargest";
  return isMax ? largest(node, input, taps) : average(node, input, taps);
};

function average(node: NetworkNode, input: Signal, taps: number) {
  const { meanSquare, near, spread, vague } = input;
  const square = near + (meanSquare - near) / taps;
  const a: Signal = {
    ...input,
    meanSquare: square,
    near: Math.min(near, square),
    alike: Math.min(input.alike, square),
    aligned: square > 0 ? Math.max(input.aligned, (input.alike / square) ** 2) : 0,
    entries: node.entries,
    spread: spread + (vague ? VAGUE : 0),
    normal: undefined,
  };
  // Every entry of a window gets the same gradient.
  const back = (gradient: Gradient) => {
    const sent = scaleGradient(gradient, 1 / taps);
    return { delta: null, inputs: [{ ...sent, near: sent.square }] };
  };
  return { z: null, a, back };
}

function largest(node: NetworkNode, input: Signal, taps: number) {
  const variance = Math.max(0, input.meanSquare - input.mean ** 2);
  const ratioOf = (product: number) =>
    variance > 0 ? Math.min(1, Math.max(0, (product - input.mean ** 2) / variance)) : 1;
  const normal = input.normal ??
    { activation: "linear", mean: input.mean, variance, near: ratioOf(input.near) };
  const { curve } = activationTraits(normal.activation)!;
  const { mean, slopeSquare: chosen, ...square } = largestMoments(curve!, normal, taps);
  const meanSquare = Math.max(mean ** 2, square.meanSquare);
  const own = meanSquare - mean ** 2;
  const alike = mean ** 2 + ratioOf(input.alike) * own;
  const a: Signal = {
    meanSquare,
    mean,
    alike,
    near: mean ** 2 + ratioOf(input.near) * own,
    entries: node.entries,
    spread: input.spread + (input.vague ? VAGUE : 0),
    aligned: meanSquare > 0 ? Math.max(input.aligned, (alike / meanSquare) ** 2) : 0,
    vague: input.vague,
  };
  const back = ({ square, alike, spread, aligned }: Gradient) => ({
    delta: null,
    // The gradient goes to one entry of the window, rarely to the same one for two examples.
    inputs: [{ square, alike: alike / taps, near: 0, along: 0, spread, aligned, chosen }],
  });
  return { z: null, a, back };
}

/** A sum is the mean times the number of terms. */
function sum({ a, back }: ReturnType<typeof average>, taps: number) {
  return {
    z: null,
    a: scaleSignal(a, taps ** 2),
    back(gradient: Gradient) {
      const { delta, inputs } = back(gradient);
      return { delta, inputs: inputs.map((one) => scaleGradient(one, taps ** 2)) };
    },
  };
}

function tapsOf(
  { operation, window, entries }: NetworkNode,
  input: Signal,
  shape: readonly number[] | null,
): number | null {
  if (operation?.startsWith("global")) return input.entries / entries;
  if (shape === null || operation === null || window === undefined) return null;
  return windowTerms(window, positionsOf(shape)).terms;
}

/** Overlap of a window with its input. */
interface WindowTerms {
  /** Mean number of taps inside the input, without the padding. */
  terms: number;
  /** Mean number of taps inside the input at two positions at once, over all pairs of positions. */
  common: number;
}

/**
 * Measures the overlap of a window with its input.
 *
 * @param sizes Size of its input along each axis; for a transposed convolution, of its output.
 */
export function windowTerms(window: Window, sizes: readonly number[]): WindowTerms {
  const axes = window.size.map((_, axis) => axisTerms(window, axis, sizes[axis]));
  const product = (key: keyof WindowTerms) => axes.reduce((all, one) => all * one[key], 1);
  return { terms: product("terms"), common: product("common") };
}

/** Windows with more taps along an axis are treated as if they had no border. */
const MOST_TAPS = 4096;

function axisTerms(
  { size, strides, padding, dilation = [] }: Window,
  axis: number,
  n: number,
): WindowTerms {
  const taps = size[axis];
  const stride = strides[axis] ?? 1;
  const distance = dilation[axis] ?? 1;
  const reach = (taps - 1) * distance + 1;
  const steps = Math.ceil(n / stride);
  if (padding === "valid" || !(steps > 0) || taps > MOST_TAPS) return { terms: taps, common: taps };
  const before = padding === "causal"
    ? reach - 1
    : Math.floor(Math.max((steps - 1) * stride + reach - n, 0) / 2);
  const shares = Array.from({ length: taps }, (_, tap) => {
    // Steps at which this tap is inside the input.
    const shift = before - tap * distance;
    const first = Math.max(0, Math.ceil(shift / stride));
    const last = Math.min(steps - 1, Math.floor((n - 1 + shift) / stride));
    return Math.max(0, last - first + 1) / steps;
  });
  return {
    terms: shares.reduce((sum, share) => sum + share, 0),
    common: shares.reduce((sum, share) => sum + share ** 2, 0),
  };
}

/** Returns the sizes of the axes that a window slides over: all except batch and channels. */
function positionsOf(shape: readonly number[]): readonly number[] {
  return shape.slice(1, -1);
}

/** Moments of an activation at the largest z of a window. */
interface LargestMoments {
  /** E[phi]. */
  mean: number;
  /** E[phi^2]. */
  meanSquare: number;
  /** E[phi'^2]. */
  slopeSquare: number;
}

/**
 * Returns the moments of an activation at the largest z of a window. The z are normal with one
 * correlation for all pairs: each is the sum of a shared and an independent part.
 *
 * @param z Mean and variance of each z, and `near`, their correlation.
 * @param taps Number of z. The mean may be fractional if windows overlap the border.
 */
function largestMoments(
  { value, derivative }: ActivationFunction,
  { mean, variance, near }: { mean: number; variance: number; near: number },
  taps: number,
): LargestMoments {
  const deviation = Math.sqrt(variance);
  const shared = Math.sqrt(near);
  const own = Math.sqrt(1 - near);
  const inner = nodesOfLargest(taps);
  const moments = { mean: 0, meanSquare: 0, slopeSquare: 0 };
  for (const outer of shared === 0 ? [{ t: 0, weight: 1 }] : roughNodes()) {
    for (const { u, weight } of inner) {
      const z = mean + deviation * (shared * outer.t + own * u);
      const share = outer.weight * weight;
      const phi = value(z);
      moments.mean += share * phi;
      moments.meanSquare += share * phi ** 2;
      moments.slopeSquare += share * derivative(z) ** 2;
    }
  }
  return moments;
}

/** Values and probabilities of the largest of several independent standard normals. */
type Nodes = readonly { u: number; weight: number }[];

const known = new Map<number, Nodes>();

function nodesOfLargest(taps: number): Nodes {
  return keep(known, taps, () => {
    const nodes: { u: number; weight: number }[] = [];
    for (let u = -6; u <= 6; u += 1 / 8) {
      const weight = taps * distribution(u) ** (taps - 1) * density(u);
      if (weight > 1e-11) nodes.push({ u, weight });
    }
    const total = nodes.reduce((sum, { weight }) => sum + weight, 0);
    return nodes.map(({ u, weight }) => ({ u, weight: weight / total }));
  });
}
