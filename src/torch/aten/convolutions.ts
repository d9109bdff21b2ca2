import type { Tensor, TensorFlow } from "../../engine/tensorflow.ts";
import { InputError } from "../../ground/words/input_error.ts";
import { alongAxis, type AtenOp, sizeOf } from "./aten_op.ts";
import { permute } from "./shapes.ts";
import { aten } from "./schema.ts";

/** Convolution of PyTorch: channels first, one entry for each axis of space. */
interface Convolution {
  input: Tensor;
  /** [out, in / groups, ...window]; [in, out / groups, ...window] if transposed. */
  weight: Tensor;
  bias: Tensor | null;
  stride: readonly number[];
  padding: readonly number[] | "valid" | "same";
  dilation: readonly number[];
  groups: number;
  /** Entries added at the end of the output, for a transposed convolution alone. */
  outputPadding?: readonly number[];
}

/** Convolution whose axes are those of images or volumes, and whose channels are last. */
interface Windows {
  strides: number[];
  dilations: number[];
  /** Number of zeros before and after the input on each axis of space. */
  pads: (readonly [before: number, after: number])[];
}

/** Moves the channels to the end. */
export const channelsLast = (tf: TensorFlow, x: Tensor): Tensor =>
  permute(tf, x, [0, ...x.shape.slice(2).map((_, i) => i + 2), 1]);

/** Moves the channels behind the batch. */
export const channelsFirst = (tf: TensorFlow, x: Tensor): Tensor =>
  permute(tf, x, [0, x.rank - 1, ...x.shape.slice(2).map((_, i) => i + 1)]);

const runKernel = (tf: TensorFlow, name: string, inputs: Record<string, Tensor>, attrs: object) =>
  tf.engine().runKernel(name, inputs, attrs as never) as Tensor;

/** Attribute `pad` of TensorFlow.js. */
const explicitPad = (pads: Windows["pads"]) => [[0, 0], ...pads, [0, 0]];

/** Convolves with one kernel [...window, in, out], or [...window, in, multiplier] if depthwise. */
function convolveOnce(
  tf: TensorFlow,
  x: Tensor,
  filter: Tensor,
  { windows: { strides, dilations, pads }, bias, isDepthwise }: {
    windows: Windows;
    bias: Tensor | null;
    isDepthwise: boolean;
  },
): Tensor {
  const add = (y: Tensor) => bias === null ? y : tf.add(y, bias) as Tensor;
  if (x.rank === 5) {
    const padded = pads.some(([before, after]) => before > 0 || after > 0)
      ? tf.pad(x, explicitPad(pads) as [number, number][])
      : x;
    const attrs = { strides, dilations, pad: "valid", dataFormat: "NDHWC" };
    return add(runKernel(tf, "Conv3D", { x: padded, filter }, attrs));
  }
  const attrs = { strides, dilations, pad: explicitPad(pads), dataFormat: "NHWC" };
  if (isDepthwise) return add(runKernel(tf, "DepthwiseConv2dNative", { x, filter }, attrs));
  if (bias === null) return runKernel(tf, "Conv2D", { x, filter }, attrs);
  return runKernel(tf, "FusedConv2D", { x, filter, bias }, { ...attrs, activation: "linear" });
}

/** Returns the zeros around the input, by number or by name. */
function padsOf({ padding, weight, stride, dilation }: Convolution): Windows["pads"] {
  if (padding === "valid") return dilation.map(() => [0, 0] as const);
  if (padding !== "same") return padding.map((zeros) => [zeros, zeros] as const);
  if (stride.some((step) => step !== 1)) {
    throw new InputError({
      place: 'The stride of a convolution padded with "same"',
      found: `[${stride.join(", ")}]`,
      expected: "1",
    });
  }
  return dilation.map((rate, axis) => {
    const zeros = rate * (weight.shape[axis + 2] - 1);
    return [Math.floor(zeros / 2), zeros - Math.floor(zeros / 2)] as const;
  });
}

