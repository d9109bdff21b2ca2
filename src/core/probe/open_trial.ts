import type { Tensor } from "../../engine/tensorflow.ts";
import { chooseLoss, type ChosenObjective } from "../measure/choose_objective.ts";
import { seedDraws } from "../model/batches/seeded_random.ts";
import { requireCount } from "../model/layers/shapes.ts";
import { notReproducedIn } from "../model/loaded_model.ts";
import { InputError, refusal } from "../../ground/words/input_error.ts";
import { formatNumber } from "../../ground/words/numbers.ts";
import { number, requireValue } from "../../ground/words/shape.ts";
import { showValue } from "../../ground/words/show_value.ts";
import { answer, attempt, type AttemptOptions, type Look } from "./attempt.ts";
import { type FitScale, fitScale } from "./fit.ts";
import { keepModel, type OpenProbe, openProbe } from "./open_probe.ts";
import { planTrial, type TrialPlanOptions } from "./plan_trial.ts";
import { type ProbeOptions, TRIAL_BUDGET } from "./probe_options.ts";
import type { Attempt, SkippedTrial, Trial } from "./trial.ts";

/** Options of `tryTraining`. */
export interface TrialOptions extends Pick<ProbeOptions, "seed" | "optimizer" | "objective"> {
  /**
   * Training steps at each rate, and up to three times as many while the loss falls by 1 % in half
   * of them. Default: 40. Of 271 networks, the fit after 10 steps tells those that fail from the
   * rest with an AUC of 0.86, after 40 with one of 0.94; slow starters, such as sigmoid layers and
   * deep autoencoders, take more.
   */
  steps?: number;
  /**
   * Estimated duration in seconds that the trial may have, on two cores. Rates and further steps
   * that do not fit are left out, and a batch whose steps are too expensive is cut to its first
   * examples; if not even 2 steps on two examples fit, the trial is skipped. Default: 10.
   */
  budgetSeconds?: number;
  /**
   * True to take all steps at all rates, on at least 8 examples, even if they do not fit the budget.
   * Default: false.
   */
  always?: boolean;
  /**
   * True to repeat the best attempt with 7.5 times the steps if all fail and the loss is still that
   * of guessing: late starters, such as sigmoid layers, move after 100 steps and more. It counts
   * only if it then learns. A number repeats it with that many times the steps. Default: true.
   */
  patient?: boolean | number;
  /**
   * True to repeat the given rate with 7.5 times the steps if it fails and another rate learns: 40 steps of
   * Adam at 1e-3 are too few for some networks that train. The longer attempt replaces the first. Default:
   * false.
   */
  thorough?: boolean;
}

/** Default number of steps at each rate. */
const DEFAULT_STEPS = 40;

/**
 * A trial is stopped after this many times its budget, plus a second, of processor time: the estimate
 * does not know custom layers, and without a second thread products take 1.9 times as long.
 */
const PATIENCE = 3;

/** Options of a trial that every kind of trial has, with their defaults filled in. */
export type TrialLimits = Required<Pick<TrialOptions, "steps" | "budgetSeconds" | "always">>;

/**
 * Returns the limits of a trial.
 *
 * @throws {InputError} If one is out of range.
 */
export function trialLimits(
  { steps = DEFAULT_STEPS, budgetSeconds = TRIAL_BUDGET, always = false }: TrialOptions,
): TrialLimits {
  requireCount("options.steps", steps);
  requireValue("options.budgetSeconds", budgetSeconds, number);
  if (!(budgetSeconds >= 0)) {
    throw new InputError(
      refusal`options.budgetSeconds is ${showValue(budgetSeconds)}, expected seconds, 0 or more`,
    );
  }
  return { steps, budgetSeconds, always };
}

/** Returns the reason to skip a trial: the compiled loss is missing or not reproduced; else `null`. */
export function unknownLoss(
  { model }: Pick<OpenProbe, "model">,
  { objective }: Pick<TrialOptions, "objective">,
): SkippedTrial | null {
  const isOwnLoss = objective === undefined || objective === "sum";
  const lost = notReproducedIn(model).find(({ setting }) => setting === "loss");
  if (!isOwnLoss || lost === undefined) return null;
  const skipped = lost.name === null
    ? `${model.name} is compiled without a loss: training on one would show nothing of its program.`
    : `${model.name} is compiled with ${lost.name}, which is not reproduced: training on another ` +
      "loss would show nothing of it.";
  return { skipped, seconds: 0 };
}

/** Loss, targets and scale of a trial, and the steps that fit its budget. */
export interface OpenTrial {
  /** Facts about it that its result holds. */
  facts: Pick<Trial, "objective" | "randomTargets" | "ignoresTargets" | "guess" | "examples">;
  /** Loss of the best constant answer; `null` if unknown. */
  guess: number | null;
  /** Number of steps of all attempts together. */
  steps: number;
  /** Makes an attempt; returns `null` if the time is up. */
  make(
    options: Omit<AttemptOptions, "objective" | "scale" | "first" | "isUp">,
  ): Promise<Attempt | null>;
  /** Reason to return if the time is up. */
  stopped: SkippedTrial;
  /** Frees its tensors. */
  dispose(): void;
}

