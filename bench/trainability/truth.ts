import process from "node:process";
import type { TensorFlow } from "../../src/engine/tensorflow.ts";
import { USUAL } from "./build_network.ts";
import { examplesOfPlan } from "./examples_of_plan.ts";
import type { OptimizerName } from "./optimizers.ts";
import type { Plan } from "./plan.ts";
import { planOf, POPULATION_VERSION } from "./population.ts";
import { type Reference, trainReference } from "./references.ts";
import { constantScore } from "./score.ts";
import type { Fix } from "../../src/core/diagnosis/fix.ts";
import { train, trainFixed } from "./train.ts";

/** A network that gets so far learns as well as can be asked: other rates need not be tried. */
const ENOUGH = 0.85;
/** A rate under which a network is below this at the first three checks, 200 steps, is given up. */
const HOPELESS = 0.02;
/** From here on a network trains. */
export const TRAINS = 0.6;
/** Below this it fails; between the two it is slow. */
export const FAILS = 0.15;

/** Outcome of a network. */
export type Outcome = "trains" | "slow" | "fails";

/** Progress at each check by learning rate; fewer than four where training ended early. */
export type Progress = Record<string, number[]>;

/**
 * Result of training one seed: a line of `truth.jsonl`. It depends on population and engine alone.
 */
export interface TruthLine {
  seed: number;
  /** {@linkcode POPULATION_VERSION}. */
  version: number;
  /** The kind of network, and what is wrong with it, so that the lines can be read by themselves. */
  family: string;
  task: string;
  faults: string[];
  /** Progress by Adam, or with the optimizer of the plan where it has its own. */
  adam: Progress;
  /** Progress by SGD; absent where the plan has its own optimizer. */
  sgd?: Progress;
  /** Best progress by each. */
  best: { adam: number; sgd?: number };
  /** Processor time in seconds. */
  seconds: number;
}

/** trains, slow or fails, by the best progress. */
export function outcomeOf(progress: number): Outcome {
  return progress >= TRAINS ? "trains" : progress < FAILS ? "fails" : "slow";
}

const best = (progress: Progress) => Math.max(...Object.values(progress).flat());

/**
 * Question about a network that was drawn without an optimizer: if it trains at the best of some
 * rates (`drawn`), or at the rate that it is compiled with (`compiled`). A network whose optimizer
 * is part of the draw has one answer to both.
 */
export type Question = "drawn" | "compiled";

/**
 * The truth of a network at the rate that it is compiled with. If it does not train at that one, but does at
 * another, the rate is one of its faults.
 */
export function truthAsCompiled(truth: TruthLine): TruthLine {
  if (truth.sgd === undefined) return truth;
  const { sgd: _, ...own } = truth;
  const adam = Math.max(...truth.adam[USUAL.rate]);
  const isOff = adam < TRAINS && truth.best.adam >= TRAINS;
  const faults = isOff ? [...truth.faults, `learning rate: adam at ${USUAL.rate}`] : truth.faults;
  return { ...own, faults, best: { adam } };
}

/**
 * Trains the network of a seed from exactly its weights, with Adam at 1e-3 and 1e-2, at 3e-4 where the
 * smaller of them did better, and with SGD at 0.1 and 0.01; or as it was compiled, where that is part of
 * the draw. Progress is (m - m0) / (mref - m0): 0 is what the best constant scores, 1 what the reference does.
 */
