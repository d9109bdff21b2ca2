/**
 * Holds the verdicts of this tool, and of others, against training: `deno task bench:trainability`.
 *
 * The truth, what training shows of each network, depends on the population and the engine alone.
 * Its lines are kept in `truth*.jsonl`; seeds that have one are not trained again. Verdicts are
 * computed each time. The table is of the even seeds, which rules are tuned on; with `--odd` of the
 * odd ones alone, and `looks.json` then says so, and `rules.json` how right each rule was: `deno
 * task generate` takes it to the pages of the rules. Shards write truth alone, each to a file of
 * its own beside the others. A small population about one question (`focus.ts`) has its files in a
 * folder of its own.
 *
 * @module
 */
import { parseArgs } from "@std/cli";
import { startEngine } from "../../src/engine/start/start_engine.ts";
import { FOCUSES } from "./focus.ts";
import { openLines, readLines, writeLine } from "./lines.ts";
import { addLook, commitOfRules, looksAt, rulesOf } from "./looks.ts";
import { POPULATION_SIZE, POPULATION_VERSION } from "./population.ts";
import { parsePart, seedsOf } from "./seeds.ts";
import { calibrationOf, type Judged, renderTable } from "./table.ts";
import type { Reference } from "./references.ts";
import {
  outcomeOf,
  progressFixed,
  type Question,
  referenceBook,
  truthAsCompiled,
  type TruthLine,
} from "./truth.ts";
import { type VerdictLine, verdictOf } from "./verdict.ts";
import { writeTruth } from "./write_truth.ts";

const USAGE = `deno task bench:trainability [--from SEED] [--to SEED] [--shard 1/4]
  [--truth-only] [--verdict-only] [--odd] [--resume] [--focus NAME] [--data FOLDER]`;

const { _: rest, ...flags } = parseArgs(Deno.args, {
  boolean: ["truth-only", "verdict-only", "odd", "resume", "help"],
  string: ["from", "to", "shard", "focus", "data"],
  unknown: (_, key) => {
    if (key !== undefined) stop(`unknown option --${key}`);
  },
});
if (flags.help) {
  console.log(USAGE);
  Deno.exit(0);
}
if (rest.length > 0) stop(`unexpected argument ${rest[0]}`);

function stop(message: string): never {
  console.error(`${message}\n${USAGE}`);
  Deno.exit(2);
}

function wholeNumber(name: "from" | "to", otherwise: number): number {
  const given = flags[name];
  if (given === undefined) return otherwise;
  if (!/^\d+$/.test(given)) stop(`--${name} is ${given}, expected a whole number`);
  return Number(given);
}

function readPart() {
  try {
    return flags.shard === undefined ? null : parsePart(flags.shard);
  } catch (error) {
    stop((error as Error).message);
  }
}

function readFocus() {
  if (flags.focus === undefined) return null;
  if (Object.hasOwn(FOCUSES, flags.focus)) return FOCUSES[flags.focus];
  stop(`--focus is ${flags.focus}, expected one of ${Object.keys(FOCUSES).join(", ")}`);
}

const part = readPart();
const focus = readFocus();
const first = focus?.from ?? 0;
const from = wholeNumber("from", first);
const to = wholeNumber("to", first + (focus?.size ?? POPULATION_SIZE));
const here = new URL("./", import.meta.url);
const folder = flags.data !== undefined
  ? new URL(`file://${await Deno.realPath(flags.data)}/`)
  : new URL(focus === null ? "./" : `focus/${flags.focus}/`, here);
const file = (name: string) => new URL(name, folder);
const name = part === null ? "truth.jsonl" : `truth_${part.index}_of_${part.count}.jsonl`;

// What a healthy network scores does not depend on the question.
const references = new URL("references.jsonl", flags.data === undefined ? here : folder);

await using engine = await startEngine();
const { tf } = engine;

/** True for every seed, but with `--odd` for odd ones alone. */
const isAsked = (seed: number) => !flags.odd || seed % 2 === 1;

