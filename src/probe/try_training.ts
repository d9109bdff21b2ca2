import { heapOf } from "../engine/start/prepare_engine.ts";
import type { LayersModel, Tensor } from "../engine/tensorflow.ts";
import { chooseLoss, type ChosenObjective } from "../measure/choose_objective.ts";
import type { Batch } from "../model/batches/batch.ts";
import { notReproducedIn } from "../model/not_reproduced.ts";
import { seedDraws } from "../model/batches/seeded_random.ts";
import { requireCount } from "../model/layers/shapes.ts";
import { answer, attempt } from "./attempt.ts";
import { type FitScale, fitScale } from "./fit.ts";
import { judgeTrial, type SkippedTrial, type Trial } from "./trial.ts";
import { keepModel, type OpenProbe, openProbe } from "./open_probe.ts";
import type { ProbeOptions } from "./probe_options.ts";
import { rungs } from "./rungs.ts";
import { number, requireValue } from "../words/requirements.ts";
import { showValue } from "../words/show_value.ts";
import { formatNumber } from "../words/numbers.ts";
import { climb } from "./climb.ts";
import { TRIAL_BUDGET } from "./trial_budget.ts";
import { planTrial } from "./plan_trial.ts";

/** Options of {@linkcode tryTraining}. */
export interface TrialOptions extends Pick<ProbeOptions, "seed" | "optimizer" | "objective"> {
  /**
   * Training steps at each rate, and up to three times as many while the loss falls by 1 % in half
   * of them. Default: 40. Of 271 networks, the fit after 10 steps tells those that fail from the
   * rest with an AUC of 0.86, after 40 with one of 0.94; slow starters, such as sigmoid layers and
   * deep autoencoders, take more.
   */
  steps?: number;
  /**
   * Estimated duration in seconds that the trial may have. Rates and further steps that do not fit
   * are left out, and a batch whose steps are too expensive is cut to its first examples; if not
   * even 10 steps fit, the trial is skipped. Default: 10.
   */
  budgetSeconds?: number;
  /** True to train even if 10 steps do not fit the budget. Default: false. */
  always?: boolean;
  /**
   * True to repeat the best attempt with 7.5 times the steps if all fail and the loss is still that
   * of guessing: late starters, such as sigmoid layers, move after 100 steps and more. It counts
   * only if it then learns. Default: true.
   */
  patient?: boolean;
}

/** Default number of steps at each rate. */
const DEFAULT_STEPS = 40;

/**
 * A trial is stopped after this many times its budget, plus a second: the estimate does not know
 * custom layers.
 */
const PATIENCE = 3;

/**
 * Trains a model on one batch for some steps, to see if it learns, then restores everything:
 * weights, states, moving statistics and the optimizer are restored bit by bit, even if a step
 * throws.
 *
 * Each attempt starts from the same weights and steps as `model.fit` does: with the compiled loss,
 * dropout, batch normalisation in training mode and the penalties of the layers. The compiled
 * optimizer comes first, as a new one of its class and configuration; then, unless it is Adam, the
 * same at ten times and a tenth of its rate; then Adam at 3e-3, 1e-2 and 1e-3. The first attempt
 * that learns is the last. An uncompiled model is trained on the loss that fits its head, on random
 * targets if the batch has none.
 *
 * The result depends only on the model, the batch, whose seed also draws dropout masks and targets,
 * and the budget. Threads do not matter; time does only if the trial takes more than three times
 * its budget.
 *
 * @param model A built model; it is restored afterwards.
 * @param batch One tensor per input, and targets if there are any.
 * @param options The loss, the optimizer, how long to train, and the seed that the model was made
 * with.
 * @returns The trial; or, if it would take too long, the reason why it was skipped.
 * @throws {MeasureError} If the loss cannot be evaluated or differentiated.
 * @throws {RangeError} If the batch does not suit the model, or an option is out of range.
 * @throws {TypeError} If the model or the batch is invalid.
 *
 * @example The exercise's network with kernels of a healthy scale learns
 * ```ts
 * import { startEngine } from "@gradient-health/gradient-health/engine";
 * import { exerciseModel, randomBatch } from "@gradient-health/gradient-health/model";
 * import { tryTraining } from "@gradient-health/gradient-health/probe";
 * import { assert, assertEquals } from "@std/assert";
 *
 * await using _engine = await startEngine();
 * const model = exerciseModel({ std: 1 / Math.sqrt(20) });
 * const trial = await tryTraining(model, randomBatch(model));
 * assert("verdict" in trial);
 * assertEquals(trial.verdict, "learns");
 * model.dispose();
 * ```
 */
