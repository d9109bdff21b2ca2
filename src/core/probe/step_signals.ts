import type { Engine } from "../../engine/engine.ts";
import { heapView } from "../../engine/heap/heap.ts";
import { shadowMethod } from "../../engine/patching.ts";
import { heapOf } from "../../engine/start/prepare_engine.ts";
import type { LayersModel, Optimizer, Tensor, TensorFlow } from "../../engine/tensorflow.ts";
import { inSameState } from "../measure/keep_state.ts";
import { sumTensor } from "../measure/sums.ts";
import { leafLayers } from "../model/layers/leaf_layers.ts";
import { modelWeights } from "../model/weights/model_weights.ts";
import { isKernel } from "../../ground/theory/weight_kinds.ts";
import { secondMomentRatio } from "./training_step.ts";
import type * as tfjs from "@tensorflow/tfjs";

/**
 * Returns the first layer of a forward pass whose outputs have NaN or infinite entries; `null` if
 * there is none.
 *
 * @param input Batch of the model's single input.
 */
function nonFiniteOrigin(engine: Engine, model: LayersModel, input: Tensor): string | null {
  const { tf } = engine;
  const heap = heapOf(engine);
  let origin: string | null = null;
  const isBroken = (tensor: Tensor) => {
    const { finite, count } = sumTensor(heap, tensor);
    return finite < count;
  };
  const undo = leafLayers(model).map(({ layer, path }) =>
    shadowMethod(layer, "call", (call) => (...args: Parameters<typeof call>) => {
      const outputs = call(...args);
      if (origin === null && ([outputs].flat() as Tensor[]).some(isBroken)) origin = path;
      return outputs;
    })
  );
  try {
    const pass = () => tf.tidy(() => void model.apply(input, { training: true }));
    inSameState(tf, model.layers, pass);
    return origin;
  } finally {
    for (const restore of undo.reverse()) restore();
  }
}

/** Figures of one update of the weights. */
export interface StepSignals {
  /** l2 norm of all gradients; NaN if an entry is not finite, `null` if none was seen. */
  gradientNorm: number | null;
  /** Largest update of a kernel: l2 of its change over l2 of the kernel before. */
  updateRatio: number | null;
  /**
   * Actual over predicted decrease of the loss on the step's own batch: 1 if the loss is linear
   * along the step, below 0 if the step made it worse. `null` unless measured.
   */
  decreaseRatio: number | null;
  /** Largest l2 of a kernel over that before the first step. */
  growth: number | null;
  /** Smallest l2 of a kernel over that before the first step. */
  shrinkage: number | null;
  /** Update of each kernel by name, `null` for a kernel of 0. */
  kernels: Map<string, number | null>;
  /** Layers whose gradient has NaN or infinite entries. */
  nonFinite: string[];
  /** First layer whose kernel an update has left with NaN or infinite entries; `null` if none has. */
  brokenUpdate: string | null;
  /** First layer whose outputs are not finite; `null` if there is none, or it is not known. */
  origin: string | null;
  /** Median of g^2 over Adam's corrected second moment; `null` unless measured. */
  secondMomentRatio: number | null;
  /** Examples whose loss is not finite, if that of others is. */
  failedExamples: number[];
  /** Largest |input| of the batch; `null` if it was not seen. */
  largestInput: number | null;
  /** Largest |target| of the batch, unless targets are class numbers; `null` if it was not seen. */
  largestTarget: number | null;
  /** Examples whose inputs or targets have entries that are not finite. */
  badExamples: number[];
  /** Examples whose class number no output has. */
  badClasses: number[];
}

/** Signals of the targets of a batch. */
type SeenTargets = Pick<StepSignals, "largestTarget" | "badExamples" | "badClasses">;

/** Returns the signals before any target was looked at. */
const noTargets = (): SeenTargets => ({ largestTarget: null, badExamples: [], badClasses: [] });

type LossFunction = (targets: Tensor, outputs: Tensor) => Tensor;
type Kwargs = { training?: unknown } | undefined;

