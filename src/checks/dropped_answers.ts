import type { LayerMeasurements, Measurements } from "../measure/measurements.ts";
import { lossTraits } from "../traits/losses.ts";
import { inWords } from "./expected.ts";
import type { Verdict } from "./judge.ts";
import { figure, layerName, say } from "./say.ts";

/** Chance at which one of about 10,000 examples (300 steps of 32) loses all of its classes. */
const CERTAIN = 1e-4;

/** Finds heads whose outputs are dropped in training. */
export function droppedAnswers(
  layers: readonly LayerMeasurements[],
  { objective }: Measurements,
): Verdict[] {
  const traits = lossTraits(objective.name);
  // These losses divide the output of a head by its sum.
  const divides = traits?.family === "classes" && traits.logits === undefined;
  return layers.flatMap(({ name, role, kind, dropout = 0, shape }): Verdict[] => {
    if (role !== "output" || kind !== "passesOn" || dropout === 0) return [];
    const chance = dropout ** (shape?.at(-1) ?? Infinity);
    const isLost = divides && chance >= CERTAIN;
    const rate = figure(dropout, "of the entries");
    const all = figure(chance, "of the examples");
    return [{
      severity: isLost ? "error" : "warning",
      kind: "dropped",
      layer: name,
      measured: dropout,
      expected: inWords("no dropout behind the head"),
      figures: { rate, ...isLost ? { all } : {} },
      message: isLost
        ? say`The output is dropped in training: ${layerName(name)} takes ${rate} of its entries
          away, and of ${all} of the examples all. The loss ${objective.name} divides by their sum,
          and is then NaN.`
        : say`The output is dropped in training: ${layerName(name)} takes ${rate} of its entries
          away, so that no answer can be right.`,
      advice: say`Remove ${layerName(name)}, or put it before the last layer with a kernel.`,
    }];
  });
}
