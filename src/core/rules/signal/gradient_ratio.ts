import type { LayerMeasurements } from "../../measure/measurements.ts";
import { defineRule } from "../define_rule.ts";
import { between, figure, layerName, say } from "../say.ts";
import { falsePositives } from "../rule_documentation.ts";
import { NOTHING_TO_DO, noVerdict, type Verdict } from "../finding.ts";
import { type Network, networkOf } from "../network/network.ts";
import {
  CHANCE,
  isNormalised,
  isWithin,
  signalOf,
  theoryLayers,
} from "../network/theory_layers.ts";
import type { Rule } from "../rule.ts";
import { signalDies } from "./signal_dies.ts";
import { brokenGradient, DELTA_NORM, softmaxUnderSum } from "./gradient_paths.ts";

/** Smallest number of units for which the factor applies unchanged. */
const WIDE = 128;

/** The rule `gradient-ratio`: from layer to layer the signal changes as theory predicts. */
export const gradientRatio: Rule = defineRule({
  name: "gradient-ratio",
  assertion: "assertGradientRatioNear",
  matcher: "toHaveGradientRatioNearTheory",
  passes: "has gradients that change from layer to layer as theory says",
  tags: ["weights", "signal"],
  assertionFailsOnWarnings: ["too-small", "too-large"],
  order: 60,
  thresholds: {
    gradientRatioFactor: {
      default: 2,
      unit: "squared l2(delta) / its prediction",
      range: [1, Infinity],
      source:
        "Schoenholz et al. 2017 for chi; simulation: over 50 draws each of tanh, selu and relu " +
        "networks of depth 5 to 30 and 128 units the largest factor is 1.84",
      about:
        "Largest factor between the squared norm of delta and what theory makes of the deltas " +
        "above it, up or down.",
    },
    minWidth: {
      default: 64,
      unit: "units",
      range: [1, Infinity],
      source: "own: mean-field theory holds for wide layers; single draws vary as 1 / sqrt(width)",
      about: "Fewest units of a layer that is judged.",
    },
  },
  problem: "gradients that do not change from layer to layer as theory predicts",
  stage: "initial",
  summary: "From each hidden layer to the one below it, the squared norm of delta changes by the " +
    "factor chi that theory predicts for the kernel and the activation.",
  formula: "1 / f <= l2(delta)^2 / prediction <= f. In a chain the prediction is chi times the " +
    "squared delta above, chi = sigma_w^2 E[phi'(z)^2] over a normal z with the measured mean and " +
    "mean square, sigma_w the rms of the kernel above times the root of its fan-in; elsewhere it " +
    "sums what arrives from all readers. f = gradientRatioFactor for layers of 128 units or more, " +
    "gradientRatioFactor^sqrt(128 / units) for narrower ones, or exp(6 s) if that is larger, with s " +
    "the standard deviation of ln rms(delta) over draws.",
  source: "Schoenholz et al. 2017.",
  misleads: "Theory is about wide random layers: trained kernels and kernels that are not drawn " +
    "independently deviate from it. A kernel right before a normalisation is left out: of few " +
    "inputs, single units decide. Layers below 64 units vary too much and are skipped. " +
    "A finding is an error only if the measured signal dies.",
  fix: "Look for biases or inputs that push z to one side, a kernel whose entries are not drawn " +
    "independently, or an operation whose gradient is not its derivative.",
  falsePositives: falsePositives({ draws: 1600 }),
  asserts:
    "that from each hidden layer to the one below it the squared l2 norm of delta changes by the " +
    "factor chi = sigma_w^2 E[phi'(z)^2] of mean-field theory, within a factor of 2 " +
    "(`gradientRatioFactor`), or of 2^sqrt(128 / units) in layers of fewer than 128 units. Judges " +
    "every layer with a kernel that theory describes and at least 64 units (`minWidth`), in a " +
    "network of any graph.",
  fails: "deltas change from layer to layer by a factor other than the one that theory predicts",
  throws: "If a ratio is off.",
  example: {
    title: "A network that passes",
    code: `
      import { startEngine } from "@gradient-health/gradient-health/engine";
      import { exerciseModel, randomBatch } from "@gradient-health/gradient-health/model";
      import { measure } from "@gradient-health/gradient-health/measure";
      import { assertGradientRatioNear } from "@gradient-health/gradient-health/assert";

      await using _engine = await startEngine();
      const model = exerciseModel({ width: 64, std: 1 / 8 });
      assertGradientRatioNear(await measure(model, randomBatch(model)));
      model.dispose();
    `,
  },
  figure: DELTA_NORM,
  judge(subject) {
    const { measurements, thresholds } = subject;
    const network = networkOf(measurements);
    const judged = theoryLayers(network);
    // Reported once, for this rule and those about balance and activations.
    const none = undescribed(judged, network);
    if (none !== null) return [none];
    // Rounding errors have no size to judge; earlier rules report them.
    const { warnings, heard: { layers } } = softmaxUnderSum(subject);
    const unmeasured = brokenGradient(network.signalPath(layers));
    if (unmeasured !== null) return [unmeasured];
    if (warnings.some(({ unjudged }) => unjudged)) {
      return warnings.map((verdict): Verdict => ({ ...verdict, severity: "note" }));
    }
    const units = new Map(network.chain.map(({ layer, units }) => [layer, units]));
    // A normalisation divides each unit by its own deviation: with few inputs, single units decide.
    const described = judged.filter((layer) =>
      layers.includes(layer) && !handsStateOn(layer, network) &&
      !isNormalised(layer, network.graph, ["passesOn"])
    );
    return described.flatMap((layer): Verdict[] => {
      const measured = signalOf(layer);
      const prediction = network.theory.local.get(layer.name);
      const predicted = prediction?.deltas ?? 0;
      const width = units.get(layer) ?? layer.shape?.at(-1) ?? 0;
      if (measured === null || !(predicted > 0) || width < thresholds.minWidth) return [];
      const off = measured / predicted;
      const limit = Math.max(
        thresholds.gradientRatioFactor ** spread(width),
        Math.exp(2 * CHANCE * prediction!.doubt.deltas),
      );
      if (isWithin(off, limit)) return [];
      const expected = between(1 / limit, limit);
      const figures = { factor: figure(off, "|delta|^2 / predicted |delta|^2") };
      const name = layerName(layer.name);
      return [{
        severity: signalDies(subject) ? "error" : "warning",
        kind: off < 1 ? "too-small" : "too-large",
        layer: layer.name,
        measured: off,
        expected,
        threshold: "gradientRatioFactor",
        figures,
        message: say`The gradient of ${name} is not the size that theory predicts: the squared norm
          of delta is ${figures.factor} times what follows from the deltas above it; expected
          ${expected} times (gradientRatioFactor).`,
        fix: say`Check what pushes z of ${name} to one side (biases, inputs), the kernels that it
          feeds, and the gradients in between.`,
      }];
    });
  },
});

