/**
 * Holds the learning rate that `learningRates` suggests against training: `deno task bench:rates`.
 *
 * For each network that some rate trains, a rate is suggested on 32 examples, and the network is
 * then trained with it, as for the truth. A network whose optimizer is part of the draw may have
 * been trained at one rate alone: if the suggested one fails, it is trained at each rate of the
 * ladder to see if any trains. Lines are kept in `rates_even.jsonl`, so that a run goes on where it
 * was stopped; `--focus rates` takes the networks with other optimizers, `--odd` the seeds for a
 * report.
 *
 * @module
 */
import { parseArgs } from "@std/cli";
import { startEngine } from "../../src/engine/start/start_engine.ts";
import type { TensorFlow } from "../../src/engine/tensorflow.ts";
import { learningRates } from "../../src/core/probe/learning_rates.ts";
import { buildNetwork } from "./build_network.ts";
import { batchOf, examplesOfPlan } from "./examples_of_plan.ts";
import { openLines, readLines, writeLine } from "./lines.ts";
import type { OptimizerName } from "./optimizers.ts";
import type { Plan } from "./plan.ts";
import { planOf } from "./population.ts";
import type { Reference } from "./references.ts";
import { constantScore } from "./score.ts";
import { train } from "./train.ts";
import { referenceBook, TRAINS, type TruthLine } from "./truth.ts";

/** On how many training examples a rate is searched: what `check` draws by default. */
const BATCH = 32;
/** A rate under which a network is below this at the first three checks is given up. */
const HOPELESS = 0.02;

/** Result of the suggestion for a network. */
interface RateLine {
  seed: number;
  /** Optimizer and rate; `null` if none was suggested. */
  suggested: { optimizer: string; learningRate: number } | null;
  /** Why the search was skipped. */
  skipped?: string;
  /** Best progress at this rate. */
  progress: number | null;
  /** Best progress at the compiled rate, by the truth. */
  compiled: number | null;
  /** True if any rate trains it, by the truth or by the ladder. */
  any: boolean;
  /** Wall time of the search in milliseconds. */
  milliseconds: number;
}

const { odd, focus, from: first, to: last } = parseArgs(Deno.args, {
  boolean: ["odd"],
  string: ["focus", "from", "to"],
});
const here = new URL("./", import.meta.url);
const folder = focus === undefined ? here : new URL(`focus/${focus}/`, here);
const word = odd ? "odd" : "even";
const from = Number(first ?? 0);
const to = Number(last ?? (focus === undefined ? 700 : Infinity));

await using engine = await startEngine();
const { tf } = engine;
const known = await readLines<Reference>(new URL("references.jsonl", here));
const book = referenceBook(tf, known, () => Promise.resolve());

const best = (progress: Record<string, number[]>) => Math.max(...Object.values(progress).flat());

const truths = (await readLines<TruthLine>(new URL("truth.jsonl", folder))).filter((
  { seed, adam, sgd },
) =>
  seed >= from && seed < to && seed % 2 === (odd ? 1 : 0) &&
  (sgd === undefined || Math.max(best(adam), best(sgd)) >= TRAINS)
);
const file = new URL(`rates_${word}.jsonl`, folder);
const lines = new Map((await readLines<RateLine>(file)).map((line) => [line.seed, line]));
{
  using out = await openLines(file);
  for (const truth of truths) {
    if (lines.has(truth.seed)) continue;
    const line = await lineOf(tf, truth);
    // The safety limit depends on what else the machine does: the next run tries again.
    if (line.skipped?.startsWith("it was stopped")) continue;
    lines.set(truth.seed, line);
    await writeLine(out, line);
    console.error(JSON.stringify(line));
  }
}
const table = renderTable(truths.flatMap(({ seed }) => lines.get(seed) ?? []));
await Deno.writeTextFile(new URL(`rates_${word}.md`, folder), table);
console.log(table);

/** Returns the best progress of a network at a rate. */
async function progressAt(plan: Plan, name: OptimizerName, rate: number): Promise<number> {
  const { score } = await book(plan);
  const least = constantScore(await examplesOfPlan(plan));
  const progressOf = (own: number) =>
    Math.max(-1, Math.round(1000 * (own - least) / (score - least)) / 1000);
  const enough = (scores: readonly number[]) =>
    progressOf(scores.at(-1)!) >= TRAINS ||
    scores.length === 3 && scores.every((own) => progressOf(own) < HOPELESS);
  return Math.max(...(await train(tf, plan, { name, rate, enough })).map(progressOf));
}

async function lineOf(tf: TensorFlow, { seed, adam, sgd }: TruthLine): Promise<RateLine> {
  const plan = planOf(seed);
  const examples = await examplesOfPlan(plan);
  const model = await buildNetwork(tf, plan);
  const batch = batchOf(tf, examples, Array.from({ length: BATCH }, (_, i) => i));
  const started = performance.now();
  const found = await learningRates(model, batch);
  const milliseconds = Math.round(performance.now() - started);
  model.dispose();
  tf.dispose([batch.inputs, batch.targets]);
  const compiled = sgd === undefined ? best(adam) : Math.max(...adam["0.001"] ?? [NaN]);
  const about = { seed, compiled, milliseconds };
  const isKnown = sgd !== undefined || best(adam) >= TRAINS;
  if ("skipped" in found) {
    const { skipped } = found;
    return { ...about, suggested: null, skipped, progress: null, any: isKnown };
  }
  const { suggested, rates } = found;
  const nameOf = (optimizer: string) => optimizer.toLowerCase() as OptimizerName;
  const progress = suggested === null
    ? null
    : await progressAt(plan, nameOf(suggested.optimizer), suggested.learningRate);
  let any = isKnown || (progress ?? 0) >= TRAINS;
  for (const { optimizer, learningRate } of any ? [] : rates) {
    any ||= await progressAt(plan, nameOf(optimizer), learningRate) >= TRAINS;
  }
  return { ...about, suggested, progress, any };
}

function renderTable(all: readonly RateLine[]): string {
  const lines = all.filter(({ any }) => any);
  const share = (count: number) => `${count} (${(100 * count / lines.length).toFixed(1)} %)`;
  const trained = lines.filter(({ progress }) => (progress ?? 0) >= TRAINS);
  const asCompiled = lines.filter(({ compiled }) => (compiled ?? 0) >= TRAINS);
  const missed = lines.filter(({ progress }) => !((progress ?? 0) >= TRAINS));
  const times = lines.map(({ milliseconds }) => milliseconds).toSorted((a, b) => a - b);
  return `# Suggested learning rates

Of the ${word} seeds from ${all[0].seed} to ${all.at(-1)!.seed}${
    focus === undefined ? "" : ` of the focus ${focus}`
  }, ${lines.length} networks are trained by some rate.

| rate                             | trains |
| -------------------------------- | -----: |
| suggested by \`learningRates\`     | ${share(trained.length)} |
| as compiled                      | ${share(asCompiled.length)} |

The search took ${times[Math.floor(times.length / 2)]} ms in the median.

Missed: ${
    missed.length === 0
      ? "none"
      : missed.map(({ seed, suggested, skipped, progress, compiled }) =>
        `${seed} (${
          suggested === null
            ? skipped ?? "no suggestion"
            : `${suggested.optimizer} at ${suggested.learningRate}: progress ${progress}`
        }, as compiled ${compiled})`
      ).join("; ")
  }.
`;
}
