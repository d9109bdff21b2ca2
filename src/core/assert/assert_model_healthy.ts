import { examine, type ExamineOptions } from "../diagnosis/examine/examine.ts";
import { FAIL_ON, isFailing } from "../diagnosis/diagnosis.ts";
import { EngineError } from "../../engine/engine.ts";
import { runningEngine } from "../../engine/running_engine.ts";
import { ensureEngine } from "../../engine/start/start_engine.ts";
import type { LayersModel } from "../../engine/tensorflow.ts";
import { defaultExamples } from "../measure/measure_options.ts";
import type { Measurements } from "../measure/measurements.ts";
import type { Batch } from "../model/batches/batch.ts";
import { randomBatch } from "../model/batches/random_batch.ts";
import { isDisposed, requireModel } from "../model/require_model.ts";
import { runRules, type RunRulesOptions } from "../rules/judge_rule.ts";
import { requireOptions } from "../rules/require_measurements.ts";
import { oneOf, optional, requireValue } from "../../ground/words/shape.ts";
import { DRAWN_SEEDS } from "./create_model.ts";
import { type CallSite, callSites, type Fail } from "./failure_message.ts";
import { healthMessage, type Illness, warningLines } from "./health_message.ts";
import { requireMessage, requireObjective, requireThresholds } from "./require_options.ts";
import { AssertionError } from "@std/assert/assertion-error";
import { dim } from "@std/fmt/colors";

/**
 * Runs an assertion. If it fails because its engine was stopped or its model disposed in the
 * meantime, explains that: a test that does not await the assertion goes on without it.
 *
 * @param work The code of the assertion.
 * @throws {EngineError} If something failed and the engine or the model is gone.
 */
export async function notInterrupted<T>(
  assertion: string,
  model: LayersModel,
  work: () => Promise<T>,
): Promise<T> {
  const engine = runningEngine();
  // Anything other than a model is rejected by the work itself.
  const isGone = (model: LayersModel) => Array.isArray(Object(model).layers) && isDisposed(model);
  const wasGone = isGone(model);
  try {
    return await work();
  } catch (error) {
    if (error instanceof AssertionError) throw error;
    const isStopped = engine !== null && runningEngine() !== engine;
    if (!isStopped && (wasGone || !isGone(model))) throw error;
    const what = isStopped ? "The engine was stopped" : "The model was disposed";
    throw new EngineError(
      `${what} while ${assertion} was measuring: is an \`await\` missing?`,
      { cause: error },
    );
  }
}

/** Options of `assertHealthy`. */
export interface HealthyOptions extends RunRulesOptions {
  /**
   * Mildest verdict at which the assertion fails. `"sick"`: only if the network does not train; the
   * warnings of a weak network are printed on stderr, one line each. `"weak"`: both. Default:
   * `"sick"`.
   */
  failOn?: "sick" | "weak";
}

/**
 * Rejects invalid values of `failOn`.
 *
 * @throws {InputError} If it is not one of its words.
 */
export function requireFailOn(failOn: unknown): void {
  requireValue("options.failOn", failOn, optional(oneOf(...FAIL_ON)));
}

/**
 * Ends an assertion: throws if the network fails it, otherwise prints a line for each warning.
 *
 * @param fail Makes the error.
 * @param illness Measurements and diagnosis.
 * @param options The verdict that fails, and the text appended to the message.
 * @throws {AssertionError} If the network fails it.
 */
export function settleHealth(
  fail: Fail,
  illness: Illness,
  { failOn = "sick", msg }: Pick<HealthyOptions, "failOn"> & { msg: string | undefined },
): void {
  const { verdict } = illness.diagnosis;
  const passes = !isFailing(verdict) && !(verdict === "weak" && failOn === "weak");
  if (!passes) throw fail(healthMessage(illness, msg));
  const [site] = callSites(fail("").stack);
  for (const line of warningLines(illness, placeOf(site))) console.warn(dim(line));
}

/** Returns the place of a call, `net_test.ts:12:3`. */
function placeOf(site: CallSite | undefined): string | null {
  if (site === undefined) return null;
  const { url, line, column } = site;
  return `${url.slice(url.lastIndexOf("/") + 1)}:${line}:${column}`;
}

/** Options of `assertHealthy` for a model. */
export interface AssertHealthyOptions
  extends HealthyOptions, Pick<ExamineOptions, "objective" | "seed" | "source"> {
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

/** Names of the options that are not options of rules. */
const OWN_OPTIONS = ["trial", "trialBudget", "objective", "seed", "source", "failOn"] as const;

/**
 * Asserts that a model is healthy: measures it, runs the trial if there may be an error, and tries
 * the fixes.
 *
 * @param subject The model and its batch, which is drawn by default, and what makes the error.
 * @throws {AssertionError} If the network is sick, or has a warning and warnings fail too.
 */
export async function assertModelHealthy(
  { fail, model, batch: given }: { fail: Fail; model: LayersModel; batch?: Batch },
  options: AssertHealthyOptions = {},
  msg?: string,
): Promise<void> {
  requireMessage(msg);
  requireOptions(options);
  const { trial, trialBudget, objective, failOn, source, seed = DRAWN_SEEDS.get(model), ...rest } =
    options;
  requireObjective(objective);
  requireFailOn(failOn);
  // Before the model runs: wrong options should not cost a training.
  requireThresholds(rest, OWN_OPTIONS);
  const judge = (measurements: Measurements) => runRules(measurements, rest);
  const examination = await notInterrupted("assertHealthy", model, async () => {
    const { tf } = runningEngine() ?? await ensureEngine();
    const batch = given === undefined ? drawBatch(model, { objective, seed }) : given;
    try {
      return await examine(model, batch, { trial, trialBudget, objective, seed, source, judge });
    } finally {
      if (batch !== given) tf.dispose([batch.inputs, batch.targets ?? []]);
    }
  });
  settleHealth(fail, examination, { failOn, msg });
}

/** Draws a random batch, with targets if the objective is the name of a loss. */
function drawBatch(
  model: LayersModel,
  { objective, seed }: Pick<AssertHealthyOptions, "objective" | "seed">,
): Batch {
  requireModel(model);
  return randomBatch(model, {
    seed: seed ?? 0,
    examples: defaultExamples(model),
    objective: typeof objective === "string" ? objective : "sum",
  });
}
