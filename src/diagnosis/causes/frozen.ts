import { formatCount } from "../../words/numbers.ts";
import type { Patient, Suspect } from "../suspect.ts";
import { foundBy } from "./shared.ts";

/** A model none of whose weights is trained. */
export function frozen(patient: Patient): Suspect[] {
  const { layers } = patient.measurements;
  const holding = layers.filter(({ weights }) => weights.length > 0);
  const weights = holding.flatMap(({ weights }) => weights);
  if (weights.length === 0 || weights.some(({ trainable }) => trainable)) return [];
  const names = holding.map(({ name }) => name);
  return [{
    kind: "frozen",
    layers: names,
    message: `None of the ${formatCount(weights.length, "weight")} of the model is trainable, so ` +
      `training changes nothing.`,
    states: foundBy("gradients-flow", patient).filter(({ layer }) => layer === null),
    explains: () => false,
    cures: [{ kind: "unfreeze", layers: names }],
  }];
}
