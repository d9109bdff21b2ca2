/**
 * Trains published programs, and two repairs, under `healthMonitor`: `deno run -A bench/monitor/published.ts`. They are
 * those that the monitor once missed, or stopped wrongly.
 *
 * @module
 */
import { startEngine } from "../../src/engine/start/start_engine.ts";
import { watchPublished } from "./watch_published.ts";

const PROGRAMS = [
  "31556268",
  "44998910",
  "50306988",
  "55328966",
  "regression-low_lr",
  "regression-high_lr",
  "mutant-M3",
  "digits-low_lr",
  "regression-over_reg",
  "digits-over_reg",
  "48934338 fixed",
  "mutant-M3 fixed",
];

await using engine = await startEngine();
console.log("| program | named at | what it says |\n| --- | --- | --- |");
for (const id of PROGRAMS) {
  const { found, steps, losses: [first, last] } = await watchPublished(engine.tf, id);
  const nothing = `nothing; loss ${first.toPrecision(3)} to ${
    last.toPrecision(3)
  } in ${steps} steps`;
  console.log(`| ${id} | ${found?.step ?? "-"} | ${found?.says ?? nothing} |`);
}
