import type { GradConfig } from "@tensorflow/tfjs";
import type { Tensor } from "../tensorflow.ts";
import { reduceLike } from "./broadcast.ts";
import { defineKernel } from "./define_kernel.ts";
import type { GradientFactory } from "./kernel_context.ts";
import { matMulOnHeap, type Transposition } from "./products.ts";

/**
 * `BatchMatMul`: stock hands a plain product to XNNPACK, and takes a scalar loop as soon as an operand
 * is transposed (as in every gradient of a dense layer) or there is more than one matrix: 512^3 takes
 * 120 to 267 ms instead of 9 to 14 (2-core Xeon, Deno 2.9.6). Here all of them go through one GEMM that
 * packs either operand either way round.
 */
export const batchMatMulKernel = defineKernel<Transposition>(
  "BatchMatMul",
  (context, { a, b }, attributes) =>
    a.dtype === "float32" && b.dtype === "float32"
      ? matMulOnHeap(context, a, b, attributes)
      // Stock says that it cannot.
      : context.stock("BatchMatMul", { a, b }, attributes),
);

/**
 * The gradient of `BatchMatMul`: that of TensorFlow.js throws when one of the batches was broadcast,
 * for it has the shape of the other. Here what broadcasting copied is added up.
 */
export const batchMatMulGradient: GradientFactory = ({ tf }) => {
  const stock = tf.getGradient("BatchMatMul") as GradConfig;
  return {
    ...stock,
    gradFunc(dy, saved, attrs) {
      const gradients = stock.gradFunc(dy, saved, attrs);
      const [a, b] = saved;
      return {
        a: () => reduceLike(tf, gradients.a() as Tensor, a.shape),
        b: () => reduceLike(tf, gradients.b() as Tensor, b.shape),
      };
    },
  };
};
