import type { LayerMeasurements } from "../../measure/measurements.ts";
import { isKernel } from "../../../ground/theory/weight_kinds.ts";
import { activationTraits, isSigmoid } from "../../../ground/traits/activation_traits.ts";
import { defineRule } from "../define_rule.ts";
import { atLeast, counted, figure, number, say, type Sentence, weightName } from "../say.ts";
import { falsePositives } from "../rule_documentation.ts";
import { NOTHING_TO_DO, noVerdict, type Verdict } from "../finding.ts";
import type { Case, Rule } from "../rule.ts";
import type { KernelLayer } from "../network/kernel_chain.ts";
import { isGate } from "../network/graph.ts";
import { isScored } from "../network/theory_layers.ts";
import { networkOf } from "../network/network.ts";
import type { SignalStep } from "../network/signal_path.ts";
import { lostSignal } from "./lost_signal.ts";
import {
  brokenGradient,
  DELTA_NORM,
  pathVerdict,
  softmaxUnderSum,
  undoneWords,
} from "./gradient_paths.ts";
import { rescaleFix } from "./rescale_fix.ts";
import { takesGradientAsItIs } from "./zero_gradients.ts";

/**
 * The rule `vanishing-gradients`: the signal must not die out on its way back to the first layer.
 */
export const vanishingGradients: Rule = defineRule({
  name: "vanishing-gradients",
  assertion: "assertNoVanishingGradients",
  matcher: "toHaveNoVanishingGradients",
  passes: "has no vanishing gradients",
  tags: ["signal"],
  order: 40,
  study: { order: 20, letter: "v", below: "gradients vanish", above: "gradients vanish" },
  thresholds: {
    vanishingRatio: {
      default: 1e-3,
      unit: "l2(delta) of the first hidden layer / l2(delta) of the last",
      range: [0, 1],
      source: "AUTOTRAINER (Zhang et al. 2021) compares first and last layer by 1e-3, on gradients",
      about: "Smallest signal of the first hidden layer relative to that of the last.",
    },
    vanishingRatioWarning: {
      default: 1e-2,
      unit: "l2(delta) of the first hidden layer / l2(delta) of the last",
      range: [0, 1],
      source:
        "calibrated on the even seeds of bench/trainability: 1 of 235 networks that train is between it and vanishingRatio",
      about: "Signal of the first hidden layer below which the rule warns, and fails a first " +
        "kernel with little gradient.",
    },
    vanishingStep: {
      default: 1e-2,
      unit: "rms(dJ/dW) / rms(W) of the first kernel",
      range: [0, Infinity],
      source:
        "calibrated on the even seeds of bench/trainability: of 5 networks between the two ratios, the 3 that fail and the slow one are below it; the one that trains is at 0.15",
      about: "Gradient of the first kernel, relative to the kernel, below which a weak signal is " +
        "an error.",
    },
    vanishingFloor: {
      default: 1e-7,
      unit: "mean |dJ/dW| of a kernel",
      range: [0, Infinity],
      source: "SageMaker Debugger, VanishingGradient; scale dependent, so it only warns",
      about: "Mean |dJ/dW| of a kernel below which the rule warns.",
    },
  },
  problem: "vanishing gradients",
  summary: "The first hidden layer receives a fair share of the back-propagated signal that the " +
    "last one receives.",
  formula:
    "l2(delta) of the first hidden layer / l2(delta) of the last >= vanishingRatio, and >= " +
    "vanishingRatioWarning where the gradient of the first kernel is below vanishingStep of the " +
    "kernel (a warning elsewhere), delta = " +
    "dJ/dz, over the hidden layers with a kernel (with several heads: up to the one that " +
    "sends most, and over each branch separately); no hidden layer's delta is all zero while " +
    "a gradient reaches that layer or a later one; and no head blocks the gradient, as a " +
    "softmax does that is certain of every example.",
  source:
    "Glorot & Bengio 2010; the ratio after AUTOTRAINER (Zhang et al. 2021). Weight gradients " +
    "do not show it: with small kernels the activations shrink going up while the deltas " +
    "shrink going down, and their product stays flat.",
  misleads: "A zero-initialised head sends no gradient down at step 0 but trains well: that is a " +
    "warning. A softmax head under the objective sum has no gradient at all: measure a loss. " +
    "Averaging pools divide the norm by the root of the positions they average. Adam divides a " +
    "gradient by its size, so it trains some networks that SGD cannot. A layer that blocks the " +
    "gradient is only a warning if the signal can bypass it, as in a residual block.",
  fix: "Scale the kernels to the activation (He for relu, LeCun for selu, 1 / sqrt(fan-in) for " +
    "tanh), replace sigmoid by another activation, or add normalisation or residual " +
    "connections.",
  falsePositives: falsePositives({ draws: 1600 }),
  asserts:
    "that the first hidden layer receives at least 1e-3 (`vanishingRatio`) of the signal, the " +
    "l2 norm of delta = dJ/dz, that the last hidden layer receives, or 1e-2 " +
    "(`vanishingRatioWarning`) where the gradient of the first kernel is below 1 % of the kernel " +
    "(`vanishingStep`), and that no layer blocks it completely. Weight gradients are not judged: with a small initialisation the " +
    "activations shrink going up and the deltas going down, and their product is flat over " +
    "depth. Below a zero-initialised head no layer is judged, and the assertion passes: `await " +
    "assertHealthy(model, batch)` draws such a head at random in a second pass, and sees what it hides.",
  fails: "the first layers receive too little of the signal",
  throws: "If the signal vanishes.",
  example: {
    title: "A network that passes and one that does not",
    code: `
      import { startEngine } from "@gradient-health/gradient-health/engine";
      import { exerciseModel, randomBatch } from "@gradient-health/gradient-health/model";
      import { measure } from "@gradient-health/gradient-health/measure";
      import { assertNoVanishingGradients } from "@gradient-health/gradient-health/assert";
      import { assertThrows } from "@std/assert";

      await using _engine = await startEngine();
      const model = exerciseModel({ std: 1 / Math.sqrt(20) });
      assertNoVanishingGradients(await measure(model, randomBatch(model)));
      model.dispose();

      const broken = exerciseModel({ activation: "sigmoid", std: 0.2 });
      const measurements = await measure(broken, randomBatch(broken));
      assertThrows(() => assertNoVanishingGradients(measurements));
      broken.dispose();
    `,
  },
  figure: DELTA_NORM,
  judge(subject) {
    const { warnings, heard } = softmaxUnderSum(subject);
    return heard.layers.length === 0 ? warnings : [...warnings, ...judge(heard)];
  },
});

