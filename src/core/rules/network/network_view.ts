import type { LayerMeasurements, Measurements } from "../../measure/measurements.ts";
import type { Attention } from "./attentions.ts";
import type { Graph } from "./graph.ts";
import type { Head } from "./heads.ts";
import type { KernelLayer, RecurrentKernel } from "./kernel_chain.ts";
import type { SignalStep } from "./signal_path.ts";

/**
 * View of a network for rules, beyond the figures of single layers. Everything is derived from the
 * measurements, and each part is computed once, on first use.
 */
export interface NetworkView {
  /** Measurements of the network. */
  readonly measurements: Measurements;
  /** All layers, in the order of the forward pass. */
  readonly layers: readonly LayerMeasurements[];
  /** Graph of the layers. */
  readonly graph: Graph;
  /**
   * Dense and convolutional layers in the order of the forward pass, each with the activation of
   * its outputs. `Dense(tanh)` and a `Dense` followed by `Activation(tanh)` give the same.
   */
  readonly chain: readonly KernelLayer[];
  /** Kernels that feed the states of recurrent layers back, in the order of the layers. */
  readonly recurrentKernels: readonly RecurrentKernel[];
  /** Attentions, in the order of the forward pass. */
  readonly attentions: readonly Attention[];
  /** Layers with the last kernels before the outputs. */
  readonly heads: readonly LayerMeasurements[];
  /** Head of a model that has exactly one, else `null`. */
  readonly head: Head | null;
  /** True if the network looks trained, because its biases have moved. */
  readonly trained: boolean;
  /**
   * Factors of the trained scales of residual branches, such as LayerScale, for each layer below one.
   */
  readonly scales: ReadonlyMap<LayerMeasurements, number>;

  /** Returns the hidden layers with a kernel and a measured delta, ordered by depth. */
  signalPath(layers?: readonly LayerMeasurements[]): readonly SignalStep[];

  /**
   * Returns the paths of two or more layers along which a signal arrives. A network with one head
   * has one; with several heads, there is one up to the head with the strongest signal, and one per
   * branch.
   */
  signalPaths(layers?: readonly LayerMeasurements[]): readonly SignalStep[][];
}
