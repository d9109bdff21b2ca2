/**
 * Judges published buggy programs and their repairs, and compares the verdicts with training: `deno
 * task bench:faults`.
 *
 * The result of training a program depends on its facts and the engine: it is stored in
 * `truth.jsonl`, and a program with unchanged facts is not trained again. Verdicts are computed
 * each time. Without a flag the programs that rules may be tuned on are judged; with `--held-out`
 * the others, and `looks.json` says so.
 *
 * @module
 */
import { parseArgs } from "@std/cli";
import { startEngine } from "../../src/engine/start/start_engine.ts";
import { addLook, readLooks } from "./looks.ts";
import { type Facts, type Program, repaired } from "./facts.ts";
import { type Judged, readPublished, renderTable } from "./table.ts";
import { HELD_OUT, TUNED } from "./programs/programs.ts";
import { readTruths, storeTruth } from "./stored_truth.ts";
import { trainProgram, type Truth } from "./truth.ts";
import { judgeProgram } from "./verdict.ts";

const USAGE = "deno task bench:faults [--held-out] [--truth-only] [--only ID]";

const flags = parseArgs(Deno.args, {
  boolean: ["held-out", "truth-only", "help"],
  string: ["only"],
  unknown(argument) {
    console.error(`unknown argument ${argument}\n${USAGE}`);
    Deno.exit(2);
  },
});
if (flags.help) {
  console.log(USAGE);
  Deno.exit(0);
}

const isHeldOut = flags["held-out"];
const programs = (isHeldOut ? HELD_OUT : TUNED).filter(({ id }) =>
  flags.only === undefined || id === flags.only
);
const here = (name: string) => new URL(name, import.meta.url);

await using engine = await startEngine();
const { tf } = engine;
const truths = await readTruths();

async function truthOf(id: string, facts: Facts): Promise<Truth> {
  const key = JSON.stringify(facts);
  const known = truths.get(key);
  if (known !== undefined) return known;
  const truth = await trainProgram(tf, facts);
  truths.set(key, truth);
  await storeTruth(id, facts, truth);
  console.error(`${id}: ${truth.outcome}, ${truth.progress}`);
  return truth;
}

async function judge(program: Program): Promise<Judged> {
  const fixed = repaired(program);
  const buggy = { truth: await truthOf(program.id, program.buggy) };
  const repair = { truth: await truthOf(`${program.id} repaired`, fixed) };
  if (flags["truth-only"]) return { program, buggy, repair };
  const verdict = await judgeProgram(tf, program.buggy);
  const repairedVerdict = await judgeProgram(tf, fixed);
  console.error(`${program.id}: ${verdict.verdict}, repaired ${repairedVerdict.verdict}`);
  return {
    program,
    buggy: { ...buggy, verdict },
    repair: { ...repair, verdict: repairedVerdict },
  };
}

const judged: Judged[] = [];
for (const program of programs) judged.push(await judge(program));

if (!flags["truth-only"] && flags.only === undefined) {
  const looks = here("looks.json");
  const seen = isHeldOut ? await addLook(looks, judged.length) : await readLooks(looks);
  const name = isHeldOut ? "held_out" : "tuned";
  const table = renderTable(judged, { isHeldOut, looks: seen, published: await readPublished() });
  const results = judged.map(({ program: { id }, buggy, repair }) => ({ id, buggy, repair }));
  await Deno.writeTextFile(here(`results_${name}.json`), `${JSON.stringify(results, null, 1)}\n`);
  await Deno.writeTextFile(here(`table_${name}.md`), table);
  console.log(table);
} else {
  for (const { program, buggy, repair } of judged) {
    console.log(JSON.stringify({ id: program.id, buggy, repair }));
  }
}
