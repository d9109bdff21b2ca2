import type * as tfjs from "@tensorflow/tfjs";
import { type Heap, heapView } from "../engine/heap/heap.ts";
import type { LayersModel, Tensor } from "../engine/tensorflow.ts";
import { outputsOf } from "../measure/outputs_of.ts";
import { sumTensor } from "../measure/sums.ts";
import { penalizesActivity } from "../model/activity_penalties.ts";
import { modelWeights } from "../model/weights/model_weights.ts";
import type { KeptProbe } from "./open_probe.ts";
import { gradientsOf, penaltiesOf } from "./training_step.ts";
import type { LayerTraining } from "./trial.ts";

/** Trainable weight with its value before training. */
interface TrackedWeight {
  variable: tfjs.Variable;
  before: Tensor;
}

/** Tracks the changes that training makes to each layer. */
export class LayerProgress {
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
export function penaltyRatio(
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
