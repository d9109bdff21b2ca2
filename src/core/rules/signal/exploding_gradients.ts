import type { LayerMeasurements, Measurements } from "../../measure/measurements.ts";
import { absorbsInputScale, flatRowsBetween, flatRowsFix } from "../network/normalizing.ts";
import { defineRule } from "../define_rule.ts";
import {
  atMost,
  exactFigure,
  exactly,
  figure,
  joined,
  layerName,
  NOTHING,
  number,
  say,
  type Sentence,
  weightName,
} from "../say.ts";
import { falsePositives } from "../rule_documentation.ts";
import type { Verdict } from "../finding.ts";
import { networkOf } from "../network/network.ts";
import type { NetworkView } from "../network/network_view.ts";
import type { SignalStep } from "../network/signal_path.ts";
import { isGating, isNormalised } from "../network/theory_layers.ts";
import type { Case, Rule } from "../rule.ts";
import { lostSignal } from "./lost_signal.ts";
import { DELTA_NORM, pathVerdict, softmaxUnderSum } from "./gradient_paths.ts";
import { rescaleFix } from "./rescale_fix.ts";
import { takesGradientAsItIs } from "./zero_gradients.ts";

/** Smallest rms of data that are out of scale. Sensible data stay below 10. */
const OUT_OF_SCALE = 30;

/**
 * Finds the largest entry of a gradient if the loss is a mean. It is AUTOTRAINER's sign of
 * exploding training. Adam copes if the cause is a layer or the targets, but not if it is the
 * inputs, which do not change.
 */
function largeEntry(
  { layers, measurements, network, thresholds: { explodingEntry } }: Case<"explodingEntry">,
): Verdict[] {
  if ((measurements.batch.targets ?? []).length === 0) return [];
  const large = layers.flatMap((row) =>
    row.weights.flatMap(({ name, trainable, gradients }) =>
      trainable && gradients !== null && gradients.nonFinite === 0 &&
        gradients.maxAbs > explodingEntry
        ? [{ row, layer: row.name, name, size: gradients.maxAbs }]
        : []
    )
  );
  if (large.length === 0) return [];
  const unscaled = unscaledData(measurements, network);
  const felt = unscaled === null
    ? large.filter(({ row }) => !isNormalised(row, network.graph, ["passesOn"]))
    : large;
  const isAbsorbed = felt.length === 0;
  const largest = (isAbsorbed ? large : felt).reduce((a, b) => b.size > a.size ? b : a);
  const isError = unscaled !== null && (unscaled.stays || takesGradientAsItIs(measurements));
  const expected = atMost(explodingEntry);
  const figures = { gradient: figure(largest.size, "max |gradient|") };
  return [{
    severity: severityOf({ isError, isAbsorbed }),
    kind: unscaled === null ? "entry" : "unscaled-data",
    layer: largest.layer,
    measured: largest.size,
    expected,
    threshold: "explodingEntry",
    figures,
    message: say`The largest |gradient| of ${
      weightName(largest.name, largest.layer)
    } is ${figures.gradient}${
      unscaled === null ? NOTHING : say`, and ${unscaled.what}`
    }; expected ${expected} (explodingEntry).`,
    fix: unscaled === null
      ? "Draw the kernels at a smaller scale, or clip the gradients."
      : unscaled.fix,
  }];
}

/**
 * Returns the severity of a large entry. A kernel before a normalisation grows with its steps, which
 * makes the next ones smaller (Arora et al. 2019).
 */
function severityOf({ isError, isAbsorbed }: { isError: boolean; isAbsorbed: boolean }) {
  const mild = isAbsorbed ? "note" : "warning";
  return isError ? "error" : mild;
}

/** Data that are out of scale. */
interface Unscaled {
  what: Sentence;
  fix: Sentence;
  /**
   * True if Adam does not cope. Large targets that Adam cannot cope with are reported by
   * target-normalized.
   */
  stays: boolean;
}

/** Returns the data that are out of scale, targets first, or `null`. */
function unscaledData({ batch }: Measurements, network: NetworkView): Unscaled | null {
  const target = batch.targets!.find(({ values, classes }) =>
    classes === undefined && values.rms > OUT_OF_SCALE
  );
  if (target !== undefined) {
    return {
      what: say`the rms of the targets is ${figure(target.values.rms, "target")}`,
      fix: say`Subtract the mean of the targets over the training set, divide by their standard
        deviation, and undo both after predict.`,
      stays: false,
    };
  }
  if (absorbsInputScale(network)) return null;
  const input = batch.perInput.find(({ values, dtype, lookedUp, scaledBy }) =>
    dtype !== "int32" && !lookedUp && scaledBy === undefined && values.rms > OUT_OF_SCALE
  );
  return input === undefined ? null : {
    what: say`the rms of the input "${input.name}" is ${figure(input.values.rms, "x")}`,
    fix: say`Subtract the mean of each feature over the training set and divide by its standard
      deviation.`,
    stays: true,
  };
}

