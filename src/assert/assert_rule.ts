import { AssertionError } from "@std/assert/assertion-error";
import type { CheckOptions } from "../checks/check_options.ts";
import type { Finding } from "../checks/finding.ts";
import type { ModelRule } from "../checks/model_rule.ts";
import { resolveThresholds } from "../checks/resolve_thresholds.ts";
import type { Rule } from "../checks/rule.ts";
import type { Thresholds } from "../checks/thresholds.ts";
import { validateOptions } from "../checks/validate.ts";
import type { Measurements } from "../measure/measurements.ts";
import type { ProbeOptions } from "../probe/probe_options.ts";
import type { ProbeSubject } from "../probe/probe_subject.ts";
import { failureMessage } from "./failure_message.ts";
import { ruleFigure } from "./message_parts.ts";
import { refuseUnused, validateMessage } from "./validate.ts";

/**
 * Runs a rule and throws one `AssertionError` with everything that it finds.
 *
 * @param fatal Which findings fail: errors, or warnings too for a rule that knows nothing worse.
 * @throws {AssertionError} If the rule finds something that fails, or there was nothing to judge.
 */
export function assertRule(
  rule: Rule,
  measurements: Measurements,
  options: CheckOptions | undefined,
  msg: string | undefined,
  fatal: readonly Finding["severity"][] = ["error"],
): void {
  validateMessage(msg);
  refuseUnused(rule, options);
  const findings = rule.check(measurements, options);
  const { layers } = measurements;
  const figure = ruleFigure(rule.figure, layers);
  const unjudged = findings.filter(({ unjudged }) => unjudged);
  const errors = unjudged.length > 0
    ? unjudged
    : findings.filter(({ severity }) => fatal.includes(severity));
  if (errors.length > 0) {
    const failure = { rule, subject: measurements, errors, layers, figure };
    throw new AssertionError(failureMessage(failure, msg));
  }
}

/**
 * Probes a model, runs a rule on what was found, and throws one `AssertionError` with every finding.
 *
 * @param rule The rule.
 * @param probe Runs the model, with the options that the rule's probe takes.
 * @param options Options of the probe and of the rule in one object.
 * @throws {AssertionError} If the rule finds an error.
 */
export async function assertModelRule<P extends ProbeSubject>(
  rule: ModelRule<P>,
  probe: (options: ProbeOptions, thresholds: Thresholds) => Promise<P>,
  options: CheckOptions & ProbeOptions = {},
  msg?: string,
): Promise<void> {
  validateMessage(msg);
  validateOptions(options);
  refuseUnused(rule, options);
  const own: ProbeOptions = {};
  const others: CheckOptions & ProbeOptions = { ...options };
  for (const key of rule.options) {
    Object.assign(own, { [key]: options[key] });
    delete others[key];
  }
  // Before the model runs: wrong options should not cost a training.
  const { layers: _layers, ignore: _ignore, ...thresholds } = others;
  const found = await probe(own, resolveThresholds(thresholds));
  const errors = rule.check(found, others).filter(({ severity }) => severity === "error");
  if (errors.length > 0) {
    const { title, scale, rows } = rule.figure;
    const layers = [...new Set(errors.map(({ layer }) => layer))]
      .filter((layer) => layer !== null)
      .map((name) => ({ name, className: "" }));
    const figure = { title, scale, rows: rows(found) };
    throw new AssertionError(failureMessage({ rule, subject: found, errors, layers, figure }, msg));
  }
}
