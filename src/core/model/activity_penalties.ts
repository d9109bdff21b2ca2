import { heapView } from "../../engine/heap/heap.ts";
import { shadowMethod } from "../../engine/patching.ts";
import type { Layer, LayersModel, Tensor, TensorFlow } from "../../engine/tensorflow.ts";
import { leafLayers } from "./layers/leaf_layers.ts";

/** Regularizer of TensorFlow.js. */
interface Regularizer {
  /** Returns the penalty of a tensor. */
  apply(x: Tensor): Tensor;
}

/** Penalty that a layer adds to the loss for its outputs. */
interface ActivityPenalty {
  regularizer: Regularizer;
  /** Penalty of the latest pass, per use of the layer; disposed with the scope of that pass. */
  latest: Tensor | null;
  /** The same as a number. */
  value: number;
}

const penalties = new WeakMap<Layer, ActivityPenalty>();
const layersOf = new WeakMap<LayersModel, Layer[]>();

/** Penalties that are read, while {@linkcode activityPenalties} collects them. */
let collected: Tensor[] | null = null;

/**
 * Makes a layer add a penalty on its outputs to the losses of its model: for each call and each
 * output the regularizer's value over the number of examples, as `activity_regularizer` of Keras.
 * The penalty is that of the latest pass over the model.
 */
export function penalizeActivity(tf: TensorFlow, layer: Layer, regularizer: Regularizer): void {
  const penalty: ActivityPenalty = { regularizer, latest: null, value: 0 };
  penalties.set(layer, penalty);
  // TensorFlow.js evaluates the losses of a layer once per use.
  (layer as unknown as { addLoss(loss: () => Tensor): void }).addLoss(() => {
    const { latest, value } = penalty;
    const known = latest === null || latest.isDisposed ? tf.scalar(value) : latest;
    collected?.push(known);
    return known;
  });
}

/** Returns the layers of a model that add a penalty on their outputs. */
function penalizedLayers(model: LayersModel): Layer[] {
  let layers = layersOf.get(model);
  if (layers === undefined) {
    layers = leafLayers(model).map(({ layer }) => layer).filter((layer) => penalties.has(layer));
    layersOf.set(model, layers);
  }
  return layers;
}

/** Returns true if a layer of the model adds a penalty on its outputs. */
export const penalizesActivity = (model: LayersModel): boolean => penalizedLayers(model).length > 0;

/**
 * Runs a model, and keeps the penalties on the outputs of its layers as long as its outputs: in the
 * open scope.
 */
export function withActivityPenalties(
  tf: TensorFlow,
  model: LayersModel,
  run: () => Tensor[],
): Tensor[] {
  const layers = penalizedLayers(model);
  if (layers.length === 0) return run();
  const kept = new Map<Layer, Tensor[]>(layers.map((layer) => [layer, []]));
  const undo = layers.map((layer) =>
    shadowMethod(layer, "call", (call) => (...given: unknown[]) => {
      const outputs: Tensor | Tensor[] = call(...given);
      const { regularizer } = penalties.get(layer)!;
      // The scope of the model's call would free it.
      kept.get(layer)!.push(tf.keep(penaltyOf(tf, regularizer, [outputs].flat())));
      return outputs;
    })
  );
  try {
    const outputs = run();
    for (const [layer, ofCalls] of kept) {
      const penalty = penalties.get(layer)!;
      penalty.latest = tf.div(tf.addN([tf.scalar(0), ...ofCalls]), Math.max(1, ofCalls.length));
      penalty.value = heapView(tf, penalty.latest)[0];
    }
    return outputs;
  } finally {
    for (const step of undo.reverse()) step();
    tf.dispose([...kept.values()].flat());
  }
}

/** Returns the penalty of the outputs of one call. */
function penaltyOf(tf: TensorFlow, regularizer: Regularizer, outputs: Tensor[]): Tensor {
  return tf.tidy(() => {
    const ofOutputs = outputs.map((output) => {
      const x = output.dtype === "float32" ? output : tf.cast(output, "float32");
      return tf.div(tf.reshape(regularizer.apply(x), []), Math.max(1, output.shape[0] ?? 1));
    });
    return tf.addN(ofOutputs);
  });
}

/** Returns the penalties of the latest pass, one per use of a layer, without those on weights. */
export function activityPenalties(tf: TensorFlow, model: LayersModel): Tensor[] {
  if (!penalizesActivity(model)) return [];
  const own: Tensor[] = [];
  collected = own;
  try {
    tf.tidy(() => (model as unknown as { calculateLosses(): Tensor[] }).calculateLosses());
  } finally {
    collected = null;
  }
  return own;
}

/** Penalties on outputs over a batch that runs in parts. */
export class ActivityOverParts {
  readonly #sums: Map<ActivityPenalty, number>;

  /** @param model The model. */
  constructor(model: LayersModel) {
    this.#sums = new Map(penalizedLayers(model).map((layer) => [penalties.get(layer)!, 0]));
  }

  /** Adds the penalties of the latest pass, over this share of the examples. */
  add(share: number): void {
    for (const [penalty, sum] of this.#sums) this.#sums.set(penalty, sum + share * penalty.value);
  }

  /** Makes the sums the penalties of the latest pass. */
  setWhole(): void {
    for (const [penalty, sum] of this.#sums) {
      penalty.latest = null;
      penalty.value = sum;
    }
  }
}
