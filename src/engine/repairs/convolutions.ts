import { InputError, refusal } from "../../ground/words/input_error.ts";
import { showValue } from "../../ground/words/show_value.ts";
import type { Layer, Tensor, TensorFlow } from "../tensorflow.ts";
import {
  type LayerActivation,
  type LayerRepair,
  type LayerWeight,
  oneTensor,
  storeSettings,
} from "./layer_repair.ts";
import type { Tensor1D, Tensor3D, Tensor4D } from "@tensorflow/tfjs";

/** Convolution of a picture. */
interface Convolution {
  bias: LayerWeight | null;
  strides: [number, number];
  padding: "valid" | "same";
  dilationRate: [number, number];
  dataFormat: "channelsFirst" | "channelsLast";
  activation: LayerActivation;
}

/**
 * Convolves with the channels last, and moves them back if they were first.
 *
 * @param x A sequence or a picture.
 */
function withChannelsLast<X extends Tensor>(
  tf: TensorFlow,
  x: Tensor,
  { dataFormat }: Pick<Convolution, "dataFormat">,
  convolve: (x: X) => Tensor,
): Tensor {
  if (dataFormat !== "channelsFirst") return convolve(x as X);
  const [toLast, toFirst] = x.rank === 3 ? [[0, 2, 1], [0, 2, 1]] : [[0, 2, 3, 1], [0, 3, 1, 2]];
  return tf.transpose(convolve(tf.transpose(x, toLast) as X), toFirst);
}

interface ConvLayer extends Pick<Convolution, "bias" | "dataFormat" | "activation"> {
  rank: 1 | 2;
  kernel: LayerWeight;
  strides: number[];
  padding: "valid" | "same" | "causal";
  dilationRate: number | number[];
}

/**
 * Repairs Conv1D and Conv2D. TensorFlow.js throws for a causal Conv1D and announces a wrong output
 * shape for it, returns channels last from a channels-first Conv1D, and rejects the gradient of a
 * dilated Conv2D in its fused operation, even if the convolution has a gradient. Here these three
 * are built from padding, convolution, bias and activation; outside of a recorded gradient, any
 * other Conv1D or Conv2D keeps TensorFlow.js's code.
 *
 * While a gradient is recorded, every Conv2D is composed this way. TensorFlow.js adds the bias by a
 * separate operation if a relu or elu follows; otherwise it always computes the gradient of its
 * input, which a first layer does not need. Results are unchanged.
 */
export const repairConvolutions: LayerRepair = ({ tf, patch }) => {
  for (const className of ["Conv1D", "Conv2D"]) {
    patch(
      className,
      "call",
      (original) =>
        function (this: ConvLayer, inputs: Tensor | Tensor[], kwargs: unknown) {
          const x = oneTensor(inputs);
          if (!needsRepair(tf, this, x)) return original.call(this, inputs, kwargs);
          const convolve = this.rank === 2 ? convolveImage : convolveSequence;
          return tf.tidy(() =>
            this.activation.apply(
              withChannelsLast<Tensor3D>(tf, x, this, (x) => convolve(tf, this, x)),
            )
          );
        },
    );
  }

  // Padded by the reach of its window, a causal input gives as many steps as with `same`.
  patch(
    "Conv1D",
    "computeOutputShape",
    (original) =>
      function (this: ConvLayer, inputShape: unknown) {
        const layer = this.padding === "causal"
          ? Object.create(this, { padding: { value: "same" } })
          : this;
        return original.call(layer, inputShape);
      },
  );
};

const ratesOf = (layer: ConvLayer) => [layer.dilationRate].flat();

function needsRepair(tf: TensorFlow, layer: ConvLayer, x: Tensor): boolean {
  if (layer.rank === 2) {
    // TensorFlow.js rejects other dtypes.
    return x.dtype === "float32" &&
      (ratesOf(layer).some((rate) => rate > 1) || tf.engine().state.gradientDepth > 0);
  }
  return layer.padding === "causal" || layer.dataFormat === "channelsFirst";
}

/** Convolves an image and adds the bias. */
function convolveImage(tf: TensorFlow, layer: ConvLayer, x: Tensor): Tensor {
  const { strides, padding } = layer;
  const dilations = ratesOf(layer);
  const filter = layer.kernel.read();
  const bias = layer.bias?.read();
  const isPlain = dilations.every((rate) => rate === 1) && strides.every((step) => step >= 1) &&
    filter.shape[2] === x.shape[3];
  if (isPlain && bias !== undefined) {
    const attributes = { strides, pad: padding, dataFormat: "NHWC", dilations: [1, 1] };
    return tf.engine().runKernel("FusedConv2D", { x, filter, bias }, {
      ...attributes,
      activation: "linear",
    });
  }
  // Also reports settings that contradict each other.
  const y = tf.conv2d(
    x as Tensor4D,
    filter as Tensor4D,
    strides as [number, number],
    padding as "valid" | "same",
    "NHWC",
    [dilations[0], dilations.at(-1)!],
  );
  return bias === undefined ? y : tf.add(y, bias);
}

