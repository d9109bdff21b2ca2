import {
  adam,
  constant,
  conv,
  dense,
  drawn,
  dropout,
  type Facts,
  flatten,
  l2,
  normal,
  ofLogits,
  optimizer,
  pool,
  type Program,
  sgd,
  truncated,
} from "../facts.ts";

const CHECKER = "thedeepchecker/thedeepchecker";
const heNormal = drawn("heNormal");
const heUniform = drawn("heUniform");
const grey = { recipe: "smallDigitPictures", inputs: { divideBy: 255 } };
const flatGrey = { recipe: "digits", inputs: { divideBy: 255 } };

const convNet = (first: Record<string, unknown>, last: string) => [
  conv(32, 5, "relu", { ...first, padding: "same" }),
  pool,
  conv(64, 5, "relu", { ...first, padding: "same" }),
  pool,
  flatten,
  dense(1024, "relu", first),
  dense(10, last, first),
];

const tenth = { kernelInitializer: truncated(0.1), biasInitializer: constant(0.1) };
const logits = ofLogits("CategoricalCrossentropy");
const summed = (config: Record<string, unknown>) => ({
  class_name: "CategoricalCrossentropy",
  config,
});

const smallLayers = (rate: number) => [
  dense(20, "relu", heNormal),
  dropout(rate),
  dense(20, "relu", drawn(truncated(0.5))),
  dropout(rate),
  dense(15, "relu", drawn(truncated(0.5))),
  dropout(rate),
  dense(1, "linear", drawn(truncated(0.5))),
];

const zeroLine = (steps: number): Pick<Facts, "layers" | "loss" | "steps"> => ({
  layers: [dense(1, "linear", drawn("zeros"))],
  loss: "mean_squared_error",
  steps,
});

const CHECKER_POSTS: Program[] = [
  {
    id: "ips1",
    source: `TheDeepChecker, IPS 1, in ${CHECKER}`,
    fault: "Cross-entropy of softmax summed over the batch, computed as a logarithm of shares",
    causes: ["learning-rate", "head", "bias"],
    inReach: false,
    buggy: {
      data: grey,
      layers: convNet(tenth, "softmax"),
      loss: summed({ reduction: "sum" }),
      optimizer: adam(1e-4),
      batch: 50,
      steps: 600,
    },
    repair: { layers: convNet(tenth, "linear"), loss: logits },
  },
  {
    id: "ips5",
    source: `TheDeepChecker, IPS 5, in ${CHECKER}`,
    fault: "SGD at 0.1 with inputs from -8 to 8 diverges",
    causes: ["learning-rate", "input"],
    inReach: true,
    buggy: {
      data: { recipe: "line", count: 8 },
      ...zeroLine(1000),
      optimizer: sgd(0.1),
      batch: 8,
    },
    repair: { optimizer: sgd(0.01) },
  },
  {
    id: "ips7",
    source: `TheDeepChecker, IPS 7, in ${CHECKER}`,
    fault: "Logits under a loss that expects probabilities, kernels of standard deviation 1",
    causes: ["head", "kernel-scale"],
    inReach: true,
    buggy: {
      data: flatGrey,
      layers: [dense(512, "sigmoid", drawn(normal(1))), dense(10, "linear", drawn(normal(1)))],
      loss: "binary_crossentropy",
      optimizer: sgd(0.05),
      batch: 100,
      steps: 1000,
    },
    repair: { loss: logits },
  },
  {
    id: "ips11",
    source: `TheDeepChecker, IPS 11, in ${CHECKER}`,
    fault: "ReLU on the logits",
    causes: ["head"],
    inReach: true,
    buggy: {
      data: grey,
      layers: convNet(tenth, "relu"),
      loss: logits,
      optimizer: adam(),
      batch: 100,
      steps: 600,
    },
    repair: { layers: convNet(tenth, "linear") },
  },
  {
    id: "ips12",
    source: `TheDeepChecker, IPS 12, in ${CHECKER}`,
    fault: "Dropout of 0.5 in layers of 15 to 20 units",
    causes: ["dropout"],
    inReach: true,
    buggy: {
      data: { recipe: "shiftedRows", count: 128 },
      layers: smallLayers(0.5),
      loss: ofLogits("BinaryCrossentropy"),
      optimizer: adam(0.005),
      batch: 100,
      steps: 1000,
    },
    repair: { layers: smallLayers(0) },
  },
  {
    id: "ips13",
    source: `TheDeepChecker, IPS 13, in ${CHECKER}`,
    fault: "Adam at 0.5, an L2 penalty of 0.25, inputs not scaled",
    causes: ["learning-rate", "input", "penalties"],
    inReach: true,
    buggy: {
      data: { recipe: "hearts" },
      layers: [dense(2, "linear", { ...drawn(truncated(1)), ...l2(0.25) })],
      loss: logits,
      optimizer: adam(0.5),
      batch: 7,
      steps: 3000,
    },
    repair: {
      data: { recipe: "hearts", inputs: "standardised" },
      layers: [dense(2, "linear", drawn(truncated(1)))],
      optimizer: adam(0.01),
    },
  },
  {
    id: "ips15",
    source: `TheDeepChecker, IPS 15, in ${CHECKER}`,
    fault: "SGD at 0.5 with inputs up to 100 diverges",
    causes: ["learning-rate", "input", "targets"],
    inReach: true,
    buggy: {
      data: { recipe: "ramp", count: 100 },
      ...zeroLine(1000),
      optimizer: sgd(0.5),
      batch: 100,
    },
    repair: { optimizer: sgd(1e-4) },
  },
  {
    id: "ips17",
    source: `TheDeepChecker, IPS 17, in ${CHECKER}`,
    fault: "SGD at 0.01 on a loss summed over the examples diverges",
    causes: ["learning-rate", "input"],
    inReach: true,
    buggy: {
      data: { recipe: "parabolaTerms", count: 4 },
      ...zeroLine(1000),
      loss: { class_name: "MeanSquaredError", config: { reduction: "sum" } },
      optimizer: sgd(0.01),
      batch: 4,
    },
    repair: { loss: "mean_squared_error" },
  },
];

