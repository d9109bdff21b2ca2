import type { Tensor, TensorFlow } from "../../engine/tensorflow.ts";
import { InputError } from "../../ground/words/input_error.ts";
import { type AtenContext, type AtenOp, sizeOf } from "./aten_op.ts";
import { besideChannels, channelsFirst, channelsLast } from "./convolutions.ts";
import { aten } from "./schema.ts";

/** Smallest difference of 1 and the next larger float32, PyTorch's epsilon if none is given. */
const FLOAT32_EPSILON = 2 ** -23;

/** Normalised tensor with its statistics; only `y` has a gradient. */
interface Normalized {
  y: Tensor;
  mean: Tensor;
  variance: Tensor;
}

/** Runs an op of this project: (x - mean) / sqrt(variance + epsilon) * scale + offset. */
function normalize(
  tf: TensorFlow,
  kernelName: "NormalizeColumns" | "NormalizeRows",
  { x, width, scale, offset, epsilon }: {
    x: Tensor;
    width: number;
    scale: Tensor | null;
    offset: Tensor | null;
    epsilon: number;
  },
): Normalized {
  const row = (values: Tensor | null, otherwise: (shape: number[]) => Tensor) =>
    values === null ? otherwise([width]) : tf.reshape(values, [width]);
  const inputs = {
    x,
    scale: row(scale, (shape) => tf.ones(shape)),
    offset: row(offset, (shape) => tf.zeros(shape)),
  };
  const [y, mean, variance] = tf.engine().runKernel(
    kernelName,
    inputs,
    { epsilon },
  ) as unknown as Tensor[];
  return { y, mean, variance };
}

/** Scales and shifts the channels of a tensor whose channels are first. */
function scaleChannels(tf: TensorFlow, x: Tensor, weight: Tensor | null, bias: Tensor | null) {
  const scaled = weight === null ? x : tf.mul(x, besideChannels(tf, weight, x.rank)) as Tensor;
  return bias === null ? scaled : tf.add(scaled, besideChannels(tf, bias, x.rank)) as Tensor;
}

/** Arguments that batch and instance normalisation share. */
interface ChannelNorm {
  input: Tensor;
  weight: Tensor | null;
  bias: Tensor | null;
  running_mean: Tensor | null;
  running_var: Tensor | null;
  momentum: number;
  eps: number;
}

/** Normalises by running statistics. */
function byRunning(tf: TensorFlow, args: ChannelNorm): Tensor {
  const { input, running_mean: mean, running_var: variance, weight, bias, eps } = args;
  if (mean === null || variance === null) {
    throw new InputError({ place: "running_mean", found: "None", expected: "a tensor" });
  }
  const r = tf.rsqrt(tf.add(variance, eps)) as Tensor;
  const slope = weight === null ? r : tf.mul(r, weight) as Tensor;
  const shift = tf.neg(tf.mul(mean, slope)) as Tensor;
  return scaleChannels(tf, input, slope, bias === null ? shift : tf.add(shift, bias));
}

/** Stores what the running statistics become; `count` entries went into each variance. */
function writeRunning(
  context: AtenContext,
  { running_mean, running_var, momentum }: ChannelNorm,
  { mean, variance, count }: { mean: Tensor; variance: Tensor; count: number },
): void {
  const { tf } = context;
  const move = (name: string, before: Tensor | null, now: Tensor) => {
    if (before === null) return;
    context.write(name, tf.add(tf.mul(before, 1 - momentum), tf.mul(now, momentum)));
  };
  move("running_mean", running_mean, mean);
  // The running variance is without bias, other than the one that normalises.
  move("running_var", running_var, tf.mul(variance, count / Math.max(1, count - 1)));
}

/** Normalises each channel over the batch and space. */
function batchNorm(
  context: AtenContext,
  args: ChannelNorm & { training: boolean },
): Normalized {
  const { tf } = context;
  const { input, weight, bias, eps } = args;
  if (!args.training) {
    const y = byRunning(tf, args);
    return { y, mean: tf.zeros([0]), variance: tf.zeros([0]) };
  }
  const channels = input.shape[1]!;
  const count = input.size / channels;
  if (count === 1) {
    throw new InputError({
      place: "The number of entries of each channel in training",
      found: "1",
      expected: "2 or more",
    });
  }
  const last = channelsLast(tf, input);
  const found = normalize(tf, "NormalizeColumns", {
    x: last,
    width: channels,
    scale: weight,
    offset: bias,
    epsilon: eps,
  });
  writeRunning(context, args, { mean: found.mean, variance: found.variance, count });
  return { ...found, y: channelsFirst(tf, found.y) };
}

