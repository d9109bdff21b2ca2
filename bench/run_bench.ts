/**
 * Runs every bench of this folder, one after the other: `deno task bench`. Names given after it choose:
 * `deno task bench kernels peak`.
 *
 * @module
 */
const here = new URL("./", import.meta.url);
const benches = (await Array.fromAsync(Deno.readDir(here)))
  .map(({ name }) => name)
  .filter((name) => name.endsWith("_bench.ts") && name !== "run_bench.ts")
  .filter((name) => Deno.args.length === 0 || Deno.args.some((arg) => name === `${arg}_bench.ts`))
  .sort();
let status = 0;
for (const name of benches) {
  console.log(`\n=== ${name}`);
  const { code } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", new URL(name, here).pathname],
  }).spawn().status;
  status ||= code;
}
Deno.exit(status);