const baseLayers = ({ kernel = heNormal, penalty = 1e-5, hidden = "relu", last = "linear" }) => [
  conv(32, 5, hidden, { ...kernel, ...l2(penalty), padding: "same" }),
  pool,
  conv(64, 3, hidden, { ...kernel, ...l2(penalty), padding: "same" }),
  pool,
  flatten,
  dense(1024, "relu", { ...kernel, ...l2(penalty) }),
  dense(10, last, { ...l2(penalty) }),
];

/** TheDeepChecker's network for MNIST. */
const BASE: Facts = {
  data: grey,
  layers: baseLayers({}),
  loss: logits,
  optimizer: sgd(0.1),
  batch: 64,
  steps: 600,
};

function base(id: string, fault: string, causes: string[], change: Partial<Facts>): Program {
  return {
    id: `digits-${id}`,
    source: `TheDeepChecker, baseCNN_${id}, in ${CHECKER}`,
    fault,
    causes,
    inReach: causes.length > 0,
    buggy: { ...BASE, ...change },
    repair: Object.fromEntries(Object.keys(change).map((key) => [key, BASE[key as keyof Facts]])),
  };
}

const BASE_FAULTS: Program[] = [
  base("high_lr", "SGD at 0.5", ["learning-rate"], { optimizer: sgd(0.5) }),
  base("low_lr", "SGD at 0.001", ["learning-rate"], { optimizer: sgd(0.001) }),
  base("miss_norm", "Pixels of 0 to 255 not scaled", ["input"], {
    data: { recipe: "smallDigitPictures" },
  }),
  base("over_reg", "L2 penalty of 0.1", ["penalties"], { layers: baseLayers({ penalty: 0.1 }) }),
  base("wrong_act", "Softmax as hidden activation", ["hidden-softmax", "activation"], {
    layers: baseLayers({ hidden: "softmax" }),
  }),
  base("constant", "Constant kernels", ["constant-weights"], {
    layers: baseLayers({ kernel: drawn(constant(0.01)) }),
  }),
  base("red_soft", "Two softmaxes; Keras trains it as one", [], {
    layers: baseLayers({ last: "softmax" }),
    loss: logits,
  }),
  base("miss_soft", "No softmax under a loss that expects probabilities", ["head"], {
    loss: "categorical_crossentropy",
  }),
];

const digitRow = (depth: number) => [
  ...Array.from({ length: depth }, () => dense(128, "relu")),
  dense(10, "softmax"),
];

const TRAINER = "AUTOTRAINER, in shiningrain/AUTOTRAINER: ";

