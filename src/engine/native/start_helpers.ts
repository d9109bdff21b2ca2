import { Worker } from "node:worker_threads";

/** What a helper runs: it says that it is there, and then serves until it is dismissed. */
const HELPER = `
const { parentPort, workerData } = require("node:worker_threads");
const { compiled, memory, pool, part } = workerData;
const native = new WebAssembly.Instance(compiled, { env: { memory } }).exports;
parentPort.postMessage("ready");
native.serve(pool, part);
process.exit(0);
`;

/**
 * Starts threads that compute parts of what the native module runs.
 *
 * @param pool Address of the pool that they watch, all zero yet.
 * @param count How many.
 * @returns Once all are ready: a function that waits until all have ended, after they were dismissed.
 */
export async function startHelpers(
  compiled: WebAssembly.Module,
  memory: WebAssembly.Memory,
  pool: number,
  count: number,
): Promise<() => Promise<void>> {
  const workers = Array.from(
    { length: count },
    (_, i) =>
      new Worker(HELPER, { eval: true, workerData: { compiled, memory, pool, part: i + 1 } }),
  );
  const ended = workers.map((worker) =>
    new Promise<void>((resolve) => worker.once("exit", () => resolve()))
  );
  await Promise.all(
    workers.map((worker) =>
      new Promise<void>((resolve, reject) => {
        worker.once("message", () => resolve());
        worker.once("error", reject);
      })
    ),
  );
  return async () => void await Promise.all(ended);
}
