import type {
  LayerMeasurements,
  Measurements,
  WeightMeasurements,
} from "../../measure/measurements.ts";
import { isEinsumLayout } from "../../traits/kernel_layout.ts";
import type { LayerKind } from "../../traits/layers.ts";
import { type Fans, fans } from "../../theory/fans.ts";
import { initializerStd } from "../../theory/initializer_std.ts";
import { findActivation } from "../../theory/resolve_activation.ts";
import { isKernel } from "../../theory/weight_kinds.ts";

/** A dense or convolutional layer as initialisers see it. */
export interface KernelLayer {
  /** The row that holds the kernel. */
  layer: LayerMeasurements;
  /** The row that holds the activation: the same, or the one after it. */
  output: LayerMeasurements;
  /** Its kernel. */
  kernel: WeightMeasurements;
  /** The fans that initialisers reckon with: from the shape alone. */
  fans: Fans;
  /** Terms in the sum of one output, in the mean: where a transposed convolution strides, they are fewer. */
  fanIn: number;
  /** How many units it has, or channels. */
  units: number;
  /** sigma_w: the rms of the kernel times the root of the fan-in. */
  sigma: number;
  /** The activation that its outputs go through, in the layer itself or in one right after it. */
  activation: string;
  /** Whether it ends a branch that is added to another, as in a residual block. */
  added: boolean;
  /** Whether a normalisation follows, which makes the scale of the kernel irrelevant. */
  normalized: boolean;
  /** The standard deviation of what that normalisation puts out, which is 1 as it is drawn; else 0. */
  normalizedDeviation: number;
  /** By how much a layer of no known activation enlarges z and its delta, as `sin(30 z)` does; else 0. */
  enlarged: number;
}

/** Layers whose outputs are large for what else goes into them, or for what they leave out. */
const MERGING: readonly LayerKind[] = ["addition", "concatenation", "merge", "pool"];

/**
 * The dense and convolutional layers with the activation that each one's outputs go through:
 * `Dense(tanh)` and a `Dense` with an `Activation(tanh)` after it are alike.
 *
 * @param layers All layers, in the order of the forward pass.
 */
export function kernelChain(layers: LayerMeasurements[]): KernelLayer[] {
  const chain: KernelLayer[] = [];
  layers.forEach((layer, index) => {
    const kernel = layer.weights[0];
    const layout = layer.kernelLayout;
    // Kernels of other layers (recurrent, separable, embeddings) are not judged by a fan-in.
    if (layout === undefined || kernel === undefined || kernel.shape.length < 2) return;
    const own = fans(kernel.shape, layout);
    const strides = (layer.strides ?? []).reduce((product, stride) => product * stride, 1);
    const fanIn = own.fanIn / strides;
    let active: LayerMeasurements | null = null;
    let normalized = false;
    let added = false;
    let normalizedDeviation = 0;
    let enlarged = 0;
    // Plain loops: a study asks for this at every point.
    for (let i = index; i < layers.length; i++) {
      const next = layers[i];
      if (i > index && next.weights.some(isKernel)) break;
      if (next.depth !== layer.depth) continue;
      if (next.activation !== null && next.activation !== "linear") active ??= next;
      added ||= next.kind === "addition";
      if (next.kind === "normalization") {
        normalized = true;
        normalizedDeviation ||= next.activations?.std ?? 0;
      }
      if (i > index && next.activation === null && !MERGING.includes(next.kind)) {
        // What goes in beside z makes the outputs large as well, but not the delta.
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
        ? own.fanOut
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
 * The hidden layers of a network that mean-field theory describes: one input, one output, dense and
 * convolutional layers in a row with elementwise activations between them, and nothing else.
 *
 * @param kernels Its {@linkcode kernelChain}.
 * @returns The layers; or, as a string, why the theory does not apply.
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

/** A kernel by which a recurrent layer feeds its state back to itself. */
export interface RecurrentKernel {
  /** The row of the layer. */
  layer: LayerMeasurements;
  /** The kernel: the blocks of all gates side by side. */
  kernel: WeightMeasurements;
  /** The fans of all blocks together, which is how TensorFlow.js draws them. */
  fans: Fans;
  /** The standard deviation that an orthogonal one has: rows or columns of all blocks together of norm 1. */
  deviation: number;
  /** Whether the cell has gates, so that it remembers by other means than this kernel too. */
  gated: boolean;
}

/**
 * The recurrent kernels of SimpleRNN, GRU, LSTM and ConvLSTM2D layers, wrapped or not, in the order of the
 * layers.
 */
export function recurrentKernels(layers: LayerMeasurements[]): RecurrentKernel[] {
  return layers.flatMap((layer) =>
    layer.weights
      .filter(({ name, shape }) => /(^|\/)recurrent_kernel[^/]*$/.test(name) && shape.length >= 2)
      .map((kernel) => {
        const [units, columns] = kernel.shape.slice(-2);
        const own = fans(kernel.shape);
        // The window of a convolution belongs to the rows.
        const deviation = initializerStd("orthogonal", { ...own, fanOut: columns });
        return { layer, kernel, fans: own, deviation, gated: columns > units };
      })
  );
}
