import type {
  LayerMeasurements,
  Measurements,
  TensorStatistics,
  WeightMeasurements,
} from "../../measure/measurements.ts";
import { findActivation } from "../../../ground/theory/activation_moments.ts";
import { type Fans, fans, initializerStd } from "../../../ground/theory/initializers.ts";
import {
  isKernel,
  isRecurrentWeight,
  normalizationWeight,
} from "../../../ground/theory/weight_kinds.ts";
import {
  isEinsumLayout,
  type LayerKind,
  LAYERS,
  unitCount,
} from "../../../ground/traits/layers.ts";

/** Parameters of PyTorch's weight norm: the size of each row, and its direction. */
const SIZE = /parametrizations\.weight\.original0$|\.weight_g$/;
const DIRECTION = /parametrizations\.weight\.original1$|\.weight_v$/;

/** Parameter of PyTorch's spectral norm, which divides it by its largest singular value. */
const SPECTRAL = /parametrizations\.weight\.original$|\.weight_orig$/;

/**
 * Returns the weights of a layer as it multiplies by them: a weight norm and a spectral norm make
 * their kernel of other parameters, whose own scale does not count. The kernel of a weight norm has
 * the name of the sizes of its rows, which decide its scale.
 */
export function productWeights(weights: readonly WeightMeasurements[]): WeightMeasurements[] {
  const size = weights.find(({ name }) => SIZE.test(name));
  return weights.flatMap((weight) => {
    if (size !== undefined && weight === size) return [];
    if (size !== undefined && DIRECTION.test(weight.name)) return [ofSizes(weight, size)];
    return [SPECTRAL.test(weight.name) ? ofSpectrum(weight) : weight];
  });
}

/** True for a kernel whose scale a spectral norm decides, whatever its parameter is. */
const isSpectral = ({ name }: WeightMeasurements): boolean => SPECTRAL.test(name);

function ofSizes(direction: WeightMeasurements, size: WeightMeasurements): WeightMeasurements {
  const entries = direction.values.count / size.values.count;
  const values = scaled(direction.values, size.values.rms / Math.sqrt(entries));
  return { ...direction, name: size.name, gradients: size.gradients, values };
}

/** The largest singular value of a random matrix is near sqrt(rows) + sqrt(columns) deviations. */
function ofSpectrum(weight: WeightMeasurements): WeightMeasurements {
  const [rows, ...rest] = weight.shape;
  const columns = rest.reduce((product, one) => product * one, 1);
  const values = scaled(weight.values, 1 / (Math.sqrt(rows) + Math.sqrt(columns)));
  return { ...weight, values };
}

/** Returns the figures of a tensor that is scaled to a root mean square. */
function scaled(values: TensorStatistics, rms: number): TensorStatistics {
  const factor = values.rms > 0 ? rms / values.rms : 0;
  const { meanAbs, maxAbs, mean, std, l2 } = values;
  return {
    ...values,
    rms: values.rms * factor,
    meanAbs: meanAbs * factor,
    maxAbs: maxAbs * factor,
    mean: mean * factor,
    std: std * factor,
    l2: l2 * factor,
  };
}

/** Dense or convolutional layer, as seen by initialisers. */
export interface KernelLayer {
  /** Row of the kernel. */
  layer: LayerMeasurements;
  /** Row of the activation: the same, or the one after it. */
  output: LayerMeasurements;
  /** Kernel of the layer. */
  kernel: WeightMeasurements;
  /** Fans as initialisers compute them, from the shape alone. */
  fans: Fans;
  /**
   * Mean number of terms in the sum of an output. Strides of a transposed convolution reduce it.
   */
  fanIn: number;
  /** Number of units or channels. */
  units: number;
  /** sigma_w: the rms of the kernel times the square root of the fan-in. */
  sigma: number;
  /** Activation of its outputs, in the layer itself or right after it. */
  activation: string;
  /** True if it ends a branch that is added to another, as in a residual block. */
  added: boolean;
  /** True if a normalisation follows, which makes the scale of the kernel irrelevant. */
  normalized: boolean;
  /**
   * Standard deviation of that normalisation's outputs, 1 at the start. 0 without a normalisation.
   */
  normalizedDeviation: number;
  /**
   * Factor by which a following layer without a known activation enlarges z and its delta, as
   * `sin(30 z)` does, else 0.
   */
  enlarged: number;
}