/** Returns one entry for each axis; a single one stands for all. */
const perAxis = (values: readonly number[], count: number) =>
  values.length === count ? [...values] : new Array<number>(count).fill(values[0]);

/** Makes a convolution of sequences one of images of height 1, and adds a batch if there is none. */
function asImages(tf: TensorFlow, given: Convolution): Convolution {
  const count = given.weight.rank - 2;
  const padding = typeof given.padding === "string" ? given.padding : perAxis(given.padding, count);
  const whole: Convolution = {
    ...given,
    stride: perAxis(given.stride, count),
    dilation: perAxis(given.dilation, count),
    padding,
    outputPadding: perAxis(given.outputPadding ?? [0], count),
  };
  if (count !== 1) return whole;
  const high = (x: Tensor) => tf.reshape(x, x.shape.toSpliced(2, 0, 1));
  const numbered = typeof padding === "string" ? padsOf(whole).map(([before]) => before) : padding;
  return {
    ...whole,
    input: high(whole.input),
    weight: high(whole.weight),
    stride: [1, ...whole.stride],
    dilation: [1, ...whole.dilation],
    padding: padding === "same" ? "same" : [0, ...numbered],
    outputPadding: [0, ...whole.outputPadding!],
  };
}

function requireChannels({ input, weight, groups }: Convolution, inputs: number): void {
  if (input.rank !== weight.rank) {
    throw new InputError({
      place: "The rank of the input of a convolution",
      found: String(input.rank),
      expected: `${weight.rank}, or ${weight.rank - 1} without a batch`,
    });
  }
  if (input.shape[1] === inputs && weight.shape[0] % groups === 0) return;
  throw new InputError({
    place: "The number of channels of the input of a convolution",
    found: String(input.shape[1]),
    expected: `${inputs}, as the weight [${weight.shape.join(", ")}] with ${groups} groups has`,
  });
}

/** Adds a batch of one if there is none, and removes it from the result. */
function withBatch(
  tf: TensorFlow,
  given: Convolution,
  run: (whole: Convolution) => Tensor,
): Tensor {
  const isSingle = given.input.rank === given.weight.rank - 1;
  const whole = isSingle
    ? { ...given, input: tf.reshape(given.input, [1, ...given.input.shape]) }
    : given;
  const result = run(whole);
  return isSingle ? tf.reshape(result, result.shape.slice(1)) : result;
}

/** Convolves. */
function convolve(tf: TensorFlow, given: Convolution): Tensor {
  return withBatch(tf, given, (whole) => {
    requireChannels(whole, whole.weight.shape[1]! * whole.groups);
    const images = asImages(tf, whole);
    const { input, weight, bias, groups } = images;
    const windows = {
      strides: [...images.stride],
      dilations: [...images.dilation],
      pads: padsOf(images),
    };
    const x = channelsLast(tf, input);
    const out = weight.shape[0];
    const space = weight.shape.slice(2).map((_, i) => i + 2);
    const isDepthwise = groups === input.shape[1] && groups > 1 && x.rank === 4;
    let y: Tensor;
    if (isDepthwise) {
      const byChannel = tf.reshape(weight, [groups, out / groups, ...weight.shape.slice(2)]);
      const filter = tf.transpose(byChannel, [...space, 0, 1]);
      y = convolveOnce(tf, x, filter, { windows, bias, isDepthwise });
    } else {
      const filter = permute(tf, weight, [...space, 1, 0]);
      y = grouped(tf, { x, filter, groups }, (x, filter, i) =>
        convolveOnce(tf, x, filter, {
          windows,
          bias: bias === null ? null : part(tf, bias, { groups, i }),
          isDepthwise,
        }));
    }
    return withoutHeight(tf, channelsFirst(tf, y), whole.weight.rank);
  });
}

/** Removes the height that a sequence got. */
const withoutHeight = (tf: TensorFlow, y: Tensor, rank: number) =>
  rank === 3 ? tf.reshape(y, y.shape.toSpliced(2, 1)) : y;