/** Finds gradients whose global l2 norm is too large. */
function globalNorm({ layers, thresholds }: Case<"explodingGlobalNorm">): Verdict[] {
  const squares = new Map<string, number>();
  for (const { weights } of layers) {
    // Keyed by name, so that a weight shared by two layers counts once.
    for (const { name, trainable, gradients } of weights) {
      if (trainable && gradients !== null) squares.set(name, gradients.l2 ** 2);
    }
  }
  const norm = Math.sqrt(squares.values().reduce((sum, square) => sum + square, 0));
  if (norm <= thresholds.explodingGlobalNorm) return [];
  const expected = atMost(thresholds.explodingGlobalNorm);
  const figures = { norm: figure(norm, "l2 of all gradients") };
  return [{
    severity: "error",
    kind: "global-norm",
    layer: null,
    measured: norm,
    expected,
    threshold: "explodingGlobalNorm",
    figures,
    message: say`The l2 norm of all gradients together is ${figures.norm}; expected ${expected}
      (explodingGlobalNorm).`,
    fix: "Average the loss over the batch instead of adding it up, or clip the gradients.",
  }];
}

/** The rule `exploding-gradients`: the signal must not grow without bound on its way back. */
export const explodingGradients: Rule = defineRule({
  name: "exploding-gradients",
  assertion: "assertNoExplodingGradients",
  matcher: "toHaveNoExplodingGradients",
  passes: "has no exploding gradients",
  tags: ["signal"],
  order: 50,
  study: { order: 30, letter: "e", below: "gradients explode", above: "gradients explode" },
  thresholds: {
    explodingRatio: {
      default: 1e3,
      unit: "l2(delta) of the first hidden layer / l2(delta) of the last",
      range: [1, Infinity],
      source: "the inverse of vanishingRatio; AUTOTRAINER uses 70, on norms of weight gradients",
      about: "Largest signal of the first hidden layer relative to that of the last.",
    },
    explodingRatioWarning: {
      default: 100,
      unit: "l2(delta) of the first hidden layer / l2(delta) of the last",
      range: [1, Infinity],
      source:
        "calibrated on the even seeds of bench/trainability: none of 235 networks that train is between it and explodingRatio; the sensible ones reach 44",
      about: "Signal of the first hidden layer relative to that of the last above which the rule " +
        "warns.",
    },
    explodingEntry: {
      default: 70,
      unit: "largest |dJ/dw|, under a loss",
      range: [0, Infinity],
      source: "AUTOTRAINER (Zhang et al. 2021)",
      about: "Entry of a gradient above which the rule warns; an error if inputs are out of scale.",
    },
    explodingGlobalNorm: {
      default: Infinity,
      unit: "l2 norm of all trainable gradients",
      range: [0, Infinity],
      source: "off by default because it scales with the loss; 100 is a usual limit",
      about: "Largest l2 norm of the gradients of all trainable weights together.",
    },
  },
  problem: "exploding gradients",
  summary:
    "The first hidden layer receives no more than a bounded multiple of the signal that the " +
    "last one receives, and no recurrent layer amplifies its own signal by more than that " +
    "through time.",
  formula:
    "l2(delta) of the first hidden layer / l2(delta) of the last <= explodingRatio, over the " +
    "hidden layers with a kernel (with several heads: up to the one that sends most, and over " +
    "each branch separately); l2(delta) over all steps of a recurrent layer / l2(dJ/da) of " +
    "its output <= explodingRatio; and l2 of all trainable gradients <= explodingGlobalNorm. " +
    "It warns if the first ratio is above explodingRatioWarning, or, under a loss, an entry of a " +
    "gradient above explodingEntry.",
  source: "Pascanu et al. 2013; the ratio is the inverse of the one for vanishing.",
  misleads: "If a normalisation follows every kernel, growth is only a note up to ten times " +
    "explodingRatio, because such networks train. Gates are left out. " +
    "The trained scale of a residual branch, LayerScale for instance, is undone before layers are " +
    "compared. " +
    "The rule cannot tell what a recurrent layer loses through time: the first of many steps " +
    "usually counts for little. A layer normalisation multiplies the gradient of rows that do not " +
    "vary, padding for instance, by up to 1 / sqrt(epsilon); where that explains the growth, it is a " +
    "warning unless the model is compiled with SGD or Momentum. The global norm scales with the loss, and so with the batch " +
    "under the objective sum: it is off by default. " +
    "A large entry of a gradient before a normalisation is a note, because the kernel grows with its " +
    "steps; elsewhere it is a warning, because Adam corrects a kernel that is too large; with " +
    "inputs whose rms is above 30 it is an error, and with such targets under SGD or Momentum.",
  fix: "Scale the kernels to the activation (He for relu, LeCun for selu, 1 / sqrt(fan-in) for " +
    "tanh), add normalisation, or clip gradients in recurrent networks.",
  falsePositives: falsePositives(
    { draws: 1600 },
    "0 errors on 189 SimpleRNN, GRU and LSTM layers with the initialisers of TensorFlow.js, " +
      "over 5 to 200 steps.",
  ),
  asserts:
    "that the first hidden layer receives at most 1e3 times (`explodingRatio`) the signal, the l2 " +
    "norm of delta = dJ/dz, that the last hidden layer receives, and that no recurrent layer " +
    "multiplies its own signal by more than that on the way through time; that no entry of a " +
    "gradient under a loss is above 70 (`explodingEntry`) where inputs are out of scale; and, if " +
    "`explodingGlobalNorm` is given, that the norm of all gradients together stays below it.",
  fails: "the first layers receive too much of it",
  throws: "If the signal explodes.",
  example: {
    title: "A network that passes and one that does not",
    code: `
      import { startEngine } from "@gradient-health/gradient-health/engine";
      import { exerciseModel, randomBatch } from "@gradient-health/gradient-health/model";
      import { measure } from "@gradient-health/gradient-health/measure";
      import { assertNoExplodingGradients } from "@gradient-health/gradient-health/assert";
      import { assertThrows } from "@std/assert";

      await using _engine = await startEngine();
      const model = exerciseModel({ std: 1 / Math.sqrt(20) });
      assertNoExplodingGradients(await measure(model, randomBatch(model)));
      model.dispose();

      const broken = exerciseModel({ activation: "relu", std: 2 });
      const measurements = await measure(broken, randomBatch(broken));
      assertThrows(() => assertNoExplodingGradients(measurements));
      broken.dispose();
    `,
  },
  figure: DELTA_NORM,
  judge(subject) {
    const { warnings, heard } = softmaxUnderSum(subject);
    const overflown = overflow(heard);
    const grown = overflown.length > 0 ? overflown : [
      ...unheard(heard),
      ...heard.network.signalPaths(heard.layers).flatMap((path) => growth(path, heard)),
      ...heard.layers.flatMap((layer) => growthThroughTime(layer, heard)),
    ];
    return [...warnings, ...grown, ...largeEntry(heard), ...globalNorm(heard)];
  },
});