/**
 * Kinds of layers whose outputs are large because of their other inputs, or of the values that they
 * drop.
 */
const MERGING: readonly LayerKind[] = ["addition", "concatenation", "merge", "pool"];

/**
 * Returns the dense and convolutional layers, each with the activation of its outputs.
 * `Dense(tanh)` and a `Dense` followed by `Activation(tanh)` give the same.
 *
 * @param layers All layers, in the order of the forward pass.
 */
export function kernelChain(layers: LayerMeasurements[]): KernelLayer[] {
  const chain: KernelLayer[] = [];
  layers.forEach((layer, index) => {
    const kernel = productWeights(layer.weights).at(0);
    const layout = layer.kernelLayout;
    // Kernels of other layers (recurrent, separable, embeddings) are not judged by a fan-in.
    if (layout === undefined || kernel === undefined || kernel.shape.length < 2) return;
    const own = fans(kernel.shape, layout);
    const strides = (layer.strides ?? []).reduce((product, stride) => product * stride, 1);
    const fanIn = own.fanIn / strides;
    let active: LayerMeasurements | null = null;
    let normalized = kernel !== undefined && isSpectral(kernel);
    let added = false;
    let normalizedDeviation = 0;
    let enlarged = 0;
    // Plain loops, because a study runs this for every point.
    for (let i = index; i < layers.length; i++) {
      const next = layers[i];
      if (i > index && next.weights.some(isKernel)) break;
      if (next.depth !== layer.depth) continue;
      if (next.activation !== null && next.activation !== "linear") active ??= next;
      added ||= next.kind === "addition";
      if (i === index) continue;
      if (normalizes(next, layer)) {
        normalized = true;
        normalizedDeviation ||= next.activations?.std ?? 0;
      }
      if (next.activation === null && !MERGING.includes(next.kind)) {
        // Other inputs than z enlarge the outputs too, but not the delta.
        const forwards = (next.activations?.rms ?? 0) / (layer.preActivations?.rms ?? Infinity);
        const backwards = (layer.preActivationGradients?.l2 ?? 0) /
          (next.activationGradients?.l2 ?? Infinity);
        const ratio = Math.min(forwards, backwards);
        if (ratio > enlarged) enlarged = ratio;
      }
    }
    chain.push({
      layer,
      output: active ?? layer,
      kernel,
      fans: own,
      fanIn,
      units: isEinsumLayout(layout)
        ? unitCount(kernel.shape, layout)
        : kernel.shape.at(layout === "transposed" ? -2 : -1)!,
      sigma: kernel.values.rms * Math.sqrt(fanIn),
      activation: active?.activation ?? "linear",
      added,
      normalized,
      normalizedDeviation,
      enlarged,
    });
  });
  return chain;
}

/**
 * Returns the hidden layers of a network that mean-field theory describes: one input, one output,
 * and nothing but a plain chain of dense and convolutional layers with elementwise activations.
 *
 * @param kernels Its {@linkcode kernelChain}.
 * @returns The layers, or the reason why the theory does not apply, as a string.
 */
export function plainChain(
  { layers, batch }: Measurements,
  kernels: readonly KernelLayer[],
): KernelLayer[] | string {
  if (batch.perInput.length !== 1) return `the model has ${batch.perInput.length} inputs`;
  if (!Number.isFinite(batch.inputs.rms)) return "the size of its inputs is not finite";
  const known = new Set(kernels.map(({ layer }) => layer));
  const foreign = layers.find((layer) => !known.has(layer) && !isPassable(layer));
  if (foreign !== undefined) {
    return `this network has the layer ${foreign.name} (${foreign.className})`;
  }
  const shared = layers.find(({ calls }) => calls !== 1);
  if (shared !== undefined) return `${shared.name} was called ${shared.calls} times`;
  const branched = kernels.find(({ layer }, index) => layer.depth !== index + 1);
  if (branched !== undefined) {
    return `its layers do not follow one another at ${branched.layer.name}`;
  }
  const hidden = kernels.filter(({ layer }) => layer.role === "hidden");
  const unknown = hidden.find(({ activation }) => findActivation(activation) === null);
  if (unknown !== undefined) return `the activation ${unknown.activation} is not known`;
  return hidden;
}

