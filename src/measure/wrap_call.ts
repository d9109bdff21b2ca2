import type { Layer, Tensor } from "../engine/tensorflow.ts";

/** A layer's `call`, as TensorFlow.js declares it. */
export type Call = (
  inputs: Tensor | Tensor[],
  kwargs: Record<string, unknown>,
) => Tensor | Tensor[];

/**
 * Shadows the `call` of a layer or cell. The method lives on the class, so that deleting the shadow
 * leaves the object as it was, unless its owner had shadowed it already.
 *
 * @param layer The layer.
 * @param around Called in place of `call`, with it.
 * @returns A function that takes the shadow away.
 */
export function wrapCall(
  layer: Layer,
  around: (call: Call, ...args: Parameters<Call>) => Tensor | Tensor[],
): () => void {
  const target = layer as unknown as { call: Call };
  const own = Object.getOwnPropertyDescriptor(target, "call");
  const call: Call = target.call.bind(layer);
  target.call = (inputs, kwargs) => around(call, inputs, kwargs);
  return () => {
    if (own === undefined) delete (target as Partial<typeof target>).call;
    else Object.defineProperty(target, "call", own);
  };
}
