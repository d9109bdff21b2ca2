import type { TargetMeasurements } from "../../measure/measurements.ts";
import { isSigmoid } from "../../../ground/traits/activation_traits.ts";
import { lossTraits } from "../../../ground/traits/losses.ts";
import { defineRule } from "../define_rule.ts";
import { atMost, figure, inWords, layerName, NOTHING, number, say } from "../say.ts";
import { tooFewExamples, type Verdict } from "../finding.ts";
import type { Case, Rule } from "../rule.ts";
import { regressionExample } from "../rule_documentation.ts";
import { MIN_EXAMPLES } from "../rule_options.ts";
import { isCode } from "../statistics.ts";

/** The rule `target-normalized`: the first training steps can reach the targets. */
export const targetNormalized: Rule = defineRule({
  name: "target-normalized",
  assertion: "assertTargetNormalized",
  matcher: "toHaveNormalizedTargets",
  passes: "has normalised targets",
  settings: ["loss"],
  tags: ["data"],
  order: 25,
  causeOrder: 22,
  assertionFailsOnWarnings: true,
  thresholds: {
    targetOffset: {
      default: 20,
      unit: "|mean(y) - mean(output)| / std(y)",
      range: [0, Infinity],
      source: "calibrated on 78 even seeds of bench/trainability (60 of focus targets), without " +
        "heads that do not fit: above it, 21 networks fail, 1 is slow, none trains",
      about: "Distance of the mean of the targets from that of the outputs, relative to the " +
        "targets' deviation, above which it is an error.",
    },
    targetOffsetWarning: {
      default: 5,
      unit: "|mean(y) - mean(output)| / std(y)",
      range: [0, Infinity],
      source: "as targetOffset: between the two, 3 networks fail, 1 is slow, 4 train",
      about: "The same distance above which the rule warns.",
    },
    targetScale: {
      default: 1e4,
      unit: "std(y)",
      range: [0, Infinity],
      source:
        "as targetOffset: above 1e4, the only network fails; from 30 to 1e4, 5 train, 1 is slow",
      about: "Standard deviation of the targets above which it is an error.",
    },
    targetScaleWarning: {
      default: 30,
      unit: "std(y)",
      range: [0, Infinity],
      source: "as targetOffset: above 30, SGD at 0.1 and 0.01 diverges, and Adam does not",
      about: "Standard deviation of the targets above which the rule warns.",
    },
    targetDrowned: {
      default: 30,
      unit: "std(output) / std(y)",
      range: [1, Infinity],
      source:
        "as targetOffset: above it, under linear heads, 7 networks fail, none trains; of the 4 " +
        "between 2 and 18, the 3 without a large offset train",
      about:
        "Standard deviation of the outputs relative to that of smaller targets above which it " +
        "is an error.",
    },
    targetChance: {
      default: 0.2,
      unit: "share of random orders",
      range: [0.1, 1],
      source:
        "calibrated on 74 programs and repairs of bench/faults with 16 examples or more: the " +
        "one with shuffled targets is at 0.77, no other above 0.1; of 65 sensible networks of " +
        "bench/trainability (even seeds), the two for parity are above",
      about: "Share of random orders of the targets that fit the inputs as well as theirs, above " +
        "which a note says so.",
    },
    ...MIN_EXAMPLES,
  },
  problem: "targets that are not normalised",
  summary: "The targets of a regression vary by about 1, around the outputs of the network.",
  formula:
    "|mean(y) - mean(output)| <= targetOffset std(y), std(y) <= targetScale, and std(output) <= " +
    "targetDrowned std(y) where std(output) < 1 / std(y), not under a sigmoid; warns beyond " +
    "targetOffsetWarning and targetScaleWarning. With r = |mean(y) - mean(output)| / std(y), a " +
    "constant takes r^2 / (1 + r^2) of a squared loss away. Judged for the losses " +
    "meanSquaredError, meanAbsoluteError and binaryCrossentropy. Targets of 0 and 1, classes, drawn " +
    "targets and constant ones are not judged, but classes that are all the same are warned about; nor is a linear head whose outputs exceed them.",
  source:
    "Own: see the thresholds. LeCun et al. 1998, Efficient BackProp, for targets within the " +
    "range of the output. Székely, Rizzo & Bakirov 2007, Measuring and testing dependence by " +
    "correlation of distances.",
  misleads: "A network is judged over some 300 steps: one that has to learn a mean of 500 first " +
    "gets there later. Adam copes with a large scale, and SGD with one up to 10. Outputs that are farther " +
    "from 1 than the targets are the head's fault, and the business of init-scale. Where targets " +
    "depend on combinations alone, as in XOR, near inputs do not have near targets.",
  fix: "Subtract the mean of the targets over the training set, divide by their standard " +
    "deviation, and undo both after predict; or start the bias of the head at their mean.",
  asserts: "that the mean of the targets is within 5 of their standard deviations " +
    "(`targetOffsetWarning`) of that of the outputs, and that this deviation is at most 30 " +
    "(`targetScaleWarning`). `report` and the gate only warn up to 20 (`targetOffset`) and 1e4 " +
    "(`targetScale`). Judges regressions with targets that were given.",
  fails: "targets are far from the outputs of the network",
  throws: "If targets are not normalised.",
  example: regressionExample("assertTargetNormalized"),
  // The figure belongs to the targets, not to a layer.
  figure: { title: "targets", scale: "log", of: () => null },
  judge(subject) {
    const { measurements: { batch, objective } } = subject;
    if (objective.randomTargets === true) return [];
    const unrelated = (batch.targets ?? []).flatMap((target) => byChance(target, subject));
    return [...unrelated, ...judgeScale(subject)];
  },
});

