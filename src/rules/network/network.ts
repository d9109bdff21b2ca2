import type { LayerMeasurements, Measurements } from "../../measure/measurements.ts";
import { type Attention, attentionsOf } from "./attentions.ts";
import { type Biases, biasesOf } from "./biases_of.ts";
import { branchScales } from "./branch_scales.ts";
import { coldNormalizations } from "./normalizations.ts";
import { Graph } from "./graph.ts";
import { type Head, headLayer, isKernelHead, shutsOut, silentLayers } from "./heads.ts";
import {
  kernelChain,
  type KernelLayer,
  plainChain,
  type RecurrentKernel,
  recurrentKernels,
} from "./kernel_chain.ts";
import type { NetworkView } from "./network_view.ts";
import { signalPath, signalPaths, type SignalStep } from "./signal_path.ts";
import { SignalTheory } from "./signal_theory.ts";
import { type Alikeness, offByAlikeness, offByDepth } from "./units_off.ts";

/** View of a network with what only rules of this package and the diagnosis need. */
export class Network implements NetworkView {
  /** Measurements of the network. */
  readonly measurements: Measurements;
  #graph?: Graph;
  #chain?: KernelLayer[];
  #plain?: KernelLayer[] | string;
  #recurrentKernels?: RecurrentKernel[];
  #theory?: SignalTheory;
  #head?: Head | null;
  #heads?: LayerMeasurements[];
  #shut?: LayerMeasurements[];
  #silent?: ReadonlySet<LayerMeasurements>;
  #heard?: Network;
  #biases?: Biases;
  #cold?: LayerMeasurements[];
  #attentions?: Attention[];
  #scales?: ReadonlyMap<LayerMeasurements, number>;
  #path?: SignalStep[];
  #paths?: SignalStep[][];
  #aboveDelta?: ReadonlySet<LayerMeasurements>;
  #kernels?: ReadonlyMap<LayerMeasurements, KernelLayer>;
  #offByAlikeness?: ReadonlyMap<string, Alikeness>;
  #offByDepth?: ReadonlyMap<string, number>;

  /**
   * Created by `defineRule`, which passes it to the judge.
   *
   * @param measurements The result of `measure()`.
   */
  constructor(measurements: Measurements) {
    this.measurements = measurements;
  }

  get layers(): readonly LayerMeasurements[] {
    return this.measurements.layers;
  }

  get graph(): Graph {
    return this.#graph ??= new Graph(this.layers);
  }

  get chain(): readonly KernelLayer[] {
    return this.#chain ??= kernelChain(this.measurements.layers);
  }

  /**
   * Hidden layers of a plain chain: one input, one output, and nothing but dense and convolutional
   * layers with elementwise activations. For any other network, the reason why it is not one, as a
   * string. Only closed forms that hold for chains alone need it; `theory` describes any graph.
   */
  get plain(): readonly KernelLayer[] | string {
    return this.#plain ??= plainChain(this.measurements, this.chain);
  }

  /** Predictions of theory for a network with any graph. */
  get theory(): SignalTheory {
    return this.#theory ??= new SignalTheory(this);
  }

  get recurrentKernels(): readonly RecurrentKernel[] {
    return this.#recurrentKernels ??= recurrentKernels(this.measurements.layers);
  }

  get attentions(): readonly Attention[] {
    return this.#attentions ??= attentionsOf(this.layers, this.graph);
  }

  get heads(): readonly LayerMeasurements[] {
    return this.#heads ??= this.layers.filter(isKernelHead);
  }

  get head(): Head | null {
    if (this.#head === undefined) this.#head = headLayer(this.measurements);
    return this.#head;
  }

  /** Layers at the end that block the gradient, such as a softmax that is certain and wrong. */
  get shut(): readonly LayerMeasurements[] {
    return this.#shut ??= this.layers.filter((layer) => shutsOut(layer, this.measurements));
  }

  /**
   * Layers whose gradients are rounding errors: under the objective "sum" the outputs of a softmax
   * are constant, and these layers lead to nothing else.
   */
  get silent(): ReadonlySet<LayerMeasurements> {
    return this.#silent ??= silentLayers(this.measurements);
  }

  /** The network without its silent layers, or itself if it has none. */
  get heard(): Network {
    if (this.silent.size === 0) return this;
    const layers = this.layers.filter((layer) => !this.silent.has(layer));
    return this.#heard ??= networkOf({ ...this.measurements, layers });
  }

  /**
   * Origin of the biases of the hidden layers: constant, as most initialisers set them; drawn at
   * random, as PyTorch draws them; or moved by training.
   */
  get biases(): Biases {
    return this.#biases ??= biasesOf(this.measurements);
  }

  /** Batch normalisations whose moving statistics do not fit the batch. */
  get cold(): readonly LayerMeasurements[] {
    return this.#cold ??= coldNormalizations(this.layers);
  }

  get trained(): boolean {
    return this.biases === "moved";
  }

  /** Factors of the trained scales of branches, such as LayerScale, for each layer below one. */
  get scales(): ReadonlyMap<LayerMeasurements, number> {
    return this.#scales ??= branchScales(this.layers, this.graph);
  }

  signalPath(layers: readonly LayerMeasurements[] = this.layers): readonly SignalStep[] {
    if (layers !== this.layers) return signalPath(layers, this.scales);
    return this.#path ??= signalPath(layers, this.scales);
  }

  signalPaths(layers: readonly LayerMeasurements[] = this.layers): readonly SignalStep[][] {
    if (layers !== this.layers) return signalPaths(layers, this.signalPath(layers));
    return this.#paths ??= signalPaths(layers, this.signalPath());
  }

  /** Layers with a layer below that has a kernel and receives a gradient. */
  get aboveDelta(): ReadonlySet<LayerMeasurements> {
    return this.#aboveDelta ??= this.graph.above(
      this.signalPath().map(({ layer }) => layer).filter(({ preActivationGradients: delta }) =>
        delta !== null && (delta.maxAbs > 0 || delta.nonFinite > 0)
      ),
    );
  }

  /** Entries of `chain` by their layers. */
  get kernels(): ReadonlyMap<LayerMeasurements, KernelLayer> {
    return this.#kernels ??= new Map(this.chain.map((kernel) => [kernel.layer, kernel]));
  }

  /** Dead units explained by alike examples, for each untrained relu layer. */
  get offByAlikeness(): ReadonlyMap<string, Alikeness> {
    return this.#offByAlikeness ??= offByAlikeness(this.measurements, this.biases);
  }

  /** Share of dead units explained by depth alone, for each row with an activation. */
  get offByDepth(): ReadonlyMap<string, number> {
    return this.#offByDepth ??= offByDepth(this.plain, this.measurements.batch);
  }
}

const networks = new WeakMap<Measurements, Network>();

/**
 * Returns the shared view of these measurements. Do not change them afterwards; copy first.
 *
 * @param measurements The result of `measure()`.
 */
export function networkOf(measurements: Measurements): Network {
  let network = networks.get(measurements);
  if (network === undefined) {
    network = new Network(measurements);
    networks.set(measurements, network);
  }
  return network;
}
