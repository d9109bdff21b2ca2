import type { Tensor, TensorFlow } from "../tensorflow.ts";
import { defineOp, type GradientFactory, type OpContext, type OpRepair } from "./define_op.ts";
import { broadcastOffsets, reduceLike } from "./element_wise.ts";
import type { NamedAttrMap, TensorInfo } from "@tensorflow/tfjs";

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
function rowsOf({ tf }: OpContext, x: TensorInfo, scale: TensorInfo) {
  const width = tf.util.sizeFromShape(scale.shape);
  return { width, rows: width === 0 ? 0 : tf.util.sizeFromShape(x.shape) / width };
}

/** Calls `run` with the address of temporary memory for the sums of all blocks of rows. */
function withPartials(
  { backend, native, address, dispose }: OpContext,
  { rows, width }: { rows: number; width: number },
  run: (partials: number) => void,
): void {
  const room = backend.makeOutput([2 * native.partialsOf(rows, width)], "float32");
  run(address(room));
  dispose(room);
}

function normalizeKernel(kernelName: string, by: "columns" | "rows") {
  return defineOp<Attributes, Inputs>(
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
        x: address(x),
        to: address(y),
        mean: address(mean),
        variance: address(variance),
        lack: address(lack),
        scale: address(scale),
        offset: address(offset),
        ...size,
        epsilon,
      };
      if (by === "rows") native.normalizeRows(at);
      else {
        withPartials(context, size, (partials) => native.normalizeColumns({ ...at, partials }));
      }
      return [y, mean, variance, lack];
    },
  );
}

