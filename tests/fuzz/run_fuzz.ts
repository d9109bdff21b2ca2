/**
 * `deno task fuzz [TARGET...]`: tries inputs made up by chance, and says how many went wrong.
 *
 * | flag          | meaning                                              | default |
 * | ------------- | ---------------------------------------------------- | ------- |
 * | `--seed N`    | another seed makes up other cases                    | 0       |
 * | `--seconds N` | time for each target                                 | 60      |
 * | `--cases N`   | cases of each target, at the most                    | 100000  |
 * | `--from N`    | index of the first case; with `--cases 1`, just one  | 0       |
 *
 * Exits with 1 if a case went wrong. Each is printed with the command that tries it again.
 *
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";
import { readTargets } from "./read_targets.ts";
import { runTarget } from "./run_target.ts";

const all = await readTargets();
const args = parseArgs(Deno.args, {
  string: ["seed", "seconds", "cases", "from"],
  boolean: ["help"],
  unknown(name, key) {
    if (key === undefined) return true;
    console.error(`unknown flag ${name}; see --help`);
    Deno.exit(2);
  },
});
if (args.help) {
  console.log("deno task fuzz [TARGET...] [--seed N] [--seconds N] [--cases N] [--from N]\n");
  for (const { name, about } of all) console.log(`${name}\n    ${about}`);
  Deno.exit();
}
const number = (name: "seed" | "seconds" | "cases" | "from", otherwise: number) =>
  args[name] === undefined ? otherwise : Number(args[name]);
const run = {
  seed: number("seed", 0),
  seconds: number("seconds", 60),
  cases: number("cases", 100_000),
  from: number("from", 0),
};
const unknown = args._.filter((name) => !all.some((target) => target.name === name));
if (unknown.length > 0 || Object.values(run).some(Number.isNaN)) {
  console.error(
    unknown.length > 0
      ? `no target ${unknown[0]}; there are ${all.map(({ name }) => name).join(", ")}`
      : "--seed, --seconds, --cases and --from take numbers",
  );
  Deno.exit(2);
}
/** So many failures of one target are printed. */
const SHOWN = 10;
let tried = 0;
let failed = 0;
for (const target of all) {
  if (args._.length > 0 && !args._.includes(target.name)) continue;
  const start = performance.now();
  let shown = 0;
  const result = await runTarget(target, run, ({ index, error }) => {
    if (shown++ >= SHOWN) return;
    console.log(`deno task fuzz ${target.name} --seed ${run.seed} --from ${index} --cases 1`);
    console.log(`  ${error.message}`);
  });
  tried += result.tried;
  failed += result.failures.length;
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(
    `${target.name}: ${result.tried} tried, ${result.failures.length} failed, ${seconds} s`,
  );
}
console.log(`${tried} tried, ${failed} failed (seed ${run.seed})`);
Deno.exit(failed > 0 ? 1 : 0);
