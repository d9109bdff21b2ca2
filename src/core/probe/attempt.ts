import { type Heap, heapView } from "../../engine/heap/heap.ts";
import { heapOf } from "../../engine/start/prepare_engine.ts";
import type { Layer, LayersModel, Tensor } from "../../engine/tensorflow.ts";
import { MeasureError } from "../measure/measure_options.ts";
import { outputsOf } from "../model/keras_outputs.ts";
import type { ResolvedObjective } from "../measure/resolve_objective.ts";
import { sumTensor } from "../measure/sums.ts";
import { wrapCall } from "../measure/tap.ts";
import { outputName } from "../model/names.ts";
import { normalizedOnBatch } from "../measure/training_facts.ts";
import { penalizesActivity } from "../model/activity_penalties.ts";
import { leafLayers } from "../model/layers/leaf_layers.ts";
import { modelWeights } from "../model/weights/model_weights.ts";
import { errorMessage } from "../../ground/words/failure.ts";
import { InputError } from "../../ground/words/input_error.ts";
import type { Fit, FitScale } from "./fit.ts";
import { carriesState, keepModel, type KeptProbe, type OpenProbe } from "./open_probe.ts";
import type { Rung } from "./rungs.ts";
import {
  gradientsOf,
  penaltiesOf,
  type StepLoss,
  trainingStep,
  type Update,
} from "./training_step.ts";
import {
  areStill,
  type Attempt,
  countStill,
  judgeAttempt,
  type LayerTraining,
  LEARNS_FROM,
} from "./trial.ts";
import type * as tfjs from "@tensorflow/tfjs";

/** Trainable weight with its value before training. */
interface TrackedWeight {
  variable: tfjs.Variable;
  before: Tensor;
}

/** Tracks the changes that training makes to each layer. */
class LayerProgress {
  readonly #heap: Heap;
  readonly #weights: Map<string, TrackedWeight[]>;
  readonly #layerOf: Map<tfjs.Variable, string>;
  readonly #updateRatio = new Map<string, number | null>();
  readonly #nonFinite = new Map<string, number>();

  /** Saves the trainable weights. */
  constructor(heap: Heap, model: LayersModel) {
    this.#heap = heap;
    const { tf } = heap;
    const weights = modelWeights(model).filter(({ trainable }) => trainable)
      .map(({ layerPath, variable }) => {
        const read = variable.read() as tfjs.Variable;
        // A clone shares the data, but variables are never written in place, so it keeps the old
        // values.
        return { layerPath, variable: read, before: tf.keep(read.clone()) as Tensor };
      });
    this.#weights = Map.groupBy(weights, ({ layerPath }) => layerPath);
    this.#layerOf = new Map(weights.map(({ layerPath, variable }) => [variable, layerPath]));
  }

