import { AssertionError } from "@std/assert/assertion-error";
import type { CheckOptions } from "../checks/check_options.ts";
import type { ModelRule } from "../checks/model_rule.ts";
import { resolveThresholds } from "../checks/resolve_thresholds.ts";
import type { Thresholds } from "../checks/thresholds.ts";
import { validateOptions } from "../checks/validate_options.ts";
import type { ProbeOptions } from "../probe/probe_options.ts";
import type { ProbeSubject } from "../probe/probe_subject.ts";
import { failureMessage } from "./failure_message.ts";
import { refuseUnused } from "./refuse_unused.ts";
import { validateMessage } from "./validate_message.ts";

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
