import type { LayerMeasurements, Measurements } from "../../measure/measurements.ts";
import { fans } from "../../theory/fans.ts";
import { initializerStd } from "../../theory/initializer_std.ts";
import { type Prediction, propagate } from "../../theory/propagate.ts";
import type { NetworkNode } from "../../theory/signal.ts";
import { layerTraits } from "../../traits/layer_traits.ts";
import { CRITICAL_GAINS, criticalSigma, cutSigma, usualSigma } from "./expected_states.ts";
import type { Graph } from "./graph.ts";
import type { KernelLayer, RecurrentKernel } from "./kernel_chain.ts";
import { type Redraw, redraw, theoryInputs, theoryNodes } from "./theory_nodes.ts";

/** What theory predicts of the layers of a network, by name; layers that it does not describe are left out. */
export type Predictions = ReadonlyMap<string, Prediction>;

/** What a layer should measure, and how far a healthy draw of its weights may be off. */
export interface PredictedFigures {
  /** rms of a. */
  activations: number;
  /** rms of delta, or `null` where theory says nothing of it. */
  deltas: number | null;
  /** One standard deviation of the logarithm of each, over draws of the weights. */
  doubt: { activations: number; deltas: number };
}

/** What {@linkcode SignalTheory} is made of. */
export interface TheorySubject {
  /** Everything that was measured. */
  measurements: Measurements;
  /** The dense and convolutional layers. */
  chain: readonly KernelLayer[];
  /** The kernels by which recurrent layers feed their states back. */
  recurrentKernels: readonly RecurrentKernel[];
  /** Which layer feeds which. */
  graph: Graph;
}

/**
 * By how much smaller a kernel may be in a branch that is added to something: Fixup, DeepNet and GPT-2 draw
 * theirs down to a fifth, or a tenth.
 */
const SMALL_BRANCH = 30;

/**
 * What theory says of a network of any graph: of the weights as they were drawn, and of other draws of them.
 * Each prediction is computed when it is asked for first.
 */
export class SignalTheory {
  readonly #subject: TheorySubject;
  #predicted?: Predictions;
  #local?: Predictions;
  #critical?: readonly Predictions[];
  #usual?: Predictions;
  #branches?: ReadonlySet<KernelLayer>;
  #nodes?: readonly NetworkNode[];

  /** Made by `Network`. */
  constructor(subject: TheorySubject) {
    this.#subject = subject;
  }

  /** What the layers should measure with the weights that they have. */
  get predicted(): Predictions {
    return this.#predicted ??= this.#propagate(new Map());
  }

  /** The figures that a layer should measure with the weights that it has; `null` where theory knows none. */
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
   * The same step by step: every layer with weights is taken as it was measured for what comes before and
   * after it, so that each prediction is about one step.
   */
  get local(): Predictions {
    return this.#local ??= this.#propagate(new Map(), true);
  }

  /**
   * The network at criticality: each kernel has the gain of its activation, or that less what TensorFlow.js
   * cuts off the tails of a normal distribution. A kernel in a branch that is added to something may be
   * up to 30 times smaller. Several, where an activation has several gains.
   */
  get critical(): readonly Predictions[] {
    return this.#critical ??= distinct(
      CRITICAL_GAINS.flatMap((gainOf) =>
        [criticalSigma, cutSigma].map((sigmaOf) => this.#redraw((layer) => sigmaOf(layer, gainOf)))
      ),
    ).map((redrawn) => this.#propagate(redrawn));
  }

  /** The network with the kernels that an initialiser drew, whatever their activation. */
  get usual(): Predictions {
    return this.#usual ??= this.#propagate(this.#redraw(usualSigma));
  }

  #propagate(redrawn: Redraw, anchored = false): Predictions {
    const { measurements, graph } = this.#subject;
    this.#nodes ??= theoryNodes(measurements, graph);
    const nodes = redrawn.size === 0 ? this.#nodes : redraw(this.#nodes, redrawn);
    return propagate(nodes, {
      examples: measurements.batch.examples,
      inputs: theoryInputs(measurements),
      anchored,
    });
  }

  /** The rms of each kernel that sigma_w asks for; recurrent layers as TensorFlow.js draws them. */
  #redraw(sigmaOf: (layer: KernelLayer) => number): Redraw {
    const { chain, recurrentKernels } = this.#subject;
    const branches = this.#branches ??= this.#inBranches();
    const redrawn = new Map<string, number>();
    for (const layer of chain) {
      // TensorFlow.js draws depthwise kernels too small, and the rule init-scale says so.
      const isDepthwise = layer.layer.kernelLayout === "depthwise";
      const wanted = isDepthwise ? usualSigma(layer) : sigmaOf(layer);
      const least = branches.has(layer) ? wanted / SMALL_BRANCH : wanted;
      const sigma = Math.min(wanted, Math.max(least, layer.sigma));
      redrawn.set(layer.kernel.name, sigma / Math.sqrt(layer.fanIn));
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

  /** The kernels beside which another way leads to an addition. */
  #inBranches(): Set<KernelLayer> {
    const { chain, graph, measurements: { layers } } = this.#subject;
    const additions = layers.filter(({ kind }) => kind === "addition");
    return new Set(chain.filter(({ layer }) =>
      additions.some((addition) => {
        const inputs = graph.inputsOf(addition);
        const after = inputs.filter((input) => input === layer || graph.isBelow(layer, input));
        return after.length > 0 &&
          (after.length < inputs.length || (addition.reads?.length ?? 0) > 0);
      })
    ));
  }
}

/** Most activations have one gain, so that most draws are the same. */
function distinct(draws: readonly Redraw[]): Redraw[] {
  return draws.filter((draw, i) =>
    !draws.slice(0, i).some((other) => [...draw].every(([name, rms]) => other.get(name) === rms))
  );
}