/** Judges the numbers of the targets by themselves. */
function judgeScale(subject: Case<Names>): Verdict[] {
  const { measurements: { batch, objective }, thresholds } = subject;
  if (batch.examples >= thresholds.minExamples) {
    const alike = (batch.targets ?? []).flatMap((target) => oneClass(target, objective.name));
    if (alike.length > 0) return alike;
  }
  if (!lossTraits(objective.name)?.comparesNumbers) return [];
  const found = (batch.targets ?? []).flatMap((target) =>
    judgeTarget(target, subject).map((verdict) => ({ ...verdict, tensor: target.name }))
  );
  return found.length > 0 && batch.examples < thresholds.minExamples
    ? [tooFewExamples(batch.examples, thresholds.minExamples)]
    : found;
}

/** Finds targets that fit the inputs no better than shuffled ones. */
function byChance(
  { name, chance = 0 }: TargetMeasurements,
  subject: Case<Names>,
): Verdict[] {
  const { targetChance } = subject.thresholds;
  if (!(chance > targetChance)) return [];
  const expected = atMost(targetChance);
  const figures = { chance: figure(chance, "share of random orders") };
  return [{
    severity: "note",
    kind: "unrelated",
    layer: null,
    tensor: name,
    measured: chance,
    expected,
    threshold: "targetChance",
    figures,
    message: say`Nothing in the batch says that the targets of ${layerName(name)} belong to its
      inputs: a share of ${figures.chance} of random orders of the targets fits them as well; expected
      ${expected} (targetChance). A network learns a batch by heart all the same.`,
    fix: "Make sure that inputs and targets were shuffled together.",
  }];
}

/** Finds targets that are all of one class, which a network learns without looking at its input. */
function oneClass(target: TargetMeasurements, loss: string): Verdict[] {
  const family = lossTraits(loss)?.family;
  const isBinary = family === "labels";
  const onlyClassified = family === "classes" ? onlyClass(target) : null;
  const only = isBinary ? onlyAnswer(target) : onlyClassified;
  if (only === null) return [];
  return [{
    // A GAN trains its generator on answers that are all 1.
    severity: isBinary ? "note" : "warning",
    kind: "one-class",
    layer: null,
    tensor: target.name,
    measured: null,
    expected: inWords("targets of several classes"),
    message: say`All targets of ${layerName(target.name)} are ${isBinary ? NOTHING : say`class `}${
      number(only, "exact")
    }: the batch cannot show whether the network learns.`,
    fix: "Take a batch with examples of every class.",
  }];
}

/** Returns the class of all targets, or `null` if there are several. */
function onlyClass({ classes, unitMeans }: TargetMeasurements): number | null {
  if (classes !== undefined) {
    return classes.fractions === 0 && classes.least === classes.most ? classes.least : null;
  }
  const only = unitMeans?.indexOf(1) ?? -1;
  const isAlone = unitMeans?.every((mean, unit) => mean === (unit === only ? 1 : 0)) ?? false;
  return only !== -1 && isAlone ? only : null;
}

/** Returns the answer of all targets of a single unit, 0 or 1, or `null` if there are several. */
function onlyAnswer({ values: { mean, std }, unitMeans }: TargetMeasurements): number | null {
  return unitMeans?.length === 1 && std === 0 && (mean === 0 || mean === 1) ? mean : null;
}

type Names =
  | "minExamples"
  | "targetChance"
  | "targetOffset"
  | "targetOffsetWarning"
  | "targetScale"
  | "targetScaleWarning"
  | "targetDrowned";

