/**
 * Runs the benches of this folder, each in a process of its own, and prints one table: `deno task bench`. Names given
 * after it choose: `deno task bench kernels peak`. It ends with 0 where every target is met, with 1 where one is missed,
 * and with 2 where a bench fails or a name is unknown.
 *
 * @module
 */
import { describeMachine } from "./machine.ts";
import { type Benches, renderTable } from "./render_table.ts";
import { isMet, type Row } from "./row.ts";

/** Benches that take many minutes, or a fast network: they run when they are named. */
const NAMED_ONLY = ["download", "growth", "merge", "picture", "study"];

const HERE = new URL("./", import.meta.url);

async function findBenches(): Promise<string[]> {
  const names = (await Array.fromAsync(Deno.readDir(HERE))).map(({ name }) => name);
  return names.flatMap((name) => /^(.*)_bench\.ts$/.exec(name)?.[1] ?? [])
    .filter((name) => name !== "run").sort();
}

/** The rows of one bench; `null` where it fails, which it has said on stderr. */
async function runBench(name: string): Promise<Row[] | null> {
  const { success, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", new URL("print_rows.ts", HERE).href, name],
    stderr: "inherit",
  }).output();
  return success ? JSON.parse(new TextDecoder().decode(stdout)) : null;
}

const known = await findBenches();
const unknown = Deno.args.find((name) => !known.includes(name));
if (unknown !== undefined) {
  console.error(`error: bench ${unknown} is unknown, expected one of ${known.join(", ")}`);
  Deno.exit(2);
}
console.log(`${await describeMachine()}\n`);
const chosen = Deno.args.length > 0
  ? Deno.args
  : known.filter((name) => !NAMED_ONLY.includes(name));
const benches: Benches = {};
const failed: string[] = [];
for (const [i, name] of chosen.entries()) {
  const before = performance.now();
  const rows = await runBench(name);
  const seconds = ((performance.now() - before) / 1000).toFixed(0);
  console.error(
    `${i + 1}/${chosen.length} ${name}: ${rows === null ? "FAILED after " : ""}${seconds} s`,
  );
  if (rows === null) failed.push(name);
  else Object.assign(benches, { [name]: rows });
}
console.log(renderTable(benches));
if (failed.length > 0) console.log(`failed: ${failed.join(", ")}`);
const missed = Object.values(benches).flat().some((row) => isMet(row) === false);
Deno.exit(failed.length > 0 ? 2 : missed ? 1 : 0);
