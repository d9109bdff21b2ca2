import type { StudyPoint } from "./grid_point.ts";

/** A run of points of one model, which one worker measures in order. */
export interface Unit {
  /** Indices of the points still to measure, ascending. */
  readonly indices: number[];
  /** Number of these that were sent to the worker, from the first on. */
  sent: number;
  /** Measured points that have not been yielded yet. */
  readonly points: StudyPoint[];
}

/** Maximum number of points of a unit: points of other workers wait in memory until it is done. */
const LARGEST_UNIT = 64;
/**
 * Number of units by which a worker may be ahead of the slowest, whose points are yielded first.
 */
const AHEAD = 4;

/**
 * Distributes the points of a study among workers. Every worker builds the models of its units, so
 * units are as long as possible; when no units are left, a worker takes over the second half of
 * another worker's remaining points, so that none is idle for long at the end.
 */
export class WorkQueue {
  readonly #units: Iterator<Unit>;
  readonly #most: number;
  /** Units to retry, before all others. */
  readonly #again: Unit[] = [];
  /** Units in work, in the order of their points, until all of their points have been yielded. */
  readonly #open: Unit[] = [];

  /**
   * @param indices Indices of the points, ascending.
   * @param scales Number of consecutive points of one model.
   * @param workers Number of workers.
   */
  constructor(indices: Iterable<number>, scales: number, workers: number) {
    this.#units = unitsOf(indices, scales);
    this.#most = AHEAD * workers;
  }

  /** Unit whose points are yielded next. */
  get head(): Unit | undefined {
    return this.#open[0];
  }

  /**
   * Returns the next unit for an idle worker; `null` if it has to wait.
   *
   * @param running The units of the other workers.
   */
  take(running: Iterable<Unit>): Unit | null {
    const again = this.#again.shift();
    if (again !== undefined) return again;
    if (this.#open.length < this.#most) {
      const next = this.#units.next();
      if (!next.done) {
        this.#open.push(next.value);
        return next.value;
      }
    }
    return this.#split(running);
  }

  /** Puts the rest of a dead worker's unit back into the queue. */
  giveBack(unit: Unit): void {
    unit.sent = 0;
    this.#again.push(unit);
  }

  /** Drops the unit at the head, all of whose points have been yielded. */
  drop(): void {
    this.#open.shift();
  }

  /** Yields all measured points that have not been yielded yet, in order. */
  *rest(): Generator<StudyPoint, void> {
    for (const { points } of this.#open) yield* points;
  }

  /** Takes the second half of the largest remaining unit. */
  #split(running: Iterable<Unit>): Unit | null {
    let longest: Unit | null = null;
    for (const unit of running) {
      if (unit.indices.length > (longest?.indices.length ?? 0)) longest = unit;
    }
    if (longest === null) return null;
    const { indices, sent } = longest;
    const count = Math.min(indices.length - sent, indices.length >> 1);
    if (count === 0) return null;
    const half = { indices: indices.splice(-count), sent: 0, points: [] };
    this.#open.splice(this.#open.indexOf(longest) + 1, 0, half);
    return half;
  }
}

/** Splits points into units: runs of points of one model. */
function* unitsOf(indices: Iterable<number>, scales: number): Generator<Unit, undefined> {
  const model = (index: number) => Math.floor(index / scales);
  let unit: number[] = [];
  for (const index of indices) {
    if (unit.length === LARGEST_UNIT || (unit.length > 0 && model(unit[0]) !== model(index))) {
      yield { indices: unit, sent: 0, points: [] };
      unit = [];
    }
    unit.push(index);
  }
  if (unit.length > 0) yield { indices: unit, sent: 0, points: [] };
}
