import { formatCount, formatNumber } from "../../words/numbers.ts";
import type { Patient, Suspect } from "../suspect.ts";
import { isConsequence } from "./shared.ts";

/** Fewer additions than this make little of what is added. */
const FEWEST = 3;
/** By this factor the stream of a residual network may grow over all of its additions together. */
const GROWTH = 10;

/**
 * Residual additions without a normalisation: a branch as large as what it is added to doubles the variance,
 * block by block. Drawing the end of each of L branches 1 / sqrt(L) times as large keeps it within e
 * (after Zhang et al. 2019 and De & Smith 2020).
 */
export function residualGrowth({ network }: Patient): Suspect[] {
  const additions = network.layers.filter(({ kind, activations }) =>
    kind === "addition" && activations !== null
  );
  if (additions.length < FEWEST) return [];
  const growth = additions.at(-1)!.activations!.rms / additions[0].activations!.rms;
  if (!(growth > GROWTH)) return [];
  const ends = network.chain.filter(({ added }) => added);
  const names = additions.map(({ name }) => name);
  return [{
    kind: "residual-growth",
    layers: names,
    message:
      `Over ${formatCount(additions.length, "residual addition")} the signal grows by a factor ` +
      `of ${formatNumber(growth)}: each branch adds to it, and nothing normalises it.`,
    states: [],
    explains: isConsequence,
    cures: [
      {
        kind: "rescale",
        initializer: null,
        weights: ends.map(({ layer, kernel }) => ({
          layer: layer.name,
          weight: kernel.name,
          factor: 1 / Math.sqrt(additions.length),
        })),
      },
      { kind: "rebuild", what: "Add a normalisation to each branch, before its first layer." },
    ],
  }];
}
