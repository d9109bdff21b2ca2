import type { Fault } from "../faults.ts";
import { type Head, KIND } from "../plan.ts";
import { pick } from "../sensible.ts";

const CLASSES: readonly Head[] = [
  { activation: "softmax", loss: "softmaxCrossEntropy" },
  { activation: "softmax", loss: "categoricalCrossentropy", softmaxAgain: true },
  { activation: "sigmoid", loss: "categoricalCrossentropy" },
  { activation: "linear", loss: "categoricalCrossentropy" },
  { activation: "relu", loss: "categoricalCrossentropy" },
  { activation: "relu", loss: "softmaxCrossEntropy" },
  { activation: "tanh", loss: "meanSquaredError" },
  { activation: "softmax", loss: "meanSquaredError" },
  { activation: "softmax", loss: "binaryCrossentropy" },
  { activation: "tanh", loss: "softmaxCrossEntropy" },
];

const BINARY: readonly Head[] = [
  { activation: "softmax", loss: "binaryCrossentropy" },
  { activation: "sigmoid", loss: "sigmoidCrossEntropy" },
  { activation: "linear", loss: "binaryCrossentropy" },
  { activation: "tanh", loss: "binaryCrossentropy" },
  { activation: "relu", loss: "binaryCrossentropy" },
  { activation: "relu", loss: "sigmoidCrossEntropy" },
  { activation: "tanh", loss: "meanSquaredError" },
  { activation: "sigmoid", loss: "meanSquaredError" },
];

const NUMBERS: readonly Head[] = [
  { activation: "sigmoid", loss: "meanSquaredError" },
  { activation: "tanh", loss: "meanSquaredError" },
  { activation: "relu", loss: "meanSquaredError" },
  { activation: "softmax", loss: "meanSquaredError" },
  { activation: "sigmoid", loss: "binaryCrossentropy" },
];

const PICTURES: readonly Head[] = [
  { activation: "tanh", loss: "meanSquaredError" },
  { activation: "relu", loss: "meanSquaredError" },
  { activation: "softmax", loss: "meanSquaredError" },
  { activation: "linear", loss: "binaryCrossentropy" },
  { activation: "sigmoid", loss: "sigmoidCrossEntropy" },
];

/** Heads that do not go with their losses, or not with the targets. */
export const HEAD_FAULTS: readonly Fault[] = [
  {
    name: "head and loss",
    weight: 4,
    fits: () => true,
    apply(plan, random) {
      const { task } = plan;
      const heads = { classes: CLASSES, binary: BINARY, numbers: NUMBERS };
      plan.head = pick(random, task === "pictures" ? PICTURES : heads[KIND[task]]);
      const { activation, loss, softmaxAgain } = plan.head;
      return `${activation}${softmaxAgain ? ", softmax" : ""} and ${loss}`;
    },
  },
];
