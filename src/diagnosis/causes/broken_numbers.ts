import { formatCount } from "../../words/numbers.ts";
import type { Patient, Suspect } from "../diagnosis.ts";
import { foundBy } from "./shared.ts";

/** Returns NaN and infinity in inputs and weights: everything computed from them is broken, too. */
export function brokenNumbers(patient: Patient): Suspect[] {
  const found = foundBy("non-finite", patient);
  if (found.length === 0) return [];
  const { batch, layers } = patient.measurements;
  const inputs = [...batch.perInput, ...batch.targets ?? []]
    .filter(({ values }) => values.nonFinite > 0);
  const weights = layers.flatMap((layer) =>
    layer.weights.filter(({ values }) => values.nonFinite > 0).map((weight) => ({ layer, weight }))
  );
  const places = [
    ...inputs.map(({ name, values }) =>
      `the batch's ${name} (${values.nonFinite} of ${values.count})`
    ),
    ...weights.map(({ weight: { name, values } }) =>
      `${name} (${values.nonFinite} of ${values.count})`
    ),
  ];
  if (places.length === 0) return [];
  const shown = places.slice(0, 3).join(", ");
  const rest = places.length > 3 ? ` and ${formatCount(places.length - 3, "more place")}` : "";
  // Without a topology, it is unknown where they spread.
  const isPass = patient.measurements.weightsOnly === undefined;
  const spread = isPass ? "; they spread from there" : "";
  return [{
    kind: "broken-numbers",
    layers: [...new Set(weights.map(({ layer }) => layer.name))],
    message: `There are NaN or infinite entries in ${shown}${rest}${spread}.`,
    states: found.filter(({ layer }) =>
      layer === null || weights.some((one) => one.layer.name === layer)
    ),
    explains: () => isPass,
    fixes: [{
      kind: "rebuild",
      what: weights.length > 0
        ? `Check how ${weights[0].weight.name} was drawn, trained or loaded.`
        : "Clean the batch.",
    }],
  }];
}
