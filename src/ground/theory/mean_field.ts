import { type ActivationFunction, errorFunction } from "../traits/activations.ts";
import { InputError } from "../words/input_error.ts";
import {
  anyObject,
  list,
  numberAbove,
  numberFrom,
  object,
  optional,
  positive,
  requireValue,
  unknown,
} from "../words/shape.ts";
import { showValue } from "../words/show_value.ts";
import { activationMoments, resolveActivation } from "./activation_moments.ts";
import { gaussianMean } from "./gaussian_mean.ts";
import { type Prediction, propagate } from "./propagate.ts";
import type { NetworkNode } from "./signal.ts";

/** Dense or convolutional layer in mean-field theory. */
export interface MeanFieldLayer {
  /** Name of the activation, or the function itself. */
  activation: string | ActivationFunction;
  /** sigma_w^2: the variance of the kernel times its fan-in. */
  weightVariance: number;
  /** sigma_b^2: the variance of the biases. Default: 0. */
  biasVariance?: number;
}

/** Statistics that theory predicts for a wide random layer. */
export interface MeanFieldState {
  /** q: the variance of z. */
  preActivationVariance: number;
  /** Mean of a^2. */
  activationMeanSquare: number;
  /** Standard deviation of a, over units and examples. */
  activationStd: number;
  /**
   * chi: the squared l2 norm of this layer's delta divided by that of the layer above; for the last
   * layer, computed with its own weight variance. Gradients vanish below 1 and explode above 1.
   */
  chi: number;
}

/**
 * Runs the mean-field recursion (Poole et al. 2016, Schoenholz et al. 2017): q = sigma_w^2 E[a^2] +
 * sigma_b^2 going up, with a of the layer below, and chi = sigma_w^2 E[phi'(z)^2], with sigma_w of
 * the layer above, going down. Exact in the limit of wide layers. It also holds for convolutions,
 * with the fan-in k k c, except at their borders (Xiao et al. 2018). Measured at width 512 on 64
 * examples, the delta ratios of relu, tanh and selu networks are within 1 % of chi on average over
 * 40 seeds; single draws spread by 2 to 7 % (`bench/delta_ratios.ts`).
 *
 * @param layers The layers, from the input up.
 * @param inputMeanSquare Mean of the squared input. Default: 1, normalised inputs.
 * @returns State of each layer.
 *
 * @example Gradients through tanh layers of variance 1 / fan-in
 * ```ts
 * import { meanField } from "@gradient-health/gradient-health/theory";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const [first, second] = meanField([
 *   { activation: "tanh", weightVariance: 1 },
 *   { activation: "tanh", weightVariance: 1 },
 * ]);
 * assertAlmostEquals(first.chi, 0.4644, 1e-4);
 * assertAlmostEquals(second.chi, 0.6365, 1e-4);
 * ```
 *
 * @throws {InputError} If the layers are not an array, or if an activation is not known or a
 * variance is negative or not a number.
 */
export function meanField(
  layers: readonly MeanFieldLayer[],
  inputMeanSquare = 1,
): MeanFieldState[] {
  requireLayers(layers, inputMeanSquare);
  const predictions = predict(layers.map((layer) => ({ ...layer, width: 1 })), inputMeanSquare);
  return predictions.map(({ preActivations, activations: { meanSquare, mean }, deltas }) => ({
    preActivationVariance: preActivations!,
    activationMeanSquare: meanSquare,
    activationStd: Math.sqrt(Math.max(0, meanSquare - mean * mean)),
    chi: deltas ?? NaN,
  }));
}

