/**
 * Runs one bench in this process and prints its rows as JSON: `deno run -A bench/print_rows.ts NAME`. A bench exports
 * `rows()`, and leaves stdout alone.
 *
 * @module
 */
const { rows } = await import(new URL(`${Deno.args[0]}_bench.ts`, import.meta.url).href);
console.log(JSON.stringify(await rows()));
// Stock TensorFlow.js leaves workers running.
Deno.exit(0);
