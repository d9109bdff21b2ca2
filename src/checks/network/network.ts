import type { LayerMeasurements, Measurements } from "../../measure/measurements.ts";
import { type Attention, attentionsOf } from "./attentions.ts";
import { type Biases, biasesOf } from "./biases_of.ts";
import { coldNormalizations } from "./cold_normalizations.ts";
import { ExpectedStates } from "./expected_states.ts";
import { Graph } from "./graph.ts";
import { type Head, headLayer, isKernelHead, shutsOut, silentLayers } from "./heads.ts";
import {
  kernelChain,
  type KernelLayer,
  plainChain,
  type RecurrentKernel,
  recurrentKernels,
} from "./kernel_chain.ts";
import { signalPath, signalPaths, type SignalStep } from "./signal_path.ts";
import { SignalTheory } from "./signal_theory.ts";
import { type Alikeness, offByAlikeness, offByDepth } from "./units_off.ts";

/**
 * What rules ask of a network, beyond the figures of single layers: its chain of kernels, its heads, the way
 * of the signal, what theory expects, which layer feeds which. All of it follows from the measurements. Each
 * part is computed once, when it is asked for first, however many rules ask.
 */
export class Network {
  /** Everything that was measured. */
  readonly measurements: Measurements;
  #graph?: Graph;
  #chain?: KernelLayer[];
  #plain?: KernelLayer[] | string;
  #recurrentKernels?: RecurrentKernel[];
  #expected?: ExpectedStates;
  #theory?: SignalTheory;
  #head?: Head | null;
  #heads?: LayerMeasurements[];
  #shut?: LayerMeasurements[];
  #silent?: ReadonlySet<LayerMeasurements>;
  #heard?: Network;
  #biases?: Biases;
  #cold?: LayerMeasurements[];
  #attentions?: Attention[];
  #path?: SignalStep[];
  #paths?: SignalStep[][];
  #offByAlikeness?: ReadonlyMap<string, Alikeness>;
  #offByDepth?: ReadonlyMap<string, number>;

  /**
   * Made by `defineRule`, which hands it to the judge.
   *
   * @param measurements What `measure()` returned.
   */
  constructor(measurements: Measurements) {
    this.measurements = measurements;
  }

  /** All layers, in the order of the forward pass. */
  get layers(): readonly LayerMeasurements[] {
    return this.measurements.layers;
  }

  /** Which layer feeds which. */
  get graph(): Graph {
    return this.#graph ??= new Graph(this.layers);
  }

  /**
   * The dense and convolutional layers in the order of the forward pass, each with the activation that its
   * outputs go through: `Dense(tanh)` and a `Dense` with an `Activation(tanh)` after it are alike.
   */
  get chain(): readonly KernelLayer[] {
    return this.#chain ??= kernelChain(this.measurements.layers);
  }

  /**
   * The hidden layers of a network that mean-field theory describes: one input, one output, dense and
   * convolutional layers in a row with elementwise activations between them, and nothing else. Of any other
   * network, as a string, why theory does not apply.
   */
  get plain(): readonly KernelLayer[] | string {
    return this.#plain ??= plainChain(this.measurements, this.chain);
  }

  /** What theory expects of the layers of `plain`. */
  get expected(): ExpectedStates {
    const { plain } = this;
    return this.#expected ??= new ExpectedStates(
      typeof plain === "string" ? [] : plain,
      this.measurements.batch.inputs.rms ** 2,
    );
  }

  /** What theory says of the network whatever its graph. */
  get theory(): SignalTheory {
    return this.#theory ??= new SignalTheory(this);
  }

  /** The kernels by which recurrent layers feed their states back, in the order of the layers. */
  get recurrentKernels(): readonly RecurrentKernel[] {
    return this.#recurrentKernels ??= recurrentKernels(this.measurements.layers);
  }

  /** The attentions, in the order of the forward pass. */
  get attentions(): readonly Attention[] {
    return this.#attentions ??= attentionsOf(this.layers, this.graph);
  }

  /** The layers with the last kernels before the outputs. */
  get heads(): readonly LayerMeasurements[] {
    return this.#heads ??= this.layers.filter(isKernelHead);
  }

  /** The head of a model that has one; `null` where there are several, or none. */
  get head(): Head | null {
    if (this.#head === undefined) this.#head = headLayer(this.measurements);
    return this.#head;
  }

  /** The layers at the end that let no gradient through, as a softmax that is certain and wrong. */
  get shut(): readonly LayerMeasurements[] {
    return this.#shut ??= this.layers.filter((layer) => shutsOut(layer, this.measurements));
  }

  /**
   * The layers whose gradients are rounding: under the objective "sum" the outputs of a softmax are constant,
   * and these layers lead to nothing else.
   */
  get silent(): ReadonlySet<LayerMeasurements> {
    return this.#silent ??= silentLayers(this.measurements);
  }

  /** The network without its silent layers; itself where it has none. */
  get heard(): Network {
    if (this.silent.size === 0) return this;
    const layers = this.layers.filter((layer) => !this.silent.has(layer));
    return this.#heard ??= new Network({ ...this.measurements, layers });
  }

  /**
   * How the biases of the hidden layers came about: constant, as most initialisers have it; drawn at random,
   * as PyTorch draws them; or moved by training.
   */
  get biases(): Biases {
    return this.#biases ??= biasesOf(this.measurements);
  }

  /** Batch normalisations whose moving statistics do not fit the batch. */
  get cold(): readonly LayerMeasurements[] {
    return this.#cold ??= coldNormalizations(this.layers);
  }

  /** Whether the network looks trained: its biases have moved. */
  get trained(): boolean {
    return this.biases === "moved";
  }

  /**
   * The hidden layers with a kernel and a measured delta, from the first to the last by depth.
   *
   * @param layers Which layers to look at. Default: all.
   */
  signalPath(layers: readonly LayerMeasurements[] = this.layers): readonly SignalStep[] {
    if (layers !== this.layers) return signalPath(layers);
    return this.#path ??= signalPath(layers);
  }

  /**
   * The ways on which a signal arrives, those of two layers or more: one in a network with one head; with
   * several, one up to the head that sends most, and one over each branch.
   *
   * @param layers Which layers to look at. Default: all.
   */
  signalPaths(layers: readonly LayerMeasurements[] = this.layers): readonly SignalStep[][] {
    if (layers !== this.layers) return signalPaths(layers, signalPath(layers));
    return this.#paths ??= signalPaths(layers, this.signalPath());
  }

  /** What the alikeness of the examples explains of the dead units, for each untrained relu layer. */
  get offByAlikeness(): ReadonlyMap<string, Alikeness> {
    return this.#offByAlikeness ??= offByAlikeness(this.measurements, this.biases);
  }

  /** The share of dead units that depth alone explains, for each row with an activation. */
  get offByDepth(): ReadonlyMap<string, number> {
    return this.#offByDepth ??= offByDepth(this.plain, this.measurements.batch);
  }
}

const networks = new WeakMap<Measurements, Network>();

/**
 * Returns the shared view of these measurements. Do not change them afterwards; copy first.
 *
 * @param measurements What `measure()` returned.
 */
export function networkOf(measurements: Measurements): Network {
  let network = networks.get(measurements);
  if (network === undefined) {
    network = new Network(measurements);
    networks.set(measurements, network);
  }
  return network;
}
