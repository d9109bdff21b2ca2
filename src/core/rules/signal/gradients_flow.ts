import type { LayerMeasurements, WeightMeasurements } from "../../measure/measurements.ts";
import { isKernel, isRecurrentKernel, isShift } from "../../../ground/theory/weight_kinds.ts";
import { defineRule } from "../define_rule.ts";
import {
  counted,
  type Expected,
  joined,
  layerName,
  layerNames,
  moreThan,
  say,
  type Sentence,
  weightName,
} from "../say.ts";
import { falsePositives } from "../rule_documentation.ts";
import type { Verdict } from "../finding.ts";
import type { Case, Rule } from "../rule.ts";
import { looksUntrained } from "../network/biases_of.ts";
import type { NetworkView } from "../network/network_view.ts";
import {
  hasSignal,
  isFedZeros,
  isZero,
  startsAtZero,
  waitsFor,
  zeroGradientCause,
} from "./zero_gradients.ts";
import { stepsOf } from "../network/theory_nodes.ts";
import { lostSignal } from "./lost_signal.ts";
import { softmaxUnderSum } from "./gradient_paths.ts";

/** The rule `gradients-flow`: trainable weights have a gradient, and frozen ones have none. */
export const gradientsFlow: Rule = defineRule({
  name: "gradients-flow",
  assertion: "assertGradientsFlow",
  matcher: "toHaveFlowingGradients",
  passes: "has a gradient for every trainable weight",
  tags: ["signal"],
  order: 30,
  problem: "weights without a gradient",
  summary:
    "Every trainable weight has a gradient that is not all zero, and no frozen weight has a " +
    "gradient.",
  formula: "dJ/dw exists and max |dJ/dw| > 0 for each trainable weight; dJ/dw is absent for each " +
    "frozen one, and not all are frozen. An embedding is judged by the rows that the batch looked up.",
  source: "AllenNLP, ensure_model_can_train_save_and_load.",
  misleads:
    "Below a zero-initialised head, inside a residual branch that ends in zeros, next to a matrix " +
    "of zeros in a layer with several, as in LoRA, and in the recurrent kernel of a layer that " +
    "ran for one step, the gradient is exactly 0 at step 0 although the network trains well: " +
    "those are warnings. A bias whose delta sums to 0, as below a difference, is only a note. A " +
    "layer fed with zeros by a dead branch is only a warning if the signal can bypass that branch. " +
    "A frozen layer with the weights of an initialiser and biases of 0 is a warning as well, since " +
    "random features may be meant, or another step may train it, as in a GAN. Of 9 such networks with even seeds, 2 train, 5 are slow and 2 fail.",
  fix: "Look for a layer that is not connected to the objective, dead or saturated layers, or a " +
    "wrong trainable flag.",
  falsePositives: falsePositives({ draws: 1600 }),
  asserts: "that every trainable weight has a gradient that is not all zero, and that no frozen " +
    "weight has one. Below a zero-initialised head, and where a residual branch ends in " +
    "zeros, a gradient of 0 does not fail: `await assertHealthy(model, batch)` draws such a head at " +
    "random in a second pass, and sees what it hides.",
  fails: "a trainable weight gets no gradient, or a frozen one gets one",
  throws: "If a trainable weight has no gradient or a frozen one has.",
  example: {
    title: "A network that passes and one that does not",
    code: `
      import { startEngine } from "@gradient-health/gradient-health/engine";
      import { exerciseModel, randomBatch } from "@gradient-health/gradient-health/model";
      import { measure } from "@gradient-health/gradient-health/measure";
      import { assertGradientsFlow } from "@gradient-health/gradient-health/assert";
      import { assertThrows } from "@std/assert";

      await using _engine = await startEngine();
      const model = exerciseModel({ std: 1 / Math.sqrt(20) });
      assertGradientsFlow(await measure(model, randomBatch(model)));
      model.dispose();

      const broken = exerciseModel({ std: 200 });
      const measurements = await measure(broken, randomBatch(broken));
      assertThrows(() => assertGradientsFlow(measurements));
      broken.dispose();
    `,
  },
  figure: {
    title: "mean |gradient| of the kernel",
    scale: "log",
    // The figure of the bars beside it: a bias has larger gradients.
    of: ({ weights }) => {
      const kernel = weights.find(isKernel) ?? weights.at(0);
      return (kernel?.gradientsOfUsedRows ?? kernel?.gradients)?.meanAbs ?? null;
    },
  },
  judge(subject) {
    const { warnings, heard } = softmaxUnderSum(subject);
    const silent = heard === subject
      ? []
      : subject.layers.filter((layer) => !heard.layers.includes(layer));
    const excused = excusedLayers(heard);
    return [
      ...silenceVerdicts(warnings, silent, heard),
      ...frozenLayers(subject),
      ...subject.layers.flatMap((layer) => {
        const judged = silent.includes(layer)
          ? { ...layer, weights: layer.weights.filter((weight) => !isZero(weight)) }
          : layer;
        const { network } = heard;
        return judge({ layer: judged, excused: excused.get(layer.name) ?? null, network });
      }),
    ];
  },
});