/** Normalises each channel of each example over space. */
function instanceNorm(context: AtenContext, args: ChannelNorm & { use_input_stats: boolean }) {
  const { tf } = context;
  const { input, weight, bias, eps } = args;
  if (!args.use_input_stats) return byRunning(tf, args);
  const [batch, channels] = input.shape as [number, number];
  const { y, mean, variance } = groupsNormalized(tf, input, batch * channels, eps);
  const ofBatch = (values: Tensor) => tf.mean(tf.reshape(values, [batch, channels]), 0);
  writeRunning(context, args, {
    mean: ofBatch(mean),
    variance: ofBatch(variance),
    count: input.size / (batch * channels),
  });
  return scaleChannels(tf, y, weight, bias);
}

/** Normalises equal runs of entries. */
function groupsNormalized(tf: TensorFlow, x: Tensor, runs: number, epsilon: number): Normalized {
  const width = x.size / runs;
  const rows = tf.reshape(x, [runs, width]) as Tensor;
  const found = normalize(tf, "NormalizeRows", {
    x: rows,
    width,
    scale: null,
    offset: null,
    epsilon,
  });
  return { ...found, y: tf.reshape(found.y, x.shape) };
}

function groupNorm(
  tf: TensorFlow,
  { input, num_groups, weight, bias, eps }: {
    input: Tensor;
    num_groups: number;
    weight: Tensor | null;
    bias: Tensor | null;
    eps: number;
  },
): Normalized {
  const [batch, channels] = input.shape as [number, number];
  if (channels % num_groups !== 0) {
    throw new InputError({
      place: "num_groups",
      found: String(num_groups),
      expected: `a divisor of the ${channels} channels`,
    });
  }
  const found = groupsNormalized(tf, input, batch * num_groups, eps);
  return { ...found, y: scaleChannels(tf, found.y, weight, bias) };
}

/** Arguments of a normalisation of the last axes. */
interface LayerNorm {
  input: Tensor;
  normalized_shape: readonly number[];
  weight: Tensor | null;
  bias: Tensor | null;
  eps: number;
}

function requireLastAxes({ input, normalized_shape }: Omit<LayerNorm, "bias" | "eps" | "weight">) {
  const last = input.shape.slice(input.rank - normalized_shape.length);
  if (`${last}` === `${normalized_shape}`) return;
  throw new InputError({
    place: "normalized_shape",
    found: `[${normalized_shape.join(", ")}]`,
    expected: `the last axes of [${input.shape.join(", ")}]`,
  });
}

/** Normalises each example over its last axes. */
function layerNorm(tf: TensorFlow, args: LayerNorm): Normalized {
  requireLastAxes(args);
  const { input, weight, bias, eps } = args;
  const width = sizeOf(args.normalized_shape);
  const x = tf.reshape(input, [input.size / width, width]) as Tensor;
  const inputs = { x, width, scale: weight, offset: bias, epsilon: eps };
  const found = normalize(tf, "NormalizeRows", inputs);
  return { ...found, y: tf.reshape(found.y, input.shape) };
}

function rmsNorm(
  tf: TensorFlow,
  { input, normalized_shape, weight, eps }: {
    input: Tensor;
    normalized_shape: readonly number[];
    weight: Tensor | null;
    eps: number | null;
  },
): { y: Tensor; r: Tensor } {
  requireLastAxes({ input, normalized_shape });
  const axes = normalized_shape.map((_, i) => input.rank - normalized_shape.length + i);
  const meanSquare = tf.mean(tf.square(input), axes, true);
  const r = tf.rsqrt(tf.add(meanSquare, eps ?? FLOAT32_EPSILON)) as Tensor;
  const y = tf.mul(input, r) as Tensor;
  return { y: weight === null ? y : tf.mul(y, weight), r };
}

/** Returns 1 / sqrt(variance + epsilon). */
const rateOf = (tf: TensorFlow, variance: Tensor, epsilon: number) =>
  tf.rsqrt(tf.add(variance, epsilon)) as Tensor;

