/**
 * Prints the conformance table: every layer with its options, on stock TensorFlow.js with WASM, on its
 * cpu backend, and on this engine. `--write` also keeps the summary in `summary.json`; `--markdown` prints
 * it alone, as `docs/conformance.md` shows it.
 */
import { type Column, onBackend } from "./backends.ts";
import { markdownSummary } from "./markdown_summary.ts";
import { ROWS } from "./rows/mod.ts";
import { type Outcome, runRow } from "./run_row.ts";
import { summarize } from "./summarize.ts";

const COLUMNS: Column[] = ["stock WASM", "cpu", "this engine"];

const cell = ({ status, worst }: Outcome) =>
  status === "wrong" ? `wrong (${worst === Infinity ? "shape" : worst.toExponential(0)})` : status;

const outcomes: Record<Column, Outcome[]> = { "stock WASM": [], cpu: [], "this engine": [] };
// Stock comes last: its one-hot writes past the end of a bool tensor and ruins the heap for whoever follows.
for (const column of COLUMNS.toReversed()) {
  outcomes[column] = await onBackend(column, (tf) => ROWS.map((row) => runRow(tf, row)));
}

const table = ROWS.map((row, i) => [
  `${row.subject}: ${row.options}`,
  ...COLUMNS.map((column) => cell(outcomes[column][i])),
]);
const width = Math.min(92, Math.max(...table.map(([name]) => name.length)));
const line = ([name, ...cells]: string[]) =>
  [name.padEnd(width), ...cells.map((text) => text.padEnd(14))].join("  ").trimEnd();
const summary = summarize(ROWS, outcomes);
if (Deno.args.includes("--markdown")) {
  console.log(markdownSummary(summary));
  Deno.exit();
}
console.log(line(["layer, options", ...COLUMNS]));
for (const row of table) console.log(line(row));

console.log(`\n${ROWS.length} rows`);
for (const column of COLUMNS) {
  const { ok, wrong, noGradient, error } = summary.total[column];
  console.log(
    `${
      column.padEnd(12)
    } ${ok} ok, ${wrong} wrong, ${noGradient} without gradient, ${error} errors`,
  );
}
for (const [i, row] of ROWS.entries()) {
  const { status, detail } = outcomes["this engine"][i];
  if (status !== "ok") console.log(`this engine: ${row.subject}: ${row.options}: ${detail}`);
}
if (Deno.args.includes("--write")) {
  const path = new URL("summary.json", import.meta.url);
  await Deno.writeTextFile(path, JSON.stringify(summary, null, 2) + "\n");
}