/** Returns a verdict if no gradient was sent, so that none could explode. */
function unheard(heard: Case): Verdict[] {
  if (heard.network.signalPath(heard.layers).some(({ signal }) => signal > 0)) return [];
  const lost = lostSignal(heard).find(({ unjudged }) => unjudged);
  return lost === undefined ? [] : [{ ...lost, severity: "note" }];
}

/**
 * Reports overflowed deltas. They have exploded, or are NaN from elsewhere; either way they must
 * not pass.
 */
function overflow({ layers, network }: Case): Verdict[] {
  return network.signalPath(layers)
    .filter(({ layer }) => layer.preActivationGradients!.nonFinite > 0)
    .map(({ layer: { name, preActivationGradients: delta } }) => {
      const figures = {
        nonFinite: exactFigure(delta!.nonFinite, "entries"),
        entries: exactFigure(delta!.count, "entries"),
      };
      return {
        severity: "error",
        kind: "overflow",
        layer: name,
        measured: delta!.nonFinite,
        expected: exactly(0, { unit: "NaN or infinite entries" }),
        figures,
        message: say`The delta of ${layerName(name)} has ${figures.nonFinite} NaN or infinite
          entries of ${figures.entries}.`,
        fix: "See the rule non-finite, which names the place where it begins.",
      };
    });
}

/**
 * A batch normalisation enlarges the gradient by about sqrt(pi / (pi - 1)) = 1.21 per relu layer
 * (Yang et al. 2019). It also makes up for that, because the kernel before it may have any size:
 * dense networks of 40 and 45 such layers, with ratios of 3502 and 7418, learn with Adam at its
 * usual rates; one of 60, with 1.65e5, only at 0.01. So if a normalisation follows every kernel, a
 * ratio is an error only above `explodingRatio` times this factor.
 */
