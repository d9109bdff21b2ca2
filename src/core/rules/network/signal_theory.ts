import type { LayerMeasurements, Measurements } from "../../measure/measurements.ts";
import { criticalGain, gain } from "../../../ground/theory/criticality.ts";
import {
  CUT_DEVIATION,
  fans,
  type InitializerScheme,
  initializerStd,
} from "../../../ground/theory/initializers.ts";
import { type Prediction, propagate } from "../../../ground/theory/propagate.ts";
import type { NetworkNode } from "../../../ground/theory/signal.ts";
import { isBias } from "../../../ground/theory/weight_kinds.ts";
import { layerTraits } from "../../../ground/traits/layer_traits.ts";
import type { Graph } from "./graph.ts";
import type { KernelLayer, RecurrentKernel } from "./kernel_chain.ts";
import { type Redraw, redraw, theoryInputs, theoryNodes } from "./theory_nodes.ts";

/** Predictions for layers, by name. Layers that theory does not describe are left out. */
export type Predictions = ReadonlyMap<string, Prediction>;

/** Predicted figures of a layer, and their spread over healthy draws of the weights. */
export interface PredictedFigures {
  /** rms of a. */
  activations: number;
  /** rms of delta, or `null` if theory does not predict it. */
  deltas: number | null;
  /** Standard deviation of the logarithm of each, over draws of the weights. */
  doubt: { activations: number; deltas: number };
}

/** Input of {@linkcode SignalTheory}. */
interface TheorySubject {
  /** Measurements of the network. */
  measurements: Measurements;
  /** Dense and convolutional layers. */
  chain: readonly KernelLayer[];
  /** Kernels that feed the states of recurrent layers back. */
  recurrentKernels: readonly RecurrentKernel[];
  /** Graph of the layers. */
  graph: Graph;
}

/**
 * Factor by which a kernel in an added branch may be smaller: Fixup, DeepNet and GPT-2 draw theirs
 * down to a fifth or a tenth.
 */
const SMALL_BRANCH = 30;

/**
 * Predictions of theory for a network with any graph, for its own weights and for other draws of
 * them. Each is computed on first use.
 */
export class SignalTheory {
  readonly #subject: TheorySubject;
  #predicted?: Predictions;
  #local?: Predictions;
  #critical?: readonly Predictions[];
  #usual?: Predictions;
  #branches?: ReadonlySet<LayerMeasurements>;
  #nodes?: readonly NetworkNode[];

  /** Created by `Network`. */
  constructor(subject: TheorySubject) {
    this.#subject = subject;
  }

  /** Predictions for the actual weights. */
  get predicted(): Predictions {
    return this.#predicted ??= this.#propagate(new Map());
  }

  /**
   * Returns the predicted figures of a layer with its actual weights, or `null` if there is no
   * prediction.
   */
  figuresOf({ name, preActivations }: LayerMeasurements): PredictedFigures | null {
    const prediction = this.predicted.get(name);
    if (prediction === undefined) return null;
    const { activations, deltas, doubt } = prediction;
    const entries = preActivations?.count ?? 0;
    return {
      activations: Math.sqrt(activations.meanSquare),
      deltas: deltas === null || entries === 0 ? null : Math.sqrt(deltas / entries),
      doubt,
    };
  }

  /**
   * Predictions for the actual weights, step by step: the neighbours of a layer are taken as
   * measured, so that each prediction covers one step.
   */
  get local(): Predictions {
    return this.#local ??= this.#propagate(new Map(), { anchored: true });
  }

  /**
   * Predictions at criticality: each kernel has the gain of its activation, or that reduced by the
   * tails that TensorFlow.js cuts off a normal distribution. A kernel in an added branch may be up
   * to 30 times smaller. There are several if an activation has several gains.
   */
  get critical(): readonly Predictions[] {
    return this.#critical ??= distinct(
      CRITICAL_GAINS.flatMap((gainOf) =>
        [criticalSigma, cutSigma].map((sigmaOf) => this.#redraw((layer) => sigmaOf(layer, gainOf)))
      ),
    ).map((redrawn) => this.#propagate(redrawn));
  }

  /** Predictions for the kernels as an initialiser drew them, whatever their activation. */
  get usual(): Predictions {
    return this.#usual ??= this.#propagate(this.#redraw(usualSigma));
  }

  /** Layers in branches that are added to a larger signal, and may be small on purpose. */
  get branches(): ReadonlySet<LayerMeasurements> {
    const { measurements, graph } = this.#subject;
    return this.#branches ??= layersInBranches(measurements.layers, graph);
  }

  #propagate(redrawn: Redraw, { anchored = false } = {}): Predictions {
    const { measurements, graph } = this.#subject;
    this.#nodes ??= theoryNodes(measurements, graph);
    const nodes = redrawn.size === 0 ? this.#nodes : redraw(this.#nodes, redrawn);
    return propagate(nodes, {
      examples: measurements.batch.examples,
      inputs: theoryInputs(measurements),
      anchored,
    });
  }

