import type { LayerMeasurements, Measurements } from "../measure/measurements.ts";
import { defineRule } from "./define_rule.ts";
import {
  between,
  figure,
  layerName,
  number,
  say,
  sayPlain,
  type Sentence,
  shareFigure,
} from "./say.ts";
import type { Verdict } from "./finding.ts";
import type { Case, Rule, RuleRecord } from "./rule.ts";
import { requireMeasurements } from "./require_measurements.ts";
import { networkOf } from "./network/network.ts";

/** Documentation of the rule `baseline`, the same for every baseline. */
const BASELINE_RECORD = {
  name: "baseline",
  assertion: "assertMatchesBaseline",
  problem: "figures that differ from the baseline",
  tags: [],
  thresholds: {
    baselineFactor: {
      default: 2,
      unit: "figure / baseline",
      range: [1, Infinity],
      source: "torch-audit",
      about: "Largest factor between a figure and its baseline, up or down.",
    },
    baselineShare: {
      default: 0.25,
      unit: "difference of two shares",
      range: [0, 1],
      source: "own: half of the share at which saturation and dead units fail",
      about: "Largest difference between a share (saturated, dead) and its baseline.",
    },
  },
  summary: "No layer's figure has moved by more than a factor from the stored measurements.",
  formula:
    "1 / baselineFactor <= figure / baseline <= baselineFactor for std(a), rms(delta), and " +
    "the rms of every weight and gradient; |share - baseline| <= baselineShare for the saturated " +
    "and dead shares. A figure that is 0 must stay 0.",
  source: "torch-audit.",
  misleads:
    "Figures differ harmlessly under another seed, batch or objective: store a baseline for " +
    "each. Layers are found by name; new and missing ones are only noted. If only softmax " +
    "heads are above a layer under the objective sum, its gradients are rounding errors and " +
    "are skipped.",
  fix: "If the change is intended, store the new measurements as the baseline.",
  falsePositives:
    "None by construction: the same weights on the same batch give the same figures, bit by " +
    "bit on one machine and to about 4e-7 on others.",
  asserts: "that no layer's figure has moved by more than a factor of 2 (`baselineFactor`) from " +
    "stored measurements: std(a), rms(delta), the rms of weights and gradients; nor the " +
    "saturated or dead share by more than 0.25 (`baselineShare`). Layers are found by name; " +
    "new and missing ones do not fail.",
  fails: "a figure has moved by more than a factor of 2 since it was stored",
  throws: "If a figure moved.",
  example: {
    title: "A network that passes",
    code: `
      import { startEngine } from "@gradient-health/gradient-health/engine";
      import { exerciseModel, randomBatch } from "@gradient-health/gradient-health/model";
      import { measure } from "@gradient-health/gradient-health/measure";
      import { assertMatchesBaseline } from "@gradient-health/gradient-health/assert";

      await using _engine = await startEngine();
      const model = exerciseModel({ std: 1 / Math.sqrt(20) });
      const measurements = await measure(model, randomBatch(model));
      const stored = JSON.stringify(measurements);
      assertMatchesBaseline(measurements, JSON.parse(stored), { baselineFactor: 1.5 });
      model.dispose();
    `,
  },
} satisfies Omit<RuleRecord, "figure" | "judge">;

/** The rule `baseline` as shown in lists. Without a baseline it judges nothing. */
export const BASELINE_RULE: Rule = defineRule({
  ...BASELINE_RECORD,
  figure: { title: "std of a over the baseline's", scale: "log", of: () => null },
  judge: () => [],
});

/** Figure of a layer: name and value. */
interface Figure {
  what: string;
  value: number | null;
  isShare?: boolean;
  isGradient?: boolean;
}

/**
 * Creates the rule `baseline`: figures stay near stored ones. It needs a baseline, so it is not
 * part of `RULES`.
 *
 * @param baseline Measurements of an earlier state of the same model, on the same batch.
 * @returns The rule.
 * @throws {InputError} If the baseline is not a result of `measure()`.
 *
 * @example Larger kernels
 * ```ts
 * import { matchesBaseline } from "@gradient-health/gradient-health/rules";
 * import { startEngine } from "@gradient-health/gradient-health/engine";
 * import { measure } from "@gradient-health/gradient-health/measure";
 * import { exerciseModel, randomBatch, rescaleWeights } from "@gradient-health/gradient-health/model";
 * import { assert, assertEquals } from "@std/assert";
 *
 * await using _engine = await startEngine();
 * const model = exerciseModel({ std: 1 / Math.sqrt(20) });
 * const batch = randomBatch(model);
 * const before = await measure(model, batch);
 * const rule = matchesBaseline(before);
 * assertEquals(rule.run(before), []);
 *
 * rescaleWeights(model, 10);
 * assert(rule.run(await measure(model, batch)).length > 0);
 * model.dispose();
 * ```
 */
