import type { Finding } from "../../rules/finding.ts";
import { hasNegative } from "../../rules/statistics.ts";
import type { Head } from "../../rules/network/heads.ts";
import type { TargetMeasurements, TensorStatistics } from "../../measure/measurements.ts";
import { sizeOf } from "../../model/layers/shapes.ts";
import { FROM_LOGITS, LOSSES, type LossName, lossTraits } from "../../../ground/traits/losses.ts";
import type { Fix } from "../fix.ts";
import type { Patient, Suspect } from "../diagnosis.ts";
import { foundBy, isOf, layersOf } from "./shared.ts";

/** Findings that another activation or loss does not fix. */
const NO_PAIR: readonly string[] = [
  "no-shares",
  "targets-outside",
  "targets-above-one",
  "class-numbers",
  "hinge-zeros",
  "dropped",
  "broadcast",
  "class-axis",
];

/** Findings about targets that are not from 0 to 1. */
const OUTSIDE: readonly string[] = ["targets-outside", "targets-above-one"];

/** Returns heads, losses and targets that do not fit each other. */
export function heads(patient: Patient): Suspect[] {
  return foundBy("output-head", patient).map((finding) => {
    // Targets outside 0 to 1 may be out of scale too: both findings state one fault.
    const unscaled = OUTSIDE.includes(finding.kind ?? "")
      ? foundBy("target-normalized", patient)
      : [];
    return {
      kind: unscaled.some(({ kind }) => kind === "scale") && !hasTwoValues(patient)
        ? "targets"
        : "head",
      layers: layersOf([finding], patient),
      message: finding.message,
      states: [finding, ...unscaled],
      explains: isOf(
        ...["initial-loss", "vanishing-gradients", "gradients-flow"],
        ...["exploding-gradients", "saturated-activations"],
      ),
      fixes: [
        ...encodings(finding, patient),
        ...shifts(finding, patient),
        ...reshaped(finding, patient),
        ...dropping(finding),
        ...pairsOrRemoval(finding, patient),
        { kind: "rebuild", what: finding.fix },
      ],
    };
  });
}

/** Returns the removal of an activation before the last one, or else pairs that fit. */
function pairsOrRemoval(finding: Finding, patient: Patient): Fix[] {
  const removal = repeated(finding, patient);
  if (removal.length > 0) return removal;
  return NO_PAIR.includes(finding.kind ?? "") ? [] : pairs(patient);
}

/** Returns a fix of the activation before the last one, if the last one expects logits. */
function repeated({ kind }: Finding, { network: { head } }: Patient): Fix[] {
  if (kind !== "no-logits" && kind !== "one-sided-logits" || head === null) return [];
  const { before, activation } = head;
  if (before === null) return [];
  return [{
    kind: "remove-activation",
    layer: before.name,
    activation: before.activation!,
    next: lastOf(head),
    nextActivation: activation!,
  }];
}

/**
 * Returns fixes for targets that must be from 0 to 1, or -1 and 1: two values are mapped to these,
 * others divided by the largest.
 */
function encodings(
  { kind }: Finding,
  { measurements: { batch: { targets = [] } } }: Patient,
): Fix[] {
  if (!OUTSIDE.includes(kind ?? "") && kind !== "hinge-zeros") return [];
  return targets.flatMap(({ name, values }, index): Fix[] => {
    const { maxAbs } = values;
    const fix = { kind: "normalize-targets", output: name, index } as const;
    if (kind === "hinge-zeros") {
      return maxAbs === 1 ? [{ ...fix, mean: 0.5, std: 0.5 }] : [];
    }
    const least = lesserOfTwo(values);
    if (least !== null) return [{ ...fix, mean: least, std: maxAbs - least }];
    return hasNegative(values) ? [] : [{ ...fix, mean: 0, std: maxAbs }];
  });
}

/** Returns true if targets are labels in other numbers than 0 and 1. */
function hasTwoValues({ measurements: { batch: { targets = [] } } }: Patient): boolean {
  return targets.some(({ values }) => lesserOfTwo(values) !== null);
}

/**
 * Returns the lesser of exactly two values, if the greater is the largest in size and both are
 * whole; else `null`.
 */
function lesserOfTwo({ mean, std, maxAbs }: TensorStatistics): number | null {
  // For two values a < b: (b - mean) (mean - a) = std^2. Other targets seldom give a whole number
  // here.
  const least = mean - std ** 2 / (maxAbs - mean);
  const whole = Math.round(least);
  const isWhole = Number.isInteger(maxAbs) && Math.abs(least - whole) <= 1e-5 * maxAbs;
  return isWhole && whole < maxAbs ? whole : null;
}

