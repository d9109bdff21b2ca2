/**
 * Networks whose scales stay the same over width and depth by the rules of muP and of depth
 * scaling, and the same networks with one rule dropped.
 *
 * @module
 */
import type { LayersModel, TensorFlow } from "../../src/engine/tensorflow.ts";
import type { CreateStudyModel } from "../../src/study/study_options.ts";

/** Width and depth at which the rules change nothing. */
export const BASE = { width: 32, depth: 2 };

/** Powers of a kernel's initial standard deviation and learning rate. */
interface Powers {
  std: number;
  rate: number;
}

/** Rules of a network: the powers of each kind of kernel. */
type Rules = Record<"input" | "hidden" | "output", Powers>;

/** Tensor programs V, table 8, with standard deviations in place of variances. */
const MUP: Record<"divides" | "takes", Rules> = {
  divides: {
    input: { std: 0, rate: 0 },
    hidden: { std: -0.5, rate: -1 },
    output: { std: -1, rate: -1 },
  },
  takes: {
    input: { std: 0, rate: 1 },
    hidden: { std: -0.5, rate: 0 },
    output: { std: -1, rate: -1 },
  },
};

/** Powers of the depth for the branches of a residual network. */
const DEPTH: Record<"half" | "one", Powers> = {
  // sqrt(depth): arXiv 2310.02244; the rate as well, or the change of the sum grows.
  half: { std: -0.5, rate: -1 },
  // CompleteP: arXiv 2505.01618.
  one: { std: -1, rate: -1 },
};

/** Rules that can be dropped. */
export type Dropped =
  | "hidden rate"
  | "hidden std"
  | "output"
  | "input rate"
  | "branch"
  | "branch rate";

/** Kind of a network. */
export interface NetworkKind {
  optimizer: "adam" | "sgd" | "momentum" | "rmsprop";
  activation?: "relu" | "tanh" | "elu" | "swish";
  /** Number of hidden kernels that are wide on both sides. Default: 2. */
  hidden?: number;
  input?: "dense" | "embedding" | "convolution";
  head?: "regression" | "classes";
  normalized?: boolean;
  zeroReadout?: boolean;
  /** Grows in depth instead of width, by this rule. */
  residual?: "half" | "one";
  dropped?: Dropped;
}

/** Gradients fall with the width, and an epsilon must not: 1e-7 stops the steps at width 512. */
const TINY = 1e-20;

const CLASSES = 8;
/** The first step of RMSProp is sqrt(10) times its rate, as 1 - 0.9 of the square is averaged. */
const RATES = { adam: 0.01, sgd: 0.1, momentum: 0.02, rmsprop: 0.003 };

/** Returns the function that creates siblings of a network. */
export function networkOf(kind: NetworkKind): CreateStudyModel {
  return ({ tf, seed, width, depth }) => {
    const builder = new Builder(tf, kind, {
      seed,
      width: width ?? BASE.width,
      depth: depth ?? BASE.depth,
    });
    return builder.build();
  };
}

class Builder {
  readonly #tf: TensorFlow;
  readonly #kind: NetworkKind;
  readonly #size: { seed: number; width: number; depth: number };
  readonly #rules: Rules;
  readonly #isDividing: boolean;
  #draws = 0;

  constructor(
    tf: TensorFlow,
    kind: NetworkKind,
    size: { seed: number; width: number; depth: number },
  ) {
    this.#tf = tf;
    this.#kind = kind;
    this.#size = size;
    this.#isDividing = kind.optimizer === "adam" || kind.optimizer === "rmsprop";
    const { input, hidden, output } = MUP[this.#isDividing ? "divides" : "takes"];
    const { dropped } = kind;
    this.#rules = {
      input: dropped === "input rate" ? { ...input, rate: 0 } : input,
      hidden: {
        std: dropped === "hidden std" ? 0 : hidden.std,
        rate: dropped === "hidden rate" ? 0 : hidden.rate,
      },
      output: dropped === "output" ? { std: -0.5, rate: 0 } : output,
    };
  }

