import type { Finding } from "../../checks/finding.ts";
import { hasNegative } from "../../checks/has_negative.ts";
import type { Head } from "../../checks/network/heads.ts";
import type { Cure } from "../cure.ts";
import type { Patient, Suspect } from "../suspect.ts";
import { foundBy, isOf, layersOf } from "./shared.ts";

/** A head, a loss and targets that do not belong together. */
export function heads(patient: Patient): Suspect[] {
  return foundBy("output-head", patient).map((finding) => ({
    kind: "head",
    layers: layersOf([finding], patient),
    message: finding.message,
    // Targets outside 0 to 1 are out of scale too: both findings state one fault.
    states: finding.kind === "targets-outside"
      ? [finding, ...foundBy("target-normalized", patient)]
      : [finding],
    explains: isOf(
      ...["initial-loss", "vanishing-gradients", "gradients-flow"],
      ...["exploding-gradients", "saturated-activations"],
    ),
    cures: [
      ...encodings(finding, patient),
      ...shifts(patient),
      ...pairs(patient),
      { kind: "rebuild", what: finding.advice },
    ],
  }));
}

/** Targets that are to lie between 0 and 1: divided by the largest, or -1 and 1 made 0 and 1. */
function encodings(
  { kind }: Finding,
  { measurements: { batch: { targets = [] } } }: Patient,
): Cure[] {
  if (kind !== "targets-outside") return [];
  return targets.flatMap(({ name, values }, index): Cure[] => {
    const { maxAbs, rms } = values;
    const cure = { kind: "normalize-targets", output: name, index } as const;
    if (!hasNegative(values)) return [{ ...cure, mean: 0, std: maxAbs }];
    const isOfOneSize = maxAbs - rms <= 1e-6 * maxAbs;
    return isOfOneSize ? [{ ...cure, mean: -maxAbs, std: 2 * maxAbs }] : [];
  });
}

/** Classes that are counted from another number than 0. */
function shifts({ measurements: { batch: { targets = [] } } }: Patient): Cure[] {
  return targets.flatMap(({ name, classes }, index): Cure[] => {
    if (classes?.least == null || classes.most === null || classes.least === 0) return [];
    const fits = classes.most - classes.least < classes.units && classes.fractions === 0;
    return fits ? [{ kind: "shift-classes", output: name, index, by: -classes.least }] : [];
  });
}

/** The pairs of activation and loss that may have been meant, those that keep the loss first. */
function pairs({ measurements, network: { head } }: Patient): Cure[] {
  if (head === null) return [];
  const loss = measurements.objective.name;
  return wanted(head, loss)
    .filter(([activation, other]) => activation !== head.activation || other !== loss)
    .map(([activation, other]) => ({
      kind: "head",
      layer: lastOf(head),
      activation: activation === head.activation ? null : activation,
      loss: other === loss ? null : other,
    }));
}

/** The row that ends in the head's activation. */
function lastOf({ layer, output }: Head): string {
  return (output ?? layer).name;
}

function wanted({ units, activation }: Head, loss: string): [activation: string, loss: string][] {
  switch (loss) {
    case "categoricalCrossentropy":
      return units === 1
        ? [["sigmoid", "binaryCrossentropy"]]
        : [["softmax", loss], ["sigmoid", "binaryCrossentropy"]];
    case "sparseCategoricalCrossentropy":
      return units === 1 ? [["sigmoid", "binaryCrossentropy"]] : [["softmax", loss]];
    case "binaryCrossentropy":
      return units !== 1 && activation === "softmax"
        ? [["softmax", "categoricalCrossentropy"], ["sigmoid", loss]]
        : [["sigmoid", loss]];
    case "softmaxCrossEntropy":
    case "sigmoidCrossEntropy":
    case "meanAbsoluteError":
      return [["linear", loss]];
    case "meanSquaredError":
      return activation === "softmax"
        ? [["softmax", "categoricalCrossentropy"], ["linear", loss]]
        : [["linear", loss]];
    case "hinge":
    case "squaredHinge":
      return [["tanh", loss], ["linear", loss]];
    default:
      return [];
  }
}
