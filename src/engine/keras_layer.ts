import { InputError, refusal } from "../ground/words/input_error.ts";
import type { Layer, Tensor, TensorFlow } from "./tensorflow.ts";
import type * as tfjs from "@tensorflow/tfjs";

/** Arguments of every layer. */
export type LayerArgs = Pick<
  Parameters<TensorFlow["layers"]["dense"]>[0],
  "name" | "trainable" | "inputShape" | "batchInputShape" | "batchSize" | "dtype"
>;

/**
 * Initialisers, regularizers and constraints of a layer with a kernel and a bias, as in
 * `tf.layers.dense`.
 */
export type WeightArgs = Pick<
  Parameters<TensorFlow["layers"]["dense"]>[0],
  | "kernelInitializer"
  | "biasInitializer"
  | "kernelRegularizer"
  | "biasRegularizer"
  | "kernelConstraint"
  | "biasConstraint"
>;

/** Class of layers. */
export interface KerasLayer<Args> {
  /** Makes a layer. */
  new (args: Args): Layer;
  /** Name that Keras writes into its files. */
  readonly className: string;
}

/** Returns the class for a copy of TensorFlow.js; always the same one. */
export type KerasLayerFactory<Args> = (tf: TensorFlow) => KerasLayer<Args>;

/**
 * Defines a layer that Keras has and TensorFlow.js lacks. Its class extends one of TensorFlow.js,
 * which is imported when the engine starts, so it cannot be declared earlier.
 */
export function kerasLayer<Class>(define: (tf: TensorFlow) => Class): (tf: TensorFlow) => Class {
  const made = new WeakMap<object, Class>();
  return (tf) => {
    const key = tf.layers.Layer;
    const known = made.get(key);
    if (known !== undefined) return known;
    const own = define(tf);
    made.set(key, own);
    return own;
  };
}

/** Inputs of an attention, in the order of Keras's arguments. */
const ARGUMENTS: readonly AttentionInput[] = [
  "query",
  "value",
  "key",
  "queryMask",
  "valueMask",
  "keyMask",
  "attentionMask",
];

/** Name of an input of an attention. */
export type AttentionInput =
  | "query"
  | "value"
  | "key"
  | "queryMask"
  | "valueMask"
  | "keyMask"
  | "attentionMask";

/**
 * Settings that Keras passes with each call of an attention. TensorFlow.js calls layers with
 * tensors only, so here they are set when the layer is made.
 */
export interface CallArgs {
  /**
   * Roles of the tensors that the layer is called with. Default: query, value and key, as many as
   * there are; a single one attends to itself. Masks are tensors of 0 and 1, or booleans: `[batch,
   * steps]`, and `[batch, queries, keys]` for `attentionMask`. As in Keras 3.15, a
   * MultiHeadAttention ignores `queryMask`.
   */
  calledWith?: readonly AttentionInput[];
  /** True if a query attends to no later key. Default: false. */
  useCausalMask?: boolean;
  /** True if the weights of each query for each key are a second output. Default: false. */
  returnAttentionScores?: boolean;
}

/**
 * Returns the inputs of a call by name.
 *
 * @param layer Name of the layer, for messages.
 * @param names Their roles; `undefined`: query, value, key.
 * @throws {Error} If they do not fit the names.
 */
export function inputsByName<T>(
  layer: string,
  inputs: readonly T[],
  names: readonly string[] = ARGUMENTS.slice(0, Math.min(inputs.length, 3)),
): Record<string, T> {
  const isKnown = names.every((name) => (ARGUMENTS as readonly string[]).includes(name));
  if (!isKnown || names[0] !== "query" || new Set(names).size !== names.length) {
    throw new InputError({
      place: `${layer}.calledWith`,
      found: `[${names.join(", ")}]`,
      expected: `some of ${ARGUMENTS.join(", ")}, query first`,
    });
  }
  if (inputs.length !== names.length) {
    throw new InputError(
      refusal`${layer} is called with ${inputs.length} tensors, expected ${names.join(", ")}`,
    );
  }
  const named = Object.fromEntries(names.map((name, i) => [name, inputs[i]]));
  return { value: named.query, ...named };
}

type AddWeight = (this: Layer, name: string, ...rest: unknown[]) => tfjs.LayerVariable;

/** Private members of TensorFlow.js's layers. */
interface Guarded {
  addWeight: AddWeight;
  fastWeightInitDuringBuild: boolean;
}

/**
 * Layer that consists of others and computes nothing itself: its weights, penalties and figures are
 * those of its inner layers, which are measured one by one. The registered traits of its class say
 * `container`.
 */
