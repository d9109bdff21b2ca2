import { register } from "../examples/self_attention.ts";
import type { LayersModel, TensorFlow } from "../src/engine/tensorflow.ts";
import { registerLayer } from "../src/ground/traits/mod.ts";

type Symbolic = LayersModel["inputs"][number];

/** A network at the size at which it was published. */
interface LargeModel {
  /** Number of examples that it is measured on. */
  examples: number;
  create(tf: TensorFlow): LayersModel;
  /** Whose statistics its normalisations run on. Default: as `measure()` has it. */
  batchNormalization?: "inference" | "training";
}

/** A convolution without a bias, a batch normalisation and a relu. */
function block(
  tf: TensorFlow,
  x: Symbolic,
  filters: number,
  kernelSize: number | [number, number],
  { strides = 1, padding = "same" as "same" | "valid", relu = true } = {},
): Symbolic {
  const { layers } = tf;
  const convolved = layers.conv2d({
    filters,
    kernelSize,
    strides,
    padding,
    useBias: false,
    kernelInitializer: tf.initializers.heNormal({ seed: filters }),
  }).apply(x);
  const normalized = layers.batchNormalization().apply(convolved) as Symbolic;
  return relu ? layers.reLU().apply(normalized) as Symbolic : normalized;
}

/** ResNet-50 (He and others 2015): 25.6 million parameters, pictures of 224 x 224. */
function resnet50(tf: TensorFlow, size = 224): LayersModel {
  const { layers } = tf;
  const inputs = tf.input({ shape: [size, size, 3] });
  let x = block(tf, inputs, 64, 7, { strides: 2 });
  x = layers.maxPooling2d({ poolSize: 3, strides: 2, padding: "same" }).apply(x) as Symbolic;
  for (const [stage, count] of [3, 4, 6, 3].entries()) {
    const filters = 64 * 2 ** stage;
    for (let i = 0; i < count; i++) {
      const strides = i === 0 && stage > 0 ? 2 : 1;
      const shortcut = i === 0 ? block(tf, x, 4 * filters, 1, { strides, relu: false }) : x;
      const inner = block(tf, block(tf, x, filters, 1, { strides }), filters, 3);
      const wide = block(tf, inner, 4 * filters, 1, { relu: false });
      x = layers.reLU().apply(layers.add().apply([shortcut, wide])) as Symbolic;
    }
  }
  return classifier(tf, inputs, x, "resnet50");
}

function classifier(tf: TensorFlow, inputs: Symbolic, x: Symbolic, name: string): LayersModel {
  const pooled = tf.layers.globalAveragePooling2d({} as never).apply(x);
  const outputs = tf.layers.dense({
    units: 1000,
    activation: "softmax",
    kernelInitializer: tf.initializers.glorotUniform({ seed: 1 }),
  }).apply(pooled) as Symbolic;
  return tf.model({ inputs, outputs, name });
}

/** InceptionV3 (Szegedy and others 2015), as Keras has it: 23.9 million parameters, pictures of 299 x 299. */
function inceptionV3(tf: TensorFlow, size = 299): LayersModel {
  const { layers } = tf;
  const join = (parts: Symbolic[]) => layers.concatenate().apply(parts) as Symbolic;
  const largest = (x: Symbolic) =>
    layers.maxPooling2d({ poolSize: 3, strides: 2 }).apply(x) as Symbolic;
  const mean = (x: Symbolic) =>
    layers.averagePooling2d({ poolSize: 3, strides: 1, padding: "same" }).apply(x) as Symbolic;
  const one = (x: Symbolic, filters: number) => block(tf, x, filters, 1);
  const row = (x: Symbolic, filters: number, n = 7) => block(tf, x, filters, [1, n]);
  const column = (x: Symbolic, filters: number, n = 7) => block(tf, x, filters, [n, 1]);
  const halve = { strides: 2, padding: "valid" as const };
  const inputs = tf.input({ shape: [size, size, 3] });
  let x = block(tf, inputs, 32, 3, halve);
  x = largest(block(tf, block(tf, x, 32, 3, { padding: "valid" }), 64, 3));
  x = largest(block(tf, block(tf, x, 80, 1, { padding: "valid" }), 192, 3, { padding: "valid" }));
  for (const filters of [32, 64, 64]) {
    const five = block(tf, one(x, 48), 64, 5);
    const three = block(tf, block(tf, one(x, 64), 96, 3), 96, 3);
    x = join([one(x, 64), five, three, one(mean(x), filters)]);
  }
  const inner = block(tf, block(tf, one(x, 64), 96, 3), 96, 3, halve);
  x = join([block(tf, x, 384, 3, halve), inner, largest(x)]);
  for (const filters of [128, 160, 160, 192]) {
    const once = column(row(one(x, filters), filters), 192);
    const begun = row(column(one(x, filters), filters), filters);
    const twice = row(column(begun, filters), 192);
    x = join([one(x, 192), once, twice, one(mean(x), 192)]);
  }
  const left = block(tf, one(x, 192), 320, 3, halve);
  const right = block(tf, column(row(one(x, 192), 192), 192), 192, 3, halve);
  x = join([left, right, largest(x)]);
  for (let i = 0; i < 2; i++) {
    const both = (x: Symbolic) => join([row(x, 384, 3), column(x, 384, 3)]);
    x = join([
      one(x, 320),
      both(one(x, 384)),
      both(block(tf, one(x, 448), 384, 3)),
      one(mean(x), 192),
    ]);
  }
  return classifier(tf, inputs, x, "inceptionV3");
}

/** A decoder of 12 layers, 12 heads and width 768 on 512 tokens, as GPT (Radford and others 2018) has it. */
function transformer(tf: TensorFlow, { depth = 12, width = 768, steps = 512 } = {}): LayersModel {
  const { layers } = tf;
  const SelfAttention = register({ tf });
  // Scores and shares of 12 heads: eight times the output for each copy.
  registerLayer("SelfAttention", { kind: "opaque", perExample: true, memoryCopies: 45 });
  const initializer = (seed: number) => tf.initializers.randomNormal({ stddev: 0.02, seed });
  const inputs = tf.input({ shape: [steps], dtype: "int32" });
  let x = layers.embedding({
    inputDim: 50_257,
    outputDim: width,
    embeddingsInitializer: initializer(1),
  }).apply(inputs) as Symbolic;
  const normalized = () => layers.layerNormalization().apply(x);
  for (let i = 0; i < depth; i++) {
    const attended = new SelfAttention({ heads: 12 }).apply(normalized());
    x = layers.add().apply([x, attended] as never) as Symbolic;
    const dense = (units: number, activation: "gelu" | "linear") =>
      layers.dense({ units, activation: activation as never, kernelInitializer: initializer(i) });
    const wide = dense(4 * width, "gelu").apply(normalized());
    const narrow = dense(width, "linear").apply(wide);
    x = layers.add().apply([x, narrow] as never) as Symbolic;
  }
  return tf.model({ inputs, outputs: normalized() as Symbolic, name: "transformer" });
}

/** The networks of `bench/past_the_heap.ts`, and of `bench/memory_estimate.ts` at other sizes. */
export const largeModels: Record<string, LargeModel> = {
  resnet50: { examples: 32, create: (tf) => resnet50(tf) },
  inceptionV3: { examples: 32, create: (tf) => inceptionV3(tf) },
  transformer: { examples: 8, create: (tf) => transformer(tf) },
};

export { inceptionV3, resnet50, transformer };
