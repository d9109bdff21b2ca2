/** Result of a task. It failed by its own fault, or its worker died. */
export type TaskResult<Answer> =
  | { index: number; answer: Answer }
  | { index: number; failure: string; died: boolean };

/** A run of tasks, which one worker does in order. */
export interface Unit<Answer> {
  /** Numbers of the remaining tasks, ascending. */
  readonly indices: number[];
  /** Number of these, counted from the first, that were sent to the worker. */
  sent: number;
  /** Results that have not been yielded yet. */
  readonly results: TaskResult<Answer>[];
}

/** Options of a {@linkcode WorkQueue}. */
interface WorkQueueOptions {
  /** Number of consecutive tasks that share what a worker prepares, such as their model. */
  alike: number;
  /** Maximum number of units in work, counting those whose results wait for earlier ones. */
  open: number;
}

/** Maximum number of tasks of a unit: results of other workers wait in memory until it is done. */
const LARGEST_UNIT = 64;

/**
 * Distributes tasks among workers. Every worker prepares each unit again, so units are as long as
 * possible; when no units are left, a worker takes over the second half of another worker's remaining
 * tasks, so that none is idle for long at the end.
 */
export class WorkQueue<Answer> {
  readonly #units: Iterator<Unit<Answer>, undefined>;
  #next: IteratorResult<Unit<Answer>, undefined>;
  readonly #most: number;
  /** Units to retry, before all others. */
  readonly #again: Unit<Answer>[] = [];
  /** Units in work, in the order of their tasks, until all of their results have been yielded. */
  readonly #open: Unit<Answer>[] = [];

  /**
   * @param indices Numbers of the tasks, ascending.
   * @param options See {@linkcode WorkQueueOptions}.
   */
  constructor(indices: Iterable<number>, { alike, open }: WorkQueueOptions) {
    this.#units = unitsOf(indices, alike);
    this.#next = this.#units.next();
    this.#most = open;
  }

  /** True if the results of all tasks have been yielded. */
  get isDone(): boolean {
    return this.#next.done === true && this.#open.length === 0;
  }

  /** Unit whose results are yielded next. */
  get head(): Unit<Answer> | undefined {
    return this.#open[0];
  }

  /**
   * Returns the next unit for an idle worker; `null` if it has to wait.
   *
   * @param running The units of the other workers.
   */
  take(running: Iterable<Unit<Answer>>): Unit<Answer> | null {
    const again = this.#again.shift();
    if (again !== undefined) return again;
    if (this.#open.length < this.#most && !this.#next.done) {
      const { value } = this.#next;
      this.#next = this.#units.next();
      this.#open.push(value);
      return value;
    }
    return this.#split(running);
  }

  /** Puts the rest of a dead worker's unit back into the queue. */
  giveBack(unit: Unit<Answer>): void {
    unit.sent = 0;
    this.#again.push(unit);
  }

  /** Drops the unit at the head, all of whose results have been yielded. */
  drop(): void {
    this.#open.shift();
  }

  /** Yields all results that have not been yielded yet, in order. */
  *rest(): Generator<TaskResult<Answer>, void> {
    for (const { results } of this.#open) yield* results;
  }

  /** Takes the second half of the largest remaining unit. */
  #split(running: Iterable<Unit<Answer>>): Unit<Answer> | null {
    let longest: Unit<Answer> | null = null;
    for (const unit of running) {
      if (unit.indices.length > (longest?.indices.length ?? 0)) longest = unit;
    }
    if (longest === null) return null;
    const { indices, sent } = longest;
    const count = Math.min(indices.length - sent, indices.length >> 1);
    if (count === 0) return null;
    const half = { indices: indices.splice(-count), sent: 0, results: [] };
    this.#open.splice(this.#open.indexOf(longest) + 1, 0, half);
    return half;
  }
}

/** Splits tasks into units: runs of tasks that are alike. */
function* unitsOf<Answer>(
  indices: Iterable<number>,
  alike: number,
): Generator<Unit<Answer>, undefined> {
  const group = (index: number) => Math.floor(index / alike);
  let unit: number[] = [];
  for (const index of indices) {
    if (unit.length === LARGEST_UNIT || (unit.length > 0 && group(unit[0]) !== group(index))) {
      yield { indices: unit, sent: 0, results: [] };
      unit = [];
    }
    unit.push(index);
  }
  if (unit.length > 0) yield { indices: unit, sent: 0, results: [] };
}