/** Returns the layers that read the inputs of a model. */
function readersOf({ layers }: LayersModel): LayersModel["layers"] {
  const isInput = (layer: { getClassName(): string }) => layer.getClassName() === "InputLayer";
  return layers.filter(({ inboundNodes }) =>
    inboundNodes.some(({ inboundLayers }) => inboundLayers.some(isInput))
  );
}

/** Returns the rows of a tensor that have NaN or infinite entries. */
function badRows(tf: TensorFlow, tensor: Tensor): number[] {
  return rowsWith(heapView(tf, tensor), tensor.shape[0], (value) => !Number.isFinite(value));
}

/** Returns the examples with an entry of some kind. */
function rowsWith(
  values: ArrayLike<number>,
  examples: number,
  is: (value: number) => boolean,
): number[] {
  const length = values.length / examples;
  const rows = new Set<number>();
  for (let i = 0; i < values.length; i++) {
    if (is(values[i])) rows.add(Math.floor(i / length));
  }
  return [...rows];
}

/** Returns the number of classes of an output whose targets are class numbers; `null` if they are not. */
function classesOf(target: Tensor, output: readonly (number | null)[]): number | null {
  const classes = output.at(-1) ?? 1;
  if (classes === 1) return null;
  const isOneLess = target.rank === output.length - 1;
  return isOneLess || target.rank === output.length && target.shape.at(-1) === 1 ? classes : null;
}

/** Trainable weight with its value before the running step. */
interface Tracked {
  layer: string;
  name: string;
  kernel: boolean;
  variable: tfjs.Variable;
  before: Tensor | null;
  /** l2 norm before the first step. */
  start: number | null;
}

/**
 * Longer weights are sampled, which bounds the time: of the first steps, whose decrease is
 * predicted, and of the others, whose norms it changes by some 1 %, or 3 % in models of many weights.
 */
const MAX_ENTRIES = { first: 1 << 16, later: 1 << 12 };
/** Number of entries of all weights that are looked at in later steps, and least number of one. */
const MAX_SAMPLE = 1 << 15, LEAST_SAMPLE = 1 << 9;

/** Share of a loss below which its change is rounding of float32. */
const NOISE = 1e-5;

/** Sums over the entries of a weight, or of a sample of them. */
interface Change {
  before: number;
  now: number;
  change: number;
  /** Gradient times change. */
  predicted: number;
}

/**
 * Measures each update of a model's weights at little cost, made by any caller: `model.fit`, or a loop
 * that calls `optimizer.minimize` or `applyGradients`.
 */
export class StepWatch {
  readonly #engine: Engine;
  readonly #tf: TensorFlow;
  readonly #model: LayersModel;
  readonly #weights: Map<string, Tracked>;
  #undo: (() => void)[] = [];
  #signals: StepSignals | null = null;
  #predicted: number | null = null;
  /** Inputs of the running step, which live until its gradients are computed. */
  #inputs: Tensor[] = [];
  #failedExamples: number[] = [];
  /** Targets of the running step, which the losses of `fit` are given. */
  #targets = noTargets();
  /** True while an update computes its gradients. */
  #isUpdating = false;
  #isBroken = false;
  #optimizer: Optimizer | null = null;
  /** Milliseconds that the signals of a step have taken, and second looks at a loss. */
  spent = { step: 0, again: 0 };
  /** True if updates are measured. */
  active = true;
  /** True if the loss of each batch is computed once more after its update. */
  again = false;
  /** Called before each update. */
  beforeUpdate: () => void = () => {};
  /** True if Adam's second moment is compared with the gradients. */
  moments = false;

