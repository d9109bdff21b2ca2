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

/** Program of a fault seeded in a working network. */
interface Seeded {
  id: string;
  fault: string;
  causes: string[];
  inReach?: boolean;
  /** Difference to the working network. */
  change: Partial<Facts>;
}

const mpgLayers = (kernel: object, penalty = 1e-5, last = "linear", hidden = "relu") => [
  ...[1, 2].map(() => dense(64, hidden, { ...drawn(kernel), ...l2(penalty) })),
  dense(1, last, l2(penalty)),
];

/** TheDeepChecker's regression: fuel use of cars. */
const REGRESSION: Facts = {
  data: { recipe: "cars", inputs: "unit", targets: "unit" },
  layers: mpgLayers({ className: "HeNormal", config: {} }),
  loss: "mean_squared_error",
  optimizer: adam(),
  batch: 8,
  steps: 2000,
};

const heNormal = { className: "HeNormal", config: {} };

const REGRESSION_FAULTS: Seeded[] = [
  {
    id: "high_lr",
    fault: "Adam at 0.1",
    causes: ["learning-rate"],
    change: { optimizer: adam(0.1) },
  },
  {
    id: "low_lr",
    fault: "Adam at 1e-5",
    causes: ["learning-rate"],
    change: { optimizer: adam(1e-5) },
  },
  {
    id: "low_eps",
    fault: "Adam with epsilon 1e-16",
    causes: ["learning-rate"],
    inReach: false,
    change: { optimizer: optimizer("Adam", 0.001, { epsilon: 1e-16 }) },
  },
  {
    id: "miss_norm",
    fault: "Inputs and targets not scaled",
    causes: ["input", "targets"],
    change: { data: { recipe: "cars" } },
  },
  {
    id: "over_reg",
    fault: "L2 penalty of 0.1",
    causes: ["penalties"],
    change: { layers: mpgLayers(heNormal, 0.1) },
  },
  {
    id: "over_scaled",
    fault: "Targets up to 376",
    causes: ["targets"],
    change: { data: { recipe: "cars", inputs: "unit", targets: { divideBy: 0.1 } } },
  },
  {
    id: "inapp_act",
    fault: "Sigmoid output for targets from -1 to 1",
    causes: ["head", "targets"],
    change: {
      data: { recipe: "carsFromMinusOne", inputs: "unit" },
      layers: mpgLayers(heNormal, 1e-5, "sigmoid"),
    },
  },
  {
    id: "wrong_act",
    fault: "Softmax over one unit",
    causes: ["head"],
    change: { layers: mpgLayers(heNormal, 1e-5, "softmax") },
  },
  {
    id: "constant",
    fault: "Constant kernels",
    causes: ["constant-weights"],
    change: { layers: mpgLayers(constant(0.01)) },
  },
  {
    id: "random",
    fault: "Kernels drawn with standard deviation 0.25",
    causes: ["kernel-scale", "gain"],
    change: { layers: mpgLayers(normal(0.25)) },
  },
  {
    id: "wrong_lbl",
    fault: "Features shuffled apart from the labels",
    causes: ["targets"],
    inReach: false,
    change: { data: { recipe: "carsShuffled", inputs: "unit", targets: "unit" } },
  },
  {
    id: "dbl_norm",
    fault: "Inputs normalised twice",
    causes: ["input"],
    change: { data: { recipe: "carsTwiceNormalised", targets: "unit" } },
  },
];

const mnistLayers = (first: object, last = "softmax") => [
  conv(32, 3, "relu", first as Record<string, unknown>),
  conv(64, 3, "relu"),
  pool,
  dropout(0.25),
  flatten,
  dense(128, "relu"),
  dropout(0.5),
  dense(10, last),
];

/** Keras's example for MNIST, the origin of the mutants M1 to M3. */
const MNIST_EXAMPLE: Facts = {
  data: { recipe: "smallDigitPictures", inputs: { divideBy: 255 } },
  layers: mnistLayers({}),
  loss: "categorical_crossentropy",
  optimizer: optimizer("Adadelta", 1),
  batch: 128,
  steps: 1000,
};