function judge(subject: Case<Ratios | "vanishingFloor">): Verdict[] {
  const { layers, network } = subject;
  const path = network.signalPath(layers);
  const unmeasured = brokenGradient(path);
  if (unmeasured !== null) return [unmeasured];
  const lost = lostSignal(subject);
  if (lost.some(({ severity }) => severity === "error")) return lost;
  const paths = network.signalPaths(layers);
  if (paths.length > 0) {
    // These paths were judged.
    const aside = lost.map(({ unjudged: _, ...verdict }) => verdict);
    return [...aside, ...paths.flatMap((path) => loss(path, subject)), ...belowFloor(subject)];
  }
  if (lost.length > 0) return lost;
  return [
    noVerdict(
      "shallow",
      say`it has ${counted(path.length, "hidden layer")} with a kernel and a delta, and the ratio
        needs two`,
      "a measured delta in two hidden layers",
      NOTHING_TO_DO,
    ),
    ...belowFloor(subject),
  ];
}

type Ratios = "vanishingRatio" | "vanishingRatioWarning" | "vanishingStep";

/** Judges the loss of signal from the last layer of a path down to the first. */
function loss(path: SignalStep[], subject: Case<Ratios>): Verdict[] {
  const { thresholds } = subject;
  return pathVerdict(path, {
    isLoss: true,
    names: ["vanishingRatio", "vanishingRatioWarning"],
    thresholds,
    judge(_ratio, threshold) {
      const fails = threshold === "vanishingRatio" ||
        stepOf(path[0].layer) < thresholds.vanishingStep && !isMadeUpFor(path, subject);
      return {
        severity: fails ? "error" : "warning",
        kind: "path-ratio",
        fix: fix(path.map(({ layer }) => layer), subject),
      };
    },
  });
}

/** Returns the gradient of a layer's kernel relative to the kernel. */
function stepOf({ weights }: LayerMeasurements): number {
  const { values, gradients } = weights.find(isKernel)!;
  return gradients === null ? Infinity : gradients.rms / values.rms;
}