/**
 * Plans a trial, and chooses its loss and targets.
 *
 * @param probe The model and the batch.
 * @param limits The budget; `steps` is the number of steps of all attempts that should fit.
 * @returns The trial; the caller disposes it. The reason for skipping it if it does not fit.
 */
export async function openTrial(
  probe: OpenProbe,
  options: Pick<TrialOptions, "objective" | "seed">,
  limits: TrialLimits & Pick<TrialPlanOptions, "few">,
): Promise<OpenTrial | SkippedTrial> {
  const { budgetSeconds } = limits;
  const raise = `(limit ${formatNumber(budgetSeconds)} s). Raise it with --trial-budget ` +
    "(budgetSeconds).";
  const plan = planTrial(probe, limits);
  if ("seconds" in plan) {
    const { seconds } = plan;
    return { skipped: `it could take ${Math.ceil(seconds)} s ${raise}`, seconds };
  }
  const { tf, model, batch } = probe;
  const seed = batch.seed ?? 0;
  const limit = PATIENCE * budgetSeconds + 1;
  const isUp = limits.always ? () => false : startLimit(limit);
  const isWhole = plan.examples === probe.examples;
  const some = { from: 0, to: plan.examples };
  const tried = isWhole ? probe : await someExamples(probe, some, options);
  const chosen = chooseLoss(tf, model, {
    objective: options.objective,
    targets: tried.targets,
    seed,
  });
  const { objective } = chosen;
  const dispose = () => {
    tf.dispose(chosen.drawn ?? []);
    if (!isWhole) tf.dispose([tried.inputs, tried.targets ?? []]);
  };
  try {
    const { scale, first } = lookAt(tried, chosen);
    return {
      facts: {
        objective: { name: objective.name },
        randomTargets: chosen.drawn !== null,
        ...scale.ignoresTargets ? { ignoresTargets: true } : {},
        guess: scale.guess,
        ...isWhole ? {} : { examples: plan.examples },
      },
      guess: scale.guess,
      steps: plan.steps,
      // Dropout draws its masks from Math.random.
      make: (options) =>
        seedDraws(
          seed,
          "trial",
          () => attempt(tried, { ...options, objective, scale, first, isUp }),
        ),
      stopped: {
        skipped: `it was stopped after ${formatNumber(limit)} s of processor time ${raise}`,
        seconds: limit,
      },
      dispose,
    };
  } catch (error) {
    dispose();
    throw error;
  }
}

/** Returns a function that turns true after these seconds of processor time. */
function startLimit(seconds: number): () => boolean {
  const deadline = processorSeconds() + seconds;
  const earliest = performance.now() + 1e3 * seconds;
  // To ask for the processor time takes 2 % of small steps, and it cannot be up before the time is.
  return () => performance.now() > earliest && processorSeconds() > deadline;
}

/** Returns a probe on some of the examples, as copies that the caller disposes. */
export function someExamples(
  { tf, model, batch, inputs, targets }: OpenProbe,
  { from, to }: { from: number; to: number },
  options: Pick<TrialOptions, "seed">,
): Promise<OpenProbe> {
  const cut = (tensor: Tensor) => {
    const [, ...rest] = tensor.shape;
    return tf.slice(tensor, [from, ...rest.map(() => 0)], [to - from, ...rest]) as Tensor;
  };
  const part = { inputs: inputs.map(cut), targets: targets?.map(cut) };
  return openProbe(model, { ...batch, ...part }, options);
}

/**
 * Returns the scale from guessing to all right, and where the network starts on it; missing targets
 * have been drawn by then.
 */
function lookAt(probe: OpenProbe, chosen: ChosenObjective): { scale: FitScale; first: Look } {
  const { tf, model } = probe;
  const { objective } = chosen;
  const weights = model.trainableWeights.reduce((sum, weight) => sum + weight.read().size, 0);
  const kept = keepModel(probe);
  try {
    return answer(kept, objective, (outputs, loss) => {
      const drawn = chosen.drawn !== null;
      const targets = chosen.drawn ?? probe.targets ?? [];
      const scale = fitScale(tf, objective, { outputs, targets, drawn, first: loss, weights });
      return { scale, first: { loss, ...scale.of(outputs, loss) } };
    });
  } finally {
    kept.restore();
  }
}

/** Processor time in microseconds. */
interface Used {
  user: number;
  system: number;
}

/**
 * Returns the seconds of processor time that this thread has used, which neither other programs nor
 * other test files in the same process (`deno test --parallel`) change; the seconds that have passed
 * where it is unknown, as in a browser. Helper threads of the engine are not counted.
 */
export function processorSeconds(): number {
  const { process } = globalThis as {
    process?: { threadCpuUsage?(): Used; cpuUsage?(): Used };
  };
  const used = process?.threadCpuUsage?.() ?? process?.cpuUsage?.();
  return used === undefined ? performance.now() / 1e3 : (used.user + used.system) / 1e6;
}
