import { runRules } from "../rules/run_rules.ts";
import { requireOptions } from "../rules/require_measurements.ts";
import type { LayersModel } from "../engine/tensorflow.ts";
import { examine, type ExamineOptions } from "../diagnosis/examine/examine.ts";
import type { Measurements } from "../measure/measurements.ts";
import type { Batch } from "../model/batches/batch.ts";
import { DRAWN_SEEDS } from "./create_model.ts";
import type { Fail } from "./failure_message.ts";
import {
  type HealthyOptions,
  notInterrupted,
  requireFailOn,
  settleHealth,
} from "./settle_health.ts";
import { requireMessage, requireObjective, requireThresholds } from "./require_options.ts";

/** Options of `assertHealthy` for a model. */
export interface AssertHealthyOptions
  extends HealthyOptions, Pick<ExamineOptions, "objective" | "seed"> {
  /**
   * When to run the trial, which trains the network on the batch for some steps: an error of a rule
   * is only a warning if it learns. `"auto"`, if a few steps fit the budget; `"always"`; `"off"`; or a
   * number of steps at each rate. Default: `"auto"`, with 40 steps.
   */
  trial?: ExamineOptions["trial"];
  /**
   * Maximum duration of the trial in seconds, as estimated; parts beyond it are skipped. Default:
   * 10.
   */
  trialBudget?: ExamineOptions["trialBudget"];
}

/**
 * Asserts that a model is healthy: measures it, runs the trial if there may be an error, and tries
 * the fixes.
 *
 * @param subject The model and its batch, and what makes the error.
 * @throws {AssertionError} If the network is sick, or has a warning and warnings fail too.
 */
export async function assertModelHealthy(
  { fail, model, batch }: { fail: Fail; model: LayersModel; batch: Batch },
  options: AssertHealthyOptions = {},
  msg?: string,
): Promise<void> {
  requireMessage(msg);
  requireOptions(options);
  const { trial, trialBudget, objective, failOn, seed = DRAWN_SEEDS.get(model), ...ruleOptions } =
    options;
  requireObjective(objective);
  requireFailOn(failOn);
  // Before the model runs: wrong options should not cost a training.
  requireThresholds(ruleOptions, ["trial", "trialBudget", "objective", "seed", "failOn"]);
  const judge = (measurements: Measurements) => runRules(measurements, ruleOptions);
  const examination = await notInterrupted(
    "assertHealthy",
    model,
    () => examine(model, batch, { trial, trialBudget, objective, seed, judge }),
  );
  settleHealth(fail, examination, { failOn, msg });
}
