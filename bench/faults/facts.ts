/** Configuration of one layer: a class of `tf.layers`, and what it takes. */
export interface LayerFacts {
  /** Name of the function in `tf.layers`. */
  type: string;
  config: Record<string, unknown>;
}

/** Optimizer as Keras writes it. */
export interface OptimizerFacts {
  class_name: string;
  config: Record<string, unknown>;
}

/** Loss as Keras writes it: a name, or a class with its configuration. */
export type LossFacts = string | { class_name: string; config: Record<string, unknown> };

/** Preparation of a recipe's numbers. */
export type Preparation =
  /** As drawn. */
  | "raw"
  /** Divided by a constant. */
  | { divideBy: number }
  /** Each column with mean 0 and standard deviation 1. */
  | "standardised"
  /** Each column from 0 to 1. */
  | "unit";

/** Data that a program trains on. */
export interface DataFacts {
  /** Name in `RECIPES`. */
  recipe: string;
  /** Number of examples. Default: 512. */
  count?: number;
  /** Default: `raw`. */
  inputs?: Preparation;
  /** Default: `raw`. */
  targets?: Preparation;
  /** Form of the classes; default: as the recipe draws them. */
  classes?: "shares" | "index";
}

/** Facts of a program that decide whether it trains. */
export interface Facts {
  data: DataFacts;
  layers: LayerFacts[];
  loss: LossFacts;
  optimizer: OptimizerFacts;
  /** Examples in a batch. */
  batch: number;
  /** Training steps after which the published training is over. */
  steps: number;
}

/** Tools whose results on the same programs are published. */
export type Peer =
  | "deepLocalize"
  | "deepDiagnosis"
  | "umlaut"
  | "autotrainer"
  | "deepFD"
  | "deFault";

/** Published buggy program and its repair. */
export interface Program {
  /** Number of the post on Stack Overflow, or a name. */
  id: string;
  /** Publication of program and repair. */
  source: string;
  /** Published fault in words. */
  fault: string;
  /** Kinds of cause that name the published fault, or one of several. */
  causes: string[];
  /** False if nothing shows the fault before training, such as too few epochs. */
  inReach: boolean;
  /** Row in `published.json`; absent if no other tool has published a result on it. */
  published?: string;
  buggy: Facts;
  /** Published repair: what differs from the buggy program. */
  repair: Partial<Facts>;
}

/** Returns the repaired program. */
export const repaired = ({ buggy, repair }: Program): Facts => ({ ...buggy, ...repair });

type Settings = Record<string, unknown>;

const layer = (type: string) => (config: Settings = {}): LayerFacts => ({ type, config });

/** A dense layer. */
export function dense(units: number, activation = "linear", settings: Settings = {}): LayerFacts {
  return { type: "dense", config: { ...settings, units, activation } };
}

/** A convolution over images. */
export function conv(
  filters: number,
  kernelSize: number,
  activation = "linear",
  settings: Settings = {},
): LayerFacts {
  return { type: "conv2d", config: { ...settings, filters, kernelSize, activation } };
}

/** An activation as a layer. */
export const act = (activation: string): LayerFacts => layer("activation")({ activation });

/** Dropout at a rate. */
export const dropout = (rate: number): LayerFacts => layer("dropout")({ rate });

/** Pooling by the maximum of 2 x 2. */
export const pool: LayerFacts = layer("maxPooling2d")({ poolSize: 2 });

/** Rows from images. */
export const flatten: LayerFacts = layer("flatten")();

/** Batch normalisation. */
export const batchNormalization: LayerFacts = layer("batchNormalization")();

/** Kernel drawn by an initializer. */
export const drawn = (kernelInitializer: unknown): Settings => ({ kernelInitializer });

/** Normal distribution of mean 0. */
export const normal = (stddev: number) => ({
  className: "RandomNormal",
  config: { mean: 0, stddev },
});

/** Truncated normal distribution of mean 0. */
export const truncated = (stddev: number) => ({
  className: "TruncatedNormal",
  config: { mean: 0, stddev },
});

/** Constant weights. */
export const constant = (value: number) => ({ className: "Constant", config: { value } });

/** Penalty on the square of a kernel. */
export const l2 = (factor: number): Settings => ({
  kernelRegularizer: { className: "L1L2", config: { l1: 0, l2: factor } },
});

/** An optimizer at a rate; Keras's default rate if it is absent. */
export function optimizer(name: string, rate?: number, settings: Settings = {}): OptimizerFacts {
  const given = rate === undefined ? {} : { learning_rate: rate };
  return { class_name: name, config: { ...settings, ...given } };
}

/** Stochastic gradient descent. */
export const sgd = (rate = 0.01) => optimizer("SGD", rate);

/** SGD with Nesterov momentum of 0.9. */
export const nesterov = (rate: number, momentum = 0.9) =>
  optimizer("SGD", rate, { momentum, nesterov: true });

/** Adam at a rate. */
export const adam = (rate = 0.001) => optimizer("Adam", rate);

/** RMSprop at a rate. */
export const rmsprop = (rate = 0.001) => optimizer("RMSprop", rate);

/** Cross-entropy of logits. */
export const ofLogits = (name: string): LossFacts => ({
  class_name: name,
  config: { from_logits: true },
});

/** Number of steps of a training. */
export const epochs = (count: number, examples: number, batch: number): number =>
  count * Math.ceil(examples / batch);
