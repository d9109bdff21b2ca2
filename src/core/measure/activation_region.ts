import type { Layer, Tensor } from "../../engine/tensorflow.ts";
import { layerTraits } from "../../ground/traits/layer_traits.ts";
import { activationTraits } from "../../ground/traits/activation_traits.ts";
import type { FlatRegion } from "../../ground/traits/activations.ts";

/**
 * Returns the flat region of an activation.
 *
 * @param activation Name of an activation as TensorFlow.js spells it.
 * @returns The region, or `null` for an activation that is unknown, not elementwise (softmax), or
 * nowhere flat (linear, leaky relu).
 */
export function activationRegion(activation: string | null): FlatRegion | null {
  return activation === null ? null : activationTraits(activation)?.flat ?? null;
}

/** TensorFlow.js's slope of a leaky relu below 0. */
const DEFAULT_SLOPE = 0.3;

/** Settings of activation layers. */
interface Settings {
  maxValue?: number | null;
  negativeSlope?: number;
  threshold?: number;
  theta?: number;
  alpha?: number;
  /** Output of a threshold below it. */
  value?: number;
}

/**
 * Returns the activation of a layer that is nothing else: its input is z. (`Activation` itself
 * holds an activation object, as `Dense` does, and is treated like it.)
 *
 * @returns The activation, or `null` if the layer is something else.
 */
export function activationLayer(layer: Layer): { name: string; region: FlatRegion | null } | null {
  const { maxValue, negativeSlope, threshold, theta, value, alpha } = layer as unknown as Settings;
  const name = layerTraits(layer.getClassName()).activation;
  if (name === null) return null;
  const region = activationRegion(name);
  // The layer's settings may move the limits of its activation.
  if (name === "leakyRelu" && alpha === 0) {
    return { name: "relu", region: activationRegion("relu") };
  }
  if (name === "leakyRelu" && alpha !== DEFAULT_SLOPE) {
    return { name: `leakyRelu(${alpha})`, region: null };
  }
  if (name === "elu" && alpha !== 1) return { name: `elu(${alpha})`, region: null };
  if (name === "relu" && negativeSlope !== undefined) {
    return { name: `relu(${threshold ?? 0}, slope ${negativeSlope})`, region: null };
  }
  if (name === "relu" && threshold !== undefined) {
    const region = { ...activationRegion("thresholdedRelu")!, low: threshold };
    return maxValue == null
      ? { name: "thresholdedRelu", region }
      : { name: `relu(${threshold})`, region: { ...region, bounded: true, high: maxValue } };
  }
  if (name === "relu" && maxValue != null) {
    return { name, region: { ...region!, bounded: true, high: maxValue } };
  }
  if (name === "thresholdedRelu") {
    if (value) {
      return { name: `threshold(${theta}, ${value})`, region: { ...region!, low: theta! } };
    }
    return theta === 0
      ? { name: "relu", region: activationRegion("relu") }
      : { name, region: { ...region!, low: theta! } };
  }
  return { name, region };
}

/** Activation object of TensorFlow.js's layers and cells. */
interface ActivationObject {
  apply(x: Tensor, ...rest: unknown[]): Tensor;
  getClassName(): string;
  /** Activation that this one replaces. */
  replaced?: ActivationObject;
}

/** Object that holds an activation object under a key. */
export type ActivationHolder = Record<string, unknown>;

/**
 * Returns the activation object of a layer or a cell.
 *
 * @param holder The layer or cell.
 * @param key `activation` or `recurrentActivation`.
 * @returns The object, or `null` if it has none of TensorFlow.js's kind.
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
 * TensorFlow.js has no fused op for the new object's class name, so `Dense` and the convolutions
 * compute z, then a, rather than both at once. In a differentiated pass they do so anyway, so
 * results are unchanged.
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
    replaced: original,
  };
  holder[key] = replacement;
  return () => {
    holder[key] = original;
  };
}
