import { run } from "./operations";

/**
 * State that the threads share about the running operation. Written only while no parts are
 * available.
 */
@unmanaged
class Pool {
  /**
   * Available parts: turn << 16 | parts << 8 | the next part. The turn distinguishes operations, so
   * that a late thread takes no part of an operation that it has not seen.
   */
  parts: i32;
  /**
   * Number of finished parts; far below 0 once a helper has broken down, see `../native_runner.ts`.
   */
  done: i32;
  operation: i32;
  record: usize;
  /** Scratch of thread 0; that of the others follows. */
  scratch: usize;
  /** Bytes of scratch per thread. */
  scratchBytes: i32;
}

/** `Pool.parts` when the helpers are to end. */
const DISMISSED: i32 = -1;

/** Number of checks before a thread sleeps, about 50 us: the next operation mostly comes before. */
const LOOKS: i32 = 32768;

/** Waits until the word at `at` is no longer `value`. */
function leave(at: usize, value: i32): void {
  for (let look = 0; atomic.load<i32>(at) == value; look++) {
    if (look >= LOOKS) atomic.wait<i32>(at, value, -1);
  }
}

/** Takes parts and computes them until there are none left; returns the last `Pool.parts`. */
function help(pool: usize, thread: i32): i32 {
  const p = changetype<Pool>(pool);
  const done = pool + offsetof<Pool>("done");
  let parts = atomic.load<i32>(pool);
  while (parts != DISMISSED && (parts & 255) < ((parts >> 8) & 255)) {
    if (atomic.cmpxchg<i32>(pool, parts, parts + 1) == parts) {
      const count = (parts >> 8) & 255;
      const scratch = p.scratch + <usize> (thread * p.scratchBytes);
      run(p.operation, p.record, parts & 255, count, scratch);
      if (atomic.add<i32>(done, 1) + 1 == count) atomic.notify(done, -1);
    }
    parts = atomic.load<i32>(pool);
  }
  return parts;
}

/** Makes this thread a helper, until the helpers are dismissed. */
export function serve(pool: usize, thread: i32): void {
  if (!ASC_FEATURE_THREADS) return;
  for (;;) {
    const parts = help(pool, thread);
    if (parts == DISMISSED) return;
    leave(pool, parts);
  }
}

/**
 * Computes an operation in `parts` parts, each by the first free thread: this thread does all of
 * them if the helpers are late.
 *
 * @param parts From 1 to 255. With 1 the helpers are not used.
 * @param scratch Address of `scratchBytes` bytes for each thread.
 */
export function runTogether(
  pool: usize,
  operation: i32,
  record: usize,
  parts: i32,
  scratch: usize,
  scratchBytes: i32,
): void {
  if (!ASC_FEATURE_THREADS || parts == 1) {
    run(operation, record, 0, 1, scratch);
    return;
  }
  const p = changetype<Pool>(pool);
  p.operation = operation;
  p.record = record;
  p.scratch = scratch;
  p.scratchBytes = scratchBytes;
  const done = pool + offsetof<Pool>("done");
  atomic.store<i32>(done, 0);
  // 15 bits, so that it is never equal to `DISMISSED`.
  const turn = ((atomic.load<i32>(pool) >> 16) + 1) & 0x7fff;
  atomic.store<i32>(pool, (turn << 16) | (parts << 8));
  atomic.notify(pool, -1);
  help(pool, 0);
  let finished = atomic.load<i32>(done);
  while (finished != parts) {
    // The part of a helper that broke down is never finished.
    if (finished < 0) unreachable();
    leave(done, finished);
    finished = atomic.load<i32>(done);
  }
}

/** Ends the helpers. */
export function dismiss(pool: usize): void {
  if (!ASC_FEATURE_THREADS) return;
  atomic.store<i32>(pool, DISMISSED);
  atomic.notify(pool, -1);
}