if (!flags["verdict-only"]) {
  await Deno.mkdir(folder, { recursive: true });
  const files = { truth: file(name), references };
  await writeTruth(
    tf,
    seedsOf(from, to, part).filter(isAsked),
    files,
    ({ seed, family, best, seconds }) => {
      console.error(`${seed} ${family}: ${JSON.stringify(best)}, ${seconds} s`);
    },
  );
}
if (!flags["truth-only"] && part === null) await writeTable();

/** Line of `verdicts_*.jsonl`. */
interface StoredVerdict extends VerdictLine {
  /** The question; that of the verdict is `compiled` if the optimizer is part of the draw. */
  asked: Question;
  /** Best progress with the fixes applied; `null` if there are none, or none that can be applied. */
  fixed: number | null;
  /** The commit whose rules judged. */
  commit: string;
}

async function readTruth(): Promise<TruthLine[]> {
  const lines = new Map<number, TruthLine>();
  for await (const { name } of Deno.readDir(folder)) {
    if (!/^truth.*\.jsonl$/.test(name)) continue;
    for (const line of await readLines<TruthLine>(file(name))) {
      if (line.version !== POPULATION_VERSION) {
        stop(`${name}: seed ${line.seed} is of another population, version ${line.version}`);
      }
      lines.set(line.seed, line);
    }
  }
  return [...lines.values()].sort((a, b) => a.seed - b.seed);
}

async function writeTable(): Promise<void> {
  const parity = flags.odd ? 1 : 0;
  const word = flags.odd ? "odd" : "even";
  const truths = (await readTruth()).filter(({ seed }) =>
    seed >= from && seed < to && seed % 2 === parity
  );
  const seeds = `${word} seeds from ${from} to ${to - 1}`;
  const verdicts = file(`verdicts_${word}.jsonl`);
  if (!flags.resume) await Deno.remove(verdicts).catch(() => {});
  const kept = new Map(
    (await readLines<StoredVerdict>(verdicts)).map((line) => [`${line.asked} ${line.seed}`, line]),
  );
  const commit = await commitOfRules();
  using out = await openLines(verdicts);
  const known = await readLines<Reference>(references);
  const book = referenceBook(tf, known, () => Promise.resolve());
  const judge = async (truth: TruthLine, question: Question): Promise<Judged> => {
    const { seed } = truth;
    const known = kept.get(`${question} ${seed}`);
    if (known !== undefined) return { truth, verdict: known, fixed: known.fixed };
    const verdict = await verdictOf(tf, seed, question);
    const { fixes } = verdict;
    const isIll = verdict.verdict === "sick" && outcomeOf(truth.best.adam) !== "trains";
    const fixed = isIll && fixes.length > 0
      ? await progressFixed(tf, { seed, fixes, question: verdict.question }, book)
      : null;
    const line: StoredVerdict = { ...verdict, asked: question, fixed, commit };
    await writeLine(out, line);
    kept.set(`${question} ${seed}`, line);
    return { truth, verdict, fixed };
  };
  const all: Judged[] = [];
  const compiled: Judged[] = [];
  for (const truth of truths) {
    const drawn = await judge(truth, "drawn");
    all.push(drawn);
    compiled.push(
      drawn.verdict.question === "compiled"
        ? drawn
        : await judge(truthAsCompiled(truth), "compiled"),
    );
  }
  const looks = file("looks.json");
  const commits = all.map(({ truth: { seed } }) => kept.get(`drawn ${seed}`)!.commit);
  const look = { commit: [...new Set(commits)].join(" and "), from, to, networks: all.length };
  const seen = flags.odd ? await addLook(looks, look) : null;
  const table = renderTable({ drawn: all, compiled }, {
    seeds,
    rules: rulesOf(commits),
    looks: seen === null ? null : looksAt(seen, truths.map(({ seed }) => seed)),
  });
  if (flags.odd && focus === null) {
    const calibration = calibrationOf(all, seeds);
    await Deno.writeTextFile(file("rules.json"), `${JSON.stringify(calibration, null, 2)}\n`);
  }
  await Deno.writeTextFile(file(`table_${word}.md`), table);
  console.log(table);
}