export function matchesBaseline(baseline: Measurements): Rule {
  requireMeasurements(baseline, "baseline");
  const before = new Map(baseline.layers.map((layer) => [layer.name, layer]));
  return defineRule({
    ...BASELINE_RECORD,
    figure: {
      title: "std of a over the baseline's",
      scale: "log",
      of: (layer) => {
        const now = layer.activations?.std;
        const then = before.get(layer.name)?.activations?.std;
        return now === undefined || !then ? null : now / then;
      },
    },
    judge: (subject) => judge(subject, before),
  });
}

function judge(
  { layers, measurements, network, thresholds }: Case<keyof typeof BASELINE_RECORD.thresholds>,
  before: Map<string, LayerMeasurements>,
): Verdict[] {
  // The gradients of these layers are rounding errors, which change by any factor.
  const { silent } = networkOf(network.measurements);
  const verdicts = layers.flatMap((layer) => {
    const then = before.get(layer.name);
    if (then === undefined) return [unknown(layer.name, "new-layer", say`is not in the baseline`)];
    const old = new Map(figures(then).map((figure) => [figure.what, figure.value]));
    const judged = figures(layer).filter(({ isGradient }) => !(isGradient && silent.has(layer)));
    return judged.flatMap(({ what, value, isShare }): Verdict[] => {
      const stored = old.get(what);
      if (value === null || stored == null) return [];
      const threshold = isShare ? "baselineShare" : "baselineFactor";
      const limit = thresholds[threshold];
      const factor = value === stored ? 1 : value / stored;
      const moved = isShare ? Math.abs(value - stored) : factor;
      const isOff = isShare ? moved > limit : !(moved <= limit && moved >= 1 / limit);
      if (!isOff) return [];
      const make = isShare ? shareFigure : figure;
      const figures = { now: make(value, what), stored: make(stored, what) };
      const expected = isShare
        ? say`within ${number(100 * limit)} percentage points of ${figures.stored}`
        : say`${between(stored / limit, stored * limit)}`;
      return [{
        severity: "error",
        kind: isShare ? "share" : "figure",
        layer: layer.name,
        measured: value,
        expected: isShare
          ? { ...between(stored - limit, stored + limit), text: sayPlain(expected) }
          : between(stored / limit, stored * limit),
        threshold,
        figures,
        message: say`${what} of ${layerName(layer.name)} is ${figures.now} and was
          ${figures.stored}; expected ${expected} (${threshold} ${number(limit)}).`,
        fix: "If the change is intended, store the new measurements as the baseline.",
      }];
    });
  });
  const names = new Set(measurements.layers.map(({ name }) => name));
  const gone = [...before.keys()].filter((name) => !names.has(name));
  return [
    ...verdicts,
    ...gone.map((name) => unknown(name, "missing-layer", say`is in the baseline only`)),
  ];
}

function figures(layer: LayerMeasurements): Figure[] {
  return [
    { what: "std(a)", value: layer.activations?.std ?? null },
    { what: "rms(delta)", value: layer.preActivationGradients?.rms ?? null, isGradient: true },
    ...layer.weights.flatMap(({ name, values, gradients }) => {
      const part = name.slice(name.lastIndexOf("/") + 1);
      return [
        { what: `rms(${part})`, value: values.rms },
        { what: `rms(gradient of ${part})`, value: gradients?.rms ?? null, isGradient: true },
      ];
    }),
    { what: "saturated share", value: layer.saturatedFraction, isShare: true },
    { what: "dead share", value: layer.deadFraction, isShare: true },
  ];
}

function unknown(name: string, kind: string, how: Sentence): Verdict {
  return {
    severity: "note",
    kind,
    layer: name,
    measured: null,
    expected: "the layers of the baseline",
    message: say`The layer ${layerName(name)} ${how}.`,
    fix: "If the change is intended, store the new measurements as the baseline.",
  };
}
