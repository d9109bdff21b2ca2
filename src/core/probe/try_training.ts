import { heapOf } from "../../engine/start/prepare_engine.ts";
import type { LayersModel } from "../../engine/tensorflow.ts";
import { chooseLoss } from "../measure/choose_objective.ts";
import type { Batch } from "../model/batches/batch.ts";
import { answer, type AttemptOptions } from "./attempt.ts";
import { type OpenProbe, openProbe } from "./open_probe.ts";
import {
  openTrial,
  someExamples,
  type TrialLimits,
  trialLimits,
  type TrialOptions,
  unknownLoss,
} from "./open_trial.ts";
import { LEAST_STEPS } from "./plan_trial.ts";
import { type Rung, rungs } from "./rungs.ts";
import { type Attempt, judgeTrial, type SkippedTrial, startsFar, type Trial } from "./trial.ts";

/** Maximum length of an attempt whose steps help, as a multiple of the requested steps. */
const LONGER = 3;

/**
 * Number of times the requested steps that a repeated attempt gets because it still guesses, or
 * because another rate learns.
 */
const LATE = 7.5;

/**
 * A network guesses if its loss is at most this many times that of guessing, at the end and at the
 * start. A higher one has other troubles than a late start.
 */
const GUESSES = { last: 1.05, first: 2 };

/** Options that differ between attempts. */
export type AttemptPlan = Pick<AttemptOptions, "rung" | "steps" | "most" | "isShort">;

/** Limits of a climb. */
interface ClimbOptions {
  /** Number of steps of an attempt before checking if more would help. */
  steps: number;
  /** Number of steps of all attempts together. */
  left: number;
  /** Loss of the best constant answer; `null` if unknown. */
  guess: number | null;
  /** Number of times the steps with which an attempt that still guesses is repeated; 0 for none. */
  patience: number;
  /** True to repeat, with more steps, the given rate if it fails and another one learns. */
  isThorough?: boolean;
}

interface Climb {
  /** Attempts, one per rung that was tried. */
  attempts: Attempt[];
  /** Number of rungs left untried because the steps ran out. */
  untried: number;
}

/**
 * Makes attempts in turn until one learns. Each gets its steps as long as there are any, and more
 * only if the later attempts still get theirs.
 *
 * @param make Makes an attempt; returns `null` if the time is up.
 * @returns The attempts, or `null` if the time was up.
 */
export async function climb(
  ladder: readonly Rung[],
  { steps, left, guess, patience, isThorough = false }: ClimbOptions,
  make: (plan: AttemptPlan) => Promise<Attempt | null>,
): Promise<Climb | null> {
  const attempts: Attempt[] = [];
  const late = Math.ceil(patience * steps);
  const thorough = Math.ceil(LATE * steps);
  const repeat = (place: number, steps: number) =>
    make({ rung: ladder[place], steps, most: steps, isShort: false });
  for (const rung of ladder) {
    // A trial on few examples has fewer steps than that, all for the first rung.
    if (attempts.length > 0 && left < Math.min(steps, LEAST_STEPS)) break;
    const others = ladder.length - attempts.length - 1;
    const spare = Math.max(0, left - (1 + others) * steps);
    const most = Math.min(left, LONGER * steps, steps + spare);
    const made = await make({ rung, steps, most, isShort: most < LONGER * steps });
    if (made === null) return null;
    attempts.push(made);
    left -= made.steps;
    if (isLast(made)) break;
    await breathe();
  }
  const isEnded = attempts.length > 0 && isLast(attempts.at(-1)!);
  const untried = isEnded ? 0 : ladder.length - attempts.length;
  const isDue = !isEnded && untried === 0 && left >= late;
  const place = isDue ? lateStarter(attempts, { guess, steps: late }) : null;
  if (place !== null) {
    const made = await repeat(place, late);
    if (made === null) return null;
    left -= made.steps;
    // A slow attempt after this many steps proves nothing: more such networks fail than train.
    if (made.verdict === "learns") attempts[place] = made;
  }
  const isRepeated = place === 0 && late >= thorough;
  if (isThorough && !isRepeated && left >= thorough && isInDoubt(attempts)) {
    const made = await repeat(0, thorough);
    if (made === null) return null;
    attempts[0] = { ...made, repeated: true };
  }
  return { attempts, untried };
}

/**
 * Returns true if no later rate can help: the first loss is not finite, or penalties win, though a
 * low rate takes longer.
 */
