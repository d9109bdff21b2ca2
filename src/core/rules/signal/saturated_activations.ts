import type { LayerMeasurements } from "../../measure/measurements.ts";
import { defineRule } from "../define_rule.ts";
import {
  atLeast,
  atMost,
  exactFigure,
  figure,
  layerName,
  number,
  once,
  say,
  shareFigure,
} from "../say.ts";
import { falsePositives } from "../rule_documentation.ts";
import type { Verdict } from "../finding.ts";
import type { Rule } from "../rule.ts";
import { stuckAt } from "../statistics.ts";
import { rescaleFix, unscaledInputs } from "./rescale_fix.ts";

/**
 * Returns true if the signal must pass through a layer: in a cell it also passes through the gates.
 * The loss corrects a saturated head, and vanishing-gradients reports one that sends no gradient
 * down.
 */
const mustPass = ({ role, kind }: LayerMeasurements) => role === "hidden" && kind !== "cell";

/** The rule `saturated-activations`: bounded activations must not stay where they have no slope. */
export const saturatedActivations: Rule = defineRule({
  name: "saturated-activations",
  assertion: "assertActivationsNotSaturated",
  matcher: "toHaveNoSaturatedActivations",
  passes: "has no saturated activations",
  tags: ["signal"],
  order: 80,
  study: { order: 40, letter: "s", below: "units saturate", above: "units saturate" },
  thresholds: {
    saturatedFraction: {
      default: 0.5,
      unit: "share of a layer's entries",
      range: [0, 1],
      source: "SageMaker Debugger, TanhSaturation and SaturatedActivation",
      about: "Largest share of a layer's entries that can be saturated.",
    },
    saturatedFractionWarning: {
      default: 0.25,
      unit: "share of a layer's entries",
      range: [0, 1],
      source: "Karpathy, makemore part 3: tanh with |a| > 0.97",
      about: "Share of saturated entries in a layer above which the rule warns.",
    },
    minEntries: {
      default: 8,
      unit: "entries (units times examples)",
      range: [1, Infinity],
      source: "own: on fewer entries the step between two shares exceeds 1/8",
      about: "Fewest entries of a layer on which the rule gives a verdict.",
    },
  },
  problem: "saturated activations",
  milderWhenTrained: true,
  summary: "No layer with a bounded activation has more than half of its entries where the " +
    "activation passes almost no gradient.",
  formula: "share of the entries with |phi'(z)| < 0.06 sup |phi'| <= saturatedFraction (tanh: " +
    "|a| > 0.97; sigmoid: a < 0.015 or > 0.985).",
  source:
    "Karpathy's makemore for |a| > 0.97 of tanh, extended to any bounded activation through " +
    "its derivative; SageMaker Debugger for the share.",
  misleads: "A trained classifier saturates its head on purpose: in a " +
    "trained network the rule only warns, and on random inputs it only notes. It only warns of a head, which its loss leads back, and of the cell of a recurrent layer, which has other ways. Gates of " +
    "an LSTM can be open or shut. On one example, few units give a coarse share.",
  fix: "Scale the kernels down to 1 / sqrt(fan-in), and normalise the inputs first if the first " +
    "layer is the saturated one.",
  falsePositives: falsePositives({ draws: 1600 }),
  asserts: "that no layer with a bounded activation has more than half (`saturatedFraction`) of " +
    "its entries where |phi'(z)| < 0.06 sup |phi'|: for tanh, |a| > 0.97.",
  fails: "more than half of a layer's outputs are stuck at the limits of its activation",
  throws: "If a layer is saturated.",
  example: {
    title: "A network that passes and one that does not",
    code: `
      import { startEngine } from "@gradient-health/gradient-health/engine";
      import { exerciseModel, randomBatch } from "@gradient-health/gradient-health/model";
      import { measure } from "@gradient-health/gradient-health/measure";
      import { assertActivationsNotSaturated } from "@gradient-health/gradient-health/assert";
      import { assertThrows } from "@std/assert";

      await using _engine = await startEngine();
      const model = exerciseModel({ std: 1 / Math.sqrt(20) });
      assertActivationsNotSaturated(await measure(model, randomBatch(model)));
      model.dispose();

      const broken = exerciseModel({ std: 200 });
      const measurements = await measure(broken, randomBatch(broken));
      assertThrows(() => assertActivationsNotSaturated(measurements));
      broken.dispose();
    `,
  },
  figure: {
    title: "share of saturated entries",
    scale: "linear",
    of: ({ saturatedFraction }) => saturatedFraction,
  },
  judge({ layers, measurements, network, thresholds, trained }) {
    const rescale = once(() => rescaleFix(layers, network, { onlySmaller: true }));
    return layers.flatMap((layer): Verdict[] => {
      const { name, activation } = layer;
      const share = openShare(layer);
      // A one-sided activation (relu6) is at 0 half of the time and is judged by dead-units.
      if (share === null || layer.deadFraction !== null) return [];
      const entries = (layer.preActivations ?? layer.activations)?.count ?? 0;
      if (entries < thresholds.minEntries) {
        return [{
          severity: "note",
          kind: "few-entries",
          layer: name,
          measured: share,
          expected: atLeast(thresholds.minEntries, { unit: "entries" }),
          threshold: "minEntries",
          figures: { entries: exactFigure(entries, "entries") },
          message: say`No verdict for ${layerName(name)}: ${number(entries, "exact")} entries are
            too few to judge a share (minEntries ${number(thresholds.minEntries, "exact")}).`,
          fix: "Measure on a larger batch.",
        }];
      }
      const fails = share > thresholds.saturatedFraction;
      if (!fails && share <= thresholds.saturatedFractionWarning) return [];
      const threshold = fails ? "saturatedFraction" : "saturatedFractionWarning";
      const limit = thresholds[threshold];
      const figures = {
        saturated: shareFigure(share, "share of the layer's entries"),
        z: figure(layer.preActivations?.rms ?? NaN, "rms(z)"),
      };
      const unscaled = layer.depth === 1 ? unscaledInputs(measurements) : null;
      return [{
        severity: fails && mustPass(layer) ? "error" : "warning",
        kind: "saturated",
        layer: name,
        measured: share,
        expected: atMost(limit),
        threshold,
        figures,
        message: say`${figures.saturated} of the ${activation ?? "bounded"} outputs of
          ${layerName(name)} are stuck ${stuckAt(activation)}, so they pass almost no gradient (rms
          of z ${figures.z}); expected <= ${number(limit, "percent")} (${threshold}).`,
        fix: trained
          ? "Check that the inputs are scaled as they were in training."
          : unscaled ?? rescale() ??
            say`Normalise what goes into ${layerName(name)}, draw its kernels smaller, or bring its
              biases nearer to 0.`,
      }];
    });
  },
});

/**
 * Returns the saturated share of the entries that no mask closes by -Infinity. An overflow is
 * reported by the rule non-finite.
 */
function openShare({ saturatedFraction, preActivations }: LayerMeasurements): number | null {
  if (saturatedFraction === null || preActivations === null) return saturatedFraction;
  const { count, nonFinite } = preActivations;
  if (nonFinite === 0) return saturatedFraction;
  return nonFinite === count
    ? null
    : Math.max(0, saturatedFraction * count - nonFinite) / (count - nonFinite);
}
