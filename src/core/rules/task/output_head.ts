import type {
  ClassMeasurements,
  LayerMeasurements,
  Measurements,
  TargetMeasurements,
} from "../../measure/measurements.ts";
import { broadcastShape, showShape, sizeOf } from "../../model/layers/shapes.ts";
import { activationTraits, isSigmoid } from "../../../ground/traits/activation_traits.ts";
import type { LossFamily, LossTraits } from "../../../ground/traits/loss_traits.ts";
import { lossTraits } from "../../../ground/traits/losses.ts";
import { defineRule } from "../define_rule.ts";
import {
  counted,
  type Expected,
  figure,
  inWords,
  layerName,
  NOTHING,
  number,
  say,
  type Sentence,
} from "../say.ts";
import type { Verdict } from "../finding.ts";
import type { Head } from "../network/heads.ts";
import { regressionExample } from "../rule_documentation.ts";
import type { Rule } from "../rule.ts";
import { hasNegative } from "../statistics.ts";

/** The rule `output-head`: the activation of the output fits the loss. */
export const outputHead: Rule = defineRule({
  name: "output-head",
  assertion: "assertOutputHead",
  matcher: "toHaveMatchingHead",
  passes: "has a head that fits its loss",
  settings: ["loss"],
  tags: ["task"],
  order: 150,
  causeOrder: 30,
  assertionFailsOnWarnings: [
    "activation-twice",
    "dropped",
    "no-logits",
    "no-sigmoid",
    "no-softmax",
    "out-of-reach",
  ],
  problem: "a head that does not fit its loss",
  summary: "The activation and the width of the output fit the loss that is measured.",
  formula:
    "categorical cross-entropy: softmax over 2 units or more, and targets that add up to 1, " +
    "or classes that are whole numbers from 0 to the number of units minus 1; binary " +
    "cross-entropy: sigmoid and targets from 0 to 1; no other activation before either; " +
    "hinge: targets of -1 and 1, in a Keras file also 0 and 1, and an activation that reaches " +
    "both; losses of PyTorch: targets of the " +
    "shape of the outputs, as others are broadcast, and classes on axis 1; no dropout behind the head, which is an error where it leaves one of 10,000 examples without any class under a " +
    "categorical cross-entropy, whose loss is then 0 / 0; losses named " +
    "softmaxCrossEntropy or sigmoidCrossEntropy: no activation, because they apply their own; " +
    "mean squared error: an activation that reaches the targets, and no softmax; Dice and Tversky: " +
    "outputs from 0 to 1.",
  source: "UMLAUT (Schoop et al. 2021); NeuraLint (Nikanjam et al. 2021).",
  misleads:
    "Custom losses are recognised by name only, and models with several heads are not judged. " +
    "Policy-gradient targets, which are multiplied by the advantage of an action, can have any " +
    "sum: under a softmax the rule only warns about them. Most networks still train with a " +
    "superfluous or a missing activation, so that is a warning. Targets that the head cannot " +
    "reach are an error.",
  fix: "Change the activation of the output or the loss.",
  asserts:
    "that the activation and the width of the output fit the loss: softmax over two units or " +
    "more for categorical cross-entropy, sigmoid and targets from 0 to 1 for binary " +
    "cross-entropy, no softmax or sigmoid under a loss on logits, an activation that reaches " +
    "the targets for regression. There is no verdict on other objectives or with several " +
    "heads.",
  fails: "the last activation does not fit the loss",
  throws: "If the head does not fit the loss.",
  example: regressionExample("assertOutputHead"),
  // The figure is a pair of names: no layer has a bar.
  figure: { title: "head", scale: "linear", of: () => null },
  judge({ layers, measurements, network: { head } }) {
    const { objective: { name, losses = [] }, batch: { targets = [] } } = measurements;
    const dropped = droppedAnswers(layers, measurements);
    if (dropped.length > 0) return dropped;
    const misread = [
      ...broadcastLosses(measurements),
      ...targets.flatMap((target) => misreadTargets(target, head, measurements)),
    ];
    if (misread.length > 0) return misread;
    // Classes are counted per output, so there may be several heads.
    if (head === null) return targets.flatMap((target) => strayClasses(target, null));
    if (!layers.includes(head.layer)) return [];
    const strays = targets.flatMap((target) => strayClasses(target, head.layer.name));
    if (strays.length > 0) return strays;
    const isKnown = targets.length === 1 &&
      !(losses[0]?.takesLabels === true && areLabels(targets[0]));
    const mismatch = headMismatch(name, head, isKnown ? targets[0] : null);
    if (mismatch === null) return [];
    const { severity, kind, expected, why, fix, message } = mismatch;
    const { activation, units, layer } = head;
    const width = units === null ? NOTHING : say`, ${counted(units, "unit")}`;
    return [{
      severity,
      kind,
      layer: layer.name,
      measured: null,
      expected,
      message: message ??
        say`\`${
          layerName(layer.name)
        }\` (${activation!}${width}) does not fit the loss ${name}: ${why};
        expected ${expected}.`,
      fix,
    }];
  },
});

