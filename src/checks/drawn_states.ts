import { criticalGain } from "../theory/critical_gain.ts";
import { gain } from "../theory/gain.ts";
import { initializerDeviation, type InitializerScheme } from "../theory/initializer_deviation.ts";
import { meanField, type MeanFieldState } from "../theory/mean_field.ts";
import { drawnWith } from "./drawn_with.ts";
import type { KernelLayer } from "./kernel_chain.ts";

const SCHEMES: InitializerScheme[] = ["he", "lecun", "glorot", "orthogonal"];

/** What the layers would measure as initialisers draw them, where their kernels look so drawn. */
export interface DrawnStates {
  /** Those that are critical but for what TensorFlow.js cuts off; one array for each critical gain. */
  critical: MeanFieldState[][];
  /** He, LeCun, Glorot or orthogonal, whatever the activation. */
  usual: MeanFieldState[];
}

/**
 * The mean field of a network with the kernels that it was drawn with: over many layers, the 12 % that
 * TensorFlow.js cuts off a normal distribution add up, and so does what Glorot's scheme takes from relu.
 * A kernel that no initialiser draws counts as critical.
 *
 * @param chain The hidden layers.
 * @param inputMeanSquare Mean of the squared input.
 */
export function drawnStates(chain: KernelLayer[], inputMeanSquare: number): DrawnStates {
  const statesOf = (sigmaOf: (layer: KernelLayer) => number) =>
    meanField(
      chain.map((layer) => ({
        activation: layer.activation,
        weightVariance: sigmaOf(layer) ** 2,
      })),
      inputMeanSquare,
    );
  return {
    critical: [gain, criticalGain].map((gainOf) =>
      statesOf((layer) => {
        const wanted = gainOf(layer.activation) ?? 1;
        const isDrawn = drawnWith(layer, wanted / Math.sqrt(layer.fanIn));
        return isDrawn ? Math.min(sigma(layer), wanted) : wanted;
      })
    ),
    usual: statesOf((layer) => {
      const isDrawn = SCHEMES.some((scheme) =>
        drawnWith(layer, initializerDeviation(scheme, layer.fans))
      );
      return isDrawn ? sigma(layer) : gain(layer.activation) ?? 1;
    }),
  };
}

function sigma({ kernel: { values }, fanIn }: KernelLayer): number {
  return values.std * Math.sqrt(fanIn);
}
