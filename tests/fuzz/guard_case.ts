import type { LayersModel, Tensor, TensorFlow } from "../../src/engine/mod.ts";
import { leafLayers } from "../../src/entry/model.ts";

/** A case that takes longer hangs. */
const LONGEST = 5000;

/** The names that every object has; a case must not add any. */
const builtIns = () =>
  JSON.stringify(
    [Object.prototype, Array.prototype, Function.prototype].map(Object.getOwnPropertyNames),
  );

/**
 * Runs one case and throws if it hangs, leaves tensors behind or changes what every object has.
 *
 * @param tf The engine's TensorFlow.js.
 * @param run The case.
 */
export async function guardCase(tf: TensorFlow, run: () => Promise<void>): Promise<void> {
  const tensors = tf.memory().numTensors;
  const names = builtIns();
  const start = performance.now();
  await run();
  const took = performance.now() - start;
  if (took > LONGEST) throw new Error(`the case took ${(took / 1000).toFixed(1)} s`);
  const left = tf.memory().numTensors - tensors;
  if (left !== 0) throw new Error(`the case leaves ${left} tensors`);
  if (builtIns() !== names) throw new Error("the case changed what every object has");
}

/**
 * Frees a model and all that it holds: `model.dispose()` keeps the weights of a layer that is called twice,
 * and the states of a recurrent one.
 */
export function disposeModel(tf: TensorFlow, model: LayersModel): void {
  const weights = model.weights.map((weight) => weight.read());
  const states = leafLayers(model).map(({ layer }) => (layer as { states_?: Tensor[] }).states_);
  model.dispose();
  tf.dispose([...weights, ...states.flat()] as never);
}