/** Mismatch of head, loss and targets, and its fix. */
interface Mismatch {
  severity: "error" | "warning";
  kind: string;
  expected: Expected;
  why: Sentence;
  /** Complete message, if it is not about the activation of the head. */
  message?: Sentence;
  fix: Sentence | string;
}

/**
 * Finds a mismatch between a head, its loss and its targets. Returns `null` if all fit or it is not
 * known.
 */
export function headMismatch(
  loss: string,
  head: Head,
  target: TargetMeasurements | null,
): Mismatch | null {
  const { activation, units } = head;
  if (activation === null) return null;
  const traits = lossTraits(loss);
  if (activation === "softmax" && units === 1 && traits?.family !== "hinge") {
    return alwaysOne(traits);
  }
  if (traits === null) return null;
  const { family, targets, logits, from } = traits;
  const given = targets === "shares" && target !== null ? shares(target) : null;
  if (logits !== undefined) {
    if (family === "classes" && units === 1) return categorical(activation, units);
    const twice = from === "here" ? null : appliedTwice(activation);
    return twice ?? onLogits(activation, logits) ?? given;
  }
  switch (family) {
    case "classes":
      return categorical(activation, units) ?? twice(head) ?? given;
    case "labels":
      return binary(activation, target) ?? twice(head);
    case "hinge":
      return hinge(activation, target);
    case "regression":
      return regression(activation, target);
    case "overlap":
      return overlap(activation, target);
    case "other":
      return null;
  }
}

/** True if all targets are 0 or 1: then their squares are the same. */
function areLabels({ values: { mean, rms, maxAbs } }: TargetMeasurements): boolean {
  return maxAbs <= 1 && Math.abs(mean - rms ** 2) <= 1e-6;
}

/** Fixes of a head of one class, by the family of its loss. */
const ONE_CLASS_FIXES: Readonly<Partial<Record<LossFamily | "numbers", string>>> = {
  numbers: "Use a linear head for numbers, or sigmoid and binaryCrossentropy for two classes.",
  overlap: "Use sigmoid, or give the head a unit for each class.",
  classes: "Give the head a unit for each class, or use sigmoid and binaryCrossentropy.",
};

/** Reports a softmax over one unit: its output is always 1, so nothing can be learned. */
function alwaysOne(traits: LossTraits | null): Mismatch {
  const family = traits?.family ?? "other";
  const isForNumbers = family === "regression" || traits?.targets.endsWith("numbers") === true;
  return {
    severity: "error",
    kind: "one-class",
    expected: family === "classes"
      ? inWords("2 units or more")
      : inWords(isForNumbers ? "a linear head, or sigmoid" : "sigmoid"),
    why: say`a softmax over one unit is constant: it always outputs 1`,
    fix: ONE_CLASS_FIXES[isForNumbers ? "numbers" : family] ?? ONE_CLASS_FIXES.classes!,
  };
}

