import { run } from "./operations";

/** What the parts of one operation share, and how the threads wait for each other. */
@unmanaged
class Pool {
  /** Raised by one for every operation. */
  ticket: i32;
  /** How many helpers have finished theirs. */
  finished: i32;
  operation: i32;
  record: usize;
  parts: i32;
  /** Scratch of part 0; that of the others follows. */
  scratch: usize;
  /** Bytes of scratch a part. */
  scratchBytes: i32;
}

/** How often a thread looks before it sleeps: the next operation mostly comes within microseconds. */
const LOOKS: i32 = 4096;

/** Waits until the word at `at` is no longer `value`, and returns what it is then. */
function leave(at: usize, value: i32): i32 {
  let now = atomic.load<i32>(at);
  for (let look = 0; now == value; look++) {
    if (look >= LOOKS) atomic.wait<i32>(at, value, -1);
    now = atomic.load<i32>(at);
  }
  return now;
}

/** Computes part `part` of every operation that comes, until one has a negative number. */
export function serve(pool: usize, part: i32): void {
  if (!ASC_FEATURE_THREADS) return;
  const p = changetype<Pool>(pool);
  let ticket = 0;
  for (;;) {
    ticket = leave(pool, ticket);
    if (p.operation < 0) return;
    run(p.operation, p.record, part, p.parts, p.scratch + <usize> (part * p.scratchBytes));
    atomic.add<i32>(pool + offsetof<Pool>("finished"), 1);
    atomic.notify(pool + offsetof<Pool>("finished"), 1);
  }
}

/**
 * Computes an operation together with `parts - 1` helpers. With one part it is the same as `run`.
 *
 * @param scratch Address of `parts * scratchBytes` bytes.
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
  p.parts = parts;
  p.scratch = scratch;
  p.scratchBytes = scratchBytes;
  announce(pool);
  run(operation, record, 0, parts, scratch);
  const finished = pool + offsetof<Pool>("finished");
  for (let done = 0; done < parts - 1;) done = leave(finished, done);
}

/** Wakes the helpers for what stands in the pool. */
function announce(pool: usize): void {
  atomic.store<i32>(pool + offsetof<Pool>("finished"), 0);
  atomic.add<i32>(pool, 1);
  atomic.notify(pool, -1);
}

/** Sends the helpers home. */
export function dismiss(pool: usize): void {
  if (!ASC_FEATURE_THREADS) return;
  changetype<Pool>(pool).operation = -1;
  announce(pool);
}
