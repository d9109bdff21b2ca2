/**
 * Value that a broken helper leaves in `done` of the pool, its second word: negative, whatever is
 * added.
 */
const BROKEN = -(2 ** 30);

/**
 * Source of a helper: it reports that it is ready, or why not, serves until it is dismissed, and
 * reports its end. If it breaks down, it also tells the thread that waits for its part, which would
 * not notice otherwise.
 */
const HELPER = `
self.onmessage = ({ data: { compiled, memory, pool, part } }) => {
  let native;
  try {
    native = new WebAssembly.Instance(compiled, { env: { memory } }).exports;
  } catch (error) {
    self.postMessage(error.message);
    return;
  }
  self.postMessage("ready");
  try {
    native.serve(pool, part);
  } catch {
    const words = new Int32Array(memory.buffer);
    Atomics.store(words, pool / 4 + 1, ${BROKEN});
    Atomics.notify(words, pool / 4 + 1);
  }
  self.postMessage("ended");
  self.close();
};
`;

/**
 * Starts threads that compute parts of the native module's operations. They are Deno workers, which
 * start in half the time of those of `node:worker_threads` and need no permission.
 *
 * @param pool Address of the pool that they watch, initially zero.
 * @throws {Error} If one does not start.
 * @returns Once all are ready, a function that waits until all have ended after they were
 * dismissed.
 */
export async function startHelpers(
  compiled: WebAssembly.Module,
  memory: WebAssembly.Memory,
  pool: number,
  count: number,
): Promise<() => Promise<void>> {
  const url = `data:text/javascript,${encodeURIComponent(HELPER)}`;
  const helpers = Array.from({ length: count }, (_, i) => {
    const worker = new Worker(url, { type: "module" });
    const ready = Promise.withResolvers<void>(), ended = Promise.withResolvers<void>();
    worker.addEventListener("message", ({ data }) => {
      if (data === "ready") ready.resolve();
      else if (data === "ended") ended.resolve();
      else ready.reject(new Error(data));
    });
    worker.addEventListener("error", (event) => {
      // Otherwise the error would end the program.
      event.preventDefault();
      ended.resolve();
    });
    worker.postMessage({ compiled, memory, pool, part: i + 1 });
    return { worker, ready: ready.promise, ended: ended.promise };
  });
  try {
    await Promise.all(helpers.map(({ ready }) => ready));
  } catch (error) {
    for (const { worker } of helpers) worker.terminate();
    throw error;
  }
  return async () => {
    await Promise.all(helpers.map(({ ended }) => ended));
    for (const { worker } of helpers) worker.terminate();
  };
}