  /** Begins before a step. */
  constructor(engine: Engine, model: LayersModel) {
    this.#engine = engine;
    this.#tf = engine.tf;
    this.#model = model;
    this.#weights = new Map(
      modelWeights(model).filter(({ trainable }) => trainable).map((weight) => {
        const variable = weight.variable.read() as tfjs.Variable;
        return [variable.name, {
          layer: weight.layerPath,
          name: weight.weightName,
          kernel: isKernel({ name: weight.weightName, shape: variable.shape }),
          variable,
          before: null,
          start: null,
        }];
      }),
    );
  }

  /** Watches the steps of an optimizer until {@linkcode dispose}. */
  attach(optimizer: Optimizer): void {
    this.#optimizer = optimizer;
    this.#undo.push(
      ...this.#watchLosses(),
      ...readersOf(this.#model).map((layer) =>
        shadowMethod(layer, "call", (call) => (inputs: Tensor | Tensor[], kwargs: Kwargs) => {
          if (this.active && kwargs?.training === true) this.#inputs.push(...[inputs].flat());
          return call(inputs, kwargs);
        })
      ),
      shadowMethod(optimizer, "minimize", (minimize) => (...args: Parameters<typeof minimize>) => {
        this.#isUpdating = this.active;
        const cost = minimize(args[0], true, args[2]) as Tensor;
        this.#isUpdating = false;
        if (this.again) this.#lookAgain(args[0], cost);
        if (args[1]) return cost;
        cost.dispose();
        return null;
      }),
      shadowMethod(optimizer, "applyGradients", (apply) => (gradients: Gradients) => {
        this.beforeUpdate();
        if (!this.active) return apply(gradients);
        this.#timed(() => this.keep());
        apply(gradients);
        this.#timed(() => this.#see(gradients));
      }),
    );
  }

  /** Looks at the losses of the single examples, which `fit` computes by the losses of the model. */
  #watchLosses(): (() => void)[] {
    const { lossFunctions = [] } = this.#model as unknown as { lossFunctions?: LossFunction[] };
    return lossFunctions.map((lossOf, i) => {
      lossFunctions[i] = (targets, outputs) => {
        const losses = lossOf(targets, outputs);
        if (this.#isUpdating) {
          this.#seeLosses(losses, targets.shape[0]);
          this.#seeTarget(this.#targets, targets, i);
        }
        return losses;
      };
      return () => lossFunctions[i] = lossOf;
    });
  }

  #seeLosses(losses: Tensor, examples: number): void {
    if (losses.shape[0] !== examples) return;
    const bad = badRows(this.#tf, losses);
    if (bad.length < examples) this.#failedExamples.push(...bad);
  }

  /** Saves the weights before a step. A clone shares the data, which no step writes in place. */
  keep(): void {
    for (const weight of this.#weights.values()) {
      weight.before?.dispose();
      weight.before = this.#tf.keep(weight.variable.clone()) as Tensor;
    }
  }

  /** Returns the figures of the latest update; `null` if none was measured since the last call. */
  take(): StepSignals | null {
    const signals = this.#signals;
    this.#signals = null;
    return signals;
  }

  /** Compares the weights with those that were kept, for a loop whose optimizer is not known. */
  compare(): void {
    this.#tf.tidy(() => this.#see([]));
  }

  /** Stops watching, and frees the saved weights. */
  dispose(): void {
    for (const undo of this.#undo.splice(0).reverse()) undo();
    this.#forget();
  }

  #forget(): void {
    for (const weight of this.#weights.values()) {
      weight.before?.dispose();
      weight.before = null;
    }
  }

  /** Repeats the first pass that breaks with the weights before its update. */
  #originOf(inputs: readonly Tensor[]): string | null {
    const [input] = inputs;
    if (this.#isBroken || this.#model.inputs.length > 1 || input?.isDisposed !== false) return null;
    this.#isBroken = true;
    const weights = [...this.#weights.values()];
    const now = weights.map(({ variable }) => variable.clone());
    for (const { variable, before } of weights) if (before !== null) variable.assign(before);
    const origin = nonFiniteOrigin(this.#engine, this.#model, input);
    weights.forEach(({ variable }, i) => variable.assign(now[i]));
    return origin;
  }

  #timed(run: () => void): void {
    const started = performance.now();
    this.#tf.tidy(run);
    this.spent.step += performance.now() - started;
  }

  #see(given: Gradients): void {
    const gradients = tensorsByName(given);
    const sums = { squares: 0, predicted: 0, seen: false };
    const signals: StepSignals = {
      gradientNorm: null,
      updateRatio: null,
      decreaseRatio: null,
      growth: null,
      shrinkage: null,
      kernels: new Map(),
      nonFinite: [],
      brokenUpdate: null,
      origin: null,
      secondMomentRatio: null,
      failedExamples: [...new Set(this.#failedExamples.splice(0))],
      largestInput: null,
      ...this.#targets,
    };
    this.#targets = noTargets();
    const heap = heapOf(this.#engine);
    const inputs = this.#inputs.splice(0);
    const share = Math.max(LEAST_SAMPLE, Math.floor(MAX_SAMPLE / this.#weights.size));
    const most = this.again ? MAX_ENTRIES.first : Math.min(MAX_ENTRIES.later, share);
    for (const [name, weight] of this.#weights) {
      if (weight.before === null) continue;
      const gradient = gradients.get(name) ?? null;
      if (gradient !== null) {
        const squares = heap.native.squares(heap.address(gradient), gradient.size);
        if (!Number.isFinite(squares)) signals.nonFinite.push(weight.layer);
        sums.squares += Number.isFinite(squares) ? squares : NaN;
        sums.seen = true;
      }
      const change = changeOf(this.#tf, { before: weight.before, variable: weight.variable }, {
        gradient,
        most,
      });
      sums.predicted += change.predicted;
      if (weight.kernel) noteKernel(signals, weight, change);
    }
    this.seeInputs(signals, inputs, { isBroken: signals.nonFinite.length > 0 });
    if (signals.nonFinite.length > 0) signals.origin = this.#originOf(inputs);
    if (this.moments) {
      signals.secondMomentRatio = secondMomentRatio(this.#tf, this.#optimizer, gradients);
    }
    this.#forget();
    signals.gradientNorm = sums.seen ? Math.sqrt(sums.squares) : null;
    this.#predicted = sums.seen ? sums.predicted : null;
    this.#signals = signals;
  }

  /**
   * Notes the largest input of a batch, of a sample of its entries; and the examples that are not finite, which
   * are looked for if the step is broken.
   */
  seeInputs(
    signals: Pick<StepSignals, "largestInput" | "badExamples">,
    inputs: readonly Tensor[],
    { isBroken }: { isBroken: boolean },
  ): void {
    for (const input of inputs) {
      if (input.isDisposed) continue;
      const largest = largestOf(heapView(this.#tf, input));
      signals.largestInput = Math.max(signals.largestInput ?? 0, largest);
      if (isBroken || !Number.isFinite(largest)) {
        signals.badExamples.push(...badRows(this.#tf, input));
      }
    }
  }

  /**
   * Notes the largest target of a batch, of a sample of its entries; the examples whose targets are not finite; and
   * those with a class number out of range.
   */
  seeTargets(seen: SeenTargets, targets: readonly Tensor[]): void {
    targets.forEach((target, i) => {
      if (!target.isDisposed) this.#seeTarget(seen, target, i);
    });
  }

  #seeTarget(seen: SeenTargets, target: Tensor, output: number): void {
    seen.badExamples.push(...badRows(this.#tf, target));
    const values = heapView(this.#tf, target);
    const classes = classesOf(target, this.#model.outputs[output]?.shape ?? []);
    if (classes === null) {
      seen.largestTarget = Math.max(seen.largestTarget ?? 0, largestOf(values));
    } else {
      seen.badClasses.push(
        ...rowsWith(values, target.shape[0], (value) => value < 0 || value >= classes),
      );
    }
  }

  /** Computes the loss of the same batch once more, and restores what that changes. */
  #lookAgain(loss: () => Tensor, before: Tensor): void {
    const started = performance.now();
    const tf = this.#tf;
    this.#inputs = [];
    const predicted = this.#predicted;
    const start = before.dataSync()[0];
    // Momentum may step uphill; and the float32 noise of a loss says nothing about a tiny step.
    if (this.#signals !== null && predicted !== null && -predicted > NOISE * Math.abs(start)) {
      const after = inSameState(tf, this.#model.layers, () => tf.tidy(() => loss().dataSync()[0]));
      this.#signals.decreaseRatio = (after - start) / predicted;
    }
    this.spent.again += performance.now() - started;
  }
}

type Gradients = tfjs.NamedTensorMap | { name: string; tensor: Tensor | null }[];

function tensorsByName(gradients: Gradients): Map<string, Tensor | null> {
  const named = Array.isArray(gradients)
    ? gradients.map(({ name, tensor }): [string, Tensor | null] => [name, tensor ?? null])
    : Object.entries(gradients);
  return new Map(named);
}

function noteKernel(signals: StepSignals, weight: Tracked, change: Change): void {
  const before = Math.sqrt(change.before);
  weight.start ??= before;
  const ratio = before === 0 ? null : Math.sqrt(change.change) / before;
  signals.kernels.set(weight.name, ratio);
  if (ratio !== null && !Number.isFinite(ratio)) signals.brokenUpdate ??= weight.layer;
  const growth = weight.start === 0 ? null : Math.sqrt(change.now) / weight.start;
  signals.updateRatio = larger(signals.updateRatio, ratio);
  signals.growth = larger(signals.growth, growth);
  signals.shrinkage = growth === null || signals.shrinkage !== null && !(growth < signals.shrinkage)
    ? signals.shrinkage
    : growth;
}

/** Returns the larger of two figures; one that is not finite counts as the largest. */
function larger(a: number | null, b: number | null): number | null {
  if (a === null || b === null) return a ?? b;
  return !Number.isFinite(a) || a > b ? a : b;
}

function changeOf(
  tf: TensorFlow,
  { before, variable }: { before: Tensor; variable: tfjs.Variable },
  { gradient, most }: { gradient: Tensor | null; most: number },
): Change {
  // All trainable weights are float32, and a loop over one kind of array is many times faster.
  const old = heapView(tf, before) as Float32Array;
  const now = heapView(tf, variable) as Float32Array;
  const slope = (gradient === null ? now : heapView(tf, gradient)) as Float32Array;
  const { length } = old;
  const sums: Change = { before: 0, now: 0, change: 0, predicted: 0 };
  const stride = strideOf(length, most);
  for (let start = 0; start < length; start += stride) {
    const end = Math.min(start + LINE, length);
    for (let i = start; i < end; i++) {
      const change = now[i] - old[i];
      sums.before += old[i] * old[i];
      sums.now += now[i] * now[i];
      sums.change += change * change;
      sums.predicted += slope[i] * change;
    }
  }
  // Norms of samples of different sizes are compared.
  const scale = stride / LINE;
  return {
    before: sums.before * scale,
    now: sums.now * scale,
    change: sums.change * scale,
    predicted: sums.predicted * scale,
  };
}

/** Returns the largest |entry| of a sample; NaN if one is NaN. */
function largestOf(values: ArrayLike<number>): number {
  let largest = 0;
  const stride = strideOf(values.length, MAX_ENTRIES.later);
  for (let start = 0; start < values.length; start += stride) {
    const end = Math.min(start + LINE, values.length);
    for (let i = start; i < end; i++) largest = Math.max(largest, Math.abs(values[i]));
  }
  return largest;
}

/** Number of entries in a line of the cache, which is read whole. */
const LINE = 16;

/**
 * Returns the distance of the lines in a sample of at most some number of entries. It is odd, lest all lines are of
 * the same units.
 */
function strideOf(length: number, most: number): number {
  const share = Math.ceil(length / most);
  return share <= 1 ? LINE : LINE * share + 1;
}