  /**
   * Returns the rms of each kernel for the given sigma_w. Recurrent layers keep the scale that
   * TensorFlow.js draws.
   */
  #redraw(sigmaOf: (layer: KernelLayer) => number): Redraw {
    const { chain, recurrentKernels } = this.#subject;
    const branches = this.branches;
    const redrawn = new Map<string, number>();
    for (const layer of chain) {
      // TensorFlow.js draws depthwise kernels too small, which init-scale reports.
      const isDepthwise = layer.layer.kernelLayout === "depthwise";
      const wanted = isDepthwise ? usualSigma(layer) : sigmaOf(layer);
      const sigma = branches.has(layer.layer)
        ? Math.min(wanted, Math.max(wanted / SMALL_BRANCH, layer.sigma))
        : wanted;
      redrawn.set(layer.kernel.name, sigma / Math.sqrt(layer.fanIn));
      for (const { name } of layer.layer.weights.filter(isBias)) redrawn.set(name, 0);
    }
    for (const { layer, kernel, deviation } of recurrentKernels) {
      redrawn.set(kernel.name, deviation);
      for (const { name, shape } of layer.weights) {
        if (/(^|\/)kernel[^/]*$/.test(name)) {
          redrawn.set(name, initializerStd("glorot", fans(shape)));
        }
      }
    }
    for (const { className, weights } of this.#subject.measurements.layers) {
      if (layerTraits(className).operation !== "separable") continue;
      for (const { name, shape } of weights.filter(({ shape }) => shape.length > 1)) {
        redrawn.set(name, initializerStd("glorot", fans(shape)));
      }
    }
    return redrawn;
  }
}

/**
 * Returns the layers in branches that are added to a larger signal, such as that of a skip
 * connection. A branch may be small on purpose; the largest summand carries the signal.
 */
function layersInBranches(
  layers: readonly LayerMeasurements[],
  graph: Graph,
): Set<LayerMeasurements> {
  const places = new Map(layers.map((layer, place) => [layer, place]));
  const branches = new Set<LayerMeasurements>();
  const rms = ({ activations }: LayerMeasurements) => activations?.rms ?? 0;
  for (const addition of layers.filter(({ kind }) => kind === "addition")) {
    const inputs = graph.inputsOf(addition);
    // An input of the model is as large as it should be.
    const isToInput = (addition.reads?.length ?? 0) > 0;
    if (inputs.length + (isToInput ? 1 : 0) < 2) continue;
    const main = isToInput ? null : inputs.reduce((a, b) => rms(b) > rms(a) ? b : a);
    for (const layer of onlyBelow(inputs, main, places, graph)) branches.add(layer);
  }
  return branches;
}

/**
 * Returns the layers that lead to an addition, but not through its main input. Walks down from the
 * addition, the latest layer first, until the main path has met all others.
 */
function onlyBelow(
  inputs: readonly LayerMeasurements[],
  main: LayerMeasurements | null,
  places: ReadonlyMap<LayerMeasurements, number>,
  graph: Graph,
): Set<LayerMeasurements> {
  const onMain = new Set(main === null ? [] : [main]);
  const aside = new Set(inputs.filter((input) => !onMain.has(input)));
  const waiting = new Set(inputs);
  const isAside = (layer: LayerMeasurements) => aside.has(layer) && !onMain.has(layer);
  while ([...waiting].some(isAside)) {
    const [latest] = [...waiting].toSorted((a, b) => places.get(b)! - places.get(a)!);
    waiting.delete(latest);
    for (const input of graph.inputsOf(latest)) {
      const [same, wasNew] = onMain.has(latest)
        ? [onMain, !onMain.has(input)]
        : [aside, !aside.has(input)];
      same.add(input);
      if (wasNew) waiting.add(input);
    }
  }
  return aside.difference(onMain);
}

/** Most activations have one gain, so most draws are equal. */
function distinct(draws: readonly Redraw[]): Redraw[] {
  return draws.filter((draw, i) =>
    !draws.slice(0, i).some((other) => [...draw].every(([name, rms]) => other.get(name) === rms))
  );
}

/** Gain recommended for an activation, or `null`. */
type Gain = (activation: string) => number | null;

/** Gains at which a network may be critical: selu has two. */
const CRITICAL_GAINS: readonly Gain[] = [gain, criticalGain];

/**
 * Returns true if a kernel may have been drawn with the given standard deviation, with cut tails or
 * without.
 */
function drawnWith({ kernel: { values } }: KernelLayer, deviation: number): boolean {
  // Three standard errors of the standard deviation of that many normal entries.
  const doubt = 1 + 3 / Math.sqrt(2 * values.count);
  return values.std <= deviation * doubt && values.std >= deviation * CUT_DEVIATION / doubt;
}

const SCHEMES: InitializerScheme[] = ["he", "lecun", "glorot", "orthogonal"];

function sigma({ kernel: { values }, fanIn }: KernelLayer): number {
  return values.std * Math.sqrt(fanIn);
}

/** Returns sigma_w at criticality: the gain of the activation, or 1 if it has none. */
function criticalSigma({ activation }: KernelLayer, gainOf: Gain): number {
  return gainOf(activation) ?? 1;
}

/**
 * Returns sigma_w at criticality, reduced by the tails that TensorFlow.js cuts off if the kernel
 * looks drawn that way.
 */
function cutSigma(layer: KernelLayer, gainOf: Gain): number {
  const wanted = criticalSigma(layer, gainOf);
  const isDrawn = drawnWith(layer, wanted / Math.sqrt(layer.fanIn));
  return isDrawn ? Math.min(sigma(layer), wanted) : wanted;
}

/**
 * Returns sigma_w of a kernel drawn by He, LeCun, Glorot or orthogonal, whatever its activation,
 * else the gain.
 */
function usualSigma(layer: KernelLayer): number {
  // TensorFlow.js computes the fans of every kernel like those of an ordinary convolution.
  const isDrawn = [layer.fans, fans(layer.kernel.shape)].some((own) =>
    SCHEMES.some((scheme) => drawnWith(layer, initializerStd(scheme, own)))
  );
  return isDrawn ? sigma(layer) : criticalSigma(layer, gain);
}
