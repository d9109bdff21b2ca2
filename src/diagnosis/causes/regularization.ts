import type { Cure } from "../cure.ts";
import type { Patient, Suspect } from "../suspect.ts";
import { foundBy, layersOf } from "./shared.ts";

/** The rate that a layer of dropout gets which drops too much. */
const RATE = 0.2;

/** Dropout and penalties that leave little to learn from, as far as a pass can tell. */
export function regularization(patient: Patient): Suspect[] {
  return foundBy("regularization", patient).map((finding): Suspect => {
    const layers = layersOf([finding], patient);
    return {
      kind: finding.kind === "penalties" ? "penalties" : "dropout",
      layers,
      message: finding.message,
      states: [finding],
      // No pass drops anything, and none has penalties in its objective.
      explains: () => false,
      cures: finding.kind === "penalties"
        ? [{ kind: "penalties", layers }]
        : lowered(patient, finding.advice),
    };
  });
}

/** Lower rates for every layer of dropout with a higher one; a recurrent layer has no rate of its own to lower. */
function lowered({ measurements: { layers } }: Patient, advice: string): Cure[] {
  const dropping = layers.filter(({ kind, dropout }) =>
    kind === "passesOn" && (dropout ?? 0) > RATE
  ).map(({ name }) => name);
  return dropping.length > 0
    ? [{ kind: "dropout", layers: dropping, rate: RATE }]
    : [{ kind: "rebuild", what: advice }];
}