/** Returns the fix of targets that a loss broadcasts although they have one entry for each output. */
function reshaped(
  { kind }: Finding,
  { measurements: { batch: { targets = [] } } }: Patient,
): Fix[] {
  if (kind !== "broadcast") return [];
  return targets.flatMap(({ name, shape, output }, index): Fix[] =>
    output !== undefined && sizeOf(output) === sizeOf(shape)
      ? [{ kind: "reshape-targets", output: name, index, shape: output }]
      : []
  );
}

/** Returns a fix that removes dropout behind the head. */
function dropping({ kind, layer }: Finding): Fix[] {
  return kind === "dropped" && layer !== null
    ? [{ kind: "dropout", layers: [layer], rate: 0 }]
    : [];
}

/**
 * Returns fixes for classes that are not counted from 0. A batch may lack the first class by chance,
 * so only classes without a unit show it.
 */
function shifts({ kind }: Finding, { measurements: { batch: { targets = [] } } }: Patient): Fix[] {
  if (kind?.startsWith("class-") !== true) return [];
  return targets.flatMap(({ name, classes }, index): Fix[] => {
    if (classes?.least == null || classes.most === null || classes.least === 0) return [];
    const fits = classes.most - classes.least < classes.units && classes.fractions === 0;
    return fits ? [{ kind: "shift-classes", output: name, index, by: -classes.least }] : [];
  });
}

/**
 * Returns the pairs of activation and loss that may have been meant, those that keep the loss
 * first.
 */
function pairs({ measurements, network: { head } }: Patient): Fix[] {
  if (head === null) return [];
  const loss = measurements.objective.name;
  const { targets = [] } = measurements.batch;
  return wanted(head, loss)
    .filter(([activation, other]) => !isForShares(activation, other) || targets.every(areShares))
    .filter(([activation, other]) => activation !== head.activation || other !== loss)
    .map(([activation, other]) => ({
      kind: "head",
      layer: lastOf(head),
      activation: activation === head.activation ? null : activation,
      loss: other === loss ? null : other,
    }));
}

/** Returns true if a pair is for classes that exclude each other. */
function isForShares(activation: string, loss: string): boolean {
  const traits = lossTraits(loss);
  return traits?.targets === "shares" &&
    (activation === "softmax" || traits.logits === "softmax");
}

/** Sums of one-hot targets differ from 1 by rounding alone. */
const ROUNDING = 1e-3;

/** Returns true if the targets of an example add up to 1, or to less where steps are masked. */
function areShares({ unitMeans, values }: TargetMeasurements): boolean {
  const total = unitMeans?.reduce((sum, mean) => sum + mean, 0) ?? 1;
  return !hasNegative(values) && total > 0 && total <= 1 + ROUNDING;
}

/** Returns the layer that ends in the head's activation. */
function lastOf({ layer, output }: Head): string {
  return (output ?? layer).name;
}

/** Returns the pairs that fit: an activation and a loss, losses for the same targets first. */
function wanted({ units, activation }: Head, loss: string): [activation: string, loss: string][] {
  const traits = lossTraits(loss);
  if (traits === null) return [];
  const name = loss as LossName;
  if (traits.logits !== undefined) {
    const plain = LOSSES.find((one) => FROM_LOGITS[one] === name);
    return [
      ["linear", name],
      ...plain === undefined ? [] : [[traits.logits, plain] as [string, string]],
    ];
  }
  const fromLogits = FROM_LOGITS[name];
  const onLogits: [string, string][] = fromLogits === undefined ? [] : [["linear", fromLogits]];
  switch (traits.family) {
    case "classes":
      if (units === 1) return [["sigmoid", "binaryCrossentropy"]];
      return [
        ["softmax", name],
        ...onLogits,
        ...traits.targets === "classes"
          ? []
          : [["sigmoid", "binaryCrossentropy"] as [string, string]],
      ];
    case "labels":
      return units !== 1 && activation === "softmax"
        ? [["softmax", "categoricalCrossentropy"], ["sigmoid", name]]
        : [["sigmoid", name], ...onLogits];
    case "regression":
      return activation === "softmax" && units !== 1 && name === "meanSquaredError"
        ? [["softmax", "categoricalCrossentropy"], ["linear", name]]
        : [["linear", name]];
    case "hinge":
      return [["tanh", name], ["linear", name]];
    case "overlap":
      return [["sigmoid", name]];
    case "other":
      return traits.targets === "numbers" ? [["linear", name]] : [];
  }
}
