import type { Tensor, TensorFlow } from "./tensorflow.ts";
import type { WasmBackend } from "./native/wasm_backend.ts";

/**
 * Moves tensors onto the engine's heap, those of a model that was built before the engine started
 * among them. Kernels do that by themselves for their inputs; doing it at once keeps the copying, and
 * the growth of the heap, out of what is measured. Nothing happens to tensors that are there already.
 *
 * @param tf The engine's TensorFlow.js.
 * @param tensors The tensors, weights (`layer.weights[i].read()`) for instance. They keep their values,
 * bit by bit, and remain the same objects.
 *
 * @example
 * ```ts
 * import { moveToEngine, startEngine } from "@gradient-health/gradient-health/engine";
 *
 * await using engine = await startEngine();
 * const { tf } = engine;
 * const model = tf.sequential({ layers: [tf.layers.dense({ units: 3, inputShape: [4] })] });
 * moveToEngine(tf, model.getWeights());
 * ```
 */
export function moveToEngine(tf: TensorFlow, tensors: Iterable<Tensor>): void {
  const { dataIdMap } = tf.backend() as unknown as WasmBackend;
  // TensorFlow.js moves what it looks up and does not find.
  for (const { dataId } of tensors) dataIdMap.get(dataId);
}
