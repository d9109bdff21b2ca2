import { formatNumber } from "../../words/numbers.ts";
import { isKernel } from "../../theory/weight_kinds.ts";
import type { Patient, Suspect } from "../suspect.ts";
import { isConsequence } from "./shared.ts";

/** An embedding above this makes what follows it too large; TensorFlow.js draws up to 0.05, others std 1. */
const LARGE = 3;

/** Embeddings that are drawn too large. */
export function embeddings({ measurements: { layers } }: Patient): Suspect[] {
  return layers
    .filter(({ kind }) => kind === "embedding")
    .flatMap((layer) => layer.weights.filter(isKernel).map((weight) => ({ layer, weight })))
    .filter(({ weight: { values } }) => values.std > LARGE)
    .map(({ layer: { name }, weight }): Suspect => ({
      kind: "embedding-scale",
      layers: [name],
      message: `The embedding ${name} is drawn with a standard deviation of ` +
        `${formatNumber(weight.values.std)}; expected at most 1.`,
      states: [],
      explains: isConsequence,
      cures: [{
        kind: "rescale",
        initializer: null,
        weights: [{ layer: name, weight: weight.name, factor: 0.05 / weight.values.std }],
      }],
    }));
}
