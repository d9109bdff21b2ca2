import type { TensorFlow } from "../../src/engine/tensorflow.ts";
import { type Family, KIND, type Plan, type TaskName } from "./plan.ts";
import { train } from "./train.ts";

/** Seeds that no network of the population has. */
const SEEDS = [1_000_001, 1_000_002];

/** Score of the healthy network of a family and a task. */
export interface Reference {
  family: Family;
  task: TaskName;
  /** Mean of the best scores of two seeds. */
  score: number;
  scores: number[];
}

/** A plain network of a family that is known to learn the task: what others are held against. */
export function referencePlan(family: Family, task: TaskName, seed: number): Plan {
  const kind = KIND[task];
  return {
    seed,
    family,
    task,
    depth: family === "dense" || family === "convolutional" || family === "residual" ? 2 : 1,
    width: {
      dense: 64,
      convolutional: 12,
      residual: 48,
      recurrent: 32,
      attention: 32,
      autoencoder: 128,
    }[
      family
    ],
    activation: "relu",
    initializer: family === "recurrent" || family === "attention" ? "glorotUniform" : "heNormal",
    normalization: family === "residual" ? "batch" : family === "attention" ? "layer" : "none",
    style: family === "attention" ? "pre" : "plain",
    cell: "lstm",
    attention: "parts",
    bottleneck: family === "autoencoder" ? 24 : null,
    dropout: 0,
    l2: 0,
    head: task === "pictures"
      ? { activation: "sigmoid", loss: "binaryCrossentropy" }
      : kind === "classes"
      ? { activation: "softmax", loss: "categoricalCrossentropy" }
      : kind === "binary"
      ? { activation: "sigmoid", loss: "binaryCrossentropy" }
      : { activation: "linear", loss: "meanSquaredError" },
    frozen: "nothing",
    optimizer: null,
    edits: [],
    data: {},
    faults: [],
  };
}

/** Trains the reference of a family and a task at two rates of Adam, to the end. */
export async function trainReference(
  tf: TensorFlow,
  family: Family,
  task: TaskName,
): Promise<Reference> {
  const scores: number[] = [];
  for (const seed of SEEDS) {
    const plan = referencePlan(family, task, seed);
    const reached: number[] = [];
    for (const rate of [1e-3, 1e-2]) {
      reached.push(...await train(tf, plan, { name: "adam", rate, enough: () => false }));
    }
    scores.push(Math.max(...reached));
  }
  const score = scores.reduce((sum, own) => sum + own, 0) / scores.length;
  return { family, task, score, scores };
}