/**
 * Reports an activation under a loss that applies its own softmax or sigmoid, like
 * `from_logits=True` in Keras.
 */
function onLogits(activation: string, applied: "softmax" | "sigmoid"): Mismatch | null {
  if (activation === "softmax" || activation === "sigmoid") {
    return {
      // Two sigmoids never output less than 1/2; a softmax still ranks the classes.
      severity: applied === "sigmoid" ? "error" : "warning",
      kind: "from-logits",
      expected: inWords("a linear head, or a loss of probabilities"),
      why: activation === applied
        ? say`the loss takes logits and applies ${applied} itself, so that it is applied twice`
        : say`the loss takes logits and applies ${applied} itself, after the ${activation}`,
      fix: say`Remove ${activation} from the head, or use a loss of probabilities (in Keras
          from_logits=False).`,
    };
  }
  const [low, high] = activationTraits(activation)?.range ?? [-Infinity, Infinity];
  if (low < 0 && high === Infinity) return null;
  return {
    // The sigmoid of a non-negative value is at least 1/2; a softmax still ranks the classes.
    severity: low >= 0 && applied === "sigmoid" ? "error" : "warning",
    kind: low >= 0 ? "one-sided-logits" : "bounded-logits",
    expected: inWords("a linear head"),
    why: low >= 0
      ? say`the loss takes logits, and those below 0 are removed`
      : say`the loss takes logits, and those of ${activation} end at 1, which limits how confident it
        can be`,
    fix: say`Remove ${activation} from the head.`,
  };
}

/** Reports an activation that a loss of `tf.losses` applies again. */
function appliedTwice(activation: string): Mismatch | null {
  if (activation !== "softmax" && activation !== "sigmoid") return null;
  return {
    // Two sigmoids never output less than 1/2; two softmaxes still rank the classes.
    severity: activation === "sigmoid" ? "error" : "warning",
    kind: "activation-twice",
    expected: inWords("a linear head"),
    why: say`the loss applies its own activation, so the activation is applied twice`,
    fix: say`Remove ${activation} from the head.`,
  };
}

function categorical(activation: string, units: number | null): Mismatch | null {
  if (units === 1) {
    return {
      severity: "error",
      kind: "one-class",
      expected: inWords("2 units or more"),
      why: say`one unit has no other class to be told from`,
      fix: ONE_CLASS_FIXES.classes!,
    };
  }
  if (activation === "softmax") return null;
  // Of an unknown activation nothing is known.
  const isNegative = (activationTraits(activation)?.range[0] ?? 0) < 0;
  return {
    // The loss divides by the sum of the outputs, so positive outputs can be learned anyway.
    severity: isNeverNegative(activation) && activation !== "relu" ? "warning" : "error",
    kind: isNegative ? "negative-probabilities" : "no-softmax",
    expected: inWords("softmax"),
    why: say`its outputs do not add up to 1, as the probabilities of classes do`,
    fix: activation === "sigmoid"
      ? "Use softmax for exclusive classes, or binaryCrossentropy if an example can have several labels."
      : "End the head in softmax.",
  };
}

function binary(activation: string, target: TargetMeasurements | null): Mismatch | null {
  if (target !== null && isOutside(target)) {
    const kind = isAboveOne(target) ? "targets-above-one" : "targets-outside";
    return classNumbers(target) ?? outside("error", kind, "Encode the two classes as 0 and 1.");
  }
  if (activation === "sigmoid" || activation === "hardSigmoid") return null;
  if (activation === "softmax") {
    return {
      severity: "warning",
      kind: "softmax-for-labels",
      expected: inWords("sigmoid"),
      why: say`softmax makes the labels exclusive, and the loss treats them as independent`,
      fix: "Use sigmoid with binaryCrossentropy, or categoricalCrossentropy with softmax.",
    };
  }
  return {
    severity: "warning",
    kind: "no-sigmoid",
    expected: inWords("sigmoid"),
    why: say`its outputs are not limited to 0 .. 1`,
    fix: "End the head in sigmoid.",
  };
}