function isPassable({ kind, weights, activation }: LayerMeasurements): boolean {
  return kind === "passesOn" || (weights.length === 0 && activation !== null);
}

/** Kernel that feeds the state of a recurrent layer back. */
export interface RecurrentKernel {
  /** Row of the layer. */
  layer: LayerMeasurements;
  /** Kernel with the blocks of all gates side by side. */
  kernel: WeightMeasurements;
  /** Fans of all blocks together, as TensorFlow.js draws them. */
  fans: Fans;
  /**
   * Standard deviation of an orthogonal kernel: rows or columns of all blocks together have norm 1.
   */
  deviation: number;
  /** True if the cell has gates, so that its memory does not depend on this kernel alone. */
  gated: boolean;
}

/**
 * Returns the recurrent kernels of SimpleRNN, GRU, LSTM and ConvLSTM2D layers and of those of
 * PyTorch, wrapped or not, in the order of the layers.
 */
export function recurrentKernels(layers: LayerMeasurements[]): RecurrentKernel[] {
  return layers.flatMap((layer) =>
    layer.weights
      .filter(({ name, shape }) => isStateKernel(name) && shape.length >= 2)
      .map((kernel) => {
        const { name, shape } = kernel;
        // PyTorch has the gates on the first axis.
        const turned = isRecurrentWeight(name) ? shape.toReversed() : shape;
        const [units, columns] = turned.slice(-2);
        const own = fans(turned);
        // The window of a convolution counts with the rows.
        const deviation = initializerStd("orthogonal", { ...own, fanOut: columns });
        return { layer, kernel, fans: own, deviation, gated: columns > units };
      })
  );
}

const isStateKernel = (name: string) =>
  /(^|\/)recurrent_kernel[^/]*$/.test(name) || isRecurrentWeight(name);

/** Outputs with an rms within this factor of 1 are normalised. */
const NEAR_ONE = 1.25;
/** A division by one number scales signal and gradient by the same factor, up to this one. */
const ALIKE = 2;

/**
 * Returns true if a layer normalises what another one sends it: by its class or, for a layer that
 * users define, by what it was measured to do. Its outputs then have an rms near 1, and it
 * scales the gradient as it scales the signal; a function that saturates lets less gradient through.
 */
export function normalizes(reader: LayerMeasurements, layer: LayerMeasurements): boolean {
  if (reader.kind === "normalization") return true;
  if (reader.kind !== "opaque" || Object.hasOwn(LAYERS, reader.className)) return false;
  const size = reader.activations?.rms ?? NaN;
  const forwards = size / (layer.activations?.rms ?? NaN);
  const backwards = (layer.activationGradients?.l2 ?? NaN) /
    (reader.activationGradients?.l2 ?? NaN);
  const off = backwards / forwards;
  return size < NEAR_ONE && size > 1 / NEAR_ONE && off < ALIKE && off > 1 / ALIKE;
}

/**
 * Smallest factor between actual and expected outputs of a batch normalisation at which its
 * statistics do not fit.
 */
const OFF = 3;

/**
 * Returns the batch normalisations whose moving statistics do not fit the batch: their outputs are
 * far larger or smaller than gamma and beta give for normalised values. They are not warm yet
 * (Keras's momentum of 0.99 takes hundreds of steps), or belong to other data.
 */
export function coldNormalizations(layers: readonly LayerMeasurements[]): LayerMeasurements[] {
  return layers.filter((layer) => {
    if (layer.normalization !== "moving" || layer.activations === null) return false;
    const wanted = Math.hypot(rmsOf(layer, "gamma") ?? 1, rmsOf(layer, "beta") ?? 0);
    const off = layer.activations.rms / wanted;
    return Number.isFinite(off) && wanted > 0 && (off > OFF || off < 1 / OFF);
  });
}

function rmsOf({ weights }: LayerMeasurements, part: "gamma" | "beta"): number | undefined {
  return normalizationWeight(weights, part)?.values.rms;
}