function isLast({ verdict, steps, penalty }: Attempt): boolean {
  return verdict === "learns" || steps === 0 || penalty.won === true;
}

/**
 * Returns true if the given rate fails where another one learns, slowly or not, without a sign that
 * no number of steps would help: its loss is finite and has not risen.
 */
function isInDoubt([first, ...others]: readonly Attempt[]): boolean {
  return first.given && first.verdict === "fails" && first.nonFiniteStep === null &&
    first.loss.last <= first.loss.first &&
    others.some(({ verdict }) => verdict === "learns" || verdict === "slow");
}

/** Returns the index of the best attempt that still guesses after fewer steps if all fail; else `null`. */
function lateStarter(
  attempts: readonly Attempt[],
  { guess, steps }: Pick<ClimbOptions, "guess" | "steps">,
): number | null {
  if (guess === null || attempts.some(({ verdict }) => verdict !== "fails")) return null;
  const isLate = ({ steps: taken, nonFiniteStep, loss, penalty, stillLayers, layers }: Attempt) =>
    taken < steps &&
    nonFiniteStep === null && penalty.won !== true && stillLayers === 0 && layers.length > 0 &&
    loss.last <= GUESSES.last * guess && loss.first <= GUESSES.first * guess;
  const places = attempts.map((_, place) => place).filter((place) => isLate(attempts[place]))
    .toSorted((a, b) => (attempts[b].fit ?? -Infinity) - (attempts[a].fit ?? -Infinity));
  return places[0] ?? null;
}

/** The model is restored at this point, so other tasks, such as a listener for Ctrl-C, may run. */
const breathe = () => new Promise((resolve) => setTimeout(resolve));

/** Judges a trial whose compiled rate only memorises the batch, whatever the other rates do. */
function judgeMemorised(
  [made, ...others]: readonly Attempt[],
  { guess, heldOut }: Pick<Trial, "guess"> & { heldOut: number },
): Pick<Trial, "verdict" | "givenVerdict" | "reason" | "best" | "attempts"> {
  const given: Attempt = { ...made, verdict: "fails", heldOut };
  return { ...judgeTrial([given], { guess }), attempts: [given, ...others] };
}

/**
 * Trains a model on one batch for some steps, to see if it learns, then restores everything:
 * weights, states, moving statistics and the optimizer are restored bit by bit, even if a step
 * throws.
 *
 * Each attempt starts from the same weights and steps as `model.fit` does: with the compiled loss,
 * dropout, batch normalisation in training mode and the penalties of the layers. The compiled
 * optimizer comes first, as a new one of its class and configuration; then, unless it is Adam, the
 * same at ten times and a tenth of its rate; then Adam at 3e-3, 1e-2 and 1e-3. The trial stops at
 * the first attempt that learns. An uncompiled model is trained on the loss that fits its head, on
 * random targets if the batch has none.
 *
 * The result depends only on the model, the batch, whose seed also draws dropout masks and targets,
 * and the budget. Threads do not matter; time does only if the trial takes more than three times its
 * budget, of processor time where that is known: a busy machine does not change the result.
 *
 * @param model A built model; it is restored afterwards.
 * @param batch One tensor per input, and targets if there are any.
 * @param options The loss, the optimizer, how long to train, and the seed that the model was made
 * with.
 * @returns The trial; or, if it would take too long, the reason why it was skipped.
 * @throws {MeasureError} If the loss cannot be evaluated or differentiated.
 * @throws {InputError} If the batch does not suit the model, or an option is out of range, or if
 * the model or the batch is invalid.
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
  const limits = trialLimits(options);
  const { steps } = limits;
  const { tf, targets, subject } = probe;
  const unknown = unknownLoss(probe, options);
  if (unknown !== null) return unknown;
  const ladder = rungs(heapOf(probe.engine), model, options.optimizer);
  if (model.trainableWeights.length === 0) {
    const givenVerdict = ladder[0].given ? "fails" : null;
    const chosen = chooseLoss(tf, model, {
      objective: options.objective,
      targets,
      seed: batch.seed ?? 0,
    });
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
  const trial = await openTrial(probe, options, { ...limits, few: true });
  if ("skipped" in trial) return trial;
  const { facts: { examples, ...facts }, guess } = trial;
  try {
    const { patient = true, thorough: isThorough = false } = options;
    const patience = typeof patient === "number" ? patient : LATE * Number(patient);
    const how = { steps, left: trial.steps, guess, patience, isThorough };
    const climbed = await climb(ladder, how, trial.make);
    if (climbed === null) return trial.stopped;
    const { attempts, untried } = climbed;
    const [made] = attempts;
    const isShort = trial.steps < Math.min(steps, LEAST_STEPS);
    const left = trial.steps - attempts.reduce((sum, { steps }) => sum + steps, 0);
    const given = { rung: ladder[0], made, facts: trial.facts, limits, left };
    const heldOut = made.given ? await memorisedOnly(probe, options, given) : null;
    return {
      ...subject,
      ...facts,
      ...heldOut === null
        ? { ...judgeTrial(attempts, { guess, untried, examples, isShort }), attempts }
        : judgeMemorised(attempts, { guess, heldOut }),
      ...untried > 0 ? { untried } : {},
      ...examples === undefined ? {} : { examples },
    };
  } finally {
    trial.dispose();
  }
}

/** A batch of fewer examples is not divided. */
const LEAST_EXAMPLES = 16;