export async function tryTraining(
  model: LayersModel,
  batch: Batch,
  options: TrialOptions = {},
): Promise<Trial | SkippedTrial> {
  const probe = await openProbe(model, batch, options);
  const { steps = DEFAULT_STEPS, budgetSeconds = TRIAL_BUDGET, always = false, patient = true } =
    options;
  requireCount("options.steps", steps);
  requireValue("options.budgetSeconds", budgetSeconds, number);
  if (!(budgetSeconds >= 0)) {
    throw new RangeError(
      `options.budgetSeconds is ${showValue(budgetSeconds)}, expected seconds, 0 or more`,
    );
  }
  const { tf, targets, subject } = probe;
  const isOwnLoss = options.objective === undefined || options.objective === "sum";
  const lost = notReproducedIn(model).find(({ setting }) => setting === "loss");
  if (isOwnLoss && lost !== undefined) {
    const skipped = `${model.name} is compiled with ${lost.name}, which is not reproduced: ` +
      "training on another loss would show nothing of it.";
    return { skipped, seconds: 0 };
  }
  const seed = batch.seed ?? 0;
  const ladder = rungs(heapOf(probe.engine), model, options.optimizer);
  if (model.trainableWeights.length === 0) {
    const givenVerdict = ladder[0].given ? "fails" : null;
    const chosen = chooseLoss(tf, model, options.objective, targets, seed);
    tf.dispose(chosen.drawn ?? []);
    return {
      ...subject,
      objective: { name: chosen.objective.name },
      randomTargets: targets === null,
      guess: null,
      verdict: "fails",
      givenVerdict,
      reason: "frozen",
      attempts: [],
      best: null,
    };
  }
  const plan = planTrial(probe, { steps, budgetSeconds, always });
  if ("seconds" in plan) {
    const { seconds } = plan;
    const skipped = `it could take ${Math.ceil(seconds)} s (limit ${formatNumber(budgetSeconds)} ` +
      "s). Raise it with --trial-budget (budgetSeconds).";
    return { skipped, seconds };
  }
  const limit = PATIENCE * budgetSeconds + 1;
  const deadline = performance.now() + 1e3 * limit;
  const isUp = () => performance.now() > deadline;
  const isWhole = plan.examples === probe.examples;
  const tried = isWhole ? probe : await firstExamples(probe, plan.examples, options);
  const chosen = chooseLoss(tf, model, options.objective, tried.targets, seed);
  const { objective } = chosen;
  try {
    const scale = scaleOf(tried, chosen);
    const how = { steps, left: plan.steps, guess: scale.guess, isPatient: patient };
    // Dropout draws its masks from Math.random.
    const climbed = await climb(
      ladder,
      how,
      (options) =>
        seedDraws(seed, "trial", () => attempt(tried, { ...options, objective, scale, isUp })),
    );
    if (climbed === null) {
      const skipped = `it was stopped after ${formatNumber(limit)} s (limit ` +
        `${formatNumber(budgetSeconds)} s). Raise it with --trial-budget (budgetSeconds).`;
      return { skipped, seconds: limit };
    }
    const { attempts, untried } = climbed;
    return {
      ...subject,
      objective: { name: objective.name },
      randomTargets: chosen.drawn !== null,
      guess: scale.guess,
      ...judgeTrial(attempts, scale.guess, untried),
      attempts,
      ...untried > 0 ? { untried } : {},
      ...isWhole ? {} : { examples: plan.examples },
    };
  } finally {
    tf.dispose(chosen.drawn ?? []);
    if (!isWhole) tf.dispose([tried.inputs, tried.targets ?? []]);
  }
}

/** Returns a probe of the first examples of the batch. */
function firstExamples(
  { tf, model, batch, inputs, targets }: OpenProbe,
  examples: number,
  options: Pick<ProbeOptions, "seed">,
): Promise<OpenProbe> {
  const first = (tensor: Tensor) =>
    tf.slice(tensor, tensor.shape.map(() => 0), [examples, ...tensor.shape.slice(1)]) as Tensor;
  const part = { inputs: inputs.map(first), targets: targets?.map(first) };
  return openProbe(model, { ...batch, ...part }, options);
}

/** Returns the scale from guessing to all right; missing targets have been drawn by then. */
function scaleOf(probe: OpenProbe, chosen: ChosenObjective): FitScale {
  const { tf, model } = probe;
  const { objective } = chosen;
  const weights = model.trainableWeights.reduce((sum, weight) => sum + weight.read().size, 0);
  const kept = keepModel(probe);
  try {
    return answer(kept, objective, (outputs, first) => {
      const drawn = chosen.drawn !== null;
      const targets = chosen.drawn ?? probe.targets ?? [];
      return fitScale(tf, objective, { outputs, targets, drawn, first, weights });
    });
  } finally {
    kept.restore();
  }
}
