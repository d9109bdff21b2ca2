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
 * Repairs Dense. TensorFlow.js reshapes both factors to three dimensions and back, transposes the
 * kernel by the identity if its input has more than two axes, and adds the bias by a separate
 * operation for any activation but relu, elu or none: 15 entries on the tape instead of 2. Here it
 * is one product that adds the bias, then the activation. Results are unchanged.
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
