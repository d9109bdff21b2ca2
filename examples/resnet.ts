/**
 * A residual network for the handwritten digits: two stages of two blocks, each with a shortcut.
 *
 *     deno run -A mod.ts report examples/resnet.ts
 */
import type { ModelModule, TensorFlow } from "@gradient-health/gradient-health/model";
import type { SymbolicTensor } from "@tensorflow/tfjs";

export { createBatch, objective } from "./digits.ts";

export const createModel: ModelModule["createModel"] = ({ tf }) => {
  const input = tf.input({ shape: [28, 28, 1] });
  let x = convolve(tf, input, { name: "stem", filters: 8, strides: 2 });
  for (const [stage, filters] of [8, 16].entries()) {
    x = addBlock(tf, x, { name: `block_${2 * stage + 1}`, filters, strides: stage + 1 });
    x = addBlock(tf, x, { name: `block_${2 * stage + 2}`, filters, strides: 1 });
  }
  const pooled = tf.layers.globalAveragePooling2d({ name: "pool" }).apply(x);
  const classes = tf.layers.dense({ name: "classes", units: 10, activation: "softmax" });
  return tf.model({
    name: "resnet",
    inputs: input,
    outputs: classes.apply(pooled) as SymbolicTensor,
  });
};

interface Convolution {
  name: string;
  filters: number;
  strides: number;
}

/** Adds two convolutions to what comes in, which a third brings to their shape if it differs. */
function addBlock(tf: TensorFlow, x: SymbolicTensor, block: Convolution): SymbolicTensor {
  const { name, filters, strides } = block;
  const first = convolve(tf, x, { ...block, name: `${name}_a` });
  const second = normalize(tf, first, { name: `${name}_b`, filters, strides: 1 });
  const isSame = strides === 1 && x.shape[3] === filters;
  const shortcut = isSame ? x : normalize(tf, x, { name: `${name}_shortcut`, filters, strides });
  const sum = tf.layers.add({ name: `${name}_add` }).apply([second, shortcut]) as SymbolicTensor;
  return tf.layers.reLU({ name: `${name}_relu` }).apply(sum) as SymbolicTensor;
}

function convolve(tf: TensorFlow, x: SymbolicTensor, convolution: Convolution): SymbolicTensor {
  const relu = tf.layers.reLU({ name: `${convolution.name}_relu` });
  return relu.apply(normalize(tf, x, convolution)) as SymbolicTensor;
}

function normalize(
  tf: TensorFlow,
  x: SymbolicTensor,
  { name, filters, strides }: Convolution,
): SymbolicTensor {
  const conv = tf.layers.conv2d({
    name,
    filters,
    strides,
    kernelSize: 3,
    padding: "same",
    // The normalisation that follows takes any bias out again.
    useBias: false,
    kernelInitializer: "heNormal",
  });
  const norm = tf.layers.batchNormalization({ name: `${name}_norm` });
  return norm.apply(conv.apply(x)) as SymbolicTensor;
}
