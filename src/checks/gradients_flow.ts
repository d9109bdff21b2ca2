import type {
  LayerMeasurements,
  Measurements,
  WeightMeasurements,
} from "../measure/measurements.ts";
import { isKernel, isRecurrentKernel, isShift } from "../theory/weight_kinds.ts";
import { defineRule } from "./define_rule.ts";
import { falsePositives } from "./false_positives.ts";
import { formatCount } from "./format.ts";
import { softmaxUnderSum } from "./heads.ts";
import type { Case, Verdict } from "./judge.ts";
import { lostSignal } from "./lost_signal.ts";
import type { Rule } from "./rule.ts";
import { isZero, zeroGradientCause } from "./zero_gradient_cause.ts";

/** The rule `gradients-flow`: what is trained has a gradient, and what is frozen has none. */
export const gradientsFlow: Rule = defineRule(
  {
    name: "gradients-flow",
    assertion: "assertGradientsFlow",
    problem: "weights without a gradient",
    stage: "any",
    summary:
      "Every trainable weight has a gradient that is not all zero, and no frozen one has any.",
    formula:
      "dJ/dw exists and max |dJ/dw| > 0 for each trainable weight; dJ/dw is absent for each " +
      "frozen one, and not all are frozen. An embedding is judged by the rows that the batch looked up.",
    thresholds: [],
    source: "AllenNLP, ensure_model_can_train_save_and_load.",
    misleads:
      "Below a zero-initialised head, inside a residual branch that ends in zeros, beside a matrix " +
      "of zeros in a layer with several, as in LoRA, and in the recurrent kernel of a layer that ran for " +
      "one step, the gradient is exactly 0 at step 0 and the network trains well: those are warnings. A " +
      "bias whose delta adds up to 0, as below a difference, is only noted.",
    fix:
      "Look for a layer that is not connected to the objective, for dead or saturated layers, or " +
      "for a trainable flag that is not what it should be.",
    falsePositives: falsePositives({ draws: 1600 }),
  },
  {
    title: "largest mean |gradient| of a weight",
    scale: "log",
    of: ({ weights }) => {
      const sizes = weights.flatMap(({ gradients }) =>
        gradients === null ? [] : [gradients.meanAbs]
      );
      return sizes.length === 0 ? null : Math.max(...sizes);
    },
  },
  (subject) => {
    const { warnings, heard } = softmaxUnderSum(subject);
    const silent = heard === subject
      ? []
      : subject.layers.filter((layer) => !heard.layers.includes(layer));
    // A model of which no gradient was measured may not pass. Elsewhere rounding may leave a gradient
    // that is not exactly 0: then there is nothing to say here.
    const said = heard.measurements.layers.length === 0
      ? warnings.map((verdict): Verdict => ({ ...verdict, severity: "error" }))
      : silent.some(({ weights }) => trainedOf(weights).some(isZero))
      ? warnings
      : [];
    const excused = excusedLayers(heard);
    return [
      ...said,
      ...allFrozen(subject),
      ...subject.layers.flatMap((layer) => {
        const judged = silent.includes(layer)
          ? { ...layer, weights: layer.weights.filter((weight) => !isZero(weight)) }
          : layer;
        return judge(judged, excused.has(layer.name), heard.measurements);
      }),
    ];
  },
);

/** A network that has weights and trains none: frozen as a whole, on purpose maybe once it is trained. */
function allFrozen({ measurements, trained: isTrained }: Case): Verdict[] {
  const weights = measurements.layers.flatMap(({ weights }) => weights);
  if (weights.length === 0 || trainedOf(weights).length > 0) return [];
  return [{
    severity: isTrained ? "warning" : "error",
    layer: null,
    measured: 0,
    expected: "a trainable weight",
    message: `None of the ${formatCount(weights.length, "weight")} of the model is trainable.`,
    advice: "Set trainable of the layers that are to be trained, and of the models around them.",
    ...(isTrained ? {} : { unjudged: true }),
  }];
}

function trainedOf(weights: WeightMeasurements[]): WeightMeasurements[] {
  return weights.filter(({ trainable }) => trainable);
}

/** The layers that receive no signal for a reason that need not harm. */
function excusedLayers(subject: Case): Set<string | null> {
  const isTrained = ({ weights }: LayerMeasurements) => trainedOf(weights).length > 0;
  const warnings = lostSignal(subject, isTrained)
    .filter(({ severity }) => severity === "warning");
  return new Set(warnings.flatMap(({ layer, layers }) => layers ?? [layer]));
}

