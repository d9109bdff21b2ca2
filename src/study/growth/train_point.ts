import type * as tfjs from "@tensorflow/tfjs";
import type { Heap } from "../../engine/heap/heap.ts";
import { heapOf } from "../../engine/start/prepare_engine.ts";
import type { LayersModel, Tensor } from "../../engine/tensorflow.ts";
import { chooseLoss } from "../../core/measure/choose_objective.ts";
import type { ResolvedObjective } from "../../core/measure/resolve_objective.ts";
import type { Batch } from "../../core/model/batches/batch.ts";
import { kernelLayoutOf } from "../../core/model/layers/leaf_layers.ts";
import type { Objective } from "../../core/model/objective.ts";
import { modelWeights } from "../../core/model/weights/model_weights.ts";
import {
  evaluateObjective,
  keepModel,
  type KeptProbe,
  openProbe,
} from "../../core/probe/open_probe.ts";
import { adam, trainingStep, type Update } from "../../core/probe/training_step.ts";
import { compiledOptimizer } from "../../core/probe/rungs.ts";
import { fans } from "../../ground/theory/initializers.ts";
import { isKernel } from "../../ground/theory/weight_kinds.ts";
import { layerTraits } from "../../ground/traits/layer_traits.ts";
import { optimizerTraits } from "../../ground/traits/optimizers.ts";
import type { GridPoint, ResolvedGrid } from "../grid_point.ts";
import {
  type GrowthAxis,
  type GrowthLayer,
  LARGE_RATE,
  type PointTraining,
  scales,
  type StudyTraining,
  type TrainingPlan,
} from "./growth_types.ts";
import { type SeenLayer, sizeOfTensor, watchLayers } from "./watch_layers.ts";

/** Relative change of the hidden layers in the first step that is large enough to judge. */
const VISIBLE_CHANGE = 0.02;

/** Largest factor on a compiled rate. */
const MAX_RAISE = 1024;

/** Model to train, on its batch. */
export interface TrainedSubject {
  model: LayersModel;
  batch: Batch;
  /** Objective; absent for the default of the model. */
  objective: Objective | undefined;
}

/** Kernel of a layer, or the table of an embedding. */
interface WatchedKernel {
  layer: string;
  variable: tfjs.Variable;
  fanIn: number;
  isEmbedding: boolean;
}

/**
 * Chooses the rate of a study's training: the compiled one, raised by a power of two if the first
 * step hardly moves the smallest sibling.
 */
export async function planTraining(
  subject: TrainedSubject,
  { steps, keeps, scalings = [] }: TrainingPlan,
  { widths: [width], depths: [depth] }: ResolvedGrid,
): Promise<StudyTraining> {
  const heap = heapOf((await openProbe(subject.model, subject.batch, {})).engine);
  const { name, rate } = compiledOptimizer(heap, subject.model, LARGE_RATE);
  const plan: StudyTraining = {
    steps,
    keeps,
    scalings: [...scalings],
    optimizer: name,
    rate,
    raised: 1,
    base: { width, depth },
  };
  if (keeps === "loss" || rate === null) return plan;
  const point = { width, depth, seed: 0 };
  const { layers } = await trainPoint(subject, { ...plan, steps: 1, scalings: [] }, point);
  const moved = Math.max(...layers.slice(0, -1).map(relativeChange), 0);
  const raise = moved > 0 ? 2 ** Math.ceil(Math.log2(VISIBLE_CHANGE / moved)) : 1;
  return { ...plan, raised: Math.min(MAX_RAISE, Math.max(1, raise)) };
}

function relativeChange({ activations: [before], changes: [change] }: GrowthLayer): number {
  return Number.isFinite(change / before) ? change / before : 0;
}

/** Trains a model from its own weights, and restores them bit by bit. */
export async function trainPoint(
  { model, batch, objective }: TrainedSubject,
  training: StudyTraining,
  point: Pick<GridPoint, "width" | "depth" | "rate" | "seed">,
): Promise<PointTraining> {
  const probe = keepModel(await openProbe(model, batch, {}));
  const { tf, engine, targets } = probe;
  const chosen = chooseLoss(tf, model, { objective, targets, seed: point.seed });
  const heap = heapOf(engine);
  const run = new Training(heap, probe, training, point);
  const { rate: factor = 1 } = point;
  const { objective: goal } = chosen;
  const rates = { rate: factor, embeddingRate: factor };
  const keepsLayers = training.keeps === "layers";
  const takesGradient = optimizerTraits(training.optimizer)?.takesGradientAsItIs === true;
  try {
    const layers = keepsLayers ? new LayerSizes(heap, probe, run) : null;
    const losses = run.train(goal, { ...rates, layers });
    let embeddingLoss: number | null = null;
    if (point.rate !== undefined && run.kernels.some(({ isEmbedding }) => isEmbedding)) {
      embeddingLoss = run.train(goal, { ...rates, rate: 1, layers: null }).at(-1)!;
    }
    let adamLayers: GrowthLayer[] = [];
    if (keepsLayers && takesGradient && training.scalings.length === 0) {
      const withAdam = new LayerSizes(heap, probe, run);
      run.train(goal, { ...rates, layers: withAdam, hasAdam: true });
      adamLayers = withAdam.rows();
    }
    return {
      parameters: model.countParams(),
      losses,
      embeddingLoss,
      layers: layers?.rows() ?? [],
      adamLayers,
    };
  } finally {
    probe.restore();
    tf.dispose(chosen.drawn ?? []);
  }
}

