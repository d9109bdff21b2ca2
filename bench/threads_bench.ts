/**
 * What threads are worth, and what they cost: `deno run -A bench/threads_bench.ts`.
 *
 * One thread and two take turns, and the least of all rounds counts, being the least disturbed. The
 * last line says where `chooseThreads` should draw its own.
 *
 * @module
 */
import { WORKLOAD_WORTH_THREADS } from "../src/engine/choose_threads.ts";
import { startEngine } from "../src/engine/start_engine.ts";

const ROUNDS = 7, PRODUCTS = 9, SIZE = 1024;
const OPERATIONS = 2 * SIZE ** 3;

const least = (values: number[]) => Math.min(...values);

/** Milliseconds of one product, of a start and of a stop, in this process. */
async function timeEngine(threads: number) {
  const started = performance.now();
  const engine = await startEngine({ threads });
  const start = performance.now() - started;
  const { tf } = engine;
  const [a, b] = [1, 2].map((seed) => tf.randomNormal([SIZE, SIZE], 0, 1, "float32", seed));
  const products = Array.from({ length: PRODUCTS }, () => {
    const before = performance.now();
    tf.matMul(a, b).dispose();
    return performance.now() - before;
  });
  tf.dispose([a, b]);
  const stopping = performance.now();
  await engine.stop();
  return { product: least(products), start, stop: performance.now() - stopping };
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

interface Times extends Awaited<ReturnType<typeof timeEngine>> {
  /** Of a whole process. */
  process: number;
}

const rounds: { one: Times; two: Times }[] = [];
await timeEngine(1); // imports TensorFlow.js and compiles
for (let round = 0; round < ROUNDS; round++) {
  rounds.push({
    one: { ...await timeEngine(1), process: await timeProcess(1) },
    two: { ...await timeEngine(2), process: await timeProcess(2) },
  });
}

const figure = (threads: "one" | "two", key: keyof Times) =>
  least(rounds.map((round) => round[threads][key]));
const rows: [string, number, number][] = [
  [`matMul ${SIZE}^3`, figure("one", "product"), figure("two", "product")],
  ["start, again in one process", figure("one", "start"), figure("two", "start")],
  ["stop", figure("one", "stop"), figure("two", "stop")],
  ["deno run that starts and stops", figure("one", "process"), figure("two", "process")],
];
console.log(`${`least of ${ROUNDS} rounds`.padEnd(31)}1 thread  2 threads   ratio`);
for (const [name, one, two] of rows) {
  const cells = [`${one.toFixed(1)} ms`, `${two.toFixed(1)} ms`, (two / one).toFixed(2)];
  console.log(name.padEnd(32) + cells.map((cell) => cell.padStart(10)).join(" "));
}
const [[, one, two], , , [, plain, threaded]] = rows;
const line = (threaded - plain) / (one - two) * OPERATIONS;
console.log(`\ntarget: matMul ratio <= 0.65: ${two / one <= 0.65 ? "met" : "MISSED"}`);
console.log(
  `two threads cost ${(threaded - plain).toFixed(0)} ms a process and save ` +
    `${
      ((one - two) / OPERATIONS * 1e9).toFixed(1)
    } ms per 1e9 operations of matMul: they pay from ` +
    `${line.toExponential(1)} operations on (chooseThreads: ${
      WORKLOAD_WORTH_THREADS.toExponential(0)
    })`,
);