function judge(layer: LayerMeasurements, excused: boolean, measurements: Measurements): Verdict[] {
  const trained = trainedOf(layer.weights);
  const cut = trained.filter(({ gradients }) => gradients === null);
  const zero = trained.filter(isZero);
  const frozen = layer.weights.filter(({ trainable, gradients }) =>
    !trainable && gradients !== null
  );
  const verdicts: Verdict[] = [];
  if (cut.length > 0) {
    const why = cut[0].absent.gradients ?? "it is not on the objective's path";
    verdicts.push(
      verdict(
        layer,
        "error",
        cut,
        `no gradient: ${why}`,
        "a gradient",
        `Connect ${layer.name} to the objective, or freeze it.`,
      ),
    );
  }
  const first = zero.filter((weight) =>
    isRecurrentKernel(weight) && startsAtZero(layer, measurements)
  );
  const idle = zero.filter((weight) => isShift(weight) && hasSignal(layer));
  const waiting = waitsFor(layer, measurements);
  const rest = zero.filter((weight) => !first.includes(weight) && !idle.includes(weight));
  if (rest.length > 0) {
    verdicts.push(
      verdict(
        layer,
        excused || waiting !== undefined ? "warning" : "error",
        rest,
        "a gradient of exactly 0",
        "max |dJ/dw| > 0",
        excused || waiting === undefined
          ? zeroGradientCause(layer, excused, measurements)
          : `Measure again after one training step: ${waiting} is all zeros and has a gradient, so ` +
            `it lets the others have one after its first step.`,
      ),
    );
  }
  if (idle.length > 0) {
    verdicts.push(
      verdict(
        layer,
        "note",
        idle,
        `a gradient of exactly 0, though the delta of ${layer.name} is not 0: over the batch it adds ` +
          `up to 0`,
        "max |dJ/dw| > 0",
        "Nothing to do: what follows takes no notice of a shift, as a difference does, or the batch " +
          "is balanced. Where it is always so, leave the bias out.",
      ),
    );
  }
  if (first.length > 0) {
    verdicts.push(
      verdict(
        layer,
        "warning",
        first,
        "a gradient of exactly 0",
        "max |dJ/dw| > 0",
        stepsOf(layer, measurements) === 1
          ? "Measure on sequences of two steps or more: the state before the first step is 0."
          : "Measure on sequences with two steps or more that are neither masked nor zeros: the state " +
            "is 0 before each step that the signal reaches.",
      ),
    );
  }
  if (frozen.length > 0) {
    verdicts.push(
      verdict(
        layer,
        "error",
        frozen,
        "a gradient although frozen",
        "no gradient",
        `Freeze ${layer.name} before the model is compiled, or train it.`,
      ),
    );
  }
  return verdicts;
}

/**
 * Whether a recurrent layer puts out more than zeros and has a delta, so that a gradient of 0 of its
 * recurrent kernel says that the state before each step with a delta was 0: as before the first one.
 */
function startsAtZero(layer: LayerMeasurements, measurements: Measurements): boolean {
  const { activations, preActivationGradients: delta } = layer;
  if (delta === null || delta.maxAbs === 0) return false;
  return activations !== null && activations.maxAbs > 0 || stepsOf(layer, measurements) === 1;
}

/** How many steps a recurrent layer ran for, by how many z it has; `null` where that is not known. */
function stepsOf(
  { weights, preActivations, shape, calls }: LayerMeasurements,
  { batch }: Measurements,
) {
  const kernels = weights.filter(isRecurrentKernel);
  if (preActivations === null || kernels.length === 0) return null;
  // Positions of a convolution, and z of all gates at each of them.
  const window = kernels[0].shape.length - 2;
  const positions = (shape ?? []).slice(-1 - window, -1).reduce((all, size) => all * size, 1);
  const columns = kernels.reduce((sum, { shape }) => sum + shape[shape.length - 1], 0);
  return preActivations.count / (batch.examples * calls * positions * columns);
}

/** Whether a layer has a delta that reaches its kernel. */
function hasSignal({ weights, preActivationGradients: delta }: LayerMeasurements): boolean {
  return (delta?.maxAbs ?? 0) > 0 &&
    weights.some((weight) => isKernel(weight) && (weight.gradients?.maxAbs ?? 0) > 0);
}

/**
 * The name of the zeros that keep all signal from the other weights of a layer until its first step:
 * a matrix or a factor in the layer itself, as in LoRA, or the kernel that feeds a layer without one.
 */
function waitsFor(layer: LayerMeasurements, { layers }: Measurements): string | undefined {
  const { weights, preActivationGradients: delta } = layer;
  if ((delta?.maxAbs ?? 0) === 0 || weights.some(isRecurrentKernel)) return undefined;
  const own = weights.find((weight) => isOpening(weight) && !isZero(weight));
  if (own !== undefined || weights.some(isKernel)) return own?.name;
  const before = layers.slice(0, layers.findIndex(({ name }) => name === layer.name));
  return before
    .findLast((other) => other.depth === layer.depth && other.weights.some(isKernel))
    ?.weights.find((weight) => isOpening(weight) && !isZero(weight))?.name;
}

/** Whether a weight of zeros, on which the others hang, is trained. */
function isOpening({ name, shape, trainable, values, gradients }: WeightMeasurements): boolean {
  return (shape.length === 0 || isKernel({ name, shape })) && trainable && gradients !== null &&
    values.maxAbs === 0 && values.nonFinite === 0;
}

function verdict(
  layer: LayerMeasurements,
  severity: Verdict["severity"],
  weights: WeightMeasurements[],
  what: string,
  expected: string,
  advice: string,
): Verdict {
  const names = weights.map(({ name }) => name).join(", ");
  const verb = weights.length === 1 ? "has" : "have";
  const message = `${names} ${verb} ${what}.`;
  return { severity, layer: layer.name, measured: 0, expected, message, advice };
}