/** Settings of one training. */
interface TrainingRates {
  /** Factor on the rate of all weights. */
  rate: number;
  /** Factor on the rate of embeddings, in place of the other. */
  embeddingRate: number;
  /** Receives the sizes of the layers, if they are kept. */
  layers: LayerSizes | null;
  /** True to train with Adam in place of the compiled optimizer. */
  hasAdam?: boolean;
}

/** A model that is trained for a few steps on one batch. */
class Training {
  readonly kernels: WatchedKernel[];
  readonly #heap: Heap;
  readonly #probe: KeptProbe;
  readonly #training: StudyTraining;
  readonly #sizes: Record<GrowthAxis, number>;

  constructor(
    heap: Heap,
    probe: KeptProbe,
    training: StudyTraining,
    { width, depth }: Pick<GridPoint, "width" | "depth">,
  ) {
    this.#heap = heap;
    this.#probe = probe;
    this.#training = training;
    const { base } = training;
    this.#sizes = {
      width: width === null ? 1 : width / base.width!,
      depth: depth === null ? 1 : depth / base.depth!,
    };
    this.kernels = firstKernels(probe.model);
  }

  /** Trains from the weights that the model has, and returns the losses. */
  train(
    objective: ResolvedObjective,
    { rate, embeddingRate, layers, hasAdam = false }: TrainingRates,
  ): number[] {
    const { steps } = this.#training;
    const { tf } = this.#heap;
    const { update, dispose } = hasAdam
      ? adam(this.#heap, { learningRate: LARGE_RATE })
      : this.#compiled();
    const weights = modelWeights(this.#probe.model).filter(({ trainable }) => trainable)
      .map(({ layerPath, variable }) => {
        const read = variable.read() as tfjs.Variable;
        return { layer: layerPath, variable: read, start: tf.keep(read.clone()) };
      });
    const factors = new Map(weights.map(({ layer, variable }) => {
      const { isEmbedding = false } = this.kernels.find((one) => one.layer === layer) ?? {};
      const own = isEmbedding ? embeddingRate : rate;
      return [variable as Tensor, own * this.#factor(layer, "rate")];
    }));
    try {
      this.#scaleKernels();
      layers?.begin();
      const losses: number[] = [];
      for (let step = 0; step < steps; step++) {
        const taken = trainingStep(this.#probe, {
          objective,
          update: (variables, gradients) => {
            layers?.seeGradients(variables, gradients);
            this.#move(variables, gradients, { update, factors });
          },
        });
        losses.push(taken.loss + taken.penalty);
        layers?.seeStep();
      }
      losses.push(evaluateObjective(this.#probe, objective, this.#probe.inputs));
      return losses;
    } finally {
      dispose();
      layers?.dispose();
      for (const { variable, start } of weights) {
        variable.assign(start);
        start.dispose();
      }
    }
  }

  /** Returns the compiled optimizer, without state. */
  #compiled(): ReturnType<typeof adam> {
    const { rate, raised } = this.#training;
    const optimizer = compiledOptimizer(this.#heap, this.#probe.model, LARGE_RATE);
    return optimizer.at(rate === null ? null : rate * raised).make();
  }

  /** Takes a step, scaled by the factor of each weight. */
  #move(
    variables: tfjs.Variable[],
    gradients: (Tensor | null)[],
    { update, factors }: { update: Update; factors: ReadonlyMap<Tensor, number> },
  ): void {
    const { tf } = this.#heap;
    // A clone shares the data, but variables are never written in place.
    const before = variables.map((variable) => tf.keep(variable.clone()));
    update(variables, gradients);
    variables.forEach((variable, i) => {
      const factor = factors.get(variable) ?? 1;
      if (factor !== 1) {
        tf.tidy(() =>
          variable.assign(
            tf.add(before[i], tf.mul(tf.sub(variable as Tensor, before[i]), factor)) as Tensor,
          )
        );
      }
      before[i].dispose();
    });
  }

  /** Returns the factor of a layer's initial standard deviation or learning rate. */
  #factor(layer: string, of: "std" | "rate"): number {
    let factor = 1;
    for (const scaling of this.#training.scalings) {
      if (!scales(scaling, layer)) continue;
      if (of === "std") factor *= scaling.factor;
      for (const axis of ["width", "depth"] as const) {
        factor *= this.#sizes[axis] ** scaling[of][axis];
      }
    }
    return factor;
  }

  #scaleKernels(): void {
    const { tf } = this.#heap;
    for (const { layer, variable } of this.kernels) {
      const factor = this.#factor(layer, "std");
      if (factor !== 1) {
        tf.tidy(() => variable.assign(tf.mul(variable as Tensor, factor) as Tensor));
      }
    }
  }
}