/** Propagates signals through layers of which each gets a delta of norm 1 from the one above. */
function predict(layers: readonly FiniteLayer[], inputMeanSquare: number): Prediction[] {
  const last = layers.length - 1;
  const nodes = layers.map((layer, index): NetworkNode => {
    const { activation, weightVariance, biasVariance = 0, width } = layer;
    return {
      name: `${index}`,
      kind: "dense",
      operation: null,
      // A function, since moments of a name are rounded.
      activation: resolveActivation(activation),
      inputs: [index === 0 ? "input" : `${index - 1}`],
      calls: 1,
      shape: [1, width],
      entries: width,
      inner: width,
      weights: [
        { name: "kernel", shape: [1, width], meanSquare: weightVariance, mean: 0 },
        { name: "bias", shape: [width], meanSquare: biasVariance, mean: 0 },
      ],
      layout: "ordinary",
      measured: {
        activations: null,
        preActivations: null,
        activationGradients: index === last ? { square: weightVariance, mean: 0 } : null,
        preActivationGradients: { square: 1, mean: 0 },
      },
      isOutput: index === last,
    };
  });
  const input = { shape: [1, 1], meanSquare: inputMeanSquare, mean: 0, random: true };
  const inputs = new Map([["input", input]]);
  const predictions = propagate(nodes, { examples: 1, inputs, anchored: true });
  return nodes.map(({ name }) => predictions.get(name) ?? OVERFLOW);
}

/** Prediction from the layer on at which the signal exceeds float64. */
const OVERFLOW: Prediction = {
  preActivations: NaN,
  activations: { meanSquare: NaN, mean: NaN },
  deltas: NaN,
  doubt: { activations: NaN, deltas: NaN },
};

const variance = numberFrom(0);

const layersShape = list(
  object({ activation: unknown, weightVariance: variance, biasVariance: optional(variance) }),
);

function requireLayers(layers: readonly MeanFieldLayer[], inputMeanSquare: number): void {
  requireValue("layers", layers, layersShape);
  requireValue("inputMeanSquare", inputMeanSquare, variance);
}

/** Layer of finite width in mean-field theory. */
export interface FiniteLayer extends MeanFieldLayer {
  /** Number of units or channels. */
  width: number;
}

/**
 * Returns the deviation of the activations of a network of finite width from the mean field: the
 * standard deviation, over draws of the weights, of the logarithm of the rms of a on a single
 * example.
 *
 * The mean square of n units varies by (E[a^4] / E[a^2]^2 - 1) / n relative to itself, which is 5 /
 * n for relu (Hanin & Nica 2018) and at most 2 / n for odd bounded activations. A layer passes on
 * the deviation of its input, multiplied by d ln E[a^2] / d ln q: by 1 for relu, whose scale drifts
 * freely, and by less for tanh, which pulls it back. Over a batch it is not larger: measured over
 * 200 draws at depth 30, 32 examples, 0.38 for tanh of 20 units (0.49 here), 0.64 for relu of 64
 * (0.77).
 *
 * @param layers The layers, from the input up.
 * @param inputMeanSquare Mean of the squared input. Default: 1, normalised inputs.
 * @returns Standard deviation for each layer.
 *
 * @example Relu drifts with the root of depth over width
 * ```ts
 * import { activationSpread } from "@gradient-health/gradient-health/theory";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const layer = { activation: "relu", weightVariance: 2, width: 64 };
 * const spread = activationSpread(Array(20).fill(layer));
 * assertAlmostEquals(spread[19], Math.sqrt(20 * 5 / 64) / 2, 1e-5);
 * ```
 *
 * @throws {InputError} If the layers are not an array, or if an activation is not known, a variance
 * is negative or not a number, or a width is not positive.
 */
export function activationSpread(layers: readonly FiniteLayer[], inputMeanSquare = 1): number[] {
  requireLayers(layers, inputMeanSquare);
  for (const [index, { width }] of layers.entries()) {
    if (typeof width !== "number" || !(width > 0)) {
      throw new InputError(
        { place: `layers[${index}].width`, found: showValue(width), expected: "a number above 0" },
      );
    }
  }
  return predict(layers, inputMeanSquare).map(({ doubt }) => doubt.activations);
}

/** Variation of a network's signals between draws, given its widths. */
export interface WidthSpread {
  /** Hanin's sum of 1 / n over the layers. */
  inverseWidths: number;
  /** Variance of the logarithm of the squared norm of a and of delta, over draws of the weights. */
  variance: number;
  /** Factor that the squared norm loses at two standard deviations below its median. */
  loss: number;
}

