import { integer, requireValue } from "../../ground/words/shape.ts";
import { InputError, refusal } from "../../ground/words/input_error.ts";
import { diagnose } from "../diagnosis/diagnose.ts";
import type { Cause, Diagnosis } from "../diagnosis/diagnosis.ts";
import type { Measurements } from "../measure/measurements.ts";
import { amendFinding, type Finding } from "../rules/finding.ts";
import { judgeRule, type RunRulesOptions } from "../rules/judge_rule.ts";
import type { Rule } from "../rules/rule.ts";
import { MODEL_RULES } from "../rules/rules.ts";
import { allRules } from "../rules/register_rule.ts";
import { showValue } from "../../ground/words/show_value.ts";
import { startEngine } from "../../engine/start/start_engine.ts";
import { judgeModelFor } from "./assert_rule.ts";
import { callAt, callSites, type Fail, failureMessage, failureOf } from "./failure_message.ts";
import { healthMessage } from "./health_message.ts";
import { type CreateModel, type DrawOptions, openDraw } from "./create_model.ts";
import { ruleFigure } from "../text/chart_model.ts";
import { requireDrawOptions, requireThresholds, ruleNames } from "./require_options.ts";
import { host, type RunningTest } from "../../platform/host.ts";

/** Options of {@linkcode testGradientHealth}. */
export interface TestGradientHealthOptions extends DrawOptions, RunRulesOptions {
  /** Seed to create the model with. Default: 0. */
  seed?: number;
  /** Names of the rules over measurements to check. Default: all. */
  rules?: readonly string[];
  /**
   * Names of the rules over the model to check as well: `"batch-independence"`, `"causality"`,
   * `"overfits-batch"` ... with their default thresholds. Default: none.
   */
  modelRules?: readonly string[];
}

/**
 * Registers one `Deno.test` that creates a model, measures it once, and has a step for each rule,
 * so that the log shows which rules fail. Each cause is named once, with its fix, in the step of the
 * first rule that it breaks; the other steps that fail by it name that step.
 *
 * @param name Name of the test.
 * @param create Creates the model from a seed, with the TensorFlow.js of the engine that the test
 * starts.
 * @param options Rules and thresholds, seed, and batch.
 *
 * @example One line for a network
 * ```ts
 * import { exerciseModel } from "@gradient-health/gradient-health/model";
 * import { testGradientHealth } from "@gradient-health/gradient-health/assert";
 *
 * // In a test file, at top level.
 * export const register = () =>
 *   testGradientHealth(
 *     "the network can be trained",
 *     ({ seed }) => exerciseModel({ std: 1 / Math.sqrt(20), seed }),
 *     { objective: "meanSquaredError", modelRules: ["batch-independence", "weights-change"] },
 *   );
 * ```
 *
 * @throws {InputError} If an argument has a wrong type, or a rule is not known, or if a threshold
 * is out of range or the seed is not a whole number.
 */
export function testGradientHealth(
  name: string,
  create: CreateModel,
  options: TestGradientHealthOptions = {},
): void {
  requireDrawOptions(create, options);
  const { seed = 0, objective, createBatch, rules, modelRules = [], ...ruleOptions } = options;
  if (typeof name !== "string" || name === "") {
    throw new InputError(refusal`name is ${showValue(name)}, expected a text that is not empty`);
  }
  requireValue("options.seed", seed, integer);
  // Layers are known only when the test runs; thresholds and typos are known now.
  requireThresholds(ruleOptions, ["seed", "objective", "createBatch", "rules", "modelRules"]);
  const chosen = ruleNames("rules", allRules().map((rule) => rule.name), rules);
  const models = ruleNames("modelRules", MODEL_RULES.map((rule) => rule.name), modelRules);
  // Failures show where this was called: the step by its location, and its error by its stack.
  const failures = new Map(
    [...chosen, ...models].map((rule) => [rule, failureOf(testGradientHealth)]),
  );
  const [site] = callSites(failureOf(testGradientHealth)("").stack);
  const run = async (t: RunningTest) => {
    const register: (name: string, judge: () => void | Promise<void>) => Promise<boolean> = t.step;
    const step = (rule: string, judge: (fail: Fail) => void | Promise<void>) =>
      callAt(site, register, rule, () => judge(failures.get(rule)!));
    await using _engine = await startEngine();
    const draw = await openDraw(create, seed, { objective, createBatch });
    try {
      const measurements = draw.measure();
      const rules = allRules().filter(({ name }) => chosen.has(name));
      const judged = judgeAll(rules, measurements, ruleOptions);
      for (const rule of rules) {
        await step(rule.name, (fail) => {
          const message = stepMessage(rule, measurements, judged());
          if (message !== null) throw fail(message);
        });
      }
      for (const name of models) {
        const rule = MODEL_RULES.find((rule) => rule.name === name)!;
        const own = { seed, ...rule.options.includes("objective") ? { objective } : {} };
        const { model, batch } = draw;
        await step(rule.name, (fail) => judgeModelFor({ fail, rule, model, batch }, own));
      }
    } finally {
      draw.close();
    }
  };
  const register: (name: string, run: (t: RunningTest) => Promise<void>) => void = host.test;
  callAt(site, register, name, run);
}

/** Errors of each rule, or what judging it threw, and the causes of all. */
interface Judged {
  byRule: ReadonlyMap<string, () => Finding[]>;
  diagnosis: Diagnosis;
}

/** Returns a function that judges measurements by all rules, once. */
function judgeAll(
  rules: readonly Rule[],
  measurements: Measurements,
  options: RunRulesOptions,
): () => Judged {
  let judged: Judged | null = null;
  return () => {
    if (judged !== null) return judged;
    const byRule = new Map<string, () => Finding[]>();
    const all: Finding[] = [];
    for (const rule of rules) {
      try {
        const found = judgeRule(rule, measurements, options);
        all.push(...found);
        byRule.set(rule.name, () => found);
      } catch (error) {
        // Its own step fails with it.
        byRule.set(rule.name, () => {
          throw error;
        });
      }
    }
    judged = { byRule, diagnosis: diagnose(measurements, all) };
    return judged;
  };
}

/**
 * Returns the message of a step whose rule finds errors; else `null`. The first rule of a cause names
 * it with its fix, the others say which step that is.
 */
function stepMessage(
  rule: Rule,
  measurements: Measurements,
  { byRule, diagnosis }: Judged,
): string | null {
  const errors = byRule.get(rule.name)!().filter(isError);
  if (errors.length === 0) return null;
  const causes = diagnosis.causes.filter(({ findings }) =>
    errors.some((one) => findings.includes(one))
  );
  const leading = (cause: Cause) => cause.findings.find(isError)!.rule;
  const own = causes.filter((cause) => leading(cause) === rule.name);
  if (own.length > 0) {
    return healthMessage({ measurements, diagnosis: { ...diagnosis, causes: own } }, undefined);
  }
  const [cause] = causes;
  const fix = `See the step ${leading(cause)}, which names the cause: ${cause.message}`;
  const { layers } = measurements;
  const figure = ruleFigure(rule.figure, layers);
  const following = errors.map((error) => amendFinding(error, { fix }));
  return failureMessage(
    { rule, subject: measurements, errors: following, layers, figure },
    undefined,
  );
}

const isError = ({ severity }: Finding) => severity === "error";