export async function truthOf(
  tf: TensorFlow,
  seed: number,
  referenceOf: (plan: Plan) => Promise<Reference>,
): Promise<TruthLine> {
  const started = process.cpuUsage();
  const plan = planOf(seed);
  const { score } = await referenceOf(plan);
  const least = constantScore(await examplesOfPlan(plan));
  const progressOf = (own: number) =>
    Math.max(-1, Math.round(1000 * (own - least) / (score - least)) / 1000);
  const at = async (name: OptimizerName, rate: number) => {
    const enough = (scores: readonly number[]) =>
      progressOf(scores.at(-1)!) >= ENOUGH ||
      (scores.length === 3 && scores.every((own) => progressOf(own) < HOPELESS));
    return (await train(tf, plan, { name, rate, enough })).map(progressOf);
  };
  const trainAll = async (): Promise<Pick<TruthLine, "adam" | "sgd">> => {
    if (plan.optimizer !== null) {
      const { name, rate } = plan.optimizer;
      return { adam: { [`${name} ${rate}`]: await at(name, rate) } };
    }
    const adam: Progress = {};
    const sgd: Progress = {};
    for (const rate of [1e-3, 1e-2]) {
      if (Object.keys(adam).length === 0 || best(adam) < ENOUGH) {
        adam[rate] = await at("adam", rate);
      }
    }
    const slow = adam[1e-3];
    const fast = adam[1e-2];
    if (best(adam) < ENOUGH && Math.max(...slow) > Math.max(...fast)) {
      adam[3e-4] = await at("adam", 3e-4);
    }
    for (const rate of [0.1, 0.01]) {
      if (Object.keys(sgd).length === 0 || best(sgd) < ENOUGH) sgd[rate] = await at("sgd", rate);
    }
    return { adam, sgd };
  };
  const { adam, sgd } = await trainAll();
  const { user, system } = process.cpuUsage(started);
  return {
    seed,
    version: POPULATION_VERSION,
    family: plan.family,
    task: plan.task,
    faults: plan.faults,
    adam,
    ...sgd === undefined ? {} : { sgd },
    best: { adam: best(adam), ...sgd === undefined ? {} : { sgd: best(sgd) } },
    seconds: Math.round((user + system) / 1e4) / 100,
  };
}

/**
 * Trains the network of a seed with fixes applied: at the rate of a fix, else with its own optimizer, or
 * with Adam at the rates that the question is about.
 *
 * @returns Best progress; `null` if a fix asks for another model.
 */
export async function progressFixed(
  tf: TensorFlow,
  { seed, fixes, question }: { seed: number; fixes: readonly Fix[]; question: Question },
  referenceOf: (plan: Plan) => Promise<Reference>,
): Promise<number | null> {
  const plan = planOf(seed);
  const { score } = await referenceOf(plan);
  const least = constantScore(await examplesOfPlan(plan));
  const enough = (scores: readonly number[]) =>
    (scores.at(-1)! - least) / (score - least) >= ENOUGH;
  const own = plan.optimizer;
  const others = fixes.filter(({ kind }) => kind !== "learning-rate");
  const fixed = fixes.find((fix) => fix.kind === "learning-rate");
  const searched = question === "drawn" ? [1e-3, 1e-2, 3e-4] : [USUAL.rate];
  const rates = own === null ? searched : [own.rate];
  const name = own?.name ?? USUAL.name;
  let best = -1;
  for (const rate of fixed === undefined ? rates : [fixed.to]) {
    const scores = await trainFixed(tf, plan, { name, rate, enough }, others);
    if (scores === null) return null;
    best = Math.max(best, (Math.max(...scores) - least) / (score - least));
    if (best >= ENOUGH) break;
  }
  return best;
}

/** Looks references up among known ones, and trains those that are missing. */
export function referenceBook(
  tf: TensorFlow,
  known: readonly Reference[],
  learned: (reference: Reference) => Promise<void>,
): (plan: Plan) => Promise<Reference> {
  const book = new Map(known.map((reference) => [key(reference), reference]));
  return async (plan) => {
    const own = book.get(key(plan)) ?? await trainReference(tf, plan.family, plan.task);
    if (!book.has(key(plan))) {
      book.set(key(plan), own);
      await learned(own);
    }
    return own;
  };
}

const key = ({ family, task }: Pick<Plan, "family" | "task">) => `${family} ${task}`;
