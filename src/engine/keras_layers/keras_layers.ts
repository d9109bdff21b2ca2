import type { TensorFlow } from "../tensorflow.ts";
import { tensorFlow } from "../tensorflow_requirement.ts";
import { requireValue } from "../../words/requirements.ts";
import { createAdditiveAttention } from "./additive_attention.ts";
import { type AdditiveAttentionArgs, type AttentionArgs, createAttention } from "./attention.ts";
import { createEinsumDense, type EinsumDenseArgs } from "./einsum_dense.ts";
import {
  createGroupQueryAttention,
  type GroupQueryAttentionArgs,
} from "./group_query_attention.ts";
import type { KerasLayer, KerasLayerFactory } from "./keras_layer.ts";
import { createMultiHeadAttention, type MultiHeadAttentionArgs } from "./multi_head_attention.ts";

/** The layers that Keras has and TensorFlow.js lacks, by the names that Keras gives them. */
export interface KerasLayers {
  /** Bahdanau's attention: scores are weighted sums of tanh(query + key). */
  readonly AdditiveAttention: KerasLayer<AdditiveAttentionArgs>;
  /** Attention without kernels: scores are products of queries and keys. */
  readonly Attention: KerasLayer<AttentionArgs>;
  /** A product with a kernel along any axes, as an Einstein sum says, then a bias and an activation. */
  readonly EinsumDense: KerasLayer<EinsumDenseArgs>;
  /** Attention whose heads share keys and values in groups. */
  readonly GroupQueryAttention: KerasLayer<GroupQueryAttentionArgs>;
  /** Attention of several heads, each with queries, keys and values of its own. */
  readonly MultiHeadAttention: KerasLayer<MultiHeadAttentionArgs>;
}

type Factories = {
  readonly [Name in keyof KerasLayers]: KerasLayers[Name] extends KerasLayer<infer Args>
    ? KerasLayerFactory<Args>
    : never;
};

/** How each of them is made. */
export const KERAS_LAYERS: Factories = {
  AdditiveAttention: createAdditiveAttention,
  Attention: createAttention,
  EinsumDense: createEinsumDense,
  GroupQueryAttention: createGroupQueryAttention,
  MultiHeadAttention: createMultiHeadAttention,
};

/** The classes of each copy of TensorFlow.js. */
const made = new WeakMap<object, KerasLayers>();

/**
 * The layers that Keras has and TensorFlow.js lacks, as layers of TensorFlow.js. They take Keras's
 * configuration, in camel case, and pass Keras's numbers. They are registered, so that
 * `tf.loadLayersModel` finds them, too; a class that a program has registered under the same name stays.
 * Where a file of Keras names one, `loadModel()` calls this function by itself.
 *
 * @param tf The TensorFlow.js to make them for: that of the engine.
 * @returns The classes by their names.
 * @throws {TypeError} If `tf` is not TensorFlow.js.
 *
 * @example A layer of Keras in a model of TensorFlow.js
 * ```ts
 * import { startEngine } from "@gradient-health/gradient-health/engine";
 * import { kerasLayers } from "@gradient-health/gradient-health/layers";
 * import { assertEquals } from "@std/assert";
 *
 * const { tf } = await startEngine();
 * const { EinsumDense } = kerasLayers(tf);
 * const model = tf.sequential();
 * // 8 heads of 4 units each, for every step of a sequence.
 * model.add(
 *   new EinsumDense({
 *     equation: "abc,cde->abde",
 *     outputShape: [null, 8, 4],
 *     biasAxes: "de",
 *     inputShape: [10, 16],
 *   }),
 * );
 * assertEquals(model.outputShape, [null, 10, 8, 4]);
 * model.dispose();
 * ```
 */
export function kerasLayers(tf: TensorFlow): KerasLayers {
  requireValue("tf", tf, tensorFlow);
  const key = tf.layers.Layer;
  const known = made.get(key);
  if (known !== undefined) return known;
  const { classNameMap } = tf.serialization.SerializationMap.getMap();
  const entries = Object.entries(KERAS_LAYERS).map(([name, create]) => [name, create(tf)] as const);
  for (const [name, own] of entries) {
    if (!Object.hasOwn(classNameMap, name)) tf.serialization.registerClass(own as never);
  }
  const all = Object.fromEntries(entries) as unknown as KerasLayers;
  made.set(key, all);
  return all;
}
