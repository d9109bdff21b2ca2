/**
 * Gain and cost of threads. One thread and two threads take turns, and the smallest time of all
 * rounds counts, as it is the least disturbed. The first row says what the machine's cores give at
 * best: multiply-adds on registers alone. The last row says whether `chooseThreads` draws its line
 * where they pay.
 *
 * @module
 */
import { WORKLOAD_WORTH_THREADS as WORTH } from "../src/engine/engine.ts";
import { startEngine } from "../src/engine/start/start_engine.ts";
import { leastTime } from "./costs.ts";
import { convnet, dense, recurrent } from "./networks.ts";
import { peakOf } from "./peak_of.ts";
import type { Row } from "./row.ts";
import { timeNetwork } from "./time_network.ts";

const ROUNDS = 7, PRODUCTS = 9, SIZE = 1024, PEAKS = 2000;
const OPERATIONS = 2 * SIZE ** 3;

/** Networks, the passes of a process, and what two threads may take of the time of one. */
const NETWORKS = [
  ["dense", dense(10, 512, 64), 40, 0.55],
  ["convnet", convnet, 30, 0.6],
  ["recurrent", recurrent, 30, 0.75],
] as const;

/** Milliseconds of one product, of a start and of a stop, in this process. */
async function timeEngine(threads: number) {
  const started = performance.now();
  const engine = await startEngine({ threads });
  const start = performance.now() - started;
  const { tf } = engine;
  const [a, b] = [1, 2].map((seed) => tf.randomNormal([SIZE, SIZE], 0, 1, "float32", seed));
  const product = leastTime(PRODUCTS, () => tf.matMul(a, b).dispose());
  tf.dispose([a, b]);
  const stopping = performance.now();
  await engine.stop();
  return { product, start, stop: performance.now() - stopping };
}

/** Milliseconds of a whole `deno run` that starts an engine and stops it. */
async function timeProcess(threads: number): Promise<number> {
  const url = new URL("../src/engine/mod.ts", import.meta.url).href;
  const source = `import { startEngine } from "${url}"; await (await startEngine({ threads: ` +
    `${threads} })).stop();`;
  const before = performance.now();
  const { success } = await new Deno.Command(Deno.execPath(), { args: ["eval", source] }).output();
  if (!success) throw new Error(`the process with ${threads} threads failed`);
  return performance.now() - before;
}

/** Milliseconds of a loop of multiply-adds, alone and while another core runs it, too. */
async function timePeak(): Promise<{ alone: number; together: number }> {
  const { run } = await peakOf();
  const alone = leastTime(PEAKS, run);
  const worker = new Worker(new URL("peak_worker.ts", import.meta.url), { type: "module" });
  await new Promise((resolve) => worker.onmessage = resolve);
  const together = leastTime(PEAKS, run);
  worker.terminate();
  return { alone, together };
}

type Times = Record<string, number>;

/** Timed work in a number of threads. */
async function timeAll(threads: 1 | 2): Promise<Times> {
  const times: Times = { ...await timeEngine(threads), process: await timeProcess(threads) };
  for (const [name, , passes] of NETWORKS) {
    times[name] = await timeNetwork(name, threads === 1 ? "engine" : "threads", passes);
  }
  return times;
}

const smaller = (a: Times, b: Times): Times =>
  Object.fromEntries(Object.entries(b).map(([key, ms]) => [key, Math.min(ms, a[key] ?? Infinity)]));

/** Two threads over one, and whether they pay from where they are started on. */
export async function rows(): Promise<Row[]> {
  await timeEngine(1); // imports TensorFlow.js and compiles
  let one: Times = {}, two: Times = {};
  for (let round = 0; round < ROUNDS; round++) {
    one = smaller(one, await timeAll(1));
    two = smaller(two, await timeAll(2));
  }
  const row = (what: string, key: string, most?: number): Row => ({
    what: `${what}, two threads`,
    figure: two[key],
    unit: "ms",
    against: { what: "one thread", figure: one[key] },
    ...most !== undefined && { target: { of: "ratio", most } },
  });
  const cost = two.process - one.process;
  const peak = await timePeak();
  return [
    {
      what: "multiply-adds alone, half of them on each core",
      figure: peak.together / 2,
      unit: "ms",
      against: { what: "on one", figure: peak.alone },
    },
    ...NETWORKS.map(([key, { name }, , most]) => row(name, key, most)),
    row(`${SIZE}^3 product`, "product", 0.65),
    row("start, again in one process", "start"),
    row("stop", "stop"),
    {
      what: "start of two threads above one, a process",
      figure: cost,
      unit: "ms",
      target: { of: "figure", most: 30 },
    },
    {
      what: `${WORTH / 1e9}e9 operations of products, two threads with their start`,
      figure: two.product * WORTH / OPERATIONS + cost,
      unit: "ms",
      against: { what: "one thread", figure: one.product * WORTH / OPERATIONS },
      target: { of: "ratio", most: 1 },
    },
  ];
}
