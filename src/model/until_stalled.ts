/** For how long, in ms, code may wait without using the processor. */
const PATIENCE = 20_000;

/** How often, in ms, to look. */
const LOOK = 500;

/** Share of the processor below which nothing goes on but looking. */
const IDLE = 0.01;

/**
 * Waits for a module to be imported, but not for ever. Where a top-level await never settles, Deno would end the process
 * with an error of its own and exit code 1, which means "does not train"; it tells nobody before. So the process is kept
 * alive, and the wait ends when nothing has used the processor for a while.
 *
 * @param work The import.
 * @param stalled Makes the error for waiting in vain.
 * @param patience For how long, in ms, nothing may happen. Default: 20 s.
 */
export async function untilStalled<T>(
  work: Promise<T>,
  stalled: () => Error,
  patience: number = PATIENCE,
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
    // A process that was stopped meanwhile, by a debugger or a busy machine, has not waited so long.
    idle = spent - before < IDLE * passed ? idle + Math.min(passed, 2 * LOOK) : 0;
    before = spent;
    at = now;
    if (idle >= patience) reject(stalled());
  }, LOOK);
  try {
    return await Promise.race([work, promise]);
  } finally {
    clearInterval(timer);
  }
}
