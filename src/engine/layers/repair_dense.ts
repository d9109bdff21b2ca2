import type { Tensor } from "../tensorflow.ts";
import {
  type LayerActivation,
  type LayerRepair,
  type LayerWeight,
  oneTensor,
} from "./layer_repair.ts";

interface DenseLayer {
  kernel: LayerWeight;
  bias: LayerWeight | null;
  activation: LayerActivation;
  invokeCallHook(inputs: Tensor | Tensor[], kwargs: unknown): void;
}

/**
 * Dense. TensorFlow.js makes three-dimensional copies of both factors before the product and takes them back after
 * it, transposes a kernel by nothing where its input has more than two axes, and adds the bias by an operation of
 * its own as soon as the activation is another than relu, elu or none: 15 entries on the tape where 2 say the same.
 * Here it is one product that adds the bias, and the activation. Every figure is the same.
 */
export const repairDense: LayerRepair = ({ tf, patch }) => {
  const multiply = (x: Tensor, kernel: Tensor, bias: Tensor | undefined) => {
    const attributes = { transposeA: false, transposeB: false };
    return bias === undefined
      ? tf.engine().runKernel("BatchMatMul", { a: x, b: kernel }, attributes)
      : tf.engine().runKernel("_FusedMatMul", { a: x, b: kernel, bias }, {
        ...attributes,
        activation: "linear",
      });
  };
  patch(
    "Dense",
    "call",
    (original) =>
      function (this: DenseLayer, inputs: Tensor | Tensor[], kwargs: unknown) {
        const input = oneTensor(inputs);
        const kernel = this.kernel.read();
        if (input.dtype !== "float32" || kernel.dtype !== "float32") {
          return original.call(this, inputs, kwargs);
        }
        return tf.tidy(() => {
          this.invokeCallHook(inputs, kwargs);
          const bias = this.bias?.read();
          const { shape } = input;
          if (shape.length === 2) {
            return this.activation.apply(multiply(input, kernel, bias) as Tensor);
          }
          const rows = tf.reshape(input, [-1, shape.at(-1)!]);
          const product = multiply(rows, kernel, bias) as Tensor;
          const units = kernel.shape[1]!;
          return this.activation.apply(tf.reshape(product, [...shape.slice(0, -1), units]));
        });
      },
  );
};
