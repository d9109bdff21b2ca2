import type { ModelRule, Rule, RuleOptions } from "../rules/rule.ts";
import { type Finding, makeFinding } from "../rules/finding.ts";
import { requireRule } from "../rules/register_rule.ts";
import { reading, requireOptions } from "../rules/require_measurements.ts";
import { resolveThresholds } from "../rules/rule_options.ts";
import type { LayersModel } from "../../engine/tensorflow.ts";
import type { LayerMeasurements, Measurements } from "../measure/measurements.ts";
import type { Batch } from "../model/batches/batch.ts";
import type { ProbeOptions, ProbeSubject } from "../probe/probe_options.ts";
import { PROBES } from "../probe/probes.ts";
import { type Fail, failureMessage, failureOf } from "./failure_message.ts";
import { DRAWN_SEEDS } from "./create_model.ts";
import { ruleFigure } from "../text/chart_model.ts";
import { notInterrupted } from "./assert_model_healthy.ts";
import { requireMessage } from "./require_options.ts";

/**
 * Asserts a rule over measurements, for instance one of your own. Throws one `AssertionError` with
 * all findings of the rule, the fix, and a bar chart of the figure.
 *
 * @param rule The rule, see `defineRule`.
 * @param measurements The result of `measure()`.
 * @param options Thresholds of the rule, and the layers to judge.
 * @param msg Appended to the message.
 *
 * @example The rule of an assertion, and that assertion
 * ```ts
 * import { assertNoDeadUnits, assertRule } from "@gradient-health/gradient-health/assert";
 * import { deadUnits } from "@gradient-health/gradient-health/rules";
 * import { startEngine } from "@gradient-health/gradient-health/engine";
 * import { measure } from "@gradient-health/gradient-health/measure";
 * import { exerciseModel, randomBatch } from "@gradient-health/gradient-health/model";
 *
 * await using _engine = await startEngine();
 * const model = exerciseModel({ std: 1 / Math.sqrt(20) });
 * const measurements = await measure(model, randomBatch(model));
 * assertRule(deadUnits, measurements, { deadFraction: 0.3 });
 * assertNoDeadUnits(measurements, { deadFraction: 0.3 });
 * model.dispose();
 * ```
 *
 * @throws {AssertionError} If the rule finds an error, or a warning if it never gives errors; or if
 * there was nothing to judge.
 * @throws {InputError} If an argument has a wrong type, or if a threshold is out of range or a
 * layer filter matches no layer.
 */
export function assertRule<Name extends string>(
  rule: Rule<Name>,
  measurements: Measurements,
  options?: RuleOptions<Name>,
  msg?: string,
): void {
  judgeRuleFor({ fail: failureOf(assertRule), rule }, measurements, options, msg);
}

/**
 * Runs {@linkcode assertRule} on behalf of another assertion, which the user calls.
 *
 * @param assertion Its rule, and what makes its error.
 */
export function judgeRuleFor<Name extends string>(
  { fail, rule }: { fail: Fail; rule: Rule<Name> },
  measurements: Measurements,
  options?: RuleOptions<Name>,
  msg?: string,
): void {
  requireRule(rule);
  requireMessage(msg);
  const judged = rule.run(measurements, options);
  const { layers } = measurements;
  const findings = rule.exponentsAlone && !layers.some(countsExponents)
    ? [withoutExponents(rule)]
    : judged;
  const { assertionFailsOnWarnings: failsOn } = rule;
  const unjudged = findings.filter(({ unjudged }) => unjudged);
  const errors = unjudged.length > 0
    ? unjudged
    : findings.filter(({ severity, kind = "" }) =>
      severity === "error" ||
      severity === "warning" && (typeof failsOn === "boolean" ? failsOn : failsOn.includes(kind))
    );
  if (errors.length > 0) {
    const message = reading(measurements, () => {
      const figure = ruleFigure(rule.figure, layers);
      return failureMessage({ rule, subject: measurements, errors, layers, figure }, msg);
    });
    throw fail(message);
  }
}

const countsExponents = ({ activations, activationGradients }: LayerMeasurements) =>
  activations?.exponents !== undefined || activationGradients?.exponents !== undefined;

/** Returns the finding of a rule over exponents if none were counted. */
function withoutExponents({ name }: Pick<Rule, "name">): Finding {
  return makeFinding(name, {
    severity: "note",
    kind: "no-exponents",
    layer: null,
    measured: null,
    expected: "counted exponents",
    message: "No verdict: the exponents were not counted.",
    fix: "Measure with { histograms: true }.",
    unjudged: true,
  });
}

/**
 * Runs a model with the probe of a rule, judges the result, and throws one `AssertionError` with
 * every finding.
 *
 * @param assertion Its rule, the built model with the batch that it is run on, and what makes the
 * error.
 * @param options Options of the probe and of the rule in one object.
 * @param msg Appended to the message.
 * @throws {AssertionError} If the rule finds an error.
 */
export async function judgeModelFor(
  { fail, rule, model, batch }: {
    fail: Fail;
    rule: ModelRule<ProbeSubject>;
    model: LayersModel;
    batch: Batch;
  },
  options: RuleOptions & ProbeOptions = {},
  msg?: string,
): Promise<void> {
  requireMessage(msg);
  requireOptions(options);
  const own: ProbeOptions = {};
  const others: RuleOptions & ProbeOptions = { seed: DRAWN_SEEDS.get(model), ...options };
  for (const key of rule.options) {
    Object.assign(own, { [key]: others[key] });
    delete others[key];
  }
  // Before the model runs: a wrong option should not cost a training run.
  const { layers: _layers, ignore: _ignore, ...given } = others;
  const thresholds = resolveThresholds(rule.thresholds, given, `${rule.assertion}()`);
  const found = await notInterrupted(
    rule.assertion,
    model,
    () => PROBES[rule.probe](model, batch, own, thresholds),
  );
  const errors = rule.run(found, others).filter(({ severity }) => severity === "error");
  if (errors.length > 0) {
    const { title, scale } = rule.figure;
    const layers = [...new Set(errors.map(({ layer }) => layer))]
      .filter((layer) => layer !== null)
      .map((name) => ({ name, className: "" }));
    const figure = { title, scale, rows: rule.figure.rows(found) };
    throw fail(failureMessage({ rule, subject: found, errors, layers, figure }, msg));
  }
}