/**
 * Returns the verdicts on layers that a softmax keeps silent.
 *
 * @param silent The judged layers among them.
 * @param heard The other layers.
 */
function silenceVerdicts(
  warnings: Verdict[],
  silent: readonly LayerMeasurements[],
  heard: Case,
): Verdict[] {
  // A model without any measured gradient must not pass.
  if (heard.measurements.layers.length === 0) {
    return warnings.map((verdict): Verdict => ({ ...verdict, severity: "error" }));
  }
  // Rounding may leave gradients that are not exactly 0; then there is nothing to report.
  return silent.some(({ weights }) => trainedOf(weights).some(isZero)) ? warnings : [];
}

type Excuse = "warning" | "note";

/** Returns the layers that receive no signal for a harmless reason, and how harmless it is. */
function excusedLayers(subject: Case): Map<string | null, Excuse> {
  const isTrained = ({ weights }: LayerMeasurements) => trainedOf(weights).length > 0;
  return new Map(
    lostSignal(subject, isTrained).flatMap(({ severity, layer, layers }) =>
      severity === "error" ? [] : (layers ?? [layer]).map((name) => [name, severity] as const)
    ),
  );
}

/** Layer to judge. */
interface Subject {
  layer: LayerMeasurements;
  /** Severity of receiving no signal, if that has a harmless reason. */
  excused: Excuse | null;
  network: NetworkView;
}

/** Judges of the weights of a layer, in the order of their verdicts. */
const JUDGES: readonly ((subject: Subject) => Found | null)[] = [
  cutWeights,
  zeroWeights,
  idleShifts,
  stateWeights,
  frozenWeights,
];

function judge(subject: Subject): Verdict[] {
  return JUDGES.flatMap((judgeWeights) => {
    const found = judgeWeights(subject);
    return found === null ? [] : [verdict(subject.layer, found)];
  });
}

function cutWeights({ layer }: Subject): Found | null {
  const weights = trainedOf(layer.weights).filter(({ gradients }) => gradients === null);
  if (weights.length === 0) return null;
  const why = weights[0].absent.gradients ?? "it is not on the objective's path";
  return {
    severity: "error",
    kind: "cut",
    weights,
    what: say`no gradient: ${why}`,
    expected: "a gradient",
    fix: say`Connect ${layerName(layer.name)} to the objective, or freeze it.`,
  };
}

/** Finds gradients of exactly 0 that neither a cancelling delta nor a state of 0 explains. */
function zeroWeights(subject: Subject): Found | null {
  const { layer, excused, network } = subject;
  const weights = trainedOf(layer.weights).filter((weight) =>
    isZero(weight) && !isIdle(weight, subject) && !readsState(weight, subject)
  );
  if (weights.length === 0) return null;
  const waiting = waitsFor(layer, network.measurements);
  const kind = excused !== null ? "no-signal" : zeroKind(layer, waiting, network);
  return {
    severity: excused ?? (kind === "zero" ? "error" : "warning"),
    kind,
    weights,
    what: ZERO,
    expected: SOME,
    fix: excused !== null || waiting === undefined
      ? zeroGradientCause(layer, network, { excused: excused !== null })
      : say`Measure again after one training step: ${weightName(waiting, layer.name)} is all
        zeros and has a gradient, so the others get one after its first step.`,
  };
}

function idleShifts(subject: Subject): Found | null {
  const { layer } = subject;
  const weights = trainedOf(layer.weights).filter((weight) =>
    isZero(weight) && isIdle(weight, subject)
  );
  if (weights.length === 0) return null;
  return {
    severity: "note",
    kind: "idle-shift",
    weights,
    what: say`a gradient of exactly 0 although the delta of ${
      layerName(layer.name)
    } is not: it cancels
      over the batch`,
    expected: SOME,
    fix:
      "If this is so on every batch, drop the bias: what follows ignores a shift, as a difference " +
      "does. A balanced batch can do the same.",
  };
}

