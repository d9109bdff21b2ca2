/** Sources of model modules: every activation, most layers, common architectures, and common faults. */
export const CORPUS_MODULES: Record<string, string> = {};

const seeded =
  "const init = (k = 'glorotUniform') => tf.initializers[k]({ seed: seed * 100 + next++ });";

/** A sequential model of these layers, each a call of `tf.layers`. */
function sequential(name: string, layers: string[], rest = ""): void {
  CORPUS_MODULES[name] = `${rest}
export function createModel({ tf, seed }: any) {
  let next = 1;
  ${seeded}
  void init;
  return tf.sequential({ layers: [
    ${layers.map((layer) => `tf.layers.${layer},`).join("\n    ")}
  ] });
}
`;
}

/** A functional model; the code has `x` and leaves the output in `y`. */
function functional(name: string, shape: string, code: string, rest = ""): void {
  CORPUS_MODULES[name] = `${rest}
export function createModel({ tf, seed }: any) {
  let next = 1;
  ${seeded}
  const dense = (units: number, activation?: string, kernel = 'glorotUniform') =>
    tf.layers.dense({ units, activation, kernelInitializer: init(kernel) });
  void dense;
  const x = tf.input({ shape: ${shape} });
  let y: any = x;
  ${code}
  return tf.model({ inputs: x, outputs: y });
}
`;
}

const dense = (units: number, options = "", kernel = "glorotUniform") =>
  `dense({ units: ${units}, kernelInitializer: init('${kernel}'), ${options} })`;

const SHAPE = "inputShape: [20]";
const MSE = 'export const objective = "meanSquaredError";';
const CCE = 'export const objective = "categoricalCrossentropy";';

for (
  const activation of [
    "linear",
    "tanh",
    "sigmoid",
    "hardSigmoid",
    "softsign",
    "relu",
    "relu6",
    "elu",
    "selu",
    "softplus",
    "swish",
    "gelu",
    "gelu_new",
    "mish",
  ]
) {
  for (const kernel of ["glorotUniform", "heNormal", "leCunNormal"]) {
    sequential(`dense_${activation}_${kernel}`, [
      dense(64, `activation: "${activation}", ${SHAPE}`, kernel),
      ...Array.from({ length: 5 }, () => dense(64, `activation: "${activation}"`, kernel)),
      dense(1),
    ], MSE);
  }
}
for (const std of [1e-3, 0.02, 0.5, 2, 200]) {
  for (const activation of ["tanh", "relu"]) {
    const kernel = `tf.initializers.randomNormal({ stddev: ${std}, seed: seed * 100 + next++ })`;
    const layer = (more = "") =>
      `dense({ units: 64, activation: "${activation}", kernelInitializer: ${kernel}, ${more} })`;
    sequential(
      `normal_${activation}_${String(std).replace(".", "_").replace("-", "m")}`,
      [layer(SHAPE), layer(), layer(), layer(), "dense({ units: 1, kernelInitializer: init() })"],
      MSE,
    );
  }
}
const conv = (filters: number, options = "") =>
  `conv2d({ filters: ${filters}, kernelSize: 3, kernelInitializer: init('heNormal'), ${options} })`;
