import { runningEngine } from "../engine/running_engine.ts";
import type { LayersModel } from "../engine/tensorflow.ts";

/** Part of TensorFlow.js that tracks the data of tensors. */
interface Tracked {
  tensorInfo: WeakMap<object, unknown>;
}

/**
 * Returns true if a model, or only its weights (`tf.disposeVariables()`), was disposed of. Public
 * functions check this before they start an engine.
 */
export function isDisposed(model: LayersModel): boolean {
  if ((model as unknown as { _refCount: number })._refCount === 0) return true;
  const state = runningEngine()?.tf.engine().state as unknown as Tracked | undefined;
  try {
    // TensorFlow.js offers no other test than reading. After disposeVariables() reading succeeds,
    // but the data is no longer tracked.
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