/** Returns the first trainable kernel of each layer, and the table of each embedding. */
function firstKernels(model: LayersModel): WatchedKernel[] {
  const kernels: WatchedKernel[] = [];
  for (const { layerPath, layer, weightName, variable, trainable } of modelWeights(model)) {
    if (kernels.some((one) => one.layer === layerPath) || !trainable) continue;
    const isEmbedding = layerTraits(layer.getClassName()).kind === "embedding";
    const shape = variable.shape as number[];
    if (!isKernel({ name: weightName, shape })) continue;
    const { fanIn } = fans(shape, kernelLayoutOf(layer) ?? "ordinary");
    kernels.push({
      layer: layerPath,
      variable: variable.read() as tfjs.Variable,
      // A lookup reads one row and sums nothing.
      fanIn: isEmbedding ? 1 : fanIn,
      isEmbedding,
    });
  }
  return kernels;
}

/** Sizes of the layers over a training. */
class LayerSizes {
  readonly #heap: Heap;
  readonly #probe: KeptProbe;
  readonly #kernels: Map<string, WatchedKernel>;
  readonly #rows = new Map<string, GrowthLayer>();
  #seen: SeenLayer[] = [];
  #before = new Map<string, Tensor>();

  constructor(heap: Heap, probe: KeptProbe, { kernels }: Training) {
    this.#heap = heap;
    this.#probe = probe;
    this.#kernels = new Map(kernels.map((kernel) => [kernel.layer, kernel]));
  }

  /** Measures the layers before training. */
  begin(): void {
    this.#seen = this.#watch();
    for (const { name, multiplier, isBranch, input, values } of this.#seen) {
      const kernel = this.#kernels.get(name) ?? null;
      this.#rows.set(name, {
        name,
        fanIn: kernel?.fanIn ?? null,
        std: kernel === null ? null : sizeOfTensor(this.#heap, kernel.variable as Tensor),
        multiplier,
        isBranch: isBranch && kernel !== null,
        inputs: [input],
        activations: [Math.abs(multiplier) * sizeOfTensor(this.#heap, values)],
        changes: [],
        gradients: [],
        updates: [],
      });
    }
  }

  /** Records the gradients of a step, before it is taken. */
  seeGradients(variables: tfjs.Variable[], gradients: (Tensor | null)[]): void {
    const { tf } = this.#heap;
    for (const [layer, { variable }] of this.#kernels) {
      const gradient = gradients[variables.indexOf(variable)] ?? null;
      const size = gradient === null ? 0 : sizeOfTensor(this.#heap, gradient);
      this.#rows.get(layer)?.gradients.push(size);
      this.#before.set(layer, tf.keep((variable as Tensor).clone()));
    }
  }

  /** Measures the layers after a step. */
  seeStep(): void {
    const { tf } = this.#heap;
    const change = (now: Tensor, before: Tensor) =>
      tf.tidy(() => sizeOfTensor(this.#heap, tf.sub(now, before) as Tensor));
    for (const [layer, before] of this.#before) {
      const { variable } = this.#kernels.get(layer)!;
      this.#rows.get(layer)?.updates.push(change(variable as Tensor, before));
    }
    this.#forget();
    const seen = this.#watch();
    for (const [i, { name, multiplier, input, values }] of seen.entries()) {
      const row = this.#rows.get(name)!;
      // Behind a readout that begins at 0, the constant shows only now.
      if (row.activations.at(-1) === 0) row.multiplier = multiplier;
      const factor = Math.abs(row.multiplier);
      row.inputs.push(input);
      row.activations.push(factor * sizeOfTensor(this.#heap, values));
      row.changes.push(factor * change(values, this.#seen[i].values));
    }
    tf.dispose(this.#seen.map(({ values }) => values));
    this.#seen = seen;
  }

  /** Returns the sizes. */
  rows(): GrowthLayer[] {
    return [...this.#rows.values()];
  }

  dispose(): void {
    this.#heap.tf.dispose(this.#seen.map(({ values }) => values));
    this.#seen = [];
    this.#forget();
  }

  #forget(): void {
    this.#heap.tf.dispose([...this.#before.values()]);
    this.#before.clear();
  }

  #watch(): SeenLayer[] {
    const { model, inputs, rewind } = this.#probe;
    rewind();
    return watchLayers(this.#heap, model, inputs);
  }
}
