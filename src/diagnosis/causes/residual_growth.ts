import type { Patient, Suspect } from "../suspect.ts";
import { foundBy, isConsequence, layersOf } from "./shared.ts";

/**
 * Returns residual additions without a normalisation: a branch as large as the stream it is added
 * to doubles the variance, block by block. Drawing the end of each of L branches 1 / sqrt(L) times
 * as large keeps it within e (after Zhang et al. 2019 and De & Smith 2020).
 */
export function residualGrowth(patient: Patient): Suspect[] {
  return foundBy("architecture", patient).filter(({ kind }) => kind === "residual-growth")
    .map((finding) => {
      const names = layersOf([finding], patient);
      const ends = patient.network.chain.filter(({ added }) => added);
      return {
        kind: "residual-growth",
        layers: names,
        message: finding.message,
        states: [finding],
        explains: isConsequence,
        cures: [
          {
            kind: "rescale",
            initializer: null,
            weights: ends.map(({ layer, kernel }) => ({
              layer: layer.name,
              weight: kernel.name,
              factor: 1 / Math.sqrt(names.length),
            })),
          },
          {
            kind: "rebuild",
            what: "Add a normalisation to each branch, before its first layer.",
          },
        ],
      };
    });
}