const MUTANTS: Seeded[] = [
  {
    id: "M1",
    fault: "First kernel zero",
    causes: ["constant-weights"],
    change: { layers: mnistLayers(drawn("zeros")) },
  },
  {
    id: "M2",
    fault: "No softmax under categorical cross-entropy",
    causes: ["head"],
    change: { layers: mnistLayers({}, "linear") },
  },
  {
    id: "M3",
    fault: "Adadelta at 0.001",
    causes: ["learning-rate"],
    change: { optimizer: optimizer("Adadelta", 0.001) },
  },
];

const seeded = (origin: Facts, named: (id: string) => Pick<Program, "id" | "source">) =>
(
  { id, fault, causes, inReach = true, change }: Seeded,
): Program => ({
  ...named(id),
  fault,
  causes,
  inReach,
  buggy: { ...origin, ...change },
  repair: Object.fromEntries(Object.keys(change).map((key) => [key, origin[key as keyof Facts]])),
});

/** 500-500-500 with kernels and biases of one distribution. */
const wide = (settings: Record<string, unknown>) => [
  ...[1, 2, 3].map(() => dense(500, "relu", settings)),
  dense(10, "linear", settings),
];

const OTHERS: Program[] = [
  {
    id: "umlaut-a",
    source: "UMLAUT's user study, program A, in BerkeleyHCI/umlaut",
    fault: "Pixels of 0 to 255, dropout of 0.8, logits under a loss that expects probabilities",
    causes: ["input", "dropout", "head"],
    inReach: true,
    buggy: {
      data: { recipe: "photosOfTen", classes: "index" },
      layers: umlautLayers({ rate: 0.8 }),
      loss: "sparse_categorical_crossentropy",
      optimizer: adam(),
      batch: 64,
      steps: 1000,
    },
    repair: {
      data: { recipe: "photosOfTen", classes: "index", inputs: { divideBy: 255 } },
      layers: umlautLayers({ rate: 0.2, last: "softmax" }),
    },
  },
  {
    id: "ips4",
    source: "TheDeepChecker, IPS 4, in thedeepchecker/thedeepchecker",
    fault: "Kernels and biases drawn with standard deviation 1",
    causes: ["kernel-scale", "bias"],
    inReach: true,
    buggy: {
      data: { recipe: "digits", inputs: { divideBy: 255 } },
      layers: wide({ kernelInitializer: normal(1), biasInitializer: normal(1) }),
      loss: ofLogits("CategoricalCrossentropy"),
      optimizer: adam(0.003),
      batch: 100,
      steps: 600,
    },
    repair: { layers: wide(drawn("heNormal")) },
  },
  {
    id: "ips14",
    source: "TheDeepChecker, IPS 14, in thedeepchecker/thedeepchecker",
    fault: "Loss summed over a batch of 100, kernel drawn with standard deviation 1",
    causes: ["learning-rate", "kernel-scale"],
    inReach: true,
    buggy: {
      data: { recipe: "digits", inputs: { divideBy: 255 } },
      layers: [dense(10, "linear", drawn(truncated(1)))],
      loss: {
        class_name: "CategoricalCrossentropy",
        config: { from_logits: true, reduction: "sum" },
      },
      optimizer: sgd(0.01),
      batch: 100,
      steps: 600,
    },
    repair: {
      layers: [dense(10, "linear", drawn("zeros"))],
      loss: ofLogits("CategoricalCrossentropy"),
      optimizer: sgd(0.1),
    },
  },
];

function umlautLayers({ rate, last = "linear" }: { rate: number; last?: string }) {
  return [
    conv(64, 3, "relu"),
    conv(64, 3, "relu"),
    pool,
    dropout(rate),
    conv(128, 3, "relu"),
    conv(128, 3, "relu"),
    pool,
    dropout(rate),
    flatten,
    dense(128, "relu"),
    dense(128, "relu"),
    dropout(rate),
    dense(10, last),
  ];
}

/** Faults seeded in working networks, and others that rules may be tuned on. */
export const SEEDED: Program[] = [
  ...REGRESSION_FAULTS.map(seeded(REGRESSION, (id) => ({
    id: `regression-${id}`,
    source: `TheDeepChecker, regrNN_${id}, in thedeepchecker/thedeepchecker`,
  }))),
  ...MUTANTS.map(seeded(MNIST_EXAMPLE, (id) => ({
    id: `mutant-${id}`,
    source: `DeepCrime mutant ${id} of Humbatova et al. 2025`,
  }))),
  ...OTHERS,
];
