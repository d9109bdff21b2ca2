/**
 * What this engine is worth beside TensorFlow.js as it is: `deno run -A bench/kernels_bench.ts`.
 *
 * Each network runs in a process of its own; the processes take turns, and the least time of all passes
 * counts, being the least disturbed.
 *
 * @module
 */
import { convnet, dense, recurrent } from "./networks.ts";
import { printTable, type Row } from "./print_table.ts";

/** What to run: network, backend, passes in one process, processes. */
const RUNS = [
  ["dense", "stock", 6, 3],
  ["dense", "engine", 45, 3],
  ["dense", "threads", 60, 3],
  ["convnet", "cpu", 1, 1],
  ["convnet", "engine", 30, 2],
  ["recurrent", "cpu", 1, 1],
  ["recurrent", "segments", 6, 3],
  ["recurrent", "engine", 30, 3],
] as const;

async function time(network: string, backend: string, passes: number): Promise<number> {
  const script = new URL("time_gradient.ts", import.meta.url).pathname;
  const { success, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", script, network, backend, `${passes}`],
    stderr: "inherit",
  }).output();
  if (!success) throw new Error(`${network} on ${backend} failed`);
  return JSON.parse(new TextDecoder().decode(stdout)).least;
}

const least = new Map<string, number>();
for (let round = 0; round < 3; round++) {
  for (const [network, backend, passes, rounds] of RUNS) {
    if (round >= rounds) continue;
    const key = `${network} ${backend}`;
    const ms = await time(network, backend, passes);
    least.set(key, Math.min(ms, least.get(key) ?? Infinity));
  }
}

function row(
  what: string,
  ours: string,
  against: string,
  theirs: string,
  target: number,
): Row {
  const times: [number, number] = [least.get(ours)!, least.get(theirs)!];
  return { what, against, times, ratio: times[1] / times[0], target: { least: target } };
}

console.log("gradients, this engine against TensorFlow.js 4.22; ratio: how many times faster");
printTable([
  row(dense(10, 512, 64).name, "dense engine", "stock WASM", "dense stock", 11),
  row("the same in two threads", "dense threads", "stock WASM", "dense stock", 18),
  row(convnet.name, "convnet engine", "cpu", "convnet cpu", 800),
  row(recurrent.name, "recurrent engine", "cpu", "recurrent cpu", 150),
  row("the same", "recurrent engine", "stock + segment sum", "recurrent segments", 4),
]);
