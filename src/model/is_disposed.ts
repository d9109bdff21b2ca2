import type { LayersModel } from "../engine/tensorflow.ts";

/** The part of a model that counts its users; TensorFlow.js declares it protected. */
interface Counted {
  _refCount: number;
}

/** Whether a model was disposed of, or its weights were without it (`tf.disposeVariables()`). */
export function isDisposed(model: LayersModel): boolean {
  if ((model as unknown as Counted)._refCount === 0) return true;
  try {
    // Reading is what asks: TensorFlow.js has no other word for it.
    for (const layer of model.layers) for (const weight of layer.weights) weight.read();
    return false;
  } catch {
    return true;
  }
}