/** Reports a softmax or sigmoid whose input has already passed another activation. */
function twice({ activation, before: row, output, layer }: Head): Mismatch | null {
  if (row === null) return null;
  const before = row.activation!;
  const isOneSided = before === "relu" || before === "relu6";
  if (!isOneSided && before !== "softmax" && !isSigmoid(before)) return null;
  return {
    // Under a sigmoid no output could be below 1/2; a softmax still ranks the classes.
    severity: isOneSided || activation === "softmax" ? "warning" : "error",
    kind: isOneSided ? "one-sided-logits" : "no-logits",
    expected: inWords(`logits before the ${activation}`),
    why: isOneSided
      ? say`a ${before} before it removes the negative logits`
      : say`a ${before} before it limits how confident it can be`,
    ...before !== activation ? {} : {
      message: say`Two ${before} layers in a row: \`${layerName(row.name)}\` and \`${
        layerName((output ?? layer).name)
      }\`; expected one.`,
    },
    fix: before === activation
      ? say`Remove one of the two.`
      : say`Remove ${before} from \`${layerName(row.name)}\`.`,
  };
}

/**
 * From here on, the binary cross-entropy of a target falls without bound as the output approaches 1, and
 * with it that of the whole batch: classes counted from 0, or pixels up to 255.
 */
const ABOVE_ONE = 2;

const isOutside = ({ values }: TargetMeasurements) => values.maxAbs > 1 || hasNegative(values);

const isAboveOne = ({ values }: TargetMeasurements) =>
  values.maxAbs >= ABOVE_ONE && !hasNegative(values);

/** Reports targets that are not probabilities. */
const outside = (severity: Mismatch["severity"], kind: string, fix: string): Mismatch => ({
  severity,
  kind,
  fix,
  expected: inWords("targets from 0 to 1"),
  why: say`some targets are not between 0 and 1`,
});

/** Reports the numbers of more than two classes for a single unit. */
function classNumbers({ wholeNumbers: classes }: TargetMeasurements): Mismatch | null {
  if (classes === undefined) return null;
  const units = number(classes, "exact");
  return {
    severity: "error",
    kind: "class-numbers",
    expected: inWords("a unit for each class"),
    why: say`the targets are whole numbers from 0 to ${
      number(classes - 1, "exact")
    }, as of ${units} classes, and one unit tells two apart`,
    fix: say`Give the head ${units} units and softmax, and train with
      sparseCategoricalCrossentropy.`,
  };
}

/** Reports targets that are not class shares. */
function shares(target: TargetMeasurements): Mismatch | null {
  // Weights of a policy gradient are such targets, too.
  if (isOutside(target)) {
    return outside("warning", "no-shares", "Encode the classes as one-hot vectors.");
  }
  const total = target.unitMeans?.reduce((sum, share) => sum + share, 0) ?? 1;
  // Below 1, some steps of a sequence may be masked.
  if (total > 0 && total <= 1.001) return null;
  return {
    severity: "warning",
    kind: "shares",
    expected: inWords("targets that add up to 1"),
    why: say`the targets of an example add up to ${figure(total, "sum of the targets")}`,
    fix:
      "Encode the classes as one-hot vectors, or use sigmoid and binaryCrossentropy if an example " +
      "can have several labels.",
  };
}

/**
 * Reports outputs whose overlap with a mask is not a share of it. Of four small segmentation networks
 * under Dice or Tversky (even seeds, 160 steps of Adam in Keras), none with a linear or tanh head finds
 * the mask, although the loss falls; all with a relu or softplus head do.
 */