function stateWeights(subject: Subject): Found | null {
  const { layer, network } = subject;
  const weights = trainedOf(layer.weights).filter((weight) =>
    isZero(weight) && readsState(weight, subject)
  );
  if (weights.length === 0) return null;
  return {
    severity: "warning",
    kind: "state-zero",
    weights,
    what: ZERO,
    expected: SOME,
    fix: stepsOf(layer, network.measurements) === 1
      ? "Measure on sequences of two steps or more: the state before the first step is 0."
      : "Measure on sequences with two steps or more that are neither masked nor zeros: the state " +
        "is 0 before each step that the signal reaches.",
  };
}

function frozenWeights({ layer }: Subject): Found | null {
  const weights = layer.weights.filter(({ trainable, gradients }) =>
    !trainable && gradients !== null
  );
  if (weights.length === 0) return null;
  return {
    severity: "error",
    kind: "frozen",
    weights,
    what: say`a gradient although frozen`,
    expected: "no gradient",
    fix: say`Freeze ${layerName(layer.name)} before the model is compiled, or train it.`,
  };
}

/** Returns true if the delta of a shift, which is not 0, cancels over the batch. */
function isIdle(weight: WeightMeasurements, { layer }: Subject): boolean {
  const { kind, activationGradients } = layer;
  const isNormalized = kind === "normalization" && (activationGradients?.maxAbs ?? 0) > 0;
  return isShift(weight) && (isNormalized || hasSignal(layer));
}

/** Returns true if a kernel reads a state that is 0 at each step. */
function readsState(weight: WeightMeasurements, { layer, network }: Subject): boolean {
  return isRecurrentKernel(weight) && startsAtZero(layer, network.measurements);
}

/**
 * Returns the kind of finding on gradients of exactly 0.
 *
 * @param layer The layer, which receives a signal.
 * @param waiting Name of its weight that has to move first, if there is one.
 */
function zeroKind(
  layer: LayerMeasurements,
  waiting: string | undefined,
  network: NetworkView,
): string {
  if (waiting !== undefined) return "waits";
  // The network trains without a branch whose inputs are zeros.
  return isFedZeros(layer, network) ? "fed-zeros" : "zero";
}

const ZERO = say`a gradient of exactly 0`;
const SOME: Expected = moreThan(0, { of: "max |dJ/dw|" });

/** Problem of some weights of a layer. */
interface Found extends Pick<Verdict, "severity" | "kind" | "expected" | "fix"> {
  weights: WeightMeasurements[];
  /** Object of the verb in the message. */
  what: Sentence;
}

function verdict({ name }: LayerMeasurements, { weights, what, ...found }: Found): Verdict {
  const names = joined(weights.map((weight) => [weightName(weight.name, name)]), ", ");
  const verb = weights.length === 1 ? say`has` : say`have`;
  return { ...found, layer: name, measured: 0, message: say`${names} ${verb} ${what}.` };
}

function trainedOf(weights: readonly WeightMeasurements[]): WeightMeasurements[] {
  return weights.filter(({ trainable }) => trainable);
}

/**
 * Finds frozen layers that look wrong: every layer of the model, or layers that were never trained.
 */
function frozenLayers({ layers, measurements, trained: isTrained }: Case): Verdict[] {
  const weights = measurements.layers.flatMap(({ weights }) => weights);
  if (weights.length === 0) return [];
  if (trainedOf(weights).length > 0) return untrained(layers, measurements.layers);
  // A trained network may be frozen as a whole on purpose.
  return [{
    severity: isTrained ? "warning" : "error",
    kind: "all-frozen",
    layer: null,
    measured: 0,
    expected: "a trainable weight",
    message: say`None of the model's weights is trainable (${counted(weights.length, "weight")}).`,
    fix: "Set trainable = true on the layers to train, and on the models around them.",
    ...(isTrained ? {} : { unjudged: true }),
  }];
}

function untrained(judged: LayerMeasurements[], all: LayerMeasurements[]): Verdict[] {
  const names = judged
    .filter((layer) => trainedOf(layer.weights).length === 0 && looksUntrained(layer))
    .map(({ name }) => name);
  if (names.length === 0) return [];
  const named = layerNames(names, all);
  const one = names.length === 1;
  return [{
    severity: "warning",
    kind: "frozen-untrained",
    layer: names[0],
    ...one ? {} : { layers: names },
    measured: names.length,
    expected: "trained weights in frozen layers",
    message: say`${named} ${one ? say`is` : say`are`} frozen, but ${
      one ? say`looks` : say`look`
    } untrained: the weights look freshly drawn by an initialiser.`,
    fix: say`Load the trained weights of ${named}, or set trainable = true there. Nothing to do if
      random features are intended, or if another training step trains ${
      one ? say`this layer` : say`these layers`
    }, as in a GAN.`,
  }];
}