/** Returns the part of a group of a bias. */
function part(tf: TensorFlow, bias: Tensor, { groups, i }: { groups: number; i: number }): Tensor {
  const size = bias.size / groups;
  return groups === 1 ? bias : tf.slice(bias, [i * size], [size]);
}

/** Runs a convolution for each group of channels, and joins the results. */
function grouped(
  tf: TensorFlow,
  { x, filter, groups }: { x: Tensor; filter: Tensor; groups: number },
  run: (x: Tensor, filter: Tensor, i: number) => Tensor,
): Tensor {
  if (groups === 1) return run(x, filter, 0);
  const filters = tf.split(filter, groups, -1);
  return tf.concat(tf.split(x, groups, -1).map((part, i) => run(part, filters[i], i)), -1);
}

/** Convolves transposed: the gradient of a convolution with respect to its input. */
function convolveTransposed(tf: TensorFlow, given: Convolution): Tensor {
  return withBatch(tf, given, (single) => {
    requireChannels(single, single.weight.shape[0]);
    const images = asImages(tf, single);
    const { input, weight, bias, groups, stride, dilation, outputPadding } = images;
    const padding = images.padding as readonly number[];
    const dy = channelsLast(tf, input);
    const space = weight.shape.slice(2);
    // Padding cuts entries off, and padding of the output brings those at the end back.
    const pads = padding.map((zeros, axis) =>
      [zeros, Math.max(0, zeros - outputPadding![axis])] as const
    );
    const sizes = space.map((window, axis) =>
      (input.shape[axis + 2] - 1) * stride[axis] + dilation[axis] * (window - 1) + 1 -
      pads[axis][0] - pads[axis][1]
    );
    // No window reaches what is padded beyond that.
    const beyond = padding.map((zeros, axis) => Math.max(0, outputPadding![axis] - zeros));
    // Group by group: [in / groups, out / groups, ...window].
    const filter = permute(tf, weight, [...space.map((_, i) => i + 2), 1, 0]);
    const y = grouped(
      tf,
      { x: dy, filter, groups },
      (dy, filter) => {
        const inputShape = [dy.shape[0]!, ...sizes, weight.shape[1]!];
        return spread(tf, dy, filter, {
          inputShape,
          strides: [...stride],
          dilations: [...dilation],
          pads,
        });
      },
    );
    const whole = padEnds(tf, y, beyond);
    const sum = bias === null ? whole : tf.add(whole, bias) as Tensor;
    return withoutHeight(tf, channelsFirst(tf, sum), single.weight.rank);
  });
}

/** Adds zeros at the end of each axis of space. */
function padEnds(tf: TensorFlow, x: Tensor, counts: readonly number[]): Tensor {
  if (counts.every((count) => count === 0)) return x;
  return tf.pad(x, [[0, 0], ...counts.map((count): [number, number] => [0, count]), [0, 0]]);
}

/** Adds each entry of dy, times the kernel, at its window. */
function spread(
  tf: TensorFlow,
  dy: Tensor,
  filter: Tensor,
  { inputShape, strides, dilations, pads }: Windows & { inputShape: number[] },
): Tensor {
  if (dy.rank === 4) {
    const attrs = { strides, dilations, pad: explicitPad(pads), dataFormat: "NHWC", inputShape };
    return runKernel(tf, "Conv2DBackpropInput", { dy, filter }, attrs);
  }
  // A convolution of volumes has no padding here: what would be padded is cut off.
  const padded = inputShape.map((size, axis) =>
    axis === 0 || axis === 4 ? size : size + pads[axis - 1][0] + pads[axis - 1][1]
  );
  const attrs = { strides, dilations, pad: "valid", inputShape: padded };
  const whole = runKernel(tf, "Conv3DBackpropInputV2", { dy, filter }, attrs);
  return tf.slice(whole, [0, ...pads.map(([before]) => before), 0], inputShape);
}

/** Puts a vector beside the channels of a tensor whose channels are first. */
export const besideChannels = (tf: TensorFlow, vector: Tensor, rank: number): Tensor =>
  tf.reshape(vector, alongAxis(rank, 1, sizeOf(vector.shape)));

