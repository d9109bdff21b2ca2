import { criticalGain, gain } from "../../theory/criticality.ts";
import {
  CUT_DEVIATION,
  fans,
  type InitializerScheme,
  initializerStd,
} from "../../theory/initializers.ts";
import { activationSpread, meanField, type MeanFieldState } from "../../theory/mean_field.ts";
import type { KernelLayer } from "./kernel_chain.ts";

/** Gain recommended for an activation, or `null`. */
type Gain = (activation: string) => number | null;

/** Gains at which a network may be critical: selu has two. */
export const CRITICAL_GAINS: readonly Gain[] = [gain, criticalGain];

/**
 * Returns true if a kernel may have been drawn with the given standard deviation, with cut tails or
 * without.
 */
function drawnWith({ kernel: { values } }: KernelLayer, deviation: number): boolean {
  // Three standard errors of the deviation, for that number of normal entries.
  const doubt = 1 + 3 / Math.sqrt(2 * values.count);
  return values.std <= deviation * doubt && values.std >= deviation * CUT_DEVIATION / doubt;
}

const SCHEMES: InitializerScheme[] = ["he", "lecun", "glorot", "orthogonal"];

function sigma({ kernel: { values }, fanIn }: KernelLayer): number {
  return values.std * Math.sqrt(fanIn);
}

/** Returns sigma_w at criticality: the gain of the activation, or 1 if it has none. */
export function criticalSigma({ activation }: KernelLayer, gainOf: Gain): number {
  return gainOf(activation) ?? 1;
}

/**
 * Returns sigma_w at criticality, reduced by the tails that TensorFlow.js cuts off if the kernel
 * looks drawn that way.
 */
export function cutSigma(layer: KernelLayer, gainOf: Gain): number {
  const wanted = criticalSigma(layer, gainOf);
  const isDrawn = drawnWith(layer, wanted / Math.sqrt(layer.fanIn));
  return isDrawn ? Math.min(sigma(layer), wanted) : wanted;
}

/**
 * Returns sigma_w of a kernel drawn by He, LeCun, Glorot or orthogonal, whatever its activation,
 * else the gain.
 */
export function usualSigma(layer: KernelLayer): number {
  // TensorFlow.js computes the fans of every kernel like those of an ordinary convolution.
  const isDrawn = [layer.fans, fans(layer.kernel.shape)].some((own) =>
    SCHEMES.some((scheme) => drawnWith(layer, initializerStd(scheme, own)))
  );
  return isDrawn ? sigma(layer) : criticalSigma(layer, gain);
}

/**
 * Predictions of mean-field theory for the hidden layers, one state per layer, given the measured
 * inputs. There are no states if theory does not describe the network.
 */
export class ExpectedStates {
  readonly #chain: readonly KernelLayer[];
  readonly #inputMeanSquare: number;
  #critical?: MeanFieldState[][];
  #cut?: MeanFieldState[][];
  #usual?: MeanFieldState[];
  #wander?: number[];

  /**
   * Created by `Network`.
   *
   * @param chain The hidden layers.
   * @param inputMeanSquare The mean of the squared input.
   */
  constructor(chain: readonly KernelLayer[], inputMeanSquare: number) {
    this.#chain = chain;
    this.#inputMeanSquare = inputMeanSquare;
  }

  /**
   * States of a critical network with this depth and these activations: each kernel has the gain of
   * its activation, or 1 if it has none. There are two such networks, the first with the usual
   * gains. They differ if an activation, such as selu, has another gain at which chi is 1.
   */
  get critical(): readonly MeanFieldState[][] {
    return this.#critical ??= CRITICAL_GAINS.map((gainOf) =>
      this.#statesOf((layer) => criticalSigma(layer, gainOf))
    );
  }

  /**
   * The critical networks, reduced by the tails that TensorFlow.js cuts off if the kernels look
   * drawn that way: its 12 % add up over many layers.
   */
  get cut(): readonly MeanFieldState[][] {
    return this.#cut ??= CRITICAL_GAINS.map((gainOf) =>
      this.#statesOf((layer) => cutSigma(layer, gainOf))
    );
  }

  /**
   * States of the network with its initial kernels as drawn by He, LeCun, Glorot or orthogonal,
   * whatever the activation: Glorot's scheme shrinks relu layers. Other kernels count as critical.
   */
  get usual(): readonly MeanFieldState[] {
    return this.#usual ??= this.#statesOf(usualSigma);
  }

  /**
   * Factor by which a healthy std(a) may differ from the mean field: three standard deviations of
   * its logarithm.
   */
  get wander(): readonly number[] {
    return this.#wander ??= activationSpread(
      this.#chain.map(({ activation, units }) => ({
        activation,
        weightVariance: (gain(activation) ?? 1) ** 2,
        width: units,
      })),
      this.#inputMeanSquare,
    ).map((spread) => Math.exp(3 * spread));
  }

  /** Returns the mean field of the chain with kernels of the given sigma_w. */
  #statesOf(sigmaOf: (layer: KernelLayer) => number): MeanFieldState[] {
    const layers = this.#chain.map((layer) => ({
      activation: layer.activation,
      weightVariance: sigmaOf(layer) ** 2,
    }));
    return meanField(layers, this.#inputMeanSquare);
  }
}
