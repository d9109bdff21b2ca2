import type * as tfjs from "@tensorflow/tfjs";
import type { Tensor, TensorFlow } from "../tensorflow.ts";
import type { WeightArgs } from "./keras_layer.ts";

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
