import { activationSpread } from "../../theory/activation_spread.ts";
import { criticalGain } from "../../theory/critical_gain.ts";
import { CUT_DEVIATION } from "../../theory/drawn_shapes.ts";
import { fans } from "../../theory/fans.ts";
import { gain } from "../../theory/gain.ts";
import { type InitializerScheme, initializerStd } from "../../theory/initializer_std.ts";
import { meanField, type MeanFieldState } from "../../theory/mean_field.ts";
import type { KernelLayer } from "./kernel_chain.ts";

/** The gain that an activation asks for, or `null`. */
type Gain = (activation: string) => number | null;

/** The gains at which a network may be critical: selu has two. */
export const CRITICAL_GAINS: readonly Gain[] = [gain, criticalGain];

/** Whether a kernel may have been drawn with the given standard deviation, its tails cut or not. */
function drawnWith({ kernel: { values } }: KernelLayer, deviation: number): boolean {
  // Three standard errors of the deviation of so many normal entries.
  const doubt = 1 + 3 / Math.sqrt(2 * values.count);
  return values.std <= deviation * doubt && values.std >= deviation * CUT_DEVIATION / doubt;
}

const SCHEMES: InitializerScheme[] = ["he", "lecun", "glorot", "orthogonal"];

function sigma({ kernel: { values }, fanIn }: KernelLayer): number {
  return values.std * Math.sqrt(fanIn);
}

/** sigma_w at criticality: the gain of the activation, and 1 where it has none. */
export function criticalSigma({ activation }: KernelLayer, gainOf: Gain): number {
  return gainOf(activation) ?? 1;
}

/**
 * The same but for what TensorFlow.js cuts off the tails of its normal distributions, where a kernel looks so
 * drawn.
 */
export function cutSigma(layer: KernelLayer, gainOf: Gain): number {
  const wanted = criticalSigma(layer, gainOf);
  const isDrawn = drawnWith(layer, wanted / Math.sqrt(layer.fanIn));
  return isDrawn ? Math.min(sigma(layer), wanted) : wanted;
}

/** sigma_w of a kernel that He, LeCun, Glorot or orthogonal drew, whatever the activation; else the gain. */
export function usualSigma(layer: KernelLayer): number {
  // TensorFlow.js takes the fans of every kernel for those of an ordinary convolution.
  const isDrawn = [layer.fans, fans(layer.kernel.shape)].some((own) =>
    SCHEMES.some((scheme) => drawnWith(layer, initializerStd(scheme, own)))
  );
  return isDrawn ? sigma(layer) : criticalSigma(layer, gain);
}

/**
 * What the hidden layers of a network should measure by mean-field theory, one state a layer, for the inputs
 * that were measured. Where theory does not describe the network there are no states.
 */
export class ExpectedStates {
  readonly #chain: readonly KernelLayer[];
  readonly #inputMeanSquare: number;
  #critical?: MeanFieldState[][];
  #cut?: MeanFieldState[][];
  #usual?: MeanFieldState[];
  #wander?: number[];

  /**
   * Made by `Network`.
   *
   * @param chain The hidden layers.
   * @param inputMeanSquare The mean of the squared input.
   */
  constructor(chain: readonly KernelLayer[], inputMeanSquare: number) {
    this.#chain = chain;
    this.#inputMeanSquare = inputMeanSquare;
  }

  /**
   * The network of that depth and those activations at criticality: each kernel has the gain of its
   * activation, and 1 where that has none. There are two such networks, the first of them with the usual
   * gains; they differ where an activation has another gain at which chi is 1, as selu has.
   */
  get critical(): readonly MeanFieldState[][] {
    return this.#critical ??= CRITICAL_GAINS.map((gainOf) =>
      this.#statesOf((layer) => criticalSigma(layer, gainOf))
    );
  }

  /**
   * The critical networks but for what TensorFlow.js cuts off the tails of its normal distributions, where
   * kernels look so drawn: over many layers its 12 % add up.
   */
  get cut(): readonly MeanFieldState[][] {
    return this.#cut ??= CRITICAL_GAINS.map((gainOf) =>
      this.#statesOf((layer) => cutSigma(layer, gainOf))
    );
  }

  /**
   * The network with the kernels that it was drawn with, by He, LeCun, Glorot or orthogonal, whatever the
   * activation: Glorot's scheme takes from relu. A kernel that none of them draws counts as critical.
   */
  get usual(): readonly MeanFieldState[] {
    return this.#usual ??= this.#statesOf(usualSigma);
  }

  /** By what factor a healthy std(a) may be off the mean field: three standard deviations of its logarithm. */
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

  /** The mean field of the chain with kernels of the given sigma_w. */
  #statesOf(sigmaOf: (layer: KernelLayer) => number): MeanFieldState[] {
    const layers = this.#chain.map((layer) => ({
      activation: layer.activation,
      weightVariance: sigmaOf(layer) ** 2,
    }));
    return meanField(layers, this.#inputMeanSquare);
  }
}
