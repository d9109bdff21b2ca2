import type { Tensor, TensorFlow } from "../tensorflow.ts";

type Operation = (...args: unknown[]) => unknown;

/** Operations of `@tensorflow/tfjs-core`, by name. */
type Core = typeof import("@tensorflow/tfjs-core");

/** Methods that call the operation of the same name with the tensor as its first argument. */
const NAMESAKES =
  `abs acos acosh add all any argMax argMin asin asinh atan atan2 atanh avgPool batchNorm
  batchToSpaceND broadcastTo cast ceil clipByValue conv1d conv2d conv2dTranspose cos cosh cumprod cumsum
  depthToSpace depthwiseConv2d dilation2d div divNoNan dot elu equal erf euclideanNorm exp expandDims expm1
  fft floor floorDiv gather greater greaterEqual ifft irfft isFinite isInf isNaN leakyRelu less lessEqual
  localResponseNormalization log log1p logSigmoid logSoftmax logSumExp logicalAnd logicalNot logicalOr
  logicalXor matMul max maxPool maximum mean min minimum mirrorPad mod mul neg norm notEqual oneHot onesLike
  pad pool pow prelu prod reciprocal relu relu6 reshape reverse rfft round rsqrt selu separableConv2d sigmoid
  sign sin sinh slice softmax softplus spaceToBatchND split sqrt square squaredDifference squeeze step
  stridedSlice sub sum tan tanh tile topk transpose unique unsortedSegmentSum unstack zerosLike`
    .trim().split(/\s+/);

/**
 * Gives tensors their methods (`x.flatten()`), as the whole TensorFlow.js package does. The core
 * has none, but the layers call some: the initialiser `orthogonal` and the metric R2 need them. A
 * later import of the whole package replaces them with its own.
 */
function chainMethods(core: Core): void {
  const operations = core as unknown as Record<string, Operation>;
  const prototype = core.Tensor.prototype as unknown as Record<string, unknown>;
  for (const name of NAMESAKES) {
    const operation = operations[name];
    prototype[name] = function (this: Tensor, ...args: unknown[]) {
      return operation(this, ...args);
    };
  }
  const reshaped = function (this: Tensor, ...shape: number[]) {
    return core.reshape(this, shape);
  };
  const listed = (others: Tensor | Tensor[]) => Array.isArray(others) ? others : [others];
  const methods: Record<string, (this: Tensor, ...args: never[]) => unknown> = {
    as1D: flatten,
    as2D: reshaped,
    as3D: reshaped,
    as4D: reshaped,
    as5D: reshaped,
    asScalar() {
      return core.reshape(this, []);
    },
    asType(type: "float32") {
      return core.cast(this, type);
    },
    concat(others: Tensor | Tensor[], axis?: number) {
      return core.concat([this, ...listed(others)], axis);
    },
    flatten,
    reshapeAs(other: Tensor) {
      return core.reshape(this, other.shape);
    },
    resizeBilinear(...args: [[number, number]]) {
      return core.image.resizeBilinear(this as never, ...args);
    },
    resizeNearestNeighbor(...args: [[number, number]]) {
      return core.image.resizeNearestNeighbor(this as never, ...args);
    },
    stack(others: Tensor | Tensor[], axis?: number) {
      return core.stack([this, ...listed(others)], axis);
    },
    toBool() {
      return core.cast(this, "bool");
    },
    toFloat() {
      return core.cast(this, "float32");
    },
    toInt() {
      return core.cast(this, "int32");
    },
    where(condition: Tensor, other: Tensor) {
      return core.where(condition, this, other);
    },
  };
  Object.assign(prototype, methods);

  function flatten(this: Tensor) {
    return core.reshape(this, [this.size]);
  }
}

let seen = true;

/**
 * Sets whether foreign code may see the TensorFlow.js of the next engine. Used by the command line,
 * whose models are often pure data.
 */
export function showTensorFlow(toOthers: boolean): void {
  seen = toOthers;
}

/**
 * Imports TensorFlow.js. If no other code sees it, only imports the packages that this project
 * uses. They are the same modules, so code that imports all of TensorFlow.js later gets the same
 * classes, ops and engine. The whole package also has a WebGL backend, `tf.data` and graph models,
 * which take 46 of the 117 ms of processor time of a bare start of TensorFlow.js with WASM (2-core
 * Xeon, Deno 2.9.6). It also gives tensors methods; here `chainMethods()` does, in 0.9 ms of
 * processor time.
 */
export async function importTensorFlow(): Promise<TensorFlow> {
  if (seen) return await import("@tensorflow/tfjs");
  const core = await import("@tensorflow/tfjs-core");
  const layers = await import("@tensorflow/tfjs-layers");
  await import("@tensorflow/tfjs-backend-cpu");
  chainMethods(core);
  // Nothing in this project uses the missing parts; `tests/engine/import_tensorflow_test.ts` checks
  // this.
  const parts: unknown = { ...core, ...layers, version: { tfjs: layers.version_layers } };
  return parts as TensorFlow;
}
