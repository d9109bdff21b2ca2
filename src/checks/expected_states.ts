import { criticalGain } from "../theory/critical_gain.ts";
import { fans } from "../theory/fans.ts";
import { gain } from "../theory/gain.ts";
import { initializerDeviation, type InitializerScheme } from "../theory/initializer_deviation.ts";
import { meanField, type MeanFieldState } from "../theory/mean_field.ts";
import type { KernelLayer } from "./kernel_chain.ts";

type Gain = (activation: string) => number | null;

/** The gains at which a network may be critical: selu has two. */
export const CRITICAL_GAINS: readonly Gain[] = [gain, criticalGain];

/** How many results are kept: a study judges the same network at many scales, by two rules each. */
const KEPT = 8;

/** The latest results, the oldest first. */
const known = new Map<string, MeanFieldState[]>();

/** The mean field of a chain whose kernels have the given sigma_w. */
function statesOf(
  chain: KernelLayer[],
  inputMeanSquare: number,
  sigmaOf: (layer: KernelLayer) => number,
): MeanFieldState[] {
  const layers = chain.map((layer) => ({
    activation: layer.activation,
    weightVariance: sigmaOf(layer) ** 2,
  }));
  const variances = layers.map(({ activation, weightVariance }) =>
    `${activation} ${weightVariance}`
  );
  const key = `${inputMeanSquare} ${variances}`;
  const states = known.get(key) ?? meanField(layers, inputMeanSquare);
  known.delete(key);
  known.set(key, states);
  if (known.size > KEPT) known.delete(known.keys().next().value!);
  return states;
}

/**
 * What the layers would measure if each kernel had the gain of its activation: the network of that
 * depth and those activations at criticality. Where an activation has no gain, 1 is taken.
 *
 * @param chain The hidden layers.
 * @param inputMeanSquare Mean of the squared input.
 * @param gainOf Which gain: an activation may have another at which chi is 1. Default: `gain`.
 */
export function criticalStates(
  chain: KernelLayer[],
  inputMeanSquare: number,
  gainOf: Gain = gain,
): MeanFieldState[] {
  return statesOf(chain, inputMeanSquare, ({ activation }) => gainOf(activation) ?? 1);
}

/**
 * What is left of the standard deviation of a normal distribution that is cut at two of them. The normal
 * initialisers of TensorFlow.js cut, and do not make up for it: `heNormal` draws 0.88 of He's deviation.
 */
const CUT = 0.8796256610342398;

/** Whether a kernel may have been drawn with the given standard deviation, its tails cut or not. */
function drawnWith({ kernel: { values } }: KernelLayer, deviation: number): boolean {
  // Three standard errors of the deviation of so many normal entries.
  const doubt = 1 + 3 / Math.sqrt(2 * values.count);
  return values.std <= deviation * doubt && values.std >= deviation * CUT / doubt;
}

const SCHEMES: InitializerScheme[] = ["he", "lecun", "glorot", "orthogonal"];

/**
 * The mean field of a network whose kernels are critical but for what TensorFlow.js cuts off, where they look
 * so drawn: over many layers its 12 % add up. Any other kernel counts as critical.
 *
 * @param chain The hidden layers.
 * @param inputMeanSquare Mean of the squared input.
 * @param gainOf Which gain is critical.
 */
export function cutStates(
  chain: KernelLayer[],
  inputMeanSquare: number,
  gainOf: Gain,
): MeanFieldState[] {
  return statesOf(chain, inputMeanSquare, (layer) => {
    const wanted = gainOf(layer.activation) ?? 1;
    const isDrawn = drawnWith(layer, wanted / Math.sqrt(layer.fanIn));
    return isDrawn ? Math.min(sigma(layer), wanted) : wanted;
  });
}

/**
 * The mean field of a network with the kernels that it was drawn with, by He, LeCun, Glorot or orthogonal,
 * whatever the activation: Glorot's scheme takes from relu. A kernel that none of them draws counts as
 * critical.
 *
 * @param chain The hidden layers.
 * @param inputMeanSquare Mean of the squared input.
 */
export function usualStates(chain: KernelLayer[], inputMeanSquare: number): MeanFieldState[] {
  return statesOf(chain, inputMeanSquare, (layer) => {
    // TensorFlow.js takes the fans of every kernel for those of an ordinary convolution.
    const isDrawn = [layer.fans, fans(layer.kernel.shape)].some((own) =>
      SCHEMES.some((scheme) => drawnWith(layer, initializerDeviation(scheme, own)))
    );
    return isDrawn ? sigma(layer) : gain(layer.activation) ?? 1;
  });
}

function sigma({ kernel: { values }, fanIn }: KernelLayer): number {
  return values.std * Math.sqrt(fanIn);
}
