import type { SeededRandom } from "../../src/core/model/batches/seeded_random.ts";
import { type Family, type Head, KIND, type Plan, type TaskName } from "./plan.ts";

/** Returns one of several, all equally likely. */
export function pick<T>(random: SeededRandom, options: readonly T[]): T {
  return options[random.integer(options.length)];
}

/** A whole number from `least` to `most`. */
export function between(random: SeededRandom, least: number, most: number): number {
  return least + random.integer(most - least + 1);
}

/** 10 to a power that is uniform between two. */
export function tenTo(random: SeededRandom, least: number, most: number): number {
  return 10 ** (least + (most - least) * random.uniform());
}

const SHARES: [Family, number][] = [
  ["dense", 0.36],
  ["convolutional", 0.16],
  ["residual", 0.2],
  ["recurrent", 0.1],
  ["attention", 0.08],
  ["autoencoder", 0.1],
];

const TASKS: Record<Family, readonly TaskName[]> = {
  dense: ["digits", "digits", "moons", "circles", "friedman", "parity"],
  convolutional: ["digits"],
  residual: ["digits", "friedman", "circles"],
  recurrent: ["rows", "adding", "tokens"],
  attention: ["rows", "tokens", "adding"],
  autoencoder: ["pictures"],
};

/**
 * A network as somebody would build it who knows what he does: an initialiser that goes with the
 * activation, a depth that it carries, a head that goes with the loss, inputs of about unit scale.
 *
 * @returns A plan without faults.
 */
export function sensiblePlan(seed: number, random: SeededRandom): Plan {
  let share = random.uniform();
  const [family] = SHARES.find(([, own]) => (share -= own) < 0) ?? SHARES[0];
  const task = pick(random, TASKS[family]);
  const plan: Plan = {
    seed,
    family,
    task,
    ...shape(random, family, task),
    head: sensibleHead(random, task),
    bottleneck: family === "autoencoder" ? pick(random, [8, 16, 24]) : null,
    dropout: 0,
    l2: 0,
    frozen: "nothing",
    optimizer: null,
    edits: [],
    data: {},
    faults: [],
  };
  if (["dense", "convolutional", "recurrent"].includes(family) && random.uniform() < 0.15) {
    plan.dropout = pick(random, [0.1, 0.2, 0.3]);
  }
  if (random.uniform() < 0.1) plan.l2 = pick(random, [1e-5, 1e-4]);
  // PyTorch's defaults, which a port brings along: fit for a few layers.
  if (family !== "recurrent" && plan.depth <= 4 && random.uniform() < 0.12) {
    const factor = 1;
    plan.edits.push(
      { role: "kernel", do: "uniform by fan-in", factor },
      { role: "bias", do: "uniform by fan-in", factor },
    );
  }
  if (["digits", "rows"].includes(task) && random.uniform() < 0.4) {
    // As (x - mean) / std, with what MNIST has at this size.
    plan.data.inputs = { scale: 3.5, offset: -0.45 };
  }
  return plan;
}

type Shape = Pick<
  Plan,
  | "depth"
  | "width"
  | "activation"
  | "initializer"
  | "normalization"
  | "style"
  | "cell"
  | "attention"
>;

function shape(random: SeededRandom, family: Family, task: TaskName): Shape {
  const small = !["digits", "rows", "pictures"].includes(task);
  const own: Shape = {
    depth: 0,
    width: 0,
    activation: pick(random, ["relu", "relu", "relu", "tanh", "elu", "gelu", "swish", "selu"]),
    initializer: "",
    normalization: "none",
    style: "plain",
    cell: "simpleRNN",
    attention: "parts",
  };
  switch (family) {
    case "dense":
      own.depth = between(random, 1, 8);
      own.width = pick(random, small ? [16, 24, 32, 64] : [32, 48, 64, 128]);
      if (own.depth <= 2 && random.uniform() < 0.15) own.activation = "sigmoid";
      if (random.uniform() < 0.25) own.normalization = pick(random, ["batch", "layer"]);
      break;
    case "convolutional":
      own.depth = between(random, 2, 6);
      own.width = pick(random, [6, 8]);
      if (random.uniform() < 0.3) own.normalization = "batch";
      break;
    case "residual":
      own.depth = between(random, 2, task === "digits" ? 4 : 8);
      own.width = pick(random, [16, 24, 32, 48]);
      own.activation = pick(random, ["relu", "relu", "swish", "gelu"]);
      own.normalization = pick(random, ["batch", "batch", "layer", "none"]);
      own.style = own.normalization === "none"
        ? pick(random, ["zero-ended", "scaled"])
        : pick(random, ["plain", "zero-ended"]);
      break;
    case "recurrent":
      own.cell = pick(random, ["simpleRNN", "lstm", "gru"]);
      own.depth = between(random, 1, 2);
      own.width = pick(random, [16, 24, 32]);
      own.activation = "tanh";
      break;
    case "attention":
      own.depth = between(random, 1, 2);
      own.width = pick(random, [12, 16, 24]);
      own.activation = pick(random, ["relu", "gelu"]);
      own.normalization = "layer";
      own.style = pick(random, ["pre", "pre", "post"]);
      own.attention = pick(random, ["whole", "parts"]);
      break;
    case "autoencoder":
      own.depth = between(random, 1, 3);
      own.width = pick(random, [64, 96, 128]);
      break;
  }
  own.initializer = fitting(random, family, own);
  return own;
}

function fitting(
  random: SeededRandom,
  family: Family,
  { activation, depth, normalization }: Shape,
): string {
  if (family === "recurrent" || family === "attention") return "glorotUniform";
  if (activation === "selu") return "leCunNormal";
  if (["tanh", "sigmoid"].includes(activation)) {
    return pick(random, ["glorotUniform", "glorotNormal", "leCunNormal"]);
  }
  const glorotWillDo = normalization !== "none" || depth <= 3;
  return pick(
    random,
    glorotWillDo ? ["heNormal", "heUniform", "glorotUniform"] : ["heNormal", "heUniform"],
  );
}

/** The head and the loss that the task asks for. */
export function sensibleHead(random: SeededRandom, task: TaskName): Head {
  if (task === "pictures") {
    return pick<Head>(random, [
      { activation: "sigmoid", loss: "binaryCrossentropy" },
      { activation: "sigmoid", loss: "meanSquaredError" },
      { activation: "linear", loss: "meanSquaredError" },
    ]);
  }
  const onLogits = random.uniform() < 0.2;
  switch (KIND[task]) {
    case "classes":
      return onLogits
        ? { activation: "linear", loss: "softmaxCrossEntropy" }
        : { activation: "softmax", loss: "categoricalCrossentropy" };
    case "binary":
      return onLogits
        ? { activation: "linear", loss: "sigmoidCrossEntropy" }
        : { activation: "sigmoid", loss: "binaryCrossentropy" };
    case "numbers":
      return { activation: "linear", loss: "meanSquaredError" };
  }
}