const IMAGE = "inputShape: [16, 16, 3]";
const HEAD = ["flatten()", dense(10, 'activation: "softmax"')];
sequential("convnet", [
  conv(16, `activation: "relu", ${IMAGE}`),
  "maxPooling2d({ poolSize: 2 })",
  conv(32, 'activation: "relu"'),
  ...HEAD,
], CCE);
sequential("convnet_normalized", [
  conv(16, `useBias: false, ${IMAGE}`),
  "batchNormalization()",
  "reLU()",
  conv(32, "useBias: false"),
  "batchNormalization()",
  'activation({ activation: "relu" })',
  "globalAveragePooling2d({})",
  dense(10, 'activation: "softmax"'),
], CCE);
sequential("depthwise", [
  `depthwiseConv2d({ kernelSize: 3, depthMultiplier: 2, depthwiseInitializer: init(), ${IMAGE} })`,
  conv(16, 'activation: "relu6"'),
  "averagePooling2d({ poolSize: 2 })",
  ...HEAD,
], CCE);
sequential("separable_transposed", [
  `separableConv2d({ filters: 8, kernelSize: 3, depthwiseInitializer: init(), pointwiseInitializer: init(), activation: "relu", ${IMAGE} })`,
  "conv2dTranspose({ filters: 4, kernelSize: 3, strides: 2, kernelInitializer: init(), activation: 'elu' })",
  "zeroPadding2d({ padding: 1 })",
  "cropping2D({ cropping: [[1, 1], [1, 1]] })",
  "upSampling2d({ size: [2, 2] })",
  ...HEAD,
], CCE);
sequential("conv1d", [
  "conv1d({ filters: 16, kernelSize: 3, padding: 'causal', kernelInitializer: init('heNormal'), activation: 'relu', inputShape: [24, 4] })",
  "maxPooling1d({ poolSize: 2 })",
  "layerNormalization()",
  "globalMaxPooling1d()",
  dense(1),
], MSE);
sequential("conv3d", [
  "conv3d({ filters: 4, kernelSize: 2, kernelInitializer: init('heNormal'), activation: 'relu', inputShape: [6, 6, 6, 2] })",
  "maxPooling3d({ poolSize: 2 })",
  "flatten()",
  dense(1),
], MSE);
for (const cell of ["lstm", "gru", "simpleRNN"]) {
  sequential(`embedding_${cell}`, [
    `embedding({ inputDim: 50, outputDim: 16, inputLength: 12, embeddingsInitializer: init() })`,
    `${cell}({ units: 16, kernelInitializer: init(), recurrentInitializer: init(), returnSequences: true })`,
    `${cell}({ units: 16, kernelInitializer: init(), recurrentInitializer: init() })`,
    dense(5, 'activation: "softmax"'),
  ], CCE);
}
sequential("bidirectional", [
  `bidirectional({ layer: tf.layers.gru({ units: 8, kernelInitializer: init(), recurrentInitializer: init(), returnSequences: true }), inputShape: [10, 6] })`,
  `timeDistributed({ layer: tf.layers.dense({ units: 8, activation: "tanh", kernelInitializer: init() }) })`,
  "globalAveragePooling1d({})",
  dense(1),
], MSE);
sequential("conv_lstm", [
  "convLstm2d({ filters: 4, kernelSize: 3, kernelInitializer: init(), recurrentInitializer: init(), inputShape: [4, 8, 8, 2] })",
  "flatten()",
  dense(1),
], MSE);
for (
  const noise of [
    "dropout({ rate: 0.3 })",
    "gaussianDropout({ rate: 0.3 })",
    "gaussianNoise({ stddev: 0.1 })",
    "alphaDropout({ rate: 0.1 })",
    "leakyReLU()",
    "leakyReLU({ alpha: 0.01 })",
    "prelu()",
    "elu()",
    "thresholdedReLU({ theta: 0.5 })",
    "softmax()",
    "batchNormalization()",
    "layerNormalization()",
    "reshape({ targetShape: [8, 8] })",
    "repeatVector({ n: 3 })",
    "permute({ dims: [1] })",
    "masking({ maskValue: 0 })",
    "rescaling({ scale: 3, offset: 1 })",
  ]
) {
  const name = `with_${noise.replaceAll(/[^a-zA-Z0-9]+/g, "_").replace(/_$/, "")}`;
  sequential(name, [
    dense(64, SHAPE, "heNormal"),
    noise,
    // Some of these leave two axes, which a dense layer takes, some one.
    ...noise.startsWith("reshape") || noise.startsWith("repeat") ? ["flatten()"] : [],
    dense(32, 'activation: "relu"', "heNormal"),
    dense(1),
  ], MSE);
}
sequential("relu_then_gaussian_dropout", [
  dense(64, `activation: "relu", ${SHAPE}`),
  dense(4, 'activation: "relu"'),
  "gaussianDropout({ rate: 0.3 })",
], MSE);
for (const head of ["softmax", "sigmoid", "tanh", "relu", "linear"]) {
  for (
    const loss of [
      "categoricalCrossentropy",
      "binaryCrossentropy",
      "meanSquaredError",
      "hinge",
      "sum",
    ]
  ) {
    sequential(`head_${head}_${loss}`, [
      dense(32, `activation: "tanh", ${SHAPE}`),
      dense(4, `activation: "${head}"`),
    ], `export const objective = "${loss}";`);
  }
}
functional(
  "residual",
  "[64]",
  `
  y = dense(64, "relu", "heNormal").apply(y);
  for (let i = 0; i < 4; i++) {
    let b = tf.layers.layerNormalization().apply(y);
    b = dense(64, "relu", "heNormal").apply(b);
    b = dense(64, undefined, "heNormal").apply(b);
    y = tf.layers.add().apply([y, b]);
  }
  y = dense(1).apply(y);`,
  MSE,
);
functional(
  "shared_twice",
  "[32]",
  `
  const shared = dense(32, "tanh");
  y = shared.apply(shared.apply(y));
  y = tf.layers.concatenate().apply([y, x]);
  y = dense(1).apply(y);`,
  MSE,
);
functional(
  "merged",
  "[32]",
  `
  const a = dense(32, "relu", "heNormal").apply(y), b = dense(32, "tanh").apply(y);
  const all = ["add", "average", "maximum", "minimum", "multiply"].map((m) => tf.layers[m]().apply([a, b]));
  y = dense(1).apply(tf.layers.concatenate().apply(all));`,
  MSE,
);
functional(
  "nested",
  "[16]",
  `
  const inner = tf.sequential({ layers: [
    tf.layers.dense({ units: 16, activation: "tanh", kernelInitializer: init(), inputShape: [16] }),
    tf.layers.dense({ units: 16, activation: "tanh", kernelInitializer: init() }),
  ] });
  y = dense(4, "softmax").apply(inner.apply(y));`,
  CCE,
);
functional(
  "two_heads",
  "[16]",
  `
  y = dense(32, "relu", "heNormal").apply(y);
  y = [dense(4, "softmax").apply(y), dense(1).apply(y)];`,
);
functional(
  "frozen_base",
  "[16]",
  `
  const base = dense(32, "relu", "heNormal");
  base.trainable = false;
  y = dense(4, "softmax").apply(base.apply(y));`,
  CCE,
);
functional(
  "zeros",
  "[16]",
  `
  for (let i = 0; i < 3; i++) y = dense(16, "relu", "zeros").apply(y);
  y = dense(4, "softmax", "zeros").apply(y);`,
  CCE,
);
functional(
  "zero_head",
  "[16]",
  `
  for (let i = 0; i < 3; i++) y = dense(16, "tanh").apply(y);
  y = dense(4, "softmax", "zeros").apply(y);`,
  CCE,
);
functional(
  "negative_bias",
  "[16]",
  `
  for (let i = 0; i < 3; i++) {
    y = tf.layers.dense({ units: 16, activation: "relu", kernelInitializer: init("heNormal"),
      biasInitializer: tf.initializers.constant({ value: -10 }) }).apply(y);
  }
  y = dense(4, "softmax").apply(y);`,
  CCE,
);