function overlap(activation: string, target: TargetMeasurements | null): Mismatch | null {
  // Of an unknown activation nothing is known.
  const [low, high] = activationTraits(activation)?.range ?? [0, 1];
  if (low < 0 || high > 1) {
    return {
      severity: low < 0 ? "error" : "warning",
      kind: low < 0 ? "negative-shares" : "no-sigmoid",
      expected: inWords("sigmoid, or softmax for exclusive classes"),
      why: low < 0
        ? say`the loss divides by the sum of the outputs, which may be 0 or negative`
        : say`its outputs are not limited to 0 .. 1`,
      fix: "End the head in sigmoid, or in softmax for exclusive classes.",
    };
  }
  if (target === null || !isOutside(target)) return null;
  // Of four networks with masks of 0 and 255 all answer 1 everywhere.
  const isAbove = isAboveOne(target);
  const kind = isAbove ? "targets-above-one" : "targets-outside";
  return outside(isAbove ? "error" : "warning", kind, "Encode the masks as 0 and 1.");
}

function hinge(activation: string, target: TargetMeasurements | null): Mismatch | null {
  if (activation === "softmax" || isNeverNegative(activation)) {
    return {
      severity: "error",
      kind: "never-negative",
      expected: inWords("an activation that reaches -1 and 1"),
      why: say`its outputs are never negative`,
      fix: "Use tanh or a linear head.",
    };
  }
  if (target === null || target.values.zeroFraction === 0 || hasNegative(target.values)) {
    return null;
  }
  return {
    severity: "error",
    kind: "hinge-zeros",
    expected: inWords("targets of -1 and 1"),
    why: say`where the target is 0 the loss is 1 for any output`,
    fix: "Encode the two classes as -1 and 1.",
  };
}

/** Returns the largest absolute value that an activation reaches. */
function reachOf(activation: string): number {
  // relu6 is judged by its sign alone.
  return activationTraits(activation)?.range[1] === 1 ? 1 : Infinity;
}

/** Rms of the targets above which a head that reaches 1 fits almost nothing. */
const MOST_OF_REACH = 3;

function isNeverNegative(activation: string): boolean {
  return activationTraits(activation)?.range[0] === 0;
}

function regression(activation: string, target: TargetMeasurements | null): Mismatch | null {
  if (activation === "softmax") {
    return {
      severity: "warning",
      kind: "softmax-for-numbers",
      expected: inWords("a loss for probabilities, or a linear head"),
      why: say`its gradient vanishes where the softmax is confident and wrong`,
      fix: "Use categoricalCrossentropy for classes, or a linear head for numbers.",
    };
  }
  if (target === null) return null;
  const { maxAbs } = target.values;
  const tooFar = maxAbs > reachOf(activation);
  const counted = activation === "sigmoid" ? classNumbers(target) : null;
  if (counted !== null) return counted;
  if (!tooFar && !(hasNegative(target.values) && isNeverNegative(activation))) return null;
  const { mean, std, rms } = target.values;
  // Either a few targets are out of reach, or most of their information.
  const isMost = !tooFar || isNeverNegative(activation) || rms > MOST_OF_REACH;
  const isHalf = isNeverNegative(activation) &&
    (hasNegative(target.values) && Math.abs(mean) < std || tooFar && rms > reachOf(activation));
  return {
    severity: isMost ? "error" : "warning",
    kind: isHalf ? "half-out-of-reach" : "out-of-reach",
    expected: inWords("an activation that reaches the targets"),
    why: tooFar
      // Three digits of 1.0004 would read as 1.
      ? say`the targets go up to ${number(maxAbs, maxAbs < 1.005 ? "exact" : undefined)} in size,
        beyond the 1 of ${activation}`
      : say`some targets are negative`,
    fix: "Use a linear head, or scale the targets.",
  };
}