/** Convolves a sequence and adds the bias. */
function convolveSequence(tf: TensorFlow, layer: ConvLayer, x: Tensor3D): Tensor {
  const y = layer.padding === "causal" ? convolveCausally(tf, layer, x) : tf.conv1d(
    x,
    layer.kernel.read() as Tensor3D,
    layer.strides[0],
    layer.padding as "valid" | "same",
    "NWC",
    ratesOf(layer)[0],
  );
  return layer.bias ? tf.add(y, layer.bias.read()) : y;
}

/** Leaves out taps that look back further than the input is long: they only meet padding. */
function convolveCausally(tf: TensorFlow, layer: ConvLayer, x: Tensor3D): Tensor {
  const [rate] = ratesOf(layer);
  if (!(rate >= 1)) {
    throw new InputError(
      refusal`The dilation rate of a causal convolution is ${showValue(rate)}, expected at least 1`,
    );
  }
  const kernel = layer.kernel.read() as Tensor3D;
  const taps = Math.min(kernel.shape[0], 1 + Math.max(0, Math.floor((x.shape[1] - 1) / rate)));
  const seen = taps === kernel.shape[0]
    ? kernel
    : tf.slice(kernel, [kernel.shape[0] - taps, 0, 0], [taps, -1, -1]);
  const padded = tf.pad(x, [[0, 0], [(taps - 1) * rate, 0], [0, 0]]);
  // A single tap cannot be dilated.
  return tf.conv1d(padded, seen, layer.strides[0], "valid", "NWC", taps === 1 ? 1 : rate);
}

type ConvLstmCell = Pick<Convolution, "strides" | "dilationRate" | "dataFormat">;

/**
 * Repairs ConvLSTM2D with channels first, whose cell uses a convolution in a layout that the WASM
 * backend lacks. Here the channels are moved last for the convolution and back afterwards.
 */
export const repairConvLstm: LayerRepair = ({ tf, patch }) => {
  patch("ConvLSTM2DCell", "inputConv", (original) =>
    function (
      this: ConvLstmCell,
      x: Tensor,
      kernel: Tensor4D,
      bias: Tensor1D | null,
      padding?: "valid" | "same",
    ) {
      if (this.dataFormat !== "channelsFirst") {
        return original.call(this, x, kernel, bias, padding);
      }
      return withChannelsLast<Tensor4D>(tf, x, this, (image) => {
        const { strides, dilationRate } = this;
        const y = tf.conv2d(image, kernel, strides, padding ?? "valid", "NHWC", dilationRate);
        return bias ? tf.add(y, bias) : y;
      });
    });

  patch(
    "ConvLSTM2DCell",
    "recurrentConv",
    (original) =>
      function (this: ConvLstmCell, x: Tensor, kernel: Tensor4D) {
        if (this.dataFormat !== "channelsFirst") return original.call(this, x, kernel);
        return withChannelsLast<Tensor4D>(
          tf,
          x,
          this,
          (image) => tf.conv2d(image, kernel, 1, "same"),
        );
      },
  );
};

interface DepthwiseLayer extends Convolution {
  depthwiseKernel: LayerWeight;
  kernelSize: number[];
}

/**
 * Repairs DepthwiseConv2D. TensorFlow.js accepts `dilationRate` and silently ignores it. Here it is
 * applied to the output and its shape; layers without dilation keep TensorFlow.js's code.
 */
export const repairDepthwiseConv2d: LayerRepair = ({ tf, patch }) => {
  const isDilated = (layer: DepthwiseLayer) => layer.dilationRate.some((rate) => rate > 1);

  patch(
    "DepthwiseConv2D",
    "call",
    (original) =>
      function (this: DepthwiseLayer, inputs: Tensor | Tensor[], kwargs: unknown) {
        if (!isDilated(this)) return original.call(this, inputs, kwargs);
        return tf.tidy(() => {
          const y = withChannelsLast<Tensor4D>(tf, oneTensor(inputs), this, (x) => {
            const kernel = this.depthwiseKernel.read() as Tensor4D;
            const { strides, padding, dilationRate, bias } = this;
            const y = tf.depthwiseConv2d(x, kernel, strides, padding, "NHWC", dilationRate);
            return bias ? tf.add(y, bias.read()) : y;
          });
          return this.activation.apply(y);
        });
      },
  );

  // A dilated window has the reach of a larger dense one.
  patch(
    "DepthwiseConv2D",
    "computeOutputShape",
    (original) =>
      function (this: DepthwiseLayer, inputShape: unknown) {
        const reach = this.kernelSize.map((n, axis) => (n - 1) * this.dilationRate[axis] + 1);
        return original.call(Object.create(this, { kernelSize: { value: reach } }), inputShape);
      },
  );
};

interface SeparableLayer extends Convolution {
  depthwiseKernel: LayerWeight;
  pointwiseKernel: LayerWeight;
}

/**
 * Repairs SeparableConv2D with channels first and a bias. TensorFlow.js adds the bias along the
 * wrong axis: it throws, or adds it to the rows if there are as many rows as filters. Here the bias
 * is added while the channels are last. Other SeparableConv2D layers keep TensorFlow.js's code.
 */