const OTHERS: Program[] = [
  {
    id: "autotrainer-vanish",
    source: `${TRAINER}Gradient_Vanish_Case`,
    fault: "Nine sigmoid layers of 5 units, inputs not scaled",
    causes: ["activation", "input", "gain", "kernel-scale"],
    inReach: true,
    buggy: {
      data: { recipe: "circles" },
      layers: [
        ...Array.from({ length: 9 }, () => dense(5, "sigmoid", heUniform)),
        dense(1, "sigmoid"),
      ],
      loss: "binary_crossentropy",
      optimizer: adam(),
      batch: 32,
      steps: 2000,
    },
    repair: {
      layers: [
        ...Array.from({ length: 9 }, () => dense(5, "relu", heUniform)),
        dense(1, "sigmoid"),
      ],
    },
  },
  {
    id: "autotrainer-oscillating",
    source: `${TRAINER}Oscillating_Loss_Case`,
    fault: "A high rate with momentum, inputs not scaled",
    causes: ["learning-rate", "input"],
    inReach: true,
    buggy: {
      data: { recipe: "blobs" },
      layers: [dense(50, "relu", heUniform), dense(3, "softmax")],
      loss: "categorical_crossentropy",
      optimizer: optimizer("SGD", 0.1, { momentum: 0.9 }),
      batch: 32,
      steps: 1000,
    },
    repair: {
      data: { recipe: "blobs", inputs: "standardised" },
      optimizer: optimizer("SGD", 0.01, { momentum: 0.9 }),
    },
  },
  {
    id: "autotrainer-activation",
    source: `${TRAINER}Improper_Activation_case`,
    fault: "ReLU on the output under categorical cross-entropy, inputs not scaled",
    causes: ["head", "input"],
    inReach: true,
    buggy: {
      data: { recipe: "blobs" },
      layers: [
        ...Array.from({ length: 4 }, () => dense(50, "relu", heUniform)),
        dense(3, "relu"),
      ],
      loss: "categorical_crossentropy",
      optimizer: adam(1e-4),
      batch: 256,
      steps: 900,
    },
    repair: {
      layers: [
        ...Array.from({ length: 4 }, () => dense(50, "relu", heUniform)),
        dense(3, "softmax"),
      ],
      optimizer: adam(),
    },
  },
  {
    id: "autotrainer-34",
    source: `${TRAINER}Motivation, DyingReLU`,
    fault: "34 ReLU layers drawn by Keras's default",
    causes: ["gain", "kernel-scale"],
    inReach: true,
    buggy: {
      data: flatGrey,
      layers: digitRow(34),
      loss: "categorical_crossentropy",
      optimizer: adam(),
      batch: 32,
      steps: 600,
    },
    repair: { layers: digitRow(4) },
  },
  {
    id: "autotrainer-20",
    source: `${TRAINER}Motivation, OscillatingLoss`,
    fault: "20 ReLU layers drawn by Keras's default",
    causes: ["gain", "kernel-scale"],
    inReach: true,
    buggy: {
      data: flatGrey,
      layers: digitRow(20),
      loss: "categorical_crossentropy",
      optimizer: adam(),
      batch: 32,
      steps: 600,
    },
    repair: { layers: digitRow(4) },
  },
  {
    id: "umlaut-b",
    source: "UMLAUT's user study, program B, in BerkeleyHCI/umlaut",
    fault: "Adam at -1000, no activation between the layers",
    causes: ["learning-rate", "no-activation"],
    inReach: true,
    buggy: {
      data: { recipe: "photosOfTen", classes: "index", inputs: { divideBy: 255 } },
      layers: umlautLayers("linear"),
      loss: ofLogits("SparseCategoricalCrossentropy"),
      optimizer: adam(-1000),
      batch: 64,
      steps: 600,
    },
    repair: { layers: umlautLayers("relu"), optimizer: adam() },
  },
];

function umlautLayers(activation: string) {
  return [
    conv(64, 3, activation),
    conv(64, 3, activation),
    pool,
    dropout(0.2),
    conv(128, 3, activation),
    conv(128, 3, activation),
    pool,
    dropout(0.2),
    flatten,
    dense(128, activation),
    dense(128, activation),
    dropout(0.2),
    dense(10),
  ];
}

/** Programs that other tools come with: rules are not tuned on them. */
export const DEMONSTRATIONS: Program[] = [...CHECKER_POSTS, ...BASE_FAULTS, ...OTHERS];