/** Finds targets of another shape than a loss of PyTorch asks for, which it reads all the same. */
function misreadTargets(
  { name, shape, output, classes, classesLast = false }: TargetMeasurements,
  head: Head | null,
  { layers, objective }: Measurements,
): Verdict[] {
  if (output === undefined) return [];
  const layer = head?.layer.name ?? null;
  const of = head === null ? say` of ${name}` : NOTHING;
  const loss = objective.name;
  if (classes === undefined && !classesLast) {
    const outputs = { what: say`outputs${of}`, shape: output };
    return [broadcastVerdict(loss, [outputs, { what: say`targets`, shape }], layer)];
  }
  // The shapes alone do not say which axis holds classes that are numbers.
  if (!classesLast && !(head !== null && endsInUnits(head, layers))) return [];
  const last = number(output.length - 1, "exact");
  return [{
    severity: "error",
    kind: "class-axis",
    layer,
    measured: null,
    expected: inWords("the classes on axis 1"),
    message: say`${loss} reads the classes on axis 1 of outputs${of} of shape ${
      showShape(output)
    } and
      targets of shape ${showShape(shape)}, but they are on axis ${last}.`,
    fix: say`Move the classes to axis 1: outputs.transpose(1, ${last})${
      classes === undefined ? say` and targets.transpose(1, ${last})` : NOTHING
    }.`,
  }];
}

/** Tensor that a loss compares. */
interface Compared {
  what: Sentence;
  shape: readonly number[];
}

/** Reports that a loss broadcasts what it compares. */
function broadcastVerdict(
  loss: string,
  [outputs, targets]: readonly [Compared, Compared],
  layer: string | null,
): Verdict {
  const joint = broadcastShape(outputs.shape, targets.shape)!;
  const [whole, one, other] = [joint, outputs.shape, targets.shape].map(sizeOf);
  const several = whole > one
    ? say`each output with several targets`
    : say`several outputs with each target`;
  const compares = whole > Math.max(one, other)
    ? say`each output with the target of every example`
    : several;
  return {
    severity: "error",
    kind: "broadcast",
    layer,
    measured: null,
    expected: inWords(`targets of shape ${showShape(outputs.shape)}`),
    message: say`${loss} broadcasts ${outputs.what} of shape ${
      showShape(outputs.shape)
    } and ${targets.what} of shape ${showShape(targets.shape)} to ${
      showShape(joint)
    }, and compares ${compares}.`,
    fix: one === other
      ? `Give the targets the shape ${
        showShape(outputs.shape)
      }, or the outputs that of the targets.`
      : "Give the outputs and the targets one shape.",
  };
}

/** Operations of PyTorch that broadcast what they compare. */
const COMPARING: readonly string[] = ["mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss"];

/**
 * Finds a loss in a program of PyTorch that compares each output with the target of every example.
 * Fewer comparisons may be meant.
 */
function broadcastLosses({ layers, batch: { perInput = [] } }: Measurements): Verdict[] {
  return layers.filter(({ className }) => className === "broadcast_tensors").flatMap((layer) => {
    const reader = layers.find(({ className, inputs = [] }) =>
      COMPARING.includes(className) && inputs.includes(layer.name)
    );
    const { inputs = [], reads = [] } = layer;
    const rows = layers.filter(({ name }) => inputs.includes(name));
    const given = perInput.filter(({ name }) => reads.includes(name));
    const compared = [
      ...rows.map(({ name, shape }) => ({ what: say`\`${layerName(name)}\``, shape })),
      ...given.map(({ name, shape }) => ({ what: say`the input ${name}`, shape })),
    ].flatMap(({ what, shape }): Compared[] => shape === null ? [] : [{ what, shape }]);
    const [one, other] = compared;
    const joint = compared.length === 2 ? broadcastShape(one.shape, other.shape) : null;
    if (reader === undefined || joint === null) return [];
    return sizeOf(joint) > Math.max(sizeOf(one.shape), sizeOf(other.shape))
      ? [broadcastVerdict(reader.className, [one, other], reader.name)]
      : [];
  });
}