export const repairSeparableConv2d: LayerRepair = ({ tf, patch }) => {
  patch(
    "SeparableConv2D",
    "call",
    (original) =>
      function (this: SeparableLayer, inputs: Tensor | Tensor[], kwargs: unknown) {
        if (this.dataFormat !== "channelsFirst" || this.bias === null) {
          return original.call(this, inputs, kwargs);
        }
        const bias = this.bias;
        return tf.tidy(() => {
          const y = withChannelsLast<Tensor4D>(tf, oneTensor(inputs), this, (x) => {
            const y = tf.separableConv2d(
              x,
              this.depthwiseKernel.read() as Tensor4D,
              this.pointwiseKernel.read() as Tensor4D,
              this.strides,
              this.padding,
              this.dilationRate,
              "NHWC",
            );
            return tf.add(y, bias.read());
          });
          return this.activation.apply(y);
        });
      },
  );
};

type Shape = (number | null)[];

interface GroupedLayer extends Convolution {
  name: string;
  groups?: number;
  rank: 1 | 2;
  filters: number;
  kernel: LayerWeight;
  addWeight: Layer["addWeight"];
}

const LINEAR = { apply: (x: Tensor) => x, getClassName: () => "linear" };

/**
 * Repairs grouped Conv1D and Conv2D, used by ResNeXt and ConvNeXt. TensorFlow.js ignores `groups`.
 * With it, each filter spans `channels / groups` input channels (the kernel has the shape
 * `[...window, channels / groups, filters]`), and outputs are ordered by group. With a group per
 * channel it is a depthwise convolution; otherwise one convolution per group.
 */
export const repairGroupedConvolutions: LayerRepair = ({ tf, patch }) => {
  storeSettings({ tf, patch }, ["Conv1D", "Conv2D"], { groups: 1 });
  for (const className of ["Conv1D", "Conv2D"]) {
    patch(
      className,
      "build",
      (original) =>
        function (this: GroupedLayer, inputShape: Shape | Shape[]) {
          if (this.groups === undefined) return original.call(this, inputShape);
          const { addWeight } = this;
          this.addWeight = (name, shape, ...rest) => {
            const own = [...shape];
            if (name === "kernel") {
              own[this.rank] = shape[this.rank]! / requireGroups(this, shape[this.rank]!);
            }
            return addWeight.call(this, name, own, ...rest);
          };
          try {
            return original.call(this, inputShape);
          } finally {
            // Restores the method of the class.
            delete (this as Partial<GroupedLayer>).addWeight;
          }
        },
    );
    patch(
      className,
      "call",
      (original) =>
        function (this: GroupedLayer, inputs: Tensor | Tensor[], kwargs: unknown) {
          if (this.groups === undefined) return original.call(this, inputs, kwargs);
          const convolve = (layer: object, x: Tensor) => original.call(layer, x, kwargs);
          return tf.tidy(() => callGrouped(tf, this, oneTensor(inputs), convolve));
        },
    );
  }
};

function requireGroups({ name, groups, filters }: GroupedLayer, channels: number): number {
  if (Number.isInteger(groups) && channels % groups! === 0 && filters % groups! === 0) {
    return groups!;
  }
  throw new InputError({
    place: `groups of ${name}`,
    found: showValue(groups),
    expected: `a divisor of its ${channels} channels and of its ${filters} filters`,
  });
}

/**
 * Convolves each group of channels, adds the bias and applies the activation.
 *
 * @param convolve Calls a layer without groups.
 */
function callGrouped(
  tf: TensorFlow,
  layer: GroupedLayer,
  x: Tensor,
  convolve: (layer: object, x: Tensor) => Tensor,
): Tensor {
  const groups = layer.groups!;
  const first = layer.dataFormat === "channelsFirst";
  const axis = first ? 1 : x.rank - 1;
  let y: Tensor;
  if (layer.rank === 2 && !first && groups === x.shape[axis]) {
    y = convolveChannels(tf, layer, x);
  } else {
    const kernels = tf.split(layer.kernel.read(), groups, -1);
    const parts = tf.split(x, groups, axis).map((part, i) => {
      const kernel = { read: () => kernels[i] };
      const own = { kernel, bias: null, activation: LINEAR, groups: undefined };
      return convolve(Object.assign(Object.create(layer), own), part);
    });
    y = tf.concat(parts, axis);
  }
  if (layer.bias !== null) {
    const along = y.shape.map((_, k) => k === axis ? layer.filters : 1);
    y = tf.add(y, tf.reshape(layer.bias.read(), along));
  }
  return layer.activation.apply(y);
}

/**
 * Convolves every channel separately: the kernel of a depthwise convolution has the same entries
 * in the same order.
 */
function convolveChannels(tf: TensorFlow, layer: GroupedLayer, x: Tensor): Tensor {
  const kernel = layer.kernel.read();
  const channels = x.shape[3]!;
  const [rows, columns] = kernel.shape;
  return tf.depthwiseConv2d(
    x as Tensor4D,
    tf.reshape(kernel, [rows, columns, channels, layer.filters / channels]) as Tensor4D,
    layer.strides,
    layer.padding,
    "NHWC",
    layer.dilationRate,
  );
}
