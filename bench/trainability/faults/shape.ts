import type { Fault } from "../faults.ts";
import { between, pick } from "../sensible.ts";

/** Families that are chains of layers. */
const CHAINS = ["dense", "convolutional"];

/** Faults of the architecture. */
export const SHAPE_FAULTS: readonly Fault[] = [
  {
    name: "activation swapped",
    weight: 3,
    fits: ({ family }) => family !== "recurrent" && family !== "attention",
    apply(plan, random) {
      const other = pick(random, ["sigmoid", "sigmoid", "softplus", "relu", "tanh", "softmax"]);
      plan.activation = other === plan.activation ? "hardSigmoid" : other;
      return plan.activation;
    },
  },
  {
    name: "no activations",
    weight: 1.5,
    fits: ({ family, activation }) => family !== "recurrent" && activation !== "linear",
    apply(plan) {
      plan.activation = "linear";
      return "linear";
    },
  },
  {
    name: "too deep",
    weight: 5,
    fits: ({ family, normalization }) => CHAINS.includes(family) && normalization === "none",
    apply(plan, random) {
      plan.depth = plan.family === "dense" ? between(random, 10, 40) : between(random, 8, 16);
      plan.width = Math.min(plan.width, 48);
      plan.initializer = pick(random, ["glorotUniform", plan.initializer]);
      return `${plan.depth} layers, ${plan.initializer}`;
    },
  },
  {
    name: "too narrow",
    weight: 2.5,
    fits: ({ family }) => family === "dense" || family === "convolutional",
    apply(plan, random) {
      plan.width = between(random, 1, 5);
      plan.depth = Math.max(plan.depth, between(random, 2, 12));
      return `${plan.width} wide, ${plan.depth} deep`;
    },
  },
  {
    name: "a bottleneck",
    weight: 2,
    fits: ({ family, depth }) =>
      family === "autoencoder" || (CHAINS.includes(family) && depth >= 3),
    apply(plan, random) {
      plan.bottleneck = between(random, 1, 3);
      return `${plan.bottleneck} units`;
    },
  },
  {
    name: "deep autoencoder",
    weight: 6,
    fits: ({ family }) => family === "autoencoder",
    apply(plan, random) {
      plan.depth = between(random, 5, 9);
      plan.width = 64;
      plan.initializer = pick(random, ["glorotUniform", plan.initializer]);
      return `${plan.depth} layers a side, ${plan.initializer}`;
    },
  },
  {
    name: "normalisation taken out",
    weight: 8,
    fits: ({ family, normalization }) => family === "residual" && normalization !== "none",
    apply(plan, random) {
      plan.normalization = "none";
      plan.style = "plain";
      plan.depth = between(random, 4, plan.task === "digits" ? 8 : 16);
      return `${plan.depth} blocks`;
    },
  },
  {
    name: "skips taken out",
    weight: 4,
    fits: ({ family }) => family === "attention",
    apply(plan, random) {
      plan.style = "no skips";
      plan.depth = between(random, 2, 4);
      return `${plan.depth} blocks`;
    },
  },
];
