import { defineKernel } from "./define_kernel.ts";
import { matMulOnHeap, type Transposition } from "./mat_mul_on_heap.ts";

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
