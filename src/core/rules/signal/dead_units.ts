import type { LayerMeasurements } from "../../measure/measurements.ts";
import { formatPercent } from "../../../ground/words/numbers.ts";
import { defineRule } from "../define_rule.ts";
import {
  atMost,
  exactFigure,
  layerName,
  lessThan,
  NOTHING,
  number,
  say,
  type Sentence,
  shareFigure,
} from "../say.ts";
import { falsePositives } from "../rule_documentation.ts";
import type { NetworkView } from "../network/network_view.ts";
import { hasFreshKernels } from "../network/biases_of.ts";
import { isReachedBelow } from "./zero_gradients.ts";
import { tooFewExamples } from "../finding.ts";
import type { Rule } from "../rule.ts";
import { MIN_EXAMPLES } from "../rule_options.ts";
import { networkOf } from "../network/network.ts";

/** The rule `dead-units`: one-sided activations must fire for some example of the batch. */
export const deadUnits: Rule = defineRule({
  name: "dead-units",
  assertion: "assertNoDeadUnits",
  matcher: "toHaveNoDeadUnits",
  passes: "has no dead units",
  tags: ["signal"],
  order: 90,
  assertionFailsOnWarnings: ["all-off"],
  study: { order: 50, letter: "d", below: "units die", above: "units die" },
  thresholds: {
    deadFraction: {
      default: 0.5,
      unit: "share of a layer's units",
      range: [0, 1],
      source: "SageMaker Debugger, DeadRelu",
      about: "Largest share of a layer's units that can be off on the whole batch.",
    },
    deadFractionWarning: {
      default: 0.2,
      unit: "share of a layer's units",
      range: [0, 1],
      source: "torchdiag",
      about: "Share of dead units in a layer above which the rule warns.",
    },
    ...MIN_EXAMPLES,
  },
  problem: "dead units",
  milderWhenTrained: true,
  summary:
    "No layer with a one-sided activation has more than half of its units off on the whole " +
    "batch, apart from those that similar examples or depth explain.",
  formula:
    "share <= deadFraction + e, and share < 1, where share is the share of units (last axis; " +
    "channels of a convolution) with phi'(z) = 0 at every entry of the batch. In an untrained " +
    "relu or relu6 layer (biases constant and not negative, mean of the kernel 0 up to " +
    "chance), similar examples leave as many units always on as always off. There e is the " +
    "share that is always on, share - (2 off - 1), with off the share of entries that are " +
    "off; and 3 / sqrt(units), three standard deviations of chance, replaces deadFraction if " +
    "it is smaller. In other dense relu layers in a chain, e is (1 - deadFraction) times the " +
    "share that wide layers have at that depth on that many examples. Elsewhere e is 0.",
  source:
    "SageMaker Debugger, DeadRelu (> 50 %); torchdiag (> 20 %); Cho & Saul 2009 for the share " +
    "that depth explains; own, by symmetry, for the share that similar examples explain.",
  misleads:
    "Below 8 examples there is no verdict: half of the healthy ReLU units are off on any one " +
    "example. In a trained network the rule warns at most, and on random inputs it only notes. A " +
    "trained network on a batch of near-equal examples, and narrow layers of such a network, show " +
    "more dead units than a larger, more varied batch would. The rule mistakes a trained network " +
    "without biases for an untrained one. A layer whose units are all off is only a warning if " +
    "the signal can bypass it, as in a residual block.",
  fix: "Lower the learning rate or the bias that pushed the units off, initialise biases with 0 " +
    "and kernels with He, or use leaky relu or elu.",
  falsePositives: falsePositives(
    { draws: 1600 },
    "Deep relu networks of 64 units: 0 errors, and of 100 each 0 warnings with 10 layers, 1 " +
      "with 20 and 2 with 30. 0 warnings on 100 networks with 5 layers of 20 units.",
  ),
  asserts:
    "that no layer with a one-sided activation (relu and similar) has all of its units off on " +
    "every example of the batch, or more than half (`deadFraction`) apart from those that " +
    "similar examples or depth explain. Below 8 examples (`minExamples`) there is no verdict, " +
    "and the assertion passes.",
  fails: "more than half of a layer's units are off on the whole batch",
  throws: "If a layer has too many dead units.",
  example: {
    title: "A network that passes",
    code: `
      import { startEngine } from "@gradient-health/gradient-health/engine";
      import { exerciseModel, randomBatch } from "@gradient-health/gradient-health/model";
      import { measure } from "@gradient-health/gradient-health/measure";
      import { assertNoDeadUnits } from "@gradient-health/gradient-health/assert";

      await using _engine = await startEngine();
      const model = exerciseModel({ std: 1 / Math.sqrt(20) });
      assertNoDeadUnits(await measure(model, randomBatch(model)));
      model.dispose();
    `,
  },
  figure: { title: "share of dead units", scale: "linear", of: ({ deadFraction }) => deadFraction },
  judge({ layers, measurements: { batch }, network, thresholds, trained }) {
    const judged = layers.filter(({ deadFraction }) => deadFraction !== null);
    if (judged.length > 0 && batch.examples < thresholds.minExamples) {
      return [tooFewExamples(batch.examples, thresholds.minExamples)];
    }
    const { deadFractionWarning, deadFraction } = thresholds;
    const least = Math.min(deadFractionWarning, deadFraction);
    // Allowances are only added, so smaller shares never matter.
    if (judged.every(({ deadFraction: share }) => share! <= least && share! < 1)) return [];
    const allow = allowances(network);
    return judged.flatMap((layer) => {
      const { name, deadFraction, activation } = layer;
      const share = deadFraction!;
      // A layer whose units are all off fails regardless of the threshold.
      const fails = share > allow(name, thresholds.deadFraction).limit || share === 1;
      if (!fails && share <= allow(name, thresholds.deadFractionWarning).limit) return [];
      const threshold = fails ? "deadFraction" : "deadFractionWarning";
      const { limit, why } = allow(name, thresholds[threshold]);
      const figures = {
        dead: shareFigure(share, "share of the layer's units"),
        examples: exactFigure(batch.examples, "examples"),
      };
      return [{
        // If the signal bypasses a blocked layer, the network trains without it.
        severity: fails && !isPassedBy(layer, network) ? "error" : "warning",
        kind: share === 1 ? "all-off" : "off",
        layer: name,
        measured: share,
        expected: limit === 1 ? lessThan(limit) : atMost(limit),
        threshold,
        figures,
        message: say`${figures.dead} of the ${activation ?? "one-sided"} units of ${layerName(name)}
          are off on all ${figures.examples} examples; expected ${limit === 1 ? say`<` : say`<=`}
          ${number(limit, "percent")} (${threshold}${
          // If an allowance changes the limit that is shown, say why.
          limit === 1 || formatPercent(limit) === formatPercent(thresholds[threshold])
            ? NOTHING
            : why}).`,
        // Biases alone may be drawn so that they look trained.
        fix: trained && !hasFreshKernels(layer)
          ? "Lower the learning rate for further training: dead units do not learn."
          : `Look at the biases of the layer and at the scale of its kernel: He initialisation ` +
            `with zero biases keeps half of the entries on.`,
      }];
    });
  },
});

/** Returns true if a layer blocks the gradient but the layers below it get theirs another way. */
function isPassedBy(layer: LayerMeasurements, network: NetworkView): boolean {
  return layer.deadFraction === 1 && layer.preActivationGradients?.maxAbs === 0 &&
    isReachedBelow(layer, network);
}

/** Returns a function that gives the limit in a layer and explains its allowance. */
function allowances({ measurements }: NetworkView) {
  const network = networkOf(measurements);
  return (name: string, threshold: number): { limit: number; why: Sentence } => {
    const alike = network.offByAlikeness.get(name);
    if (alike === undefined) {
      const e = network.offByDepth.get(name) ?? 0;
      const limit = e + (1 - e) * threshold;
      return { limit, why: say`, plus ${number(limit - threshold, "percent")} for depth` };
    }
    const { alwaysOn, chance } = alike;
    return {
      limit: Math.min(1, alwaysOn + Math.max(threshold, chance)),
      why: say`${
        chance > threshold
          ? say`, widened to ${number(chance, "percent")} for so few units`
          : NOTHING
      }${
        alwaysOn > 0
          ? say`, plus the ${number(alwaysOn, "percent")} that are on for all of them: similar
            examples switch as many units off`
          : NOTHING
      }`,
    };
  };
}
