import type {
  LayerMeasurements,
  Measurements,
  WeightMeasurements,
} from "../../measure/measurements.ts";
import { reluOffFractions } from "../../../ground/theory/mean_field.ts";
import { isKernel, isRecurrentKernel } from "../../../ground/theory/weight_kinds.ts";
import { type Attention, attentionsOf } from "./attentions.ts";
import { type Biases, biasesOf } from "./biases_of.ts";
import { Graph } from "./graph.ts";
import { type Head, headLayer, isKernelHead, shutsOut, silentLayers } from "./heads.ts";
import {
  coldNormalizations,
  kernelChain,
  type KernelLayer,
  plainChain,
  type RecurrentKernel,
  recurrentKernels,
} from "./kernel_chain.ts";
import type { NetworkView } from "./network_view.ts";
import { hasKernel, signalPath, signalPaths, type SignalStep } from "./signal_path.ts";
import { SignalTheory } from "./signal_theory.ts";

/**
 * Returns the factor by which trained scales of residual branches, such as LayerScale, multiply the
 * signal of each layer below them; layers without such a scale are left out. A scale starts at 1e-6
 * to 0.1 by design, so that a network starts as its skip connections alone: the layers of a branch
 * then receive less than those that the branches bypass, by just this factor, however deep they are.
 * So do all layers of CaiT but its last two blocks, which add them to a class token. A scale that
 * nothing bypasses has no such factor: it weakens the whole network.
 */
export function branchScales(
  layers: readonly LayerMeasurements[],
  graph: Graph,
): ReadonlyMap<LayerMeasurements, number> {
  // Product of the scales on the path that has the largest.
  const factors = new Map<LayerMeasurements, number>();
  for (const layer of layers.toReversed()) {
    const readers = graph.outputsOf(layer);
    const whole = readers.filter((reader) => !isCropped(reader, graph));
    const ways = (whole.length > 0 ? whole : readers).map((reader) => {
      const own = isBypassed(reader, graph) ? factorOf(reader) ?? 1 : 1;
      return own * (factors.get(reader) ?? 1);
    });
    const most = ways.length === 0 ? 1 : Math.max(...ways);
    if (most !== 1) factors.set(layer, most);
  }
  return factors;
}

/**
 * Returns true if only a part of a concatenation is read, as the class token is at the end of CaiT.
 * The other part gets no signal from there.
 */
function isCropped(joined: LayerMeasurements, graph: Graph): boolean {
  if (joined.kind !== "concatenation") return false;
  const carriers = new Set([joined]);
  let isSelected = false;
  for (const carrier of carriers) {
    for (const reader of graph.outputsOf(carrier)) {
      if (reader.kind === "selects") isSelected = true;
      else if (["passesOn", "normalization"].includes(reader.kind)) carriers.add(reader);
      else return false;
    }
  }
  return isSelected;
}

/** Returns true if a scale is only added to something that has no such scale. */
function isBypassed(scale: LayerMeasurements, graph: Graph): boolean {
  const carriers = new Set([scale]);
  for (const carrier of carriers) {
    const readers = graph.outputsOf(carrier);
    if (readers.length === 0) return false;
    for (const reader of readers) {
      // Keras's ConvNeXt has a linear Activation for the StochasticDepth that it leaves out.
      const isLinear = reader.kind === "activation" && reader.activation === "linear";
      if (reader.kind === "passesOn" || isLinear) carriers.add(reader);
      // A class token is a parameter, to which the first block of CaiT's decoder adds its branch.
      else if (reader.className === "shift") continue;
      else if (reader.kind !== "addition") return false;
      else if (graph.inputsOf(reader).every((one) => carriers.has(one) || factorOf(one) !== null)) {
        return false;
      }
    }
  }
  return true;
}

/** Returns the factor of a trained scale; `null` for any other layer. */
function factorOf({ kind, weights }: LayerMeasurements): number | null {
  if (kind !== "rescaling" || weights.length !== 1 || !weights[0].trainable) return null;
  const { rms } = weights[0].values;
  // A larger one is the temperature of an attention, as in Swin v2.
  return rms > 0 && rms <= 1 ? rms : null;
}

/** Effect of alike examples on an untrained layer. */
interface Alikeness {
  /** Share of its units that are on at every entry of the batch. */
  alwaysOn: number;
  /** Share by which always-off units may exceed always-on units by chance alone. */
  chance: number;
}

/** Number of standard deviations that count as chance. */
const CHANCE = 3;
/** The same for the mean of a kernel, which only affects an allowance. */
const CHANCE_OF_MEAN = 4;