/** Returns the norm of v over all axes except one, or over all for -1. */
function normExcept(tf: TensorFlow, v: Tensor, dim: number, power = 2): Tensor {
  const axes = v.shape.map((_, axis) => axis).filter((axis) => axis !== dim);
  if (power === 2) return tf.sqrt(tf.sum(tf.square(v), axes, dim !== -1));
  return tf.pow(tf.sum(tf.pow(tf.abs(v), power), axes, dim !== -1), 1 / power);
}

/** Normalisations of activations and of weights. */
export const NORMALIZATIONS: readonly AtenOp[] = [
  aten(
    "batch_norm(Tensor input, Tensor? weight, Tensor? bias, Tensor? running_mean, Tensor? running_var, bool training, float momentum, float eps, bool cudnn_enabled) -> Tensor",
    (args, context) => batchNorm(context, args).y,
  ),
  aten(
    "native_batch_norm(Tensor input, Tensor? weight, Tensor? bias, Tensor? running_mean, Tensor? running_var, bool training, float momentum, float eps) -> (Tensor, Tensor, Tensor)",
    (args, context) => {
      const { y, mean, variance } = batchNorm(context, args);
      return [y, mean, args.training ? rateOf(context.tf, variance, args.eps) : variance];
    },
  ),
  aten(
    "instance_norm(Tensor input, Tensor? weight, Tensor? bias, Tensor? running_mean, Tensor? running_var, bool use_input_stats, float momentum, float eps, bool cudnn_enabled) -> Tensor",
    (args, context) => instanceNorm(context, args),
  ),
  aten(
    "group_norm(Tensor input, int num_groups, Tensor? weight=None, Tensor? bias=None, float eps=1e-05, bool cudnn_enabled=True) -> Tensor",
    (args, { tf }) => groupNorm(tf, args).y,
  ),
  aten(
    "native_group_norm(Tensor input, Tensor? weight, Tensor? bias, SymInt N, SymInt C, SymInt HxW, int group, float eps) -> (Tensor, Tensor, Tensor)",
    (args, { tf }) => {
      const { y, mean, variance } = groupNorm(tf, { ...args, num_groups: args.group });
      const shape = [args.N, args.group];
      return [y, tf.reshape(mean, shape), tf.reshape(rateOf(tf, variance, args.eps), shape)];
    },
  ),
  aten(
    "layer_norm(Tensor input, SymInt[] normalized_shape, Tensor? weight=None, Tensor? bias=None, float eps=1e-05, bool cudnn_enable=True) -> Tensor",
    (args, { tf }) => layerNorm(tf, args).y,
  ),
  aten(
    "native_layer_norm(Tensor input, SymInt[] normalized_shape, Tensor? weight, Tensor? bias, float eps) -> (Tensor, Tensor, Tensor)",
    (args, { tf }) => {
      const { y, mean, variance } = layerNorm(tf, args);
      const { input, normalized_shape, eps } = args;
      const shape = input.shape.map((size, axis) =>
        axis < input.rank - normalized_shape.length ? size : 1
      );
      return [y, tf.reshape(mean, shape), tf.reshape(rateOf(tf, variance, eps), shape)];
    },
  ),
  aten(
    "rms_norm(Tensor input, SymInt[] normalized_shape, Tensor? weight=None, float? eps=None) -> Tensor",
    (args, { tf }) => rmsNorm(tf, args).y,
  ),
  aten(
    "_fused_rms_norm(Tensor input, int[] normalized_shape, Tensor? weight, float? eps) -> (Tensor, Tensor)",
    (args, { tf }) => {
      const { y, r } = rmsNorm(tf, args);
      return [y, r];
    },
  ),
  aten(
    "_weight_norm(Tensor v, Tensor g, int dim=0) -> Tensor",
    ({ v, g, dim }, { tf }) => tf.mul(v, tf.div(g, normExcept(tf, v, dim))),
  ),
  aten(
    "_weight_norm_interface(Tensor v, Tensor g, int dim=0) -> (Tensor, Tensor)",
    ({ v, g, dim }, { tf }) => {
      const norms = normExcept(tf, v, dim);
      return [tf.mul(v, tf.div(g, norms)), norms];
    },
  ),
  aten(
    "norm_except_dim(Tensor v, int pow=2, int dim=0) -> Tensor",
    ({ v, pow, dim }, { tf }) => normExcept(tf, v, dim, pow),
  ),
];