const NORMALIZED = 10;

/** Outputs below this rms are drawn small on purpose; other networks have 0.2 and more. */
const SMALL = 0.1;

/**
 * Undoes the growth at a first layer of small outputs that only normalisations read, such as an embedding
 * drawn with 1e-4: they multiply its gradient by what they multiply its outputs by.
 */
function withoutScale(step: SignalStep, { graph }: NetworkView): SignalStep {
  const size = step.layer.preActivations?.rms ?? 1;
  return size < SMALL && isNormalised(step.layer, graph)
    ? { ...step, signal: step.signal * size }
    : step;
}

/** Judges the growth from the last layer of a path down to the first. */
function growth(
  whole: SignalStep[],
  { layers, measurements, network, thresholds, trained }: Case<
    "explodingRatio" | "explodingRatioWarning"
  >,
): Verdict[] {
  const { explodingRatio, explodingRatioWarning } = thresholds;
  const { kernels } = networkOf(measurements);
  const path = whole.filter(({ layer }) => !isGating(layer, network.graph))
    .map((step, i) => i === 0 ? withoutScale(step, network) : step);
  if (path.length < 2) return [];
  return pathVerdict(path, {
    isLoss: false,
    names: ["explodingRatio", "explodingRatioWarning"],
    thresholds,
    judge(ratio) {
      const isNormalized = path.every(({ layer }) =>
        kernels.get(layer)?.normalized || isNormalised(layer, network.graph)
      );
      const errorLimit = isNormalized ? NORMALIZED * explodingRatio : explodingRatio;
      const flat = flatRowsBetween(path[0].layer, path[path.length - 1].layer, network);
      const isOfRows = flat !== null && ratio <= explodingRatioWarning * flat.factor;
      const isError = ratio > errorLimit && !(isOfRows && !takesGradientAsItIs(measurements));
      const isExpected = isNormalized && !isOfRows && ratio <= errorLimit;
      const mild = isExpected ? "note" : "warning";
      return {
        severity: isError ? "error" : mild,
        kind: isOfRows ? "flat-rows" : "path-ratio",
        fix: (isOfRows ? flatRowsFix(flat) : null) ??
          (trained ? null : rescaleFix(layers, network, { onlySmaller: true })) ??
          (isNormalized
            ? "Add residual connections, make the network shallower, or clip the gradients."
            : "Add normalisation, make the network shallower, or clip the gradients."),
      };
    },
  });
}

/**
 * Judges the growth from the last step of a recurrent layer down to the first. A layer that keeps
 * the whole signal has about sqrt(steps); tanh, GRU and LSTM as TensorFlow.js draws them have about
 * 1 over 200 steps.
 */
function growthThroughTime(
  layer: LayerMeasurements,
  { network, thresholds, trained }: Case<"explodingRatio">,
): Verdict[] {
  const { name, activationGradients: sent, preActivationGradients: delta } = layer;
  const kernels = network.recurrentKernels.filter((kernel) => kernel.layer === layer);
  if (kernels.length === 0 || sent === null || delta === null) return [];
  if (sent.nonFinite > 0 || delta.nonFinite > 0) return [];
  const ratio = delta.l2 / sent.l2;
  if (!(sent.l2 > 0) || ratio <= thresholds.explodingRatio) return [];
  const expected = atMost(thresholds.explodingRatio);
  const figures = {
    ratio: figure(ratio, "l2 of delta over all steps / l2 of dJ/da"),
    delta: figure(delta.l2, "l2 of delta over all steps"),
    sent: figure(sent.l2, "l2 of dJ/da"),
  };
  return [{
    severity: "error",
    kind: "through-time",
    layer: name,
    measured: ratio,
    expected,
    threshold: "explodingRatio",
    figures,
    message: say`The gradient grows on its way back through time: ${layerName(name)} multiplies the
      signal that it receives by ${figures.ratio} (l2 of delta over all steps ${figures.delta}
      against ${figures.sent} of dJ/da); expected ${expected} (explodingRatio).`,
    fix: trained ? "Clip the gradients, or shorten the sequences." : say`Draw ${
      joined(
        kernels.map(({ kernel, deviation }) =>
          say`${weightName(kernel.name, name)} with a standard deviation of ${number(deviation)}`
        ),
        " and ",
      )
    }, as orthogonal initialisation does, or clip the gradients, or shorten the sequences.`,
  }];
}
