import type { RuleFigure } from "./rule.ts";

/** The figure of the rules on the signal: the size of each layer's delta. */
export const DELTA_NORM: RuleFigure = {
  title: "l2 of delta",
  scale: "log",
  of: ({ preActivationGradients: delta }) => delta?.l2 ?? null,
};