/**
 * Computes the number of dead units that the similarity of the examples explains, per untrained
 * relu layer. In a symmetrically drawn layer without biases, each unit is as likely off as on,
 * whatever the input. If a pool, depth or a normalisation makes the examples alike, units are off
 * at all of them or on at all of them. As many are always on as always off, and neither is a fault
 * of the layer.
 *
 * The other units are off half of the time. So the share of off entries minus the share of on
 * entries equals the share of always-off units minus the share of always-on units.
 *
 * @param biases The origin of the biases of the network.
 */
export function offByAlikeness({ layers }: Measurements, biases: Biases): Map<string, Alikeness> {
  if (biases !== "constant") return new Map();
  const judged = layers.filter((layer, index) => isRelu(layer) && isSymmetric(layers, index));
  return new Map(judged.flatMap((layer): [string, Alikeness][] => {
    const { name, shape, preActivations, activations, saturatedFraction, deadFraction } = layer;
    const units = shape?.at(-1);
    if (units === undefined || preActivations === null || activations === null) return [];
    // relu6 is also off above 6. If z is 0, as after zeros, neither sign of the kernel is on.
    const off = activations.zeroFraction + (saturatedFraction ?? 0);
    const neither = preActivations.zeroFraction;
    const lean = neither < 1 ? (2 * off - neither - 1) / (1 - neither) : 1;
    const alwaysOn = Math.min(1 - deadFraction!, Math.max(0, deadFraction! - lean));
    // Each unit counts between -1 and 1 with mean 0, so the mean of n units varies by at most 1 /
    // sqrt(n).
    return [[name, { alwaysOn, chance: CHANCE / Math.sqrt(units) }]];
  }));
}

/**
 * Returns true if the activation is exactly 0 when off, which is half of a symmetric distribution.
 */
function isRelu({ activation, deadFraction }: LayerMeasurements): boolean {
  return deadFraction !== null && (activation === "relu" || activation === "relu6");
}

/** Returns true if nothing between the last kernel and this layer favours off. */
function isSymmetric(layers: LayerMeasurements[], index: number): boolean {
  const own = layers.slice(0, index + 1).filter(({ depth }) => depth === layers[index].depth);
  const weights = own.slice(Math.max(0, own.findLastIndex(hasKernel))).flatMap(({ weights }) =>
    weights
  );
  return weights.length > 0 && weights.every(leansNotOff);
}

/** A recurrent kernel feeds back units that are on, which breaks the symmetry of the signs. */
function leansNotOff(weight: WeightMeasurements): boolean {
  const { values } = weight;
  if (!isKernel(weight)) return values.mean >= 0;
  if (isRecurrentKernel(weight)) return false;
  return Math.abs(values.mean) * Math.sqrt(values.count) <= CHANCE_OF_MEAN * values.std;
}

/**
 * Computes the share of dead units explained by depth alone, for the initial run of dense relu
 * layers. Empty if theory does not describe the network. For trained networks, in which on and off
 * units need not balance (see `offByAlikeness`).
 *
 * @param chain The hidden layers, or the reason why theory does not apply.
 */
export function offByDepth(
  chain: readonly KernelLayer[] | string,
  { examples, inputs }: Measurements["batch"],
): Map<string, number> {
  if (typeof chain === "string") return new Map();
  const other = chain.findIndex(({ layer, activation }) =>
    layer.kind !== "dense" || activation !== "relu"
  );
  const run = other === -1 ? chain : chain.slice(0, other);
  if (run.length === 0 || !(inputs.rms > 0)) return new Map();
  // Inputs that share an offset are alike from the start.
  const correlation = Math.min(1, (inputs.mean / inputs.rms) ** 2);
  const shares = reluOffFractions(run.length, examples, { correlation });
  return new Map(run.map(({ output }, i) => [output.name, shares[i]]));
}

/** View of a network with what only rules of this package and the diagnosis need. */
export class Network implements NetworkView {
  /** Measurements of the network. */
  readonly measurements: Measurements;
  /** Parts that were computed, by name. */
  readonly #parts = new Map<string, unknown>();

  /**
   * Created by `defineRule`, which passes it to the judge.
   *
   * @param measurements The result of `measure()`.
   */
  constructor(measurements: Measurements) {
    this.measurements = measurements;
  }

  /** Returns a part, which is computed on first use. */
  #part<T>(name: string, compute: () => T): T {
    if (!this.#parts.has(name)) this.#parts.set(name, compute());
    return this.#parts.get(name) as T;
  }

