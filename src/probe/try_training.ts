import { heapOf } from "../engine/prepare_engine.ts";
import type { LayersModel } from "../engine/tensorflow.ts";
import { chooseLoss, type ChosenObjective } from "../measure/choose_objective.ts";
import type { Batch } from "../model/batch.ts";
import { notReproducedIn } from "../model/not_reproduced.ts";
import { seedDraws } from "../model/seeded_random.ts";
import { requireCount } from "../model/shapes.ts";
import { answer, attempt } from "./attempt.ts";
import { type FitScale, fitScale } from "./fit.ts";
import { judgeTrial } from "./judge_trial.ts";
import { keepModel } from "./keep_model.ts";
import { type OpenProbe, openProbe } from "./open_probe.ts";
import type { ProbeOptions } from "./probe_options.ts";
import { type Rung, rungs } from "./rungs.ts";
import type { Attempt, SkippedTrial, Trial } from "./trial.ts";
import { number, requireValue } from "../words/requirements.ts";
import { showValue } from "../words/show_value.ts";
import { estimateMemory } from "../measure/estimate_memory.ts";
import { estimateWorkload } from "../measure/estimate_workload.ts";
import { layerUses } from "../measure/layer_uses.ts";
import { containerLayers } from "../model/inner_layers.ts";
import { leafLayers } from "../model/leaf_layers.ts";

/** Options of {@linkcode tryTraining}. */
export interface TrialOptions extends Pick<ProbeOptions, "seed" | "optimizer" | "objective"> {
  /**
   * Training steps at each rate, and up to three times as many while the loss falls by 1 % in half of them.
   * Default: 40. Of 271 networks those that fail are told from the rest by the fit after 10 steps with an AUC of
   * 0.86, after 40 with one of 0.94; slow starters, such as sigmoid layers and deep autoencoders, take more.
   */
  steps?: number;
  /** Where the trial is estimated to take more seconds it is skipped. Default: 10. */
  budgetSeconds?: number;
}

/** So many times its budget a trial may take before it is given up: the estimate knows no custom layers. */
const PATIENCE = 3;

/**
 * Trains a model on one batch for some steps, to see whether it learns, and puts everything back: weights,
 * states, moving statistics and the optimizer are bit by bit what they were, also when a step throws.
 *
 * Each attempt starts from the very weights and steps as `model.fit` does: with the compiled loss, dropout,
 * batch normalisation in training mode and the penalties of the layers. The compiled optimizer comes first,
 * as a new one of its class and configuration, then, unless it is Adam, ten times and a tenth of its rate; then
 * Adam at 3e-3, 1e-2 and 1e-3. The first attempt that learns is the last. A model that was not compiled is trained on the
 * loss that fits its head, on random targets where the batch has none.
 *
 * The result depends only on the model and the batch, whose seed also draws dropout masks and targets. Threads do
 * not matter; time does only if the trial takes three times its budget.
 *
 * @param model A built model; it is put back as it was.
 * @param batch One tensor an input, and targets if there are any.
 * @param options The loss, the optimizer, how long to train, and the seed the model was made under.
 * @returns What training has shown; or, where it would take too long, that it was skipped.
 * @throws {MeasureError} If the loss cannot be evaluated or differentiated.
 * @throws {RangeError} If the batch does not suit the model, or an option is out of range.
 * @throws {TypeError} If the model or the batch is none.
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
  const { steps = 40, budgetSeconds = 10 } = options;
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
  const chosen = chooseLoss(tf, model, options.objective, targets, seed);
  const { objective } = chosen;
  const ladder = rungs(heapOf(probe.engine), model, options.optimizer);
  const result = {
    ...subject,
    objective: { name: objective.name },
    randomTargets: targets === null,
    guess: null,
  };
  if (model.trainableWeights.length === 0) {
    const givenVerdict = ladder[0].given ? "fails" : null;
    return {
      ...result,
      verdict: "fails",
      givenVerdict,
      reason: "frozen",
      attempts: [],
      best: null,
    };
  }
  const seconds = estimateTraining(probe, ladder.length * steps);
  if (seconds > budgetSeconds) {
    const skipped = `A trial of ${model.name} would take some ${Math.ceil(seconds)} s, more than ` +
      `its budget of ${budgetSeconds} s (budgetSeconds).`;
    return { skipped, seconds };
  }
  const deadline = performance.now() + 1e3 * PATIENCE * budgetSeconds;
  const isUp = () => performance.now() > deadline;
  try {
    const scale = scaleOf(probe, chosen);
    // Dropout draws its masks from Math.random.
    const attempts = await climb(
      ladder,
      (rung) =>
        seedDraws(seed, "trial", () => attempt(probe, { rung, objective, scale, steps, isUp })),
    );
    if (attempts === null) {
      const skipped = `The trial of ${model.name} was stopped after ${PATIENCE} times its budget ` +
        `of ${budgetSeconds} s: it was estimated to take ${Math.ceil(seconds)} s.`;
      return { skipped, seconds };
    }
    return {
      ...result,
      randomTargets: chosen.drawn !== null,
      guess: scale.guess,
      ...judgeTrial(attempts, scale.guess),
      attempts,
    };
  } finally {
    tf.dispose(chosen.drawn ?? []);
  }
}

/**
 * Makes one attempt after the other, up to the first that learns.
 *
 * @returns The attempts, or `null` where the time was up.
 */
async function climb(
  ladder: readonly Rung[],
  make: (rung: Rung) => Promise<Attempt | null>,
): Promise<Attempt[] | null> {
  const attempts: Attempt[] = [];
  for (const rung of ladder) {
    const made = await make(rung);
    if (made === null) return null;
    attempts.push(made);
    // Where the first loss is not finite, no rate will fix it; nor where penalties win, though a low one takes longer.
    if (made.verdict === "learns" || made.steps === 0 || made.penalty.won) break;
    // Everything is as it was here: whoever waits, a listener for Ctrl-C among them, may go on.
    await new Promise((resolve) => setTimeout(resolve));
  }
  return attempts;
}

/** The scale from guessing to all right; targets that have to be drawn are there once it is known. */
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

/** Operations a second of a slow machine in one thread, of the products that the workload counts. */
const SPEED = 5e9;

/** Seconds that a call of a layer costs beside its products, forwards and backwards. */
const CALL = 1.5e-4;

/** A recurrent layer runs so many times the operations of another for each step of its sequence. */
const CELL = 8;

/** Bytes a second, of all that is kept for the backward pass, at which layers do what is no product. */
const MEMORY = 1e9;

/** Seconds that an update costs for each weight. */
const UPDATE = 5e-9;

/**
 * Estimates the seconds that training takes on a slow machine: not measured, so that it is the same
 * everywhere and a trial takes place or does not.
 *
 * @param steps How many steps.
 */
function estimateTraining({ model, inputs }: OpenProbe, steps: number): number {
  const shapes = inputs.map(({ shape }) => shape);
  const leaves = leafLayers(model).map(({ layer }) => layer);
  const uses = layerUses(model, leaves, containerLayers(model), shapes);
  const calls = uses.reduce(
    (sum, { layer, input, times }) => sum + times * ("cell" in layer ? CELL * input[1] : 1),
    0,
  );
  const step = estimateWorkload(model, shapes) / SPEED + CALL * calls +
    estimateMemory(leaves, uses) / MEMORY + UPDATE * model.countParams();
  return steps * step;
}