/** Convolutions by their number of axes, and by their way to say the padding. */
export const CONVOLUTIONS: readonly AtenOp[] = [
  aten(
    "conv1d(Tensor input, Tensor weight, Tensor? bias=None, SymInt[1] stride=[1], SymInt[1] padding=[0], SymInt[1] dilation=[1], SymInt groups=1) -> Tensor",
    (args, { tf }) => convolve(tf, args),
  ),
  aten(
    "conv2d(Tensor input, Tensor weight, Tensor? bias=None, SymInt[2] stride=[1, 1], SymInt[2] padding=[0, 0], SymInt[2] dilation=[1, 1], SymInt groups=1) -> Tensor",
    (args, { tf }) => convolve(tf, args),
  ),
  aten(
    "conv3d(Tensor input, Tensor weight, Tensor? bias=None, SymInt[3] stride=[1, 1, 1], SymInt[3] padding=[0, 0, 0], SymInt[3] dilation=[1, 1, 1], SymInt groups=1) -> Tensor",
    (args, { tf }) => convolve(tf, args),
  ),
  aten(
    'conv1d.padding(Tensor input, Tensor weight, Tensor? bias=None, SymInt[1] stride=[1], str padding="valid", SymInt[1] dilation=[1], SymInt groups=1) -> Tensor',
    (args, { tf }) => convolve(tf, { ...args, padding: namedPadding(args.padding) }),
  ),
  aten(
    'conv2d.padding(Tensor input, Tensor weight, Tensor? bias=None, SymInt[2] stride=[1, 1], str padding="valid", SymInt[2] dilation=[1, 1], SymInt groups=1) -> Tensor',
    (args, { tf }) => convolve(tf, { ...args, padding: namedPadding(args.padding) }),
  ),
  aten(
    'conv3d.padding(Tensor input, Tensor weight, Tensor? bias=None, SymInt[3] stride=[1, 1, 1], str padding="valid", SymInt[3] dilation=[1, 1, 1], SymInt groups=1) -> Tensor',
    (args, { tf }) => convolve(tf, { ...args, padding: namedPadding(args.padding) }),
  ),
  aten(
    "convolution(Tensor input, Tensor weight, Tensor? bias, SymInt[] stride, SymInt[] padding, SymInt[] dilation, bool transposed, SymInt[] output_padding, SymInt groups) -> Tensor",
    (args, { tf }) =>
      args.transposed
        ? convolveTransposed(tf, { ...args, outputPadding: args.output_padding })
        : convolve(tf, args),
  ),
  aten(
    "conv_transpose1d(Tensor input, Tensor weight, Tensor? bias=None, SymInt[1] stride=[1], SymInt[1] padding=[0], SymInt[1] output_padding=[0], SymInt groups=1, SymInt[1] dilation=[1]) -> Tensor",
    (args, { tf }) => convolveTransposed(tf, { ...args, outputPadding: args.output_padding }),
  ),
  aten(
    "conv_transpose2d.input(Tensor input, Tensor weight, Tensor? bias=None, SymInt[2] stride=[1, 1], SymInt[2] padding=[0, 0], SymInt[2] output_padding=[0, 0], SymInt groups=1, SymInt[2] dilation=[1, 1]) -> Tensor",
    (args, { tf }) => convolveTransposed(tf, { ...args, outputPadding: args.output_padding }),
  ),
  aten(
    "conv_transpose3d.input(Tensor input, Tensor weight, Tensor? bias=None, SymInt[3] stride=[1, 1, 1], SymInt[3] padding=[0, 0, 0], SymInt[3] output_padding=[0, 0, 0], SymInt groups=1, SymInt[3] dilation=[1, 1, 1]) -> Tensor",
    (args, { tf }) => convolveTransposed(tf, { ...args, outputPadding: args.output_padding }),
  ),
];

function namedPadding(name: string): "valid" | "same" {
  if (name === "valid" || name === "same") return name;
  throw new InputError({
    place: "padding",
    found: JSON.stringify(name),
    expected: '"valid" or "same"',
  });
}