export const createCompositeLayer = kerasLayer((tf) =>
  class CompositeLayer extends tf.layers.Layer {
    static className = "CompositeLayer";
    /**
     * Inner layers in the order in which they run, by the names of Keras's attributes. Layers named
     * `""` save their weights as the outer layer's own.
     */
    innerLayers: Record<string, Layer> = {};

    get inner(): Layer[] {
      return Object.values(this.innerLayers);
    }

    /** Adds an inner layer and builds it. Returns its output shape. */
    protected addInner(key: string, layer: Layer, shape: tfjs.Shape | tfjs.Shape[]): tfjs.Shape {
      this.innerLayers[key] = layer;
      if (!this.trainable) layer.trainable = false;
      const guarded = layer as unknown as Guarded;
      layer.setFastWeightInitDuringBuild((this as unknown as Guarded).fastWeightInitDuringBuild);
      // Two inner layers may each have a kernel, so the inner layer's name is part of the weight's.
      const { addWeight } = guarded;
      guarded.addWeight = function (name, ...rest) {
        return addWeight.call(this, key === "" ? name : `${layer.name}/${name}`, ...rest);
      };
      layer.build(shape);
      // Restores the method of the class.
      delete (guarded as Partial<Guarded>).addWeight;
      layer.built = true;
      return this.shapeOfInner(key, shape);
    }

    /** Returns the output shape of an inner layer for an input shape. */
    protected shapeOfInner(key: string, shape: tfjs.Shape | tfjs.Shape[]): tfjs.Shape {
      return this.innerLayers[key].computeOutputShape(shape) as tfjs.Shape;
    }

    override get trainable(): boolean {
      return super.trainable;
    }

    override set trainable(trainable: boolean) {
      super.trainable = trainable;
      for (const layer of this.inner) layer.trainable = trainable;
    }

    override get trainableWeights(): tfjs.LayerVariable[] {
      return this.trainable ? this.inner.flatMap((layer) => layer.trainableWeights) : [];
    }

    override get nonTrainableWeights(): tfjs.LayerVariable[] {
      return this.inner.flatMap((layer) =>
        this.trainable ? layer.nonTrainableWeights : layer.weights
      );
    }

    override get losses() {
      return this.inner.flatMap((layer) => layer.losses);
    }
  }
);

type Initializer = ReturnType<typeof tfjs.initializers.zeros>;
type Regularizer = ReturnType<typeof tfjs.regularizers.l2>;
type Constraint = ReturnType<typeof tfjs.constraints.nonNeg>;

/** Parts that a layer's arguments name or configure. */
interface LayerParts {
  activation: { apply(x: Tensor): Tensor; getClassName(): string };
  kernelInitializer: Initializer;
  biasInitializer: Initializer;
  kernelRegularizer: Regularizer;
  biasRegularizer: Regularizer;
  kernelConstraint: Constraint;
  biasConstraint: Constraint;
  /** The same as written by `getConfig()`. */
  config: tfjs.serialization.ConfigDict;
}

type PartArgs = WeightArgs & Pick<Parameters<TensorFlow["layers"]["dense"]>[0], "activation">;

/**
 * Returns the parts that a layer's arguments name: `"heNormal"`, `{ className, config }`, or the
 * object itself. TensorFlow.js does not export the lookup functions, but its own layers call them:
 * a Dense that is never built has looked up all of them. Kernels are drawn by `glorotUniform`
 * unless the arguments say otherwise, as in Keras.
 *
 * @throws {Error} If TensorFlow.js does not know the name.
 */
export function layerParts(tf: TensorFlow, args: PartArgs): LayerParts {
  const dense = tf.layers.dense({
    // A named layer does not advance the process-wide layer counter.
    name: "parts",
    units: 1,
    activation: args.activation ?? "linear",
    kernelInitializer: args.kernelInitializer ?? "glorotUniform",
    biasInitializer: args.biasInitializer,
    kernelRegularizer: args.kernelRegularizer,
    biasRegularizer: args.biasRegularizer,
    kernelConstraint: args.kernelConstraint,
    biasConstraint: args.biasConstraint,
  });
  const { name: _, units: _one, trainable: _too, useBias: _both, ...config } = dense.getConfig();
  return { ...dense as unknown as LayerParts, config };
}

/** Shape during the construction of a model: `null` for an axis of open length. */
export type OpenShape = (number | null)[];

/** Returns the one shape that a layer is built for, which TensorFlow.js may pass in a list. */
export function oneShape(shape: OpenShape | OpenShape[]): OpenShape {
  return (Array.isArray(shape[0]) ? shape[0] : shape) as OpenShape;
}

/**
 * Returns axes of a shape, counted from the first and in order.
 *
 * @param name Name of the layer, for messages.
 * @throws {InputError} If there is no such axis, or one is named twice.
 */
export function axesOf(axis: number | readonly number[], shape: OpenShape, name: string): number[] {
  const axes = [axis].flat().map((one) => one < 0 ? one + shape.length : one);
  const isSound = axes.every((one) => Number.isInteger(one) && one >= 0 && one < shape.length);
  if (!isSound || new Set(axes).size < axes.length) {
    throw new InputError({
      place: `axis of ${name}`,
      found: JSON.stringify(axis),
      expected: `different axes from ${-shape
        .length} to ${shape.length - 1}: its input has the shape [${
        shape.map((size) => size ?? "null").join(", ")
      }]`,
    });
  }
  return axes.sort((a, b) => a - b);
}

/**
 * Returns the lengths of axes of a shape.
 *
 * @throws {InputError} If one is open.
 */
export function sizesOf(axes: readonly number[], shape: OpenShape, name: string): number[] {
  return axes.map((axis) => {
    const size = shape[axis];
    if (size !== null) return size;
    throw new InputError({
      place: `Axis ${axis} of the input of ${name}`,
      verb: "has",
      found: "no fixed length",
      expected: "one: its weights have as many entries",
    });
  });
}

/** Class of TensorFlow.js's layers, for subclasses. */
type StockClass<Own, Arguments extends unknown[]> = new (...args: Arguments) => Layer & Own;

/**
 * Returns a class of TensorFlow.js, which exports functions that make its layers but not the
 * classes. Subclasses inherit its handling of arguments (initialisers, regularisers, windows).
 *
 * @param name The name that it is registered under.
 * @param generation 0 for the class itself, 1 for its base class. Default: 0.
 */
export function stockClass<Own, Arguments extends unknown[]>(
  tf: TensorFlow,
  name: string,
  generation: 0 | 1 = 0,
): StockClass<Own, Arguments> {
  const [own] = tf.serialization.SerializationMap.getMap().classNameMap[name];
  return (generation === 0 ? own : Object.getPrototypeOf(own)) as StockClass<Own, Arguments>;
}
