/**
 * Compares our operations of ATen with PyTorch over its own samples.
 *
 *     deno run -A bench/torch/compare_samples.ts FOLDER [NAME...]
 *
 * FOLDER is what make_samples.py wrote. A case agrees if each output is within 1e-5 and each gradient
 * within 1e-4 of PyTorch's in float64, relative to the largest entry, or within 3 times the largest
 * error that PyTorch itself makes in float32. Prints the Markdown of samples.md.
 */

import { startEngine } from "../../src/engine/mod.ts";
import { ATEN_OPS } from "../../src/torch/aten/aten_ops.ts";
import { errorMessage } from "../../src/ground/words/failure.ts";
import type { AtenCase } from "../../tests/torch/aten_cases.ts";
import { differencesOf } from "../../tests/torch/compare_case.ts";

/** Results of the cases of an operation. */
interface Tally {
  cases: number;
  agree: number;
  /** First sentence of each kind of disagreement, with its number of cases. */
  faults: Map<string, number>;
}

/** Longest sentence on a disagreement. */
const MAX_SENTENCE = 140;

const [folder, ...chosen] = Deno.args;
const { tf } = await startEngine();
const tallies = new Map<string, Tally>();

for (const { name } of [...Deno.readDirSync(folder)].sort((a, b) => a.name < b.name ? -1 : 1)) {
  if (!name.endsWith(".jsonl")) continue;
  for (const line of Deno.readTextFileSync(`${folder}/${name}`).trimEnd().split("\n")) {
    const given: AtenCase = JSON.parse(line);
    if (chosen.length === 0 || chosen.includes(given.op)) compare(given);
  }
}
print();

function compare(given: AtenCase): void {
  const tally = tallies.get(given.op) ?? { cases: 0, agree: 0, faults: new Map() };
  tallies.set(given.op, tally);
  tally.cases++;
  if (ATEN_OPS[given.op] === undefined) return;
  const [fault] = faultsOf(given);
  if (fault === undefined) tally.agree++;
  else tally.faults.set(fault, (tally.faults.get(fault) ?? 0) + 1);
}

function faultsOf(given: AtenCase): string[] {
  let faults: string[] = [];
  try {
    tf.tidy(() => void (faults = differencesOf(tf, given)));
  } catch (error) {
    faults = [`refuses: ${errorMessage(error)}`];
  }
  if (chosen.length > 0 && faults.length > 0) {
    console.error(given.op, JSON.stringify([given.args, given.named]).slice(0, 1500), faults);
  }
  // Numbers are left out, so that equal disagreements count together.
  return faults.map((fault) =>
    fault.replaceAll(/\s+/g, " ").replaceAll("|", "/").replace(/ \(scale.*/, "")
      .replaceAll(/-?\d+\.\d+(e[-+]\d+)?/g, "x").slice(0, MAX_SENTENCE)
  );
}

function print(): void {
  const known = [...tallies].filter(([name]) => ATEN_OPS[name] !== undefined);
  const total = (rows: typeof known, key: "cases" | "agree") =>
    rows.reduce((sum, [, tally]) => sum + tally[key], 0);
  console.log(
    `${total(known, "agree")} of ${
      total(known, "cases")
    } cases of ${known.length} overloads agree.`,
  );
  console.log("\n| overload | cases | agree | first disagreement |\n| --- | ---: | ---: | --- |");
  for (const [name, { cases, agree, faults }] of known.sort()) {
    if (cases === agree) continue;
    const shown = [...faults].map(([fault, count]) => `${count} x ${fault}`).slice(0, 2).join("; ");
    console.log(`| ${name.replace("aten.", "")} | ${cases} | ${agree} | ${shown} |`);
  }
  const missing = [...tallies].filter(([name]) => ATEN_OPS[name] === undefined)
    .sort(([, a], [, b]) => b.cases - a.cases);
  console.log(
    `\n${missing.length} overloads of ${total(missing, "cases")} cases are not known here: ${
      missing.map(([name, { cases }]) => `${name.replace("aten.", "")} (${cases})`).join(", ")
    }.`,
  );
  const without = Object.keys(ATEN_OPS).filter((name) => !tallies.has(name));
  console.log(
    `\n${without.length} overloads have no case in these samples: ${without.join(", ")}.`,
  );
}