function gradientKernel(kernelName: string, by: "columns" | "rows") {
  return defineOp<Attributes & { isBatch?: boolean }, GradientInputs>(
    kernelName,
    (context, { dy, x, scale, mean, variance, lack }, { epsilon, isBatch = true }) => {
      const { backend, native, address } = context;
      const size = rowsOf(context, x, scale);
      const [dx, dScale, dOffset] = [x, scale, scale].map(({ shape }) =>
        backend.makeOutput(shape, "float32")
      );
      const at = {
        x: address(x),
        dy: address(dy),
        to: address(dx),
        scale: address(scale),
        mean: address(mean),
        variance: address(variance),
        ...size,
        epsilon,
        dScale: address(dScale),
        dOffset: address(dOffset),
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
function normalizationGradients(
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
export const normalizationsRepair: OpRepair = {
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

/** Inputs of `FusedBatchNorm`. */
type BatchNormInputs =
  & { x: TensorInfo; mean: TensorInfo; variance: TensorInfo }
  & { scale?: TensorInfo; offset?: TensorInfo };

/** Returns true if a tensor has one entry for each position of the last axis of `x`. */
const isColumnar = (shape: readonly number[], x: readonly number[]) =>
  shape.at(-1) === x.at(-1) && shape.slice(0, -1).every((size) => size === 1);

/**
 * `FusedBatchNorm`, `(x - mean) / sqrt(variance + epsilon) * scale + offset`. The stock op reads
 * mean, variance, scale and offset cyclically, which is only right if they are along the last axis
 * or have the shape of `x`. Here they broadcast. If all four are along the last axis, one native
 * sweep, shared by threads, computes them; otherwise those two cases still go to the stock op.
 * Without scale or offset TensorFlow.js fails while it records the operation for a gradient, and
 * leaks the tensors kept so far; here that is rejected first.
 */
const fusedBatchNormKernel = defineOp<{ varianceEpsilon: number }, BatchNormInputs>(
  "FusedBatchNorm",
  (context, { x, mean, variance, scale, offset }, attrs) => {
    const { gradientDepth, kernelDepth } = context.tf.engine().state;
    const isRecorded = gradientDepth > 0 && kernelDepth === 1;
    if (isRecorded && (scale === undefined || offset === undefined)) {
      throw new Error(
        "A batchNorm without scale or offset has no gradient in TensorFlow.js: give it both, " +
          "tf.ones(...) and tf.zeros(...) for none",
      );
    }
    if (
      x.dtype === "float32" && scale !== undefined && offset !== undefined &&
      [mean, variance, scale, offset].every(({ shape }) => isColumnar(shape, x.shape))
    ) {
      const result = context.backend.makeOutput(x.shape, "float32");
      const { address } = context;
      const width = x.shape.at(-1)!;
      context.native.normalizeColumns({
        x: address(x),
        to: address(result),
        mean: address(mean),
        variance: address(variance),
        lack: 0,
        scale: address(scale),
        offset: address(offset),
        width,
        rows: context.tf.util.sizeFromShape(x.shape) / Math.max(1, width),
        epsilon: attrs.varianceEpsilon,
      });
      return result;
    }
    const size = (shape: number[]) => shape.reduce((a, b) => a * b, 1);
    const suits = (info: TensorInfo | undefined) =>
      info === undefined || size(info.shape) === size(x.shape) ||
      info.shape.at(-1) === size(info.shape);
    if ([mean, variance, scale, offset].every(suits)) {
      return context.stock("FusedBatchNorm", { x, mean, variance, scale, offset }, attrs);
    }
    const { varianceEpsilon } = attrs;
    const output = context.backend.makeOutput(x.shape, "float32");
    const values = (info: TensorInfo | undefined, missing: number) => {
      if (info === undefined) return () => missing;
      const view = context.backend.typedArrayFromHeap(info);
      const offsets = broadcastOffsets(info.shape, x.shape);
      return (i: number) => view[offsets[i]];
    };
    const m = values(mean, 0);
    const v = values(variance, 1);
    const s = values(scale, 1);
    const o = values(offset, 0);
    const from = context.backend.typedArrayFromHeap(x);
    const to = context.backend.typedArrayFromHeap(output);
    for (let i = 0; i < to.length; i++) {
      to[i] = (from[i] - m(i)) / Math.sqrt(v(i) + varianceEpsilon) * s(i) + o(i);
    }
    return output;
  },
);

/**
 * Gradient of `FusedBatchNorm`, with `r = 1 / sqrt(variance + epsilon)`: for x `dy scale r`, for
 * the mean `-dy scale r`, for the variance `-1/2 dy scale (x - mean) r^3`, for the scale `dy (x -
 * mean) r`, for the offset `dy`, each summed over the copies of broadcasting. That of TensorFlow.js
 * only sums along the last axis and throws for any other. Along the last axis, one op computes
 * those of x, scale and offset, from which the others follow, except for second-order gradients.
 */
const fusedBatchNormGradient: GradientFactory = ({ tf }) => ({
  kernelName: "FusedBatchNorm",
  // TensorFlow.js's tape cannot hold a missing scale or offset; the layers always pass them.
  inputsToSave: ["x", "mean", "variance", "scale", "offset"],
  gradFunc(gradient, saved, attrs) {
    const dy = gradient as Tensor;
    const [x, mean, variance, scale, offset] = saved as Tensor[];
    const { varianceEpsilon } = attrs as unknown as { varianceEpsilon: number };
    const r = tf.rsqrt(tf.add(variance, varianceEpsilon)) as Tensor;
    if (
      tf.getBackend() === "wasm" && tf.engine().state.gradientDepth === 0 &&
      x.dtype === "float32" && saved.slice(1).every(({ shape }) => isColumnar(shape, x.shape))
    ) {
      const gradients = normalizationGradients(
        tf,
        "NormalizeColumnsGrad",
        { dy, x, scale, mean, variance },
        { epsilon: varianceEpsilon, isBatch: false },
      );
      const slopes = () => tf.mul(scale, r) as Tensor;
      return {
        x: () => gradients.x,
        mean: () => tf.reshape(tf.neg(tf.mul(gradients.offset, slopes())), mean.shape),
        variance: () =>
          tf.reshape(tf.mul(-0.5, tf.mul(tf.mul(gradients.scale, slopes()), r)), variance.shape),
        scale: () => gradients.scale,
        offset: () => tf.reshape(gradients.offset, offset.shape),
      };
    }
    const slope = () => tf.mul(dy, tf.mul(scale, r)) as Tensor;
    const centred = () => tf.sub(x, mean) as Tensor;
    return {
      x: slope,
      mean: () => reduceLike(tf, tf.neg(slope()), mean.shape),
      variance: () => {
        const whole = tf.mul(tf.mul(slope(), centred()), tf.square(r));
        return reduceLike(tf, tf.mul(-0.5, whole), variance.shape);
      },
      scale: () => reduceLike(tf, tf.mul(tf.mul(dy, centred()), r), scale.shape),
      offset: () => reduceLike(tf, tf.clone(dy), offset.shape),
    };
  },
});

/** Ops and gradients that this file installs. */
export const fusedBatchNormRepair: OpRepair = {
  kernels: [fusedBatchNormKernel],
  gradients: [fusedBatchNormGradient],
};
