import type { GradientComparison, GradientProbe } from "../../probe/probe_gradients.ts";
import { activationTraits } from "../../../ground/traits/activation_traits.ts";
import { layerTraits } from "../../../ground/traits/layer_traits.ts";
import { defineModelRule } from "../define_rule.ts";
import { atMost, figure, layerName, say, weightName } from "../say.ts";
import { falsePositives } from "../rule_documentation.ts";
import type { Verdict } from "../finding.ts";
import type { ModelRule } from "../rule.ts";

/** A gradient is wrong if its error is this many times the disagreement of the quotients. */
const MARGIN = 5;

/** The rule `numeric-gradients`: back-propagation gives the derivative of the forward pass. */
export const numericGradients: ModelRule<GradientProbe> = defineModelRule({
  name: "numeric-gradients",
  assertion: "assertGradientsMatchNumeric",
  order: 250,
  probe: "gradients",
  thresholds: {
    numericGradientTolerance: {
      default: 2e-3,
      unit: "|difference quotient - gradient along v| / (l1(gradient) / 2)",
      range: [1e-4, Infinity],
      source: "jax.test_util.check_grads in float32; Stanford's cs231n",
      about: "Largest difference between a gradient and the difference quotient.",
    },
    numericGradientKinkTolerance: {
      default: 1e-2,
      unit: "|difference quotient - gradient along v| / (l1(gradient) / 2)",
      range: [1e-4, Infinity],
      source: "Stanford's cs231n: kinks in the objective",
      about: "The same tolerance where an activation or a pooling has kinks.",
    },
  },
  problem: "gradients that are not the derivative of the objective",
  summary: "The gradient of each trainable weight agrees with a difference quotient of J.",
  formula:
    "|(J(w + h v) - J(w - h v)) / 2h - dJ/dw v| <= numericGradientTolerance l1(dJ/dw) / 2, v of " +
    "entries 1 and -1, three in four with the sign of dJ/dw, drawn at random, h from 0.1 rms(w) " +
    "down to 6e-6 rms(w), whichever agrees; numericGradientKinkTolerance where an activation or a " +
    "pooling has kinks, and there the one-sided quotients count too.",
  source: "jax.test_util.check_grads; Stanford's cs231n, gradient checks.",
  misleads: "J is a float32 number: if it is large and its gradient small, no step resolves the " +
    "gradient, and there is no verdict. An error orthogonal to the gradient shows as its " +
    "share divided by about half the root of the number of entries.",
  fix: "Check the layer's custom gradient, and look for an operation that cuts the gradient.",
  falsePositives: falsePositives({ draws: 1060 }),
  asserts: "that the gradient of each trainable weight is the derivative of J: along a random " +
    "direction that leans towards the gradient it differs from the central difference " +
    "quotient by at most 2e-3 of half its l1 norm (`numericGradientTolerance`), or 1e-2 where " +
    "an activation or a pooling has kinks (`numericGradientKinkTolerance`). If the quotient " +
    "converges at no step size, because J is a float32 number, there is no verdict. Runs the " +
    "model 3 to 17 times for each weight, in inference mode; the weights are restored bit by " +
    "bit.",
  fails: "a gradient differs from the difference quotient",
  throws: "If a gradient is off.",
  refuses:
    "If the loss lacks targets, a threshold is out of range, or a layer filter matches no layer.",
  example: {
    title: "A network that passes",
    code: `
      import { startEngine } from "@gradient-health/gradient-health/engine";
      import { exerciseModel, randomBatch } from "@gradient-health/gradient-health/model";
      import { assertGradientsMatchNumeric } from "@gradient-health/gradient-health/assert";

      await using _engine = await startEngine();
      const model = exerciseModel({ depth: 3, std: 1 / Math.sqrt(20) });
      await assertGradientsMatchNumeric(model, randomBatch(model));
      model.dispose();
    `,
  },
  options: ["objective", "seed"],
  figure: {
    title: "|difference quotient - gradient| / (l1(gradient) / 2)",
    scale: "log",
    rows: (probe) =>
      probe.weights.map((weight) => ({
        label: weight.name,
        layer: weight.layer,
        value: nearest(weight, { hasKinks: isKinked(probe) }).off,
      })),
  },
  layersOf: ({ weights }) => weights.map(({ layer }) => layer),
  judge(probe, thresholds, isJudged) {
    const { weights, resolution } = probe;
    const hasKinks = isKinked(probe);
    const threshold = hasKinks ? "numericGradientKinkTolerance" : "numericGradientTolerance";
    const limit = thresholds[threshold];
    return weights.filter(({ layer }) => isJudged(layer)).flatMap((weight): Verdict[] => {
      const { off, numeric } = nearest(weight, { hasKinks });
      if (off <= limit) return [];
      const { layer, name, analytic } = weight;
      const doubt = doubtOf(weight, resolution);
      const weightSlot = weightName(name, layer);
      const expected = atMost(limit);
      const figures = {
        analytic: figure(analytic, "dJ along a direction"),
        numeric: figure(numeric, "dJ along a direction"),
        difference: figure(off, "|difference| / usual size"),
      };
      const both =
        say`${figures.analytic} by back-propagation and ${figures.numeric} by differences`;
      if (off < MARGIN * doubt) {
        return [{
          severity: "note",
          kind: "doubt",
          layer,
          measured: off,
          expected,
          threshold,
          figures,
          message: say`No verdict on ${weightSlot}: its derivative along a direction is ${both}, and
            difference quotients at other step sizes disagree by as much.`,
          fix: "Use an objective whose size is closer to that of its changes, such as a mean.",
        }];
      }
      return [{
        severity: "error",
        kind: "wrong",
        layer,
        measured: off,
        expected,
        threshold,
        figures,
        message: say`The derivative of J along a direction of ${weightSlot} is ${both}, off by
          ${figures.difference} of its usual size; expected ${expected} (${threshold}).`,
        fix: say`Check the custom gradients of ${layerName(layer)} and the layers above it, and
          look for an operation that cuts the gradient.`,
      }];
    });
  },
});

