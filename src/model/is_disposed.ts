import { runningEngine } from "../engine/running_engine.ts";
import type { LayersModel } from "../engine/tensorflow.ts";

/** The part of a model that counts its users; TensorFlow.js declares it protected. */
interface Counted {
  _refCount: number;
}

/** Where TensorFlow.js keeps what it knows of the data of tensors. */
interface Tracked {
  tensorInfo: WeakMap<object, unknown>;
}

/**
 * Whether a model was disposed of, or its weights were without it (`tf.disposeVariables()`). Public
 * functions ask it of what they are given before they start an engine.
 */
export function isDisposed(model: LayersModel): boolean {
  if ((model as unknown as Counted)._refCount === 0) return true;
  const state = runningEngine()?.tf.engine().state as unknown as Tracked | undefined;
  try {
    // Reading is what asks: TensorFlow.js has no other word for it. What disposeVariables() frees it
    // still reads, but knows nothing of its data any more.
    return model.layers.some(({ weights }) =>
      weights.some((weight) => {
        const { dataId } = weight.read();
        return state !== undefined && !state.tensorInfo.has(dataId);
      })
    );
  } catch {
    return true;
  }
}
