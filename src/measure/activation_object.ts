import type { Tensor } from "../engine/tensorflow.ts";

/** The activation object that layers and cells of TensorFlow.js hold. */
export interface ActivationObject {
  apply(x: Tensor, ...rest: unknown[]): Tensor;
  getClassName(): string;
}

/** Something that holds an activation object under a key. */
export type ActivationHolder = Record<string, unknown>;

/**
 * The activation object that a layer or a cell holds.
 *
 * @param holder The layer or cell.
 * @param key `activation` or `recurrentActivation`.
 * @returns The object, or `null` where there is none of the kind that TensorFlow.js makes.
 */
export function activationObject(holder: ActivationHolder, key: string): ActivationObject | null {
  const candidate = holder[key] as Partial<ActivationObject> | null | undefined;
  return typeof candidate?.apply === "function" && typeof candidate.getClassName === "function"
    ? candidate as ActivationObject
    : null;
}

/**
 * Replaces an activation object by one that shows z (and a) on the way.
 *
 * Its class name is one that TensorFlow.js has no fused kernel for, so that `Dense` and the
 * convolutions compute z, then a, rather than both at once. In a pass that is differentiated they
 * do so anyway, which is why no figure changes by it.
 *
 * @param holder The layer or cell.
 * @param key `activation` or `recurrentActivation`.
 * @param around Called in place of `apply`, with it.
 * @returns A function that puts the original back.
 */
export function replaceActivation(
  holder: ActivationHolder,
  key: string,
  around: (x: Tensor, apply: (x: Tensor) => Tensor) => Tensor,
): () => void {
  const original = activationObject(holder, key)!;
  const replacement: ActivationObject = {
    apply: (x, ...rest) => around(x, (z) => original.apply(z, ...rest)),
    getClassName: () => "tapped",
  };
  holder[key] = replacement;
  return () => {
    holder[key] = original;
  };
}