/** Returns a note if theory describes no hidden layer of the network, else `null`. */
function undescribed(judged: readonly LayerMeasurements[], network: Network): Verdict | null {
  const { layers, theory: { local } } = network;
  const hidden = layers.filter(({ role, weights }) => role === "hidden" && weights.length > 0);
  if (hidden.length === 0 || judged.some(({ name }) => local.has(name))) return null;
  const [{ name, className }] = hidden;
  return noVerdict(
    "no-theory",
    say`theory knows none of the hidden layers with weights, the first of which is
      ${layerName(name)} (${className})`,
    "a hidden layer that theory describes",
    NOTHING_TO_DO,
  );
}

/**
 * Returns true if a recurrent layer hands its state to another, as an encoder does: theory follows
 * the gradient of its outputs, but not that of the state of its cell.
 */
function handsStateOn(layer: LayerMeasurements, { graph }: Network): boolean {
  return layer.kind === "recurrent" &&
    graph.outputsOf(layer).some((reader) =>
      reader.kind === "recurrent" &&
      graph.inputsOf(reader).length + (reader.reads ?? []).length > 1
    );
}

/**
 * Returns the extra allowance of a narrow layer: the logarithm of a ratio spreads as 1 /
 * sqrt(width).
 */
function spread(width: number): number {
  return Math.max(1, Math.sqrt(WIDE / width));
}
