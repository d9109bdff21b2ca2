/**
 * Logs the signals of trainings with known ends, once, so that rules can be tried on them offline:
 * `deno run -A bench/monitor/record.ts LOGS --from 0 --to 400`.
 *
 * Each network is trained at each rate of a ladder, then at the best of these with each fault, then at the rate that
 * `learningRates` suggests. LOGS gets a line for each training. A run goes on where it was stopped. `--heads` records
 * transformers alone, with MultiHeadAttention.
 *
 * @module
 */
import { parseArgs } from "@std/cli";
import { startEngine } from "../../src/engine/start/start_engine.ts";
import { learningRates } from "../../src/core/probe/learning_rates.ts";
import { buildNetwork } from "../trainability/build_network.ts";
import { batchOf, examplesOfPlan } from "../trainability/examples_of_plan.ts";
import { openLines, readLines, writeLine } from "../trainability/lines.ts";
import { EXAMPLES } from "../trainability/tasks.ts";
import { FAULTS } from "./faults.ts";
import { drawnOf } from "./networks.ts";
import { type Recorded, recordTraining } from "./record_training.ts";

const { from, to, heads, _: [file] } = parseArgs(Deno.args, {
  string: ["from", "to", "_"],
  boolean: ["heads"],
});
await using engine = await startEngine();
const { tf } = engine;
const known = new Set((await readLines<Recorded>(String(file))).map(({ seed }) => seed));
using out = await openLines(String(file));
for (let seed = Number(from ?? 0); seed < Number(to ?? 400); seed++) {
  const drawn = drawnOf(seed);
  if (drawn === null || known.has(seed)) continue;
  if (heads && drawn.plan.family !== "attention") continue;
  if (heads) drawn.plan.attention = "heads";
  const started = performance.now();
  const lines: Recorded[] = [];
  const record = async (
    rate: number,
    rest: { fault?: typeof FAULTS[number]; suggested?: true } = {},
  ) => {
    const { fault = null, suggested = false } = rest;
    lines.push(await recordTraining(tf, { seed, ...drawn, rate, fault, suggested }));
  };
  for (const rate of drawn.rates) await record(rate);
  const best = lines.reduce((a, b) => b.end.score > a.end.score + 0.01 ? b : a);
  for (const fault of FAULTS) await record(best.rate, { fault });
  const suggested = await suggestedRate(drawn);
  if (suggested !== null) await record(suggested, { suggested: true });
  for (const line of lines) await writeLine(out, line);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(
    seed,
    drawn.plan.family,
    drawn.optimizer,
    best.rate,
    best.end.score.toFixed(2),
    seconds,
  );
}

async function suggestedRate({ plan, optimizer, rates }: NonNullable<ReturnType<typeof drawnOf>>) {
  const model = await buildNetwork(tf, { ...plan, optimizer: { name: optimizer, rate: rates[0] } });
  const examples = await examplesOfPlan(plan);
  const batch = batchOf(tf, examples, Array.from({ length: 32 }, (_, i) => EXAMPLES - 32 + i));
  const found = await learningRates(model, batch);
  tf.dispose([batch.inputs, batch.targets]);
  model.optimizer.dispose();
  model.dispose();
  return "rates" in found ? found.suggested?.learningRate ?? null : null;
}