  build(): LayersModel {
    const tf = this.#tf;
    const { input = "dense", head = "regression", hidden = 2, residual, normalized } = this.#kind;
    const given = tf.input({
      shape: input === "dense" ? [16] : input === "embedding" ? [8] : [6, 6, 3],
    });
    let x = this.#enter(given, input);
    for (let i = 1; i <= (residual === undefined ? hidden : this.#size.depth); i++) {
      const name = residual === undefined ? `hidden_${i}` : `block_${i}`;
      if (residual === undefined) {
        x = this.#dense(x, { name, rule: "hidden" });
        if (normalized) {
          x = tf.layers.layerNormalization({ name: `norm_${i}` }).apply(x) as typeof x;
        }
        x = this.#activate(x, `${name}_act`);
      } else {
        const branch = this.#dense(this.#activate(x, `${name}_act`), { name, rule: "hidden" });
        x = tf.layers.add({ name: `sum_${i}` }).apply([x, branch]) as typeof x;
      }
    }
    const units = head === "classes" ? CLASSES : 4;
    const out = this.#dense(x, { name: "out", rule: "output", units });
    const outputs = head === "classes"
      ? tf.layers.activation({ activation: "softmax", name: "softmax" }).apply(out) as typeof x
      : out;
    const model = tf.model({ inputs: given, outputs });
    const { optimizer } = this.#kind;
    const rate = RATES[optimizer];
    model.compile({
      optimizer: optimizer === "momentum"
        ? tf.train.momentum(rate, 0.9)
        : optimizer === "rmsprop"
        ? tf.train.rmsprop(rate, 0.9, 0, TINY)
        : tf.train[optimizer](rate),
      loss: head === "classes" ? "categoricalCrossentropy" : "meanSquaredError",
    });
    return model;
  }

  #enter(given: ReturnType<TensorFlow["input"]>, input: NonNullable<NetworkKind["input"]>) {
    const tf = this.#tf;
    if (input === "dense") {
      return this.#activate(this.#dense(given, { name: "in", rule: "input" }), "in_act");
    }
    const { width } = this.#size;
    if (input === "embedding") {
      const table = tf.layers.embedding({
        name: "in",
        inputDim: 16,
        outputDim: width,
        embeddingsInitializer: this.#normal(1, "input"),
      }).apply(given);
      return this.#scaled(
        tf.layers.globalAveragePooling1d({ name: "pool" }).apply(table) as ReturnType<
          TensorFlow["input"]
        >,
        { name: "in", rule: "input" },
      );
    }
    const convolve = (
      x: ReturnType<TensorFlow["input"]>,
      name: string,
      rule: "input" | "hidden",
    ) => {
      const fanIn = 9 * (rule === "input" ? 3 : BASE.width);
      const z = tf.layers.conv2d({
        name,
        filters: width,
        kernelSize: 3,
        padding: "same",
        kernelInitializer: this.#normal(Math.sqrt(this.#gain() / fanIn), rule),
      }).apply(x) as typeof x;
      return this.#activate(this.#scaled(z, { name, rule }), `${name}_act`);
    };
    const maps = convolve(convolve(given, "in", "input"), "conv", "hidden");
    return tf.layers.globalAveragePooling2d({ name: "pool" }).apply(maps) as typeof given;
  }

  #gain(): number {
    const { activation = "relu" } = this.#kind;
    return activation === "tanh" ? 1 : 2;
  }

  #dense(
    x: ReturnType<TensorFlow["input"]>,
    { name, rule, units = this.#size.width }: { name: string; rule: keyof Rules; units?: number },
  ) {
    const fanIn = rule === "input" ? x.shape.at(-1)! : BASE.width;
    const { zeroReadout = false, residual } = this.#kind;
    const isReadout = rule === "output";
    const gain = isReadout || residual !== undefined ? 1 : this.#gain();
    const z = this.#tf.layers.dense({
      name,
      units,
      kernelInitializer: isReadout && zeroReadout
        ? this.#tf.initializers.zeros()
        : this.#normal(Math.sqrt(gain / fanIn), rule),
    }).apply(x) as typeof x;
    return this.#scaled(z, { name, rule });
  }

  /** Returns an initialiser with the power of the rule, less that of the constant behind it. */
  #normal(base: number, rule: keyof Rules) {
    const { seed } = this.#size;
    const { std } = this.#powers(rule);
    const stddev = base * this.#times(std) / this.#constant(rule);
    return this.#tf.initializers.randomNormal({ stddev, seed: 100 * seed + this.#draws++ });
  }

  #powers(rule: keyof Rules): { std: Record<string, number>; rate: Record<string, number> } {
    const { std, rate } = this.#rules[rule];
    const { residual, dropped } = this.#kind;
    const isBranch = residual !== undefined && rule === "hidden";
    const depth = isBranch ? DEPTH[residual!] : { std: 0, rate: 0 };
    const hasRate = dropped !== "branch rate";
    return {
      std: { width: std, depth: dropped === "branch" ? 0 : depth.std },
      // The constant alone scales the rate as well, for an optimizer that divides.
      rate: { width: rate, depth: dropped === "branch" ? 0 : hasRate ? depth.rate : depth.std },
    };
  }

  #times(powers: Record<string, number>): number {
    const { width, depth } = this.#size;
    return (width / BASE.width) ** powers.width * (depth / BASE.depth) ** powers.depth;
  }

  #constant(rule: keyof Rules): number {
    const factor = this.#times(this.#powers(rule).rate);
    return this.#isDividing ? factor : Math.sqrt(factor);
  }

  #scaled(x: ReturnType<TensorFlow["input"]>, { name, rule }: { name: string; rule: keyof Rules }) {
    const scale = this.#constant(rule);
    return this.#tf.layers.rescaling({ name: `${name}_scale`, scale }).apply(x) as typeof x;
  }

  #activate(x: ReturnType<TensorFlow["input"]>, name: string) {
    const { activation = "relu" } = this.#kind;
    return this.#tf.layers.activation({ name, activation }).apply(x) as typeof x;
  }
}

