import type { Tensor, TensorFlow } from "../tensorflow.ts";
import {
  defineOp,
  type GradientFactory,
  type KernelFactory,
  type OpContext,
  type OpRepair,
} from "./define_op.ts";
import { finishProduct, requireLinear } from "./mat_mul.ts";
import { type Conv2dAttributes, conv2dInfo, windowsOnHeap } from "./windows.ts";
import type { backend_util, TensorInfo } from "@tensorflow/tfjs";

/** Runs `compute` on [batch, channels, height, width] inputs as if their channels were last. */
function withChannelsLast(
  { run, dispose }: OpContext,
  inputs: TensorInfo[],
  compute: (inputs: TensorInfo[]) => TensorInfo,
): TensorInfo {
  const turned = inputs.map((x) => run("Transpose", { x }, { perm: [0, 2, 3, 1] }));
  const result = compute(turned);
  dispose(...turned);
  return result;
}

const { plain, fused } = convolutionKernels("convolution", "Conv2D", "FusedConv2D");

/**
 * `Conv2D`: the stock op is wrong for `same` padding with a stride larger than the window, and
 * leaks the packed weights when their tensor is freed. Here blocks of windows that fit the cache
 * are packed, mostly in place, and multiplied by the filter. From 64 channels on, windows of 3 x 3
 * that move by 1 are computed in tiles of four outputs, with 16 products instead of 36; so are their
 * gradients. They take half the time: 20 ms instead of 40 for 8 x 56 x 56 x 64 (2-core Xeon, Deno
 * 2.9.6).
 */
const conv2dKernel = plain;

/**
 * `FusedConv2D`, activation(x * filter + bias): as `Conv2D`; the stock relu also turns NaN into 0.
 */
const fusedConv2dKernel = fused;

/**
 * Gradient of `FusedConv2D` without an activation. TensorFlow.js has none, and always computes the
 * gradients of all inputs together, needed or not. For x and filter it is that of `Conv2D`.
 */
const fusedConv2dGradient: GradientFactory = ({ tf }) => ({
  kernelName: "FusedConv2D",
  inputsToSave: ["x", "filter"],
  gradFunc(dy, saved, attrs) {
    requireLinear("FusedConv2D", attrs as unknown as FusedAttributes);
    const { x, filter } = tf.getGradient("Conv2D").gradFunc(dy, saved, attrs);
    return { x, filter, bias: () => tf.sum(dy as Tensor, [0, 1, 2]) };
  },
});

/**
 * `Conv2DBackpropFilter`: the stock backend has none, so no convolution can be differentiated (tfjs
 * #8474). If each row of U is the window of one output position, dW = U^T dy. U is packed in blocks
 * of positions that fit the cache, and the product of each is added to dW. Supports dilation if the
 * attribute is given.
 */
const conv2dBackpropFilterKernel = defineOp<
  Conv2dAttributes & { filterShape: number[] },
  { x: TensorInfo; dy: TensorInfo }
>(
  "Conv2DBackpropFilter",
  (context, { x, dy }, attributes) => {
    const gradient = ([x, dy]: TensorInfo[]) => {
      const info = conv2dInfo(
        context.tf,
        { input: x.shape, filter: attributes.filterShape },
        attributes,
      );
      return windowsOnHeap(context, "convolutionFilterGradient", {
        operands: [x, dy],
        info,
        shape: info.filterShape,
      });
    };
    return attributes.dataFormat === "NCHW"
      ? withChannelsLast(context, [x, dy], gradient)
      : gradient([x, dy]);
  },
);

/**
 * `Conv2DBackpropInput`, also the forward pass of `conv2dTranspose`: the stock op is a scalar loop,
 * 11 times slower than the convolution itself. With stride 1 it is a convolution of dy here;
 * otherwise each row of dy W^T is the gradient of one window and is added at its position, in
 * blocks of output positions that fit the cache. Supports dilation if the attribute is given.
 */
const conv2dBackpropInputKernel = defineOp<
  Conv2dAttributes & { inputShape: number[] },
  { dy: TensorInfo; filter: TensorInfo }
>("Conv2DBackpropInput", (context, { dy, filter }, attributes) => {
  const { tf, run, dispose } = context;
  const gradient = (dy: TensorInfo, inputShape: number[]) => {
    const info = conv2dInfo(tf, { input: inputShape, filter: filter.shape }, attributes);
    return windowsOnHeap(context, "convolutionInputGradient", {
      operands: [dy, filter],
      info,
      shape: info.inShape,
    });
  };
  const { inputShape, dataFormat } = attributes;
  if (dataFormat !== "NCHW") return gradient(dy, inputShape);
  const [batch, channels, height, width] = inputShape;
  const last = withChannelsLast(
    context,
    [dy],
    ([dy]) => gradient(dy, [batch, height, width, channels]),
  );
  const result = run("Transpose", { x: last }, { perm: [0, 3, 1, 2] });
  dispose(last);
  return result;
});

