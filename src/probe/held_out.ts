import { chooseLoss } from "../measure/choose_objective.ts";
import { answer } from "./attempt.ts";
import type { OpenProbe } from "./open_probe.ts";
import { openTrial, someExamples, type TrialLimits, type TrialOptions } from "./open_trial.ts";
import type { Rung } from "./rungs.ts";
import { type Attempt, startsFar, type Trial } from "./trial.ts";

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
function isInDoubt({ made, facts, left }: HeldOutOptions, { model, examples }: OpenProbe): boolean {
  const { guess } = facts;
  return (made.verdict === "learns" || made.verdict === "slow") && made.steps <= left &&
    guess !== null && guess > 0 && startsFar(made, guess) && examples >= LEAST_EXAMPLES &&
    facts.examples === undefined && !facts.randomTargets && facts.ignoresTargets !== true &&
    // A model built for a fixed number of examples accepts no other.
    model.inputs.every(({ shape }) => shape[0] === null);
}

/**
 * Repeats an attempt on three quarters of the batch if it is in doubt, and looks at the rest.
 *
 * @returns The loss of the examples held out over that of guessing, if the attempt has only memorised
 * the others; else `null`.
 */
export async function memorisedOnly(
  probe: OpenProbe,
  options: Pick<TrialOptions, "objective" | "seed">,
  tried: HeldOutOptions,
): Promise<number | null> {
  if (!isInDoubt(tried, probe)) return null;
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