/** Rms of a gradient above which the epsilon of Adam, 1e-7, at most halves its steps. */
const FELT = 1e-7;

/** Rms of z up to which a smooth activation such as tanh counts as its tangent at 0. */
const NEAR_ZERO = 0.1;

/**
 * Returns true if an activation passes a factor on: always, as relu does; because z is so small that
 * it is a line; or about so, as gelu and swish do, whose curves are between a line and relu. Of 60
 * networks of gelu, swish and mish in PyTorch whose gradient shrinks to 0.001 to 0.01 through small
 * kernels, with z of up to 1.5, all train with AdamW.
 */
function passesFactorOn({ activation, output: { preActivations: z } }: KernelLayer): boolean {
  const traits = activationTraits(activation);
  if (traits === null || traits.homogeneous) return traits !== null;
  const { curve, range } = traits;
  const isSmooth = curve !== null && curve.kinks.length === 0;
  if (!isSmooth || curve.value(0) !== 0 || curve.derivative(0) === 0 || z === null) return false;
  return z.rms <= NEAR_ZERO || range[1] === Infinity && Math.abs(z.mean) <= z.std;
}

/**
 * Returns true if a gradient is small only because of the scale of the kernels, and the optimizer
 * divides by its size. All activations must pass factors on, as in the head of RetinaNet, whose
 * kernels are drawn with a deviation of 0.01 by design, and in a narrow Whisper, SEW or LFM2, whose
 * are drawn with 0.02.
 */
function isMadeUpFor(
  path: readonly SignalStep[],
  { measurements, network }: Case<Ratios>,
): boolean {
  const [{ layer: { weights } }] = path;
  const { kernels } = networkOf(network.measurements);
  const isFelt = (weights.find(isKernel)!.gradients?.rms ?? 0) > FELT;
  return isFelt && !takesGradientAsItIs(measurements) && path.every(({ layer }) => {
    const kernel = kernels.get(layer);
    // A table that is looked up or added is linear; queries and keys are judged by the rule attention.
    return kernel === undefined
      ? layer.kind === "embedding" || layer.kind === "merge"
      : passesFactorOn(kernel) || isScored(layer, network.graph);
  });
}

function fix(path: LayerMeasurements[], { layers, network, trained }: Case): Sentence {
  if (trained) return SHORTER;
  const onPath = new Set(path);
  const sigmoid = network.chain.some(({ activation, layer, output }) =>
    isSigmoid(activation) && onPath.has(layer) && !isGate(output, network.graph)
  );
  if (sigmoid) {
    return say`Replace sigmoid in the hidden layers by relu, tanh or selu: the slope of sigmoid is at
      most 1/4.`;
  }
  return rescaleFix(layers, network) ?? SHORTER;
}

const SHORTER = say`Add normalisation or residual connections, or make the network shallower.`;

/** Judges gradients by an absolute floor. It depends on the scale of the loss, so it only warns. */
function belowFloor({ layers, network, thresholds }: Case<"vanishingFloor">): Verdict[] {
  return layers.flatMap((row): Verdict[] => {
    const { name: layer, weights } = row;
    const scale = network.scales.get(row) ?? 1;
    return weights.flatMap((weight): Verdict[] => {
      const { name, trainable, gradients, gradientsOfUsedRows } = weight;
      const size = ((gradientsOfUsedRows ?? gradients)?.meanAbs ?? 0) / scale;
      if (!trainable || !isKernel(weight)) return [];
      if (!(size > 0 && size < thresholds.vanishingFloor)) return [];
      // Queries and keys of BERT and BART, drawn with 0.02, get 1e-9; the rule attention judges them.
      if (isScored(row, network.graph)) return [];
      const figures = { gradient: figure(size, "mean |gradient|") };
      return [{
        severity: "warning",
        kind: "floor",
        layer,
        measured: size,
        expected: atLeast(thresholds.vanishingFloor),
        threshold: "vanishingFloor",
        figures,
        message: say`The gradient of ${weightName(name, layer)} is tiny: its mean size is
          ${figures.gradient}${undoneWords(scale === 1)}, below
          ${number(thresholds.vanishingFloor)} (vanishingFloor).`,
        fix: "Compare with the other layers: a small loss makes all gradients small, which " +
          "does no harm; with SGD, raise the learning rate.",
      }];
    });
  });
}