/** Ops and gradients that this file installs. */
export const conv2dRepair: OpRepair = {
  kernels: [conv2dBackpropFilterKernel, conv2dBackpropInputKernel, conv2dKernel, fusedConv2dKernel],
  gradients: [fusedConv2dGradient],
};

/** Attributes that 3d convolutions and their gradients share. */
interface Conv3dAttributes {
  strides: number | [number, number, number];
  pad: "valid" | "same";
  /** Absent in gradients of TensorFlow.js; 1 then. */
  dilations?: number | [number, number, number];
}

/** Returns TensorFlow.js's geometry of a 3d convolution. */
function conv3dInfo(
  { backend_util }: TensorFlow,
  inputShape: number[],
  filterShape: number[],
  { strides, pad, dilations = 1 }: Conv3dAttributes,
): backend_util.Conv3DInfo {
  return backend_util.computeConv3DInfo(
    inputShape as [number, number, number, number, number],
    filterShape as [number, number, number, number, number],
    strides,
    dilations,
    pad,
  );
}

/**
 * `Conv3D`: the stock op is a scalar loop, and with `same` padding and a stride larger than the
 * window it (and that of `cpu`) may start at the wrong position. Here windows start where
 * TensorFlow puts them; they are unrolled and multiplied by the filter, as for `Conv2D`.
 */
const conv3dKernel = defineOp<
  Conv3dAttributes,
  { x: TensorInfo; filter: TensorInfo }
>("Conv3D", (context, { x, filter }, attributes) => {
  const info = conv3dInfo(context.tf, x.shape, filter.shape, attributes);
  return windowsOnHeap(context, "convolution", {
    operands: [x, filter],
    info,
    shape: info.outShape,
  });
});

/** Attributes of `Conv3DBackpropFilterV2`; `dilations` is our addition. */
interface Conv3dBackpropFilterAttributes extends Conv3dAttributes {
  filterShape: number[];
}

/**
 * `Conv3DBackpropFilterV2`, the gradient of a 3d convolution with respect to its kernel. The stock
 * op is wrong for strides larger than 1. Here it is dW = U^T dy, as for `Conv2DBackpropFilter`.
 */
const conv3dBackpropFilterKernel = defineOp<
  Conv3dBackpropFilterAttributes,
  { x: TensorInfo; dy: TensorInfo }
>("Conv3DBackpropFilterV2", (context, { x, dy }, attributes) => {
  const { filterShape } = attributes;
  const info = conv3dInfo(context.tf, x.shape, filterShape, attributes);
  return windowsOnHeap(context, "convolutionFilterGradient", {
    operands: [x, dy],
    info,
    shape: filterShape,
  });
});

/** Attributes of `Conv3DBackpropInputV2`; `dilations` is our addition. */
interface Conv3dBackpropInputAttributes extends Conv3dAttributes {
  inputShape: number[];
}

/**
 * `Conv3DBackpropInputV2`, the gradient of a 3d convolution with respect to its input, and the
 * forward pass of a transposed one. The stock op was wrong in every shape tried. Here each row of
 * dy W^T is added at the position of its window, as for `Conv2DBackpropInput`.
 */
const conv3dBackpropInputKernel = defineOp<
  Conv3dBackpropInputAttributes,
  { dy: TensorInfo; filter: TensorInfo }
>("Conv3DBackpropInputV2", (context, { dy, filter }, attributes) => {
  const { inputShape } = attributes;
  const info = conv3dInfo(context.tf, inputShape, filter.shape, attributes);
  return windowsOnHeap(context, "convolutionInputGradient", {
    operands: [dy, filter],
    info,
    shape: inputShape,
  });
});

/**
 * Gradient of `Conv3DBackpropInputV2`, the forward pass of a transposed 3d convolution.
 * TensorFlow.js has none. The op is linear in both inputs: the gradient for `dy` is the convolution
 * of the incoming gradient with the same filter; for the filter it is that convolution's filter
 * gradient.
 */
const conv3dBackpropInputGradient: GradientFactory = ({ tf }) => ({
  kernelName: "Conv3DBackpropInputV2",
  inputsToSave: ["dy", "filter"],
  gradFunc(gradient, saved, attrs) {
    const [dy, filter] = saved as Tensor[];
    const { strides, pad, dilations = 1 } = attrs as unknown as Conv3dBackpropInputAttributes;
    const x = gradient as Tensor;
    const run = (name: string, inputs: Record<string, Tensor>) =>
      tf.engine().runKernel(name, inputs, {
        filterShape: filter.shape,
        strides,
        pad,
        dilations,
        dataFormat: "NDHWC",
      }) as Tensor;
    return {
      // `tf.conv3d()` rejects a stride on one axis with a dilation on another.
      dy: () => run("Conv3D", { x, filter }),
      filter: () => run("Conv3DBackpropFilterV2", { x, dy }),
    };
  },
});

