import type { NamedAttrMap, TensorInfo } from "@tensorflow/tfjs";
import type { Tensor, TensorFlow } from "../tensorflow.ts";
import { defineKernel } from "./define_kernel.ts";
import type { GradientFactory, KernelContext, KernelRepair } from "./kernel_context.ts";

/** Normalised tensor, with one scale and offset for each column. */
interface Inputs extends Record<string, TensorInfo> {
  x: TensorInfo;
  scale: TensorInfo;
  offset: TensorInfo;
}

interface GradientInputs extends Record<string, TensorInfo> {
  dy: TensorInfo;
  x: TensorInfo;
  scale: TensorInfo;
  mean: TensorInfo;
  variance: TensorInfo;
  /** Amount by which each mean was rounded up; absent if means were given. */
  lack: TensorInfo;
}

interface Attributes {
  epsilon: number;
}

/** Returns the rows and columns of a tensor whose width is the number of scales. */
function rowsOf({ tf }: KernelContext, x: TensorInfo, scale: TensorInfo) {
  const width = tf.util.sizeFromShape(scale.shape);
  return { width, rows: width === 0 ? 0 : tf.util.sizeFromShape(x.shape) / width };
}

/** Calls `run` with the address of temporary memory for the sums of all blocks of rows. */
function withPartials(
  { backend, native, address, dispose }: KernelContext,
  { rows, width }: { rows: number; width: number },
  run: (partials: number) => void,
): void {
  const room = backend.makeOutput([2 * native.partialsOf(rows, width)], "float32");
  run(address(room));
  dispose(room);
}

function normalizeKernel(kernelName: string, by: "columns" | "rows") {
  return defineKernel<Attributes, Inputs>(
    kernelName,
    (context, { x, scale, offset }, { epsilon }) => {
      const { backend, native, address } = context;
      const size = rowsOf(context, x, scale);
      const count = by === "columns" ? size.width : size.rows;
      const y = backend.makeOutput(x.shape, "float32");
      const mean = backend.makeOutput([count], "float32");
      const variance = backend.makeOutput([count], "float32");
      const lack = backend.makeOutput([count], "float32");
      const at = {
        ...{ x: address(x), to: address(y), mean: address(mean), variance: address(variance) },
        ...{
          lack: address(lack),
          scale: address(scale),
          offset: address(offset),
          ...size,
          epsilon,
        },
      };
      if (by === "rows") native.normalizeRows(at);
      else {
        withPartials(
          context,
          size,
          (partials) => native.normalizeColumns({ ...at, partials }),
        );
      }
      return [y, mean, variance, lack];
    },
  );
}

function gradientKernel(kernelName: string, by: "columns" | "rows") {
  return defineKernel<Attributes & { isBatch?: boolean }, GradientInputs>(
    kernelName,
    (context, { dy, x, scale, mean, variance, lack }, { epsilon, isBatch = true }) => {
      const { backend, native, address } = context;
      const size = rowsOf(context, x, scale);
      const [dx, dScale, dOffset] = [x, scale, scale].map(({ shape }) =>
        backend.makeOutput(shape, "float32")
      );
      const at = {
        ...{ x: address(x), dy: address(dy), to: address(dx), scale: address(scale) },
        ...{ mean: address(mean), variance: address(variance), ...size, epsilon },
        ...{ dScale: address(dScale), dOffset: address(dOffset) },
        lack: lack === undefined ? 0 : address(lack),
      };
      withPartials(context, size, (partials) => {
        if (by === "columns") native.normalizeColumnsGradient({ ...at, partials, isBatch });
        else native.normalizeRowsGradient({ ...at, partials });
      });
      return [dx, dScale, dOffset];
    },
  );
}

/** Computes the gradients of x, scale and offset with the given op. */
export function normalizationGradients(
  tf: TensorFlow,
  kernelName: "NormalizeColumnsGrad" | "NormalizeRowsGrad",
  inputs: { dy: Tensor; x: Tensor; scale: Tensor; mean: Tensor; variance: Tensor; lack?: Tensor },
  attributes: Attributes & { isBatch?: boolean },
): { x: Tensor; scale: Tensor; offset: Tensor } {
  const [x, scale, offset] = tf.engine().runKernel(
    kernelName,
    inputs,
    attributes as unknown as NamedAttrMap,
  ) as Tensor[];
  return { x, scale, offset };
}

/** Defines a gradient that only goes through y: mean and variance are for moving averages. */
function normalizeGradient(
  kernelName: string,
  backward: "NormalizeColumnsGrad" | "NormalizeRowsGrad",
): GradientFactory {
  return ({ tf }) => ({
    kernelName,
    inputsToSave: ["x", "scale"],
    outputsToSave: [false, true, true, true],
    gradFunc(dys, saved, attributes) {
      const [x, scale, mean, variance, lack] = saved as Tensor[];
      const [dy] = dys as Tensor[];
      // Computed immediately, outside of the scopes in which TensorFlow.js computes each gradient:
      // all three come from one op.
      const gradients = normalizationGradients(
        tf,
        backward,
        { dy, x, scale, mean, variance, lack },
        attributes as unknown as Attributes,
      );
      return {
        x: () => gradients.x,
        scale: () => gradients.scale,
        offset: () => gradients.offset,
      };
    },
  });
}

/**
 * `NormalizeColumns` and `NormalizeRows`, ops of this project for BatchNormalization, with column
 * statistics, and LayerNormalization: `(x - mean) / sqrt(variance + epsilon) * scale + offset`, the
 * mean and the variance. TensorFlow.js composes them and their gradients of about forty operations.
 * Here it is two sweeps each way, with sums in float64.
 */
export const repair: KernelRepair = {
  kernels: [
    gradientKernel("NormalizeColumnsGrad", "columns"),
    gradientKernel("NormalizeRowsGrad", "rows"),
    normalizeKernel("NormalizeColumns", "columns"),
    normalizeKernel("NormalizeRows", "rows"),
  ],
  gradients: [
    normalizeGradient("NormalizeColumns", "NormalizeColumnsGrad"),
    normalizeGradient("NormalizeRows", "NormalizeRowsGrad"),
  ],
};