/** Share of the examples that are trained on; the others are held out. */
const TRAINED = 0.75;

/**
 * An attempt has only memorised its examples if the loss of those held out is at least this many times
 * that of guessing. Of networks of `bench/trainability` whose targets are numbers and whose loss starts
 * far from guessing, those that learned their batch at the compiled rate had, on 64 other examples, 2.7
 * to 145 times that loss if they fail as compiled (five), and 0.3 to 0.5 times if they train or are slow
 * (two).
 */
const MEMORISED = 3;

/** Attempt that is tested on examples left out of its training, and its trial. */
interface HeldOutOptions {
  rung: Rung;
  /** The attempt on all examples. */
  made: Attempt;
  /** Facts about the trial. */
  facts: Pick<Trial, "guess" | "examples" | "randomTargets" | "ignoresTargets">;
  limits: TrialLimits;
  /** Number of steps that the budget leaves. */
  left: number;
}

/**
 * Returns true if an attempt may only have memorised its batch: its targets are numbers, whose loss was
 * far from guessing. A large bias, such as that of targets far from zero, is then still missing for
 * other examples. Where classes are told apart, such networks train.
 */
function mayHaveMemorised(
  { made, facts, left }: HeldOutOptions,
  { model, examples }: OpenProbe,
): boolean {
  const { guess } = facts;
  return (made.verdict === "learns" || made.verdict === "slow") && made.steps <= left &&
    guess !== null && guess > 0 && startsFar(made, guess) && examples >= LEAST_EXAMPLES &&
    facts.examples === undefined && !facts.randomTargets && facts.ignoresTargets !== true &&
    // A model built for a fixed number of examples accepts no other.
    model.inputs.every(({ shape }) => shape[0] === null);
}

/**
 * Repeats an attempt that may only have memorised its batch on three quarters of it, and measures the
 * loss of the rest.
 *
 * @returns The loss of the examples held out over that of guessing, if the attempt has only memorised
 * the others; else `null`.
 */
export async function memorisedOnly(
  probe: OpenProbe,
  options: Pick<TrialOptions, "objective" | "seed">,
  tried: HeldOutOptions,
): Promise<number | null> {
  if (!mayHaveMemorised(tried, probe)) return null;
  const { tf, model, examples } = probe;
  const { rung, made: { steps }, facts, limits } = tried;
  const to = Math.floor(TRAINED * examples);
  const some = await someExamples(probe, { from: 0, to }, options);
  const rest = await someExamples(probe, { from: to, to: examples }, options);
  const { targets } = rest;
  const { objective } = options;
  const chosen = chooseLoss(tf, model, { objective, targets, seed: probe.batch.seed ?? 0 });
  try {
    const trial = await openTrial(some, options, limits);
    if ("skipped" in trial) return null;
    let loss = NaN;
    try {
      await trial.make({
        rung,
        steps,
        most: steps,
        isShort: false,
        see: (trained) => {
          const held = { ...trained, inputs: rest.inputs, examples: rest.examples };
          loss = answer(held, chosen.objective, (_, loss) => loss);
        },
      });
    } finally {
      trial.dispose();
    }
    const ratio = loss / facts.guess!;
    return ratio >= MEMORISED ? ratio : null;
  } finally {
    tf.dispose([some, rest].flatMap(({ inputs, targets }) => [...inputs, ...targets ?? []]));
    tf.dispose(chosen.drawn ?? []);
  }
}
