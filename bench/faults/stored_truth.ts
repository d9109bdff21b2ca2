import { openLines, readLines, writeLine } from "../trainability/lines.ts";
import type { Facts } from "./facts.ts";
import type { Truth } from "./truth.ts";

/** Line of `truth.jsonl`. */
interface TruthLine {
  id: string;
  facts: Facts;
  truth: Truth;
}

const FILE = new URL("truth.jsonl", import.meta.url);

/** Reads what training showed, by the facts of the program. */
export async function readTruths(): Promise<Map<string, Truth>> {
  const lines = await readLines<TruthLine>(FILE);
  return new Map(lines.map(({ facts, truth }) => [JSON.stringify(facts), truth]));
}

/** Appends what training showed of a program. */
export async function storeTruth(id: string, facts: Facts, truth: Truth): Promise<void> {
  using file = await openLines(FILE);
  await writeLine(file, { id, facts, truth });
}