/**
 * Returns the variation of the signals of a deep narrow network between draws (Hanin & Nica 2018;
 * Hanin 2018): the logarithm of a squared norm has a variance of (E[phi^4] / E[phi^2]^2 - 1) times
 * the sum of 1 / n, i.e. 5 sums for relu and 2 for linear layers and tanh near 0, and its median is
 * below its mean by half of that. If `loss` exceeds 1000, training is a lottery: at 20 layers of 20
 * units one draw in 40 loses a factor of 1000. Wider layers help, the narrowest first: the terms
 * add up.
 *
 * @param widths Number of units of each layer.
 * @param activation Name of the activation. Default: `relu`.
 * @returns The spread.
 *
 * @example A shape that is a lottery, and one that is not
 * ```ts
 * import { widthSpread } from "@gradient-health/gradient-health/theory";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const narrow = widthSpread(Array(20).fill(20));
 * assertAlmostEquals(narrow.variance, 5, 1e-9);
 * assertAlmostEquals(narrow.loss, 1067, 1);
 * assertAlmostEquals(widthSpread(Array(20).fill(256)).loss, 4.24, 0.01);
 * ```
 *
 * @throws {InputError} If a width is not positive, or the activation is not known.
 */
export function widthSpread(widths: readonly number[], activation = "relu"): WidthSpread {
  requireValue("widths", widths, list(numberAbove(0)));
  resolveActivation(activation);
  const inverseWidths = widths.reduce((sum, width) => sum + 1 / width, 0);
  // At a small variance bounded activations are linear, as they become in deep critical networks.
  const { kurtosis } = activationMoments(activation, 0, SMALL)!;
  const variance = (kurtosis - 1) * inverseWidths;
  return { inverseWidths, variance, loss: Math.exp(variance / 2 + 2 * Math.sqrt(variance)) };
}

/** Variance of z at which an activation is evaluated. */
const SMALL = 1e-4;

/**
 * Returns the share of units in each layer that are off on every example of a batch, in a wide relu
 * network with He's initialisation. Examples become more alike with depth, so more units are off on
 * all of them or on none. In the limit half of the units are off, which is healthy.
 *
 * The correlation c of z between two examples grows with depth as (sqrt(1 - c^2) + c (pi - arccos
 * c)) / pi (Cho & Saul 2009), and a unit is off on n examples with the probability E[Phi(sqrt(c /
 * (1 - c)) t)^n] over t ~ N(0, 1). Over 60 draws of width 64 and 32 examples the medians were .094,
 * .22, .34 and .375 in layers 5, 10, 20 and 30; this function gives .089, .20, .31 and .36.
 *
 * @param depth Number of relu layers.
 * @param examples Number of examples in the batch.
 * @param options `correlation`: mean of x x' over mean of x^2 of the inputs x and x' of two
 * examples, from 0 to 1. Default: 0, normalised inputs.
 * @returns Share for each layer, from the first one up.
 *
 * @example
 * ```ts
 * import { reluOffFractions } from "@gradient-health/gradient-health/theory";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const shares = reluOffFractions(10, 32);
 * assertAlmostEquals(shares[0], 2 ** -32);
 * assertAlmostEquals(shares[9], 0.202, 1e-3);
 * ```
 *
 * @throws {InputError} If a number is out of range.
 */
export function reluOffFractions(
  depth: number,
  examples: number,
  options: { correlation?: number } = {},
): number[] {
  requireValue("options", options, anyObject);
  const { correlation = 0 } = options;
  for (const [name, value] of Object.entries({ depth, examples })) {
    requireValue(name, value, positive);
  }
  requireValue("correlation", correlation, numberFrom(0, 1));
  let c = correlation;
  return Array.from({ length: depth }, () => {
    const share = offOnAll(c, examples);
    c = Math.min(1, (Math.sqrt(1 - c * c) + c * (Math.PI - Math.acos(c))) / Math.PI);
    return share;
  });
}

function offOnAll(correlation: number, examples: number): number {
  if (correlation === 1) return 1 / 2;
  const slope = Math.sqrt(correlation / (1 - correlation));
  const below = (t: number) => (1 + errorFunction(slope * t / Math.SQRT2)) / 2;
  return gaussianMean((t) => below(t) ** examples, 1);
}