/** Returns true if nothing behind a dense head moves its units. */
function endsInUnits({ layer }: Head, layers: readonly LayerMeasurements[]): boolean {
  if (layer.kind !== "dense") return false;
  const after = layers.slice(layers.indexOf(layer) + 1);
  return after.every(({ kind }) => kind === "activation" || kind === "passesOn");
}

/** Chance at which one of about 10,000 examples (300 steps of 32) loses all of its classes. */
const CERTAIN = 1e-4;

/** Finds heads whose outputs are dropped in training. */
function droppedAnswers(
  layers: readonly LayerMeasurements[],
  { objective }: Measurements,
): Verdict[] {
  const traits = lossTraits(objective.name);
  // These losses divide the output of a head by its sum.
  const divides = traits?.family === "classes" && traits.logits === undefined;
  return layers.flatMap(({ name, role, kind, dropout = 0, shape }): Verdict[] => {
    if (role !== "output" || kind !== "passesOn" || dropout === 0) return [];
    const chance = dropout ** (shape?.at(-1) ?? Infinity);
    const isLost = divides && chance >= CERTAIN;
    const rate = figure(dropout, "of the entries");
    const all = figure(chance, "of the examples");
    return [{
      severity: isLost ? "error" : "warning",
      kind: "dropped",
      layer: name,
      measured: dropout,
      expected: inWords("no dropout behind the head"),
      figures: { rate, ...isLost ? { all } : {} },
      message: isLost
        ? say`The output is dropped in training: ${layerName(name)} removes ${rate} of its entries,
          and all entries of ${all} of the examples. The loss ${objective.name} divides by their sum,
          and is then NaN.`
        : say`The output is dropped in training: ${layerName(name)} removes ${rate} of its entries,
          so that no answer can be right.`,
      fix: say`Remove ${layerName(name)}, or put it before the last layer with a kernel.`,
    }];
  });
}

/**
 * Finds class numbers without an output unit. TensorFlow.js accepts them silently, and such an
 * example has no gradient.
 *
 * @param layer Name of the head, or `null` if there are several.
 */
function strayClasses({ name, classes }: TargetMeasurements, layer: string | null): Verdict[] {
  if (classes === undefined) return [];
  const found = strayClass(name, classes, layer);
  if (found === null) return [];
  const { units, least, most, fractions } = classes;
  const last = units - 1;
  return [{
    severity: "error",
    ...found,
    layer,
    expected: inWords(`whole numbers from 0 to ${last}`),
    fix: least !== null && most !== null && fractions === 0 && least > 0 && most - least <= last
      ? say`Number the classes from 0: subtract ${figure(least, "class")} from the targets.`
      : "Number the classes from 0 up, and give the head one unit per class.",
  }];
}

/** Returns the fault of the classes of a target, or `null` if they fit the head. */
function strayClass(
  name: string,
  { units, least, most, fractions }: ClassMeasurements,
  layer: string | null,
): Pick<Verdict, "kind" | "measured" | "message"> | null {
  const last = units - 1;
  const targets = layer === null ? say`The targets of ${name}` : say`Targets`;
  const head = layer === null ? say`the output` : say`the head`;
  const classCount = say`${head} has ${counted(units, "unit")}, so classes are 0 to
    ${number(last, "exact")}`;
  if (most !== null && most > last) {
    return {
      kind: "class-too-large",
      measured: most,
      message: say`${targets} go up to ${figure(most, "class")}, but ${classCount}.`,
    };
  }
  if (least !== null && least < 0) {
    return {
      kind: "class-negative",
      measured: least,
      message: say`${targets} go down to ${figure(least, "class")}, but ${classCount}.`,
    };
  }
  if (!(fractions > 0)) return null;
  return {
    kind: "class-fraction",
    measured: fractions,
    message: say`${counted(fractions, "target")}${layer === null ? say` of ${name}` : NOTHING} ${
      fractions === 1 ? say`is not a whole number` : say`are not whole numbers`
    }, but ${classCount}.`,
  };
}
