import type { WeightMoments } from "../traits/layers.ts";
import { activate } from "./activation_functions.ts";
import { fans } from "./initializers.ts";
import {
  type Context,
  type Gradient,
  type LayerRule,
  type NetworkNode,
  scaleGradient,
  type Signal,
  type Step,
  unitsOf,
} from "./signal.ts";
import { isBias } from "./weight_kinds.ts";
import { positionsOf, type WindowTerms, windowTerms } from "./pooling_rule.ts";

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
