import { formatCount } from "../../words/numbers.ts";
import type { Patient, Suspect } from "../suspect.ts";
import { foundBy, layersOf } from "./shared.ts";

/** A model none of whose weights is trained, or layers that were frozen as they were drawn. */
export function frozen(patient: Patient): Suspect[] {
  return [...whole(patient), ...untrained(patient)];
}

function untrained(patient: Patient): Suspect[] {
  return foundBy("gradients-flow", patient).filter(({ kind }) => kind === "frozen-untrained")
    .map((finding) => {
      const names = layersOf([finding], patient);
      return {
        kind: "frozen",
        layers: names,
        message: finding.message,
        states: [finding],
        explains: () => false,
        cures: [{ kind: "unfreeze", layers: names }],
      };
    });
}

function whole(patient: Patient): Suspect[] {
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