/** Ops and gradients that this file installs. */
export const conv3dRepair: OpRepair = {
  kernels: [conv3dBackpropFilterKernel, conv3dBackpropInputKernel, conv3dKernel],
  gradients: [conv3dBackpropInputGradient],
};

interface Inputs extends Record<string, TensorInfo | undefined> {
  x: TensorInfo;
  filter: TensorInfo;
  bias?: TensorInfo;
  preluActivationWeights?: TensorInfo;
}

/** Attributes of a convolution fused with a bias and an activation. */
interface FusedAttributes extends Conv2dAttributes {
  activation: string;
  leakyreluAlpha?: number;
}

/**
 * Returns the ops of a 2d convolution: the plain one, and the one fused with a bias and an
 * activation.
 *
 * @param kind Operation of the native module. Only a `convolution` adds the bias itself; a
 * `depthwise` one is followed by further ops.
 */
function convolutionKernels(
  kind: "convolution" | "depthwise",
  plainName: string,
  fusedName: string,
): { plain: KernelFactory; fused: KernelFactory } {
  function convolve(
    context: OpContext,
    { x, filter, ...others }: Inputs,
    attributes: FusedAttributes,
  ): TensorInfo | null {
    // The stock op rejects channels first with an error.
    if (attributes.dataFormat === "NCHW") return null;
    const info = conv2dInfo(context.tf, {
      input: x.shape,
      filter: filter.shape,
      depthwise: kind === "depthwise",
    }, attributes);
    const columns = kind === "convolution" ? info.outChannels : null;
    return finishProduct(
      context,
      columns,
      { ...others, ...attributes },
      (finish) =>
        windowsOnHeap(context, kind, {
          operands: [x, filter],
          info,
          shape: info.outShape,
          ...finish,
        }),
    );
  }

  return {
    plain: defineOp<Conv2dAttributes, Inputs>(
      plainName,
      (context, inputs, attributes) =>
        convolve(context, inputs, { ...attributes, activation: "linear" }) ??
          context.stock(plainName, inputs, attributes),
    ),
    fused: defineOp<FusedAttributes, Inputs>(
      fusedName,
      (context, inputs, attributes) =>
        convolve(context, inputs, attributes) ?? context.stock(fusedName, inputs, attributes),
    ),
  };
}

const { plain: plainOfDepthwiseConv2dNative, fused: fusedOfDepthwiseConv2dNative } =
  convolutionKernels("depthwise", "DepthwiseConv2dNative", "FusedDepthwiseConv2D");

/**
 * `DepthwiseConv2dNative`: the stock op is wrong for `same` padding with a stride larger than the
 * window. Here each output entry is the sum over taps of the input entry times the tap, four
 * channels at a time.
 */
const depthwiseConv2dNativeKernel = plainOfDepthwiseConv2dNative;

/** `FusedDepthwiseConv2D`, activation(x * filter + bias): as `DepthwiseConv2dNative`. */
const fusedDepthwiseConv2dKernel = fusedOfDepthwiseConv2dNative;

/**
 * `DepthwiseConv2dNativeBackpropFilter`: the stock backend has none. Each weight's gradient is the
 * sum over the output positions of dy times the input entry at its tap.
 */
const depthwiseConv2dNativeBackpropFilterKernel = defineOp<
  Conv2dAttributes & { filterShape: number[] },
  { x: TensorInfo; dy: TensorInfo }
>("DepthwiseConv2dNativeBackpropFilter", (context, { x, dy }, attributes) => {
  const info = conv2dInfo(context.tf, {
    input: x.shape,
    filter: attributes.filterShape,
    depthwise: true,
  }, attributes);
  return windowsOnHeap(context, "depthwiseFilterGradient", {
    operands: [x, dy],
    info,
    shape: info.filterShape,
  });
});

/**
 * `DepthwiseConv2dNativeBackpropInput`: the stock backend has none. Each entry of dy times each tap
 * is added to the input entry at that tap.
 */
const depthwiseConv2dNativeBackpropInputKernel = defineOp<
  Conv2dAttributes & { inputShape: number[] },
  { dy: TensorInfo; filter: TensorInfo }
>("DepthwiseConv2dNativeBackpropInput", (context, { dy, filter }, attributes) => {
  const info = conv2dInfo(context.tf, {
    input: attributes.inputShape,
    filter: filter.shape,
    depthwise: true,
  }, attributes);
  return windowsOnHeap(context, "depthwiseInputGradient", {
    operands: [dy, filter],
    info,
    shape: info.inShape,
  });
});

/** Ops and gradients that this file installs. */
export const depthwiseConv2dNativeRepair: OpRepair = {
  kernels: [
    depthwiseConv2dNativeBackpropFilterKernel,
    depthwiseConv2dNativeBackpropInputKernel,
    depthwiseConv2dNativeKernel,
    fusedDepthwiseConv2dKernel,
  ],
};