/** Twenty kinds of networks, each with the rule that its wrong twin drops. */
export const KINDS: Record<string, NetworkKind & { drop: Dropped }> = {
  "mlp": { optimizer: "adam", drop: "hidden rate" },
  "mlp tanh": { optimizer: "adam", activation: "tanh", drop: "output" },
  "mlp elu": { optimizer: "adam", activation: "elu", drop: "hidden std" },
  "mlp swish": { optimizer: "adam", activation: "swish", drop: "hidden rate" },
  "mlp 4 hidden": { optimizer: "adam", hidden: 4, drop: "hidden std" },
  "mlp 1 hidden": { optimizer: "adam", hidden: 1, drop: "output" },
  "mlp zero readout": { optimizer: "adam", zeroReadout: true, drop: "hidden rate" },
  "mlp norm": { optimizer: "adam", normalized: true, drop: "hidden rate" },
  "mlp classes": { optimizer: "adam", head: "classes", drop: "output" },
  "mlp rmsprop": { optimizer: "rmsprop", drop: "hidden rate" },
  "mlp sgd": { optimizer: "sgd", drop: "output" },
  "mlp sgd tanh": { optimizer: "sgd", activation: "tanh", drop: "input rate" },
  "mlp momentum": { optimizer: "momentum", zeroReadout: true, drop: "output" },
  "embedding": { optimizer: "adam", input: "embedding", head: "classes", drop: "hidden rate" },
  "convolution": {
    optimizer: "adam",
    input: "convolution",
    hidden: 1,
    head: "classes",
    drop: "hidden rate",
  },
  "residual": { optimizer: "adam", residual: "half", drop: "branch" },
  "residual rate": { optimizer: "adam", residual: "half", drop: "branch rate" },
  "residual CompleteP": { optimizer: "adam", residual: "one", drop: "branch" },
  "residual tanh": { optimizer: "adam", residual: "half", activation: "tanh", drop: "branch rate" },
  "residual classes": { optimizer: "adam", residual: "one", head: "classes", drop: "branch" },
};

/** Sizes at which the siblings of a network are trained. */
export function sizesOf(
  { residual, input }: NetworkKind,
): { widths?: number[]; depths?: number[] } {
  if (residual !== undefined) return { depths: [2, 4, 8, 16, 32] };
  return { widths: input === "convolution" ? [32, 64, 128, 256] : [32, 64, 128, 256, 512] };
}