/** Returns the worst finding about a target: its fix removes the others. */
function judgeTarget(target: TargetMeasurements, subject: Case<Names>): Verdict[] {
  const { values, classes } = target;
  if (classes !== undefined || values.nonFinite > 0 || !(values.std > 0) || isCode(values)) {
    return [];
  }
  const found = [
    ...offset(target, subject),
    ...scale(target, subject),
    ...drowned(target, subject),
  ];
  return [...found.filter(({ severity }) => severity === "error"), ...found].slice(0, 1);
}

/** Returns the row of a target's output: the layer of the same name, or the only head. */
function outputOf({ name }: TargetMeasurements, { network: { layers, head } }: Case<Names>) {
  return layers.find((layer) => layer.role === "output" && layer.name === name) ??
    head?.output ?? head?.layer ?? null;
}

function offset(target: TargetMeasurements, subject: Case<Names>): Verdict[] {
  const { values: { mean, std } } = target;
  const row = outputOf(target, subject);
  const outputs = row?.activations ?? null;
  if (outputs === null || outputs.nonFinite > 0) return [];
  // Outputs further from 0 than the targets are the head's fault, unless it cannot output anything
  // else.
  if (Math.abs(outputs.mean) > Math.abs(mean) && !isSigmoid(row!.activation)) return [];
  const { targetOffset, targetOffsetWarning } = subject.thresholds;
  const measured = Math.abs(mean - outputs.mean) / std;
  const isError = measured > targetOffset;
  if (!isError && !(measured > targetOffsetWarning)) return [];
  const threshold = isError ? "targetOffset" : "targetOffsetWarning";
  const expected = atMost(subject.thresholds[threshold]);
  const figures = {
    offset: figure(measured, "|mean(y) - mean(output)| / std(y)"),
    mean: figure(mean, "y"),
    std: figure(std, "y"),
    output: figure(outputs.mean, "a"),
  };
  return [{
    severity: isError ? "error" : "warning",
    kind: "offset",
    layer: null,
    measured,
    expected,
    threshold,
    figures,
    message: say`The targets of ${layerName(target.name)} have the mean ${figures.mean}, which is
      ${figures.offset} of their standard deviations (${figures.std}) from the mean of the outputs
      (${figures.output}): this distance makes up nearly all of the loss; expected ${expected} (${threshold}).`,
    fix: say`Subtract ${figures.mean} from the targets and divide by ${figures.std}, and undo both
      after predict; or start the bias of the head at ${figures.mean}.`,
  }];
}

function scale(
  { name, values: { mean, std } }: TargetMeasurements,
  subject: Case<Names>,
): Verdict[] {
  const { targetScale, targetScaleWarning } = subject.thresholds;
  const isError = std > targetScale;
  if (!isError && !(std > targetScaleWarning)) return [];
  const threshold = isError ? "targetScale" : "targetScaleWarning";
  const expected = atMost(subject.thresholds[threshold]);
  const figures = { std: figure(std, "y"), mean: figure(mean, "y") };
  return [{
    severity: isError ? "error" : "warning",
    kind: "scale",
    layer: null,
    measured: std,
    expected,
    threshold,
    figures,
    message: say`The standard deviation of the targets of ${
      layerName(name)
    } is ${figures.std}, while
      the outputs of a network start near 1; expected ${expected} (${threshold}).`,
    fix: say`Subtract ${figures.mean} from the targets and divide by ${figures.std}, and undo both
      after predict.`,
  }];
}

/**
 * Finds small targets under outputs of usual size: their differences are lost in the noise of the
 * head.
 */
function drowned(target: TargetMeasurements, subject: Case<Names>): Verdict[] {
  const { name, values: { mean, std } } = target;
  const row = outputOf(target, subject);
  const outputs = row?.activations ?? null;
  // A sigmoid starts at its own scale, and cross-entropy is not a square.
  if (outputs === null || outputs.nonFinite > 0 || isSigmoid(row!.activation)) return [];
  const { targetDrowned } = subject.thresholds;
  const measured = outputs.std / std;
  if (!(measured > targetDrowned) || outputs.std >= 1 / std) return [];
  const expected = atMost(targetDrowned);
  const figures = {
    std: figure(std, "y"),
    outputs: figure(outputs.std, "a"),
    factor: figure(measured, "std(output) / std(y)"),
    mean: figure(mean, "y"),
  };
  return [{
    severity: "error",
    kind: "drowned",
    layer: null,
    measured,
    expected,
    threshold: "targetDrowned",
    figures,
    message:
      say`The outputs vary ${figures.factor} times as much (${figures.outputs}) as the targets
      of ${layerName(name)} (${figures.std}), which they hide; expected ${expected} times
      (targetDrowned).`,
    fix: say`Subtract ${figures.mean} from the targets and divide by ${figures.std}, and undo both
      after predict.`,
  }];
}
