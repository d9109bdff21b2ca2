import { startEngine } from "../../src/engine/start_engine.ts";
import { parseArgs } from "@std/cli";
import { POPULATION_SIZE } from "./population.ts";
import { parsePart, seedsOf } from "./seeds.ts";
import { writeTruth } from "./write_truth.ts";

const flags = parseArgs(Deno.args, {
  boolean: ["truth-only", "verdict-only", "odd"],
  string: ["from", "to", "shard", "out"],
});
const here = new URL("./", import.meta.url);
const part = flags.shard === undefined ? null : parsePart(flags.shard);
const seeds = seedsOf(Number(flags.from ?? 0), Number(flags.to ?? POPULATION_SIZE), part);
await using engine = await startEngine();
const files = {
  truth: new URL("truth.jsonl", here),
  references: new URL("references.jsonl", here),
};
await writeTruth(engine.tf, seeds, files, ({ seed, best, seconds }) => {
  console.error(`${seed}: ${JSON.stringify(best)}, ${seconds} s`);
});
