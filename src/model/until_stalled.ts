const MAX_IDLE_MS = 20_000;

const INTERVAL_MS = 500;

/** Share of the processor below which only the timer itself runs. */
const IDLE = 0.01;

/**
 * Waits for a module to be imported, but not forever. If a top-level await never settles, Deno
 * would end the process with its own error and exit code 1, which means "does not train", without
 * any warning. So the process is kept alive, and the wait ends when it has not used the processor
 * for a while.
 *
 * @param stalled Makes the error for waiting in vain.
 * @param patience Time in ms without activity that ends the wait. Default: 20 s.
 */
export async function untilStalled<T>(
  work: Promise<T>,
  stalled: () => Error,
  patience: number = MAX_IDLE_MS,
): Promise<T> {
  const { default: process } = await import("node:process");
  const used = () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1000;
  };
  const { promise, reject } = Promise.withResolvers<never>();
  let before = used(), at = performance.now(), idle = 0;
  const timer = setInterval(() => {
    const now = performance.now(), spent = used();
    const passed = now - at;
    // A process that was paused meanwhile, by a debugger or a busy machine, has not waited that
    // long.
    idle = spent - before < IDLE * passed ? idle + Math.min(passed, 2 * INTERVAL_MS) : 0;
    before = spent;
    at = now;
    if (idle >= patience) reject(stalled());
  }, INTERVAL_MS);
  try {
    return await Promise.race([work, promise]);
  } finally {
    clearInterval(timer);
  }
}