  /** Records the gradients of a step, counted from 0. */
  seeGradients(variables: tfjs.Variable[], gradients: (Tensor | null)[], step: number): void {
    variables.forEach((variable, i) => {
      const layer = this.#layerOf.get(variable);
      const gradient = gradients[i];
      if (layer === undefined || gradient === null || this.#nonFinite.has(layer)) return;
      const { finite, count } = sumTensor(this.#heap, gradient);
      if (finite < count) this.#nonFinite.set(layer, step);
    });
  }

  /** Records the changes of the first step. */
  seeFirstStep(): void {
    for (const [layer, weights] of this.#weights) {
      const size = normOf(this.#heap, weights.map(({ before }) => before));
      const change = this.#change(weights);
      this.#updateRatio.set(layer, ratio(change, size));
    }
  }

  /** Returns the changes of each layer. */
  layers(): LayerTraining[] {
    return [...this.#weights].map(([layer, weights]) => ({
      layer,
      updateRatio: this.#updateRatio.get(layer) ?? null,
      growth: ratio(
        normOf(this.#heap, weights.map(({ variable }) => variable)),
        normOf(this.#heap, weights.map(({ before }) => before)),
      ),
      moved: this.#moved(weights),
      nonFiniteGradient: this.#nonFinite.get(layer) ?? null,
    }));
  }

  /** Frees the saved weights. */
  dispose(): void {
    for (const weights of this.#weights.values()) {
      for (const { before } of weights) before.dispose();
    }
  }

  /** Returns the share of the entries that have changed. */
  #moved(weights: TrackedWeight[]): number {
    let entries = 0, moved = 0;
    for (const { variable, before } of weights) {
      const [now, then] = [variable, before].map((tensor) => heapView(this.#heap.tf, tensor));
      entries += now.length;
      for (let i = 0; i < now.length; i++) if (now[i] !== then[i]) moved++;
    }
    return moved / Math.max(1, entries);
  }

  #change(weights: TrackedWeight[]): number {
    const { tf } = this.#heap;
    const changes = () => weights.map(({ variable, before }) => tf.sub(variable, before) as Tensor);
    return tf.tidy(() => normOf(this.#heap, changes()));
  }
}

/** Returns the norm of all entries together; NaN if one is not finite. */
function normOf(heap: Heap, tensors: Tensor[]): number {
  let squares = 0;
  for (const tensor of tensors) {
    const { sumSquares, finite, count } = sumTensor(heap, tensor);
    squares += finite < count ? NaN : sumSquares;
  }
  return Math.sqrt(squares);
}

/**
 * Returns the norm of the penalties' gradient over that of the loss; `null` if one is not finite or
 * 0.
 *
 * @param gradients Gradients of the loss and the penalties together.
 */
function penaltyRatio(
  heap: Heap,
  { model, inputs, rewind }: KeptProbe,
  variables: tfjs.Variable[],
  gradients: (Tensor | null)[],
): number | null {
  const { tf } = heap;
  const penalised = gradientsOf(tf, variables, () => {
    // Penalties on outputs need a forward pass.
    if (penalizesActivity(model)) {
      rewind();
      outputsOf(tf, model, inputs, { training: true });
    }
    return tf.addN([tf.scalar(0), ...penaltiesOf(tf, model)]);
  });
  const own = penalised.filter((gradient) => gradient !== null);
  const ofLoss = () =>
    gradients.flatMap((gradient, i): Tensor[] => {
      if (gradient === null) return [];
      const penalty = penalised[i] ?? null;
      return penalty === null ? [gradient] : [tf.sub(gradient, penalty)];
    });
  try {
    return ratio(normOf(heap, own), tf.tidy(() => normOf(heap, ofLoss()))) || null;
  } finally {
    tf.dispose(own);
  }
}

function ratio(a: number, b: number): number | null {
  return Number.isFinite(a / b) ? a / b : null;
}

/**
 * Runs a model with dropout off and batch normalisation on the statistics of the batch: after a few
 * steps the moving statistics have not yet converged.
 *
 * @param see Receives the outputs, which it must not keep or dispose, and their loss.
 * @returns The result of `see`.
 * @throws {MeasureError} If the loss cannot be evaluated.
 * @throws {InputError} If the targets do not suit it.
 */
export function answer<T>(
  { tf, model, inputs, examples, rewind }: KeptProbe,
  objective: ResolvedObjective,
  see: (outputs: Tensor[], loss: number) => T,
): T {
  rewind();
  const layers = leafLayers(model).map(({ layer }) => layer);
  const takeBack = [...normalizedOnBatch(layers, examples, "training")].map((layer: Layer) =>
    wrapCall(layer, (call, inputs, kwargs) => call(inputs, { ...kwargs, training: true }))
  );
  let seen: T;
  try {
    tf.tidy(() => {
      const outputs = outputsOf(tf, model, inputs);
      seen = see(outputs, heapView(tf, objective.evaluate(outputs))[0]);
    });
  } catch (error) {
    // Our own errors already name the batch.
    if (
      error instanceof InputError || error instanceof RangeError || error instanceof MeasureError
    ) throw error;
    throw new MeasureError(
      `${objective.name} of the outputs of ${model.name} cannot be evaluated: ${
        errorMessage(error)
      }`,
      { cause: error },
    );
  } finally {
    for (const step of takeBack) step();
  }
  return seen!;
}

/**
 * More steps help if the loss fell by this share of itself over the last half of the requested
 * steps.
 */
const HELPS = 0.01;

/** Penalties may win in the end if their gradient exceeds this share of the loss's. */
const CONTESTED = 1;

/** Options of an attempt. */
export interface AttemptOptions {
  rung: Rung;
  objective: ResolvedObjective;
  scale: FitScale;
  /** Fit and loss before the first step. */
  first: Look;
  /** Number of steps before checking if more would help. */
  steps: number;
  /** Maximum number of steps, as long as they help. */
  most: number;
  /** True if the budget limits the steps to these, so that they may be too few. */
  isShort: boolean;
  /**
   * True to take the steps even if the batch is fitted earlier, so that attempts can be compared.
   * Default: false.
   */
  isWhole?: boolean;
  /** Returns true if the time is up; called before each step. */
  isUp(): boolean;
  /** Receives the trained model before it is restored. */
  see?(trained: KeptProbe): void;
}

/** Options of {@linkcode train}. */
type TrainOptions = AttemptOptions & { update: Update; progress: LayerProgress };

/** Fit and loss at the last look. */
export type Look = Fit & { loss: number };

/** Course of an attempt, step by step. */
interface Course {
  first: Look;
  last: Look;
  taken: StepLoss[];
  /** See `Attempt.penalty`. */
  gradientRatio: number | null;
  /** True if the batch was fitted at some look. */
  wasFitted: boolean;
  /** True if the steps ran out before it was clear that more would not help. */
  isCut: boolean;
}

/**
 * Trains from the model's current weights until the batch is fitted, the loss is not finite, or the
 * steps are used up and no longer help; then restores everything. If penalties pull harder than the
 * loss, fitting the batch does not end the attempt. Synchronous, so that no other code sees the
 * model while it is changed.
 *
 * Buffers that a PyTorch program changes move from step to step. One batch over and over may make
 * them hide it from the network, as a queue of negative examples does that then holds the positive
 * ones: if the attempt fails, they are held in a second one.
 *
 * @returns The attempt, or `null` if the time was up before.
 */
export function attempt(probe: OpenProbe, options: AttemptOptions): Attempt | null {
  const moving = attemptOnce(probe, options, "carried");
  if (moving?.verdict !== "fails" || !carriesState(probe.model)) return moving;
  const held = attemptOnce(probe, options, "held");
  return held === null || held.verdict === "fails" ? moving : held;
}

function attemptOnce(
  probe: OpenProbe,
  options: AttemptOptions,
  buffers: "carried" | "held",
): Attempt | null {
  const { rung, scale, steps } = options;
  const kept = keepModel(probe, { buffers });
  const progress = new LayerProgress(heapOf(probe.engine), probe.model);
  let made: ReturnType<Rung["make"]> | null = null;
  try {
    made = rung.make();
    const course = train(kept, { ...options, update: made.update, progress });
    if (course === null) return null;
    options.see?.(kept);
    return conclude(course, progress, { rung, scale, steps, model: kept.model });
  } finally {
    kept.restore();
    progress.dispose();
    made?.dispose();
  }
}

function train(kept: KeptProbe, options: TrainOptions): Course | null {
  const { objective, scale, first, steps, most, isShort, isWhole = false, isUp, progress } =
    options;
  const look = (): Look =>
    answer(kept, objective, (outputs, loss) => ({ loss, ...scale.of(outputs, loss) }));
  const course: Course = {
    first,
    last: first,
    taken: [],
    gradientRatio: null,
    wasFitted: false,
    isCut: false,
  };
  const { taken } = course;
  let before = first.loss;
  const half = Math.ceil(steps / 2);
  let isOver = !Number.isFinite(first.loss);
  while (!isOver) {
    if (isUp()) return null;
    const { loss, penalty, isClose } = takeStep(kept, course, options);
    const isHalf = (taken.length - steps) % half === 0;
    isOver = taken.length === most || !Number.isFinite(loss + penalty);
    course.isCut = isShort && taken.length === most;
    // After a contested batch has been fitted, only the end counts.
    const isNews = isClose && !(isContested(course) && course.wasFitted);
    if (!isOver && (isWhole || !isNews && !isHalf)) continue;
    course.last = look();
    isOver ||= !Number.isFinite(course.last.loss);
    course.wasFitted ||= hasLearned(course.last);
    // The winner shows only after all steps.
    if (isContested(course)) continue;
    isOver ||= hasLearned(course.last);
    if (!isHalf) continue;
    const isIdle = taken.length >= steps &&
      !(course.last.loss <= before - HELPS * Math.abs(before));
    // If training reaches only a few layers, more steps would fit only what these can fit.
    const isStill = taken.length === steps && areStill(progress.layers());
    if (isIdle || isStill) course.isCut = false;
    isOver ||= isIdle || isStill;
    before = course.last.loss;
  }
  return course;
}

/**
 * Takes a training step, and adds it to the course.
 *
 * @returns Its loss and penalty before the step, and `isClose`: true if the batch was fitted then.
 */
function takeStep(
  kept: KeptProbe,
  course: Course,
  { objective, scale, update, progress }: TrainOptions,
): StepLoss & { isClose: boolean } {
  const { taken } = course;
  let isClose = false, isPenalised = false;
  const { loss, penalty } = trainingStep(kept, {
    objective,
    see(outputs, { loss, penalty }) {
      isClose = hasLearned(scale.of(outputs, loss));
      isPenalised = penalty !== 0;
    },
    update(variables, gradients) {
      progress.seeGradients(variables, gradients, taken.length);
      if (isPenalised && taken.length === 0) {
        course.gradientRatio = penaltyRatio(heapOf(kept.engine), kept, variables, gradients);
      }
      update(variables, gradients);
    },
  });
  taken.push({ loss, penalty });
  if (taken.length === 1) progress.seeFirstStep();
  return { loss, penalty, isClose };
}

const hasLearned = ({ fit }: Pick<Fit, "fit">) => fit !== null && fit >= LEARNS_FROM;

const isContested = ({ gradientRatio }: Course) => (gradientRatio ?? 0) > CONTESTED;

function conclude(
  course: Course,
  progress: LayerProgress,
  { rung, scale, steps, model }:
    & Pick<AttemptOptions, "rung" | "scale" | "steps">
    & Pick<KeptProbe, "model">,
): Attempt {
  const { first, last, taken, gradientRatio, isCut } = course;
  // After the few steps of a small budget, a fit may also be lost to one step that was too large.
  const isLost = isContested(course) && course.wasFitted && !hasLearned(last) &&
    taken.length >= steps;
  const broken = taken.findIndex(({ loss, penalty }) => !Number.isFinite(loss + penalty));
  const firstBroken = broken === -1 ? taken.length : broken;
  const isFinite = broken === -1 && Number.isFinite(last.loss);
  const layers = progress.layers();
  const least = taken.reduce((least, { loss }) => loss < least ? loss : least, first.loss);
  const outcome = {
    fit: last.fit,
    loss: { first: first.loss, last: last.loss, least: last.loss < least ? last.loss : least },
    penalty: {
      first: taken[0]?.penalty ?? 0,
      last: taken.at(-1)?.penalty ?? 0,
      gradientRatio,
      ...isLost && { won: true as const },
    },
    nonFiniteStep: isFinite ? null : firstBroken,
    layers,
    stillLayers: countStill(layers),
  };
  return {
    optimizer: rung.optimizer,
    learningRate: rung.learningRate,
    given: rung.given,
    steps: taken.length,
    accuracy: last.accuracy,
    ...last.least === undefined ? {} : { behind: outputName(model, last.least) },
    ...outcome,
    losses: [...taken.map(({ loss }) => loss), last.loss],
    ...isCut ? { cut: true as const } : {},
    verdict: judgeAttempt({ ...outcome, cut: isCut }, scale),
  };
}