  get layers(): readonly LayerMeasurements[] {
    return this.measurements.layers;
  }

  get graph(): Graph {
    return this.#part("graph", () => new Graph(this.layers));
  }

  get chain(): readonly KernelLayer[] {
    return this.#part("chain", () => kernelChain(this.measurements.layers));
  }

  /**
   * Hidden layers of a plain chain: one input, one output, and nothing but dense and convolutional
   * layers with elementwise activations. For any other network, the reason why it is not one, as a
   * string. Only closed forms that hold for chains alone need it; `theory` describes any graph.
   */
  get plain(): readonly KernelLayer[] | string {
    return this.#part("plain", () => plainChain(this.measurements, this.chain));
  }

  /** Predictions of theory for a network with any graph. */
  get theory(): SignalTheory {
    return this.#part("theory", () => new SignalTheory(this));
  }

  get recurrentKernels(): readonly RecurrentKernel[] {
    return this.#part("recurrentKernels", () => recurrentKernels(this.measurements.layers));
  }

  get attentions(): readonly Attention[] {
    return this.#part("attentions", () => attentionsOf(this.layers, this.graph));
  }

  get heads(): readonly LayerMeasurements[] {
    return this.#part("heads", () => this.layers.filter(isKernelHead));
  }

  get head(): Head | null {
    return this.#part("head", () => headLayer(this.measurements));
  }

  /** Layers at the end that block the gradient, such as a softmax that is certain and wrong. */
  get shut(): readonly LayerMeasurements[] {
    return this.#part(
      "shut",
      () => this.layers.filter((layer) => shutsOut(layer, this.measurements)),
    );
  }

  /**
   * Layers whose gradients are rounding errors: under the objective "sum" the outputs of a softmax
   * are constant, and these layers lead to nothing else.
   */
  get silent(): ReadonlySet<LayerMeasurements> {
    return this.#part("silent", () => silentLayers(this.measurements));
  }

  /** The network without its silent layers, or itself if it has none. */
  get heard(): Network {
    if (this.silent.size === 0) return this;
    const layers = this.layers.filter((layer) => !this.silent.has(layer));
    return this.#part("heard", () => networkOf({ ...this.measurements, layers }));
  }

  /**
   * Origin of the biases of the hidden layers: constant, as most initialisers set them; drawn at
   * random, as PyTorch draws them; or moved by training.
   */
  get biases(): Biases {
    return this.#part("biases", () => biasesOf(this.measurements));
  }

  /** Batch normalisations whose moving statistics do not fit the batch. */
  get cold(): readonly LayerMeasurements[] {
    return this.#part("cold", () => coldNormalizations(this.layers));
  }

  get trained(): boolean {
    return this.biases === "moved";
  }

  /** Factors of the trained scales of branches, such as LayerScale, for each layer below one. */
  get scales(): ReadonlyMap<LayerMeasurements, number> {
    return this.#part("scales", () => branchScales(this.layers, this.graph));
  }

  signalPath(layers: readonly LayerMeasurements[] = this.layers): readonly SignalStep[] {
    if (layers !== this.layers) return signalPath(layers, this.scales);
    return this.#part("path", () => signalPath(layers, this.scales));
  }

  signalPaths(layers: readonly LayerMeasurements[] = this.layers): readonly SignalStep[][] {
    if (layers !== this.layers) return signalPaths(layers, this.signalPath(layers));
    return this.#part("paths", () => signalPaths(layers, this.signalPath()));
  }

  /** Layers with a layer below that has a kernel and receives a gradient. */
  get aboveDelta(): ReadonlySet<LayerMeasurements> {
    return this.#part("aboveDelta", () =>
      this.graph.above(
        this.signalPath().map(({ layer }) => layer).filter(({ preActivationGradients: delta }) =>
          delta !== null && (delta.maxAbs > 0 || delta.nonFinite > 0)
        ),
      ));
  }

  /** Entries of `chain` by their layers. */
  get kernels(): ReadonlyMap<LayerMeasurements, KernelLayer> {
    return this.#part("kernels", () => new Map(this.chain.map((kernel) => [kernel.layer, kernel])));
  }

  /** Dead units explained by alike examples, for each untrained relu layer. */
  get offByAlikeness(): ReadonlyMap<string, Alikeness> {
    return this.#part("offByAlikeness", () => offByAlikeness(this.measurements, this.biases));
  }

  /** Share of dead units explained by depth alone, for each row with an activation. */
  get offByDepth(): ReadonlyMap<string, number> {
    return this.#part("offByDepth", () => offByDepth(this.plain, this.measurements.batch));
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