/** Returns the difference of two derivatives, relative to the usual size of such a derivative. */
function distance({ scale, differences }: GradientComparison, a: number, b: number): number {
  if (a === b) return 0;
  // Without a gradient, the quotients set the scale.
  const unit = scale > 0 ? scale : Math.max(...differences.map(({ numeric }) => Math.abs(numeric)));
  return Math.abs(a - b) / unit;
}

/**
 * Returns the difference quotient nearest to the gradient. If a kink is nearer than any step, the
 * one-sided quotient away from it equals the derivative.
 */
function nearest(
  weight: GradientComparison,
  { hasKinks }: { hasKinks: boolean },
): { off: number; numeric: number } {
  return weight.differences
    .flatMap(({ numeric, forward, backward }) =>
      hasKinks ? [numeric, forward, backward] : [numeric]
    )
    .map((numeric) => ({ off: distance(weight, numeric, weight.analytic), numeric }))
    .reduce((best, one) => one.off < best.off ? one : best);
}

/** Returns true if J has points without a derivative. */
function isKinked({ activations, layers }: GradientProbe): boolean {
  return activations.some((name) => activationTraits(name)?.kinked) ||
    layers.some((className) => layerTraits(className).kinked);
}

/**
 * Returns the smallest disagreement of three consecutive quotients, but at least the rounding
 * error. Too large steps suffer from curvature, too small ones from rounding; if no three agree,
 * the quotient proves nothing.
 */
function doubtOf(weight: GradientComparison, resolution: number): number {
  const { differences } = weight;
  const doubts = differences.slice(2).map(({ numeric, step }, i) => {
    const [wide, middle] = differences.slice(i);
    return Math.max(
      distance(weight, wide.numeric, middle.numeric),
      distance(weight, middle.numeric, numeric),
      distance(weight, 0, resolution / step),
    );
  });
  return Math.min(...doubts);
}
