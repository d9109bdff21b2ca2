import type { StudyPoint } from "./study_point.ts";

/** A run of points of one model, which one worker measures in their order. */
export interface Unit {
  /** What is not measured yet, ascending. */
  readonly indices: number[];
  /** How many of them, from the first on, were sent to the worker. */
  sent: number;
  /** What is measured and has not come out yet. */
  readonly points: StudyPoint[];
}

/** Most points of a unit: those of other workers wait in memory until it is done. */
const LARGEST_UNIT = 64;
/** How many units a worker may be ahead of the slowest, whose points are waited for. */
const AHEAD = 4;

/**
 * The points of a study, distributed among workers. Every worker builds the models of its units, so units
 * are as long as possible; when none is left, a worker takes over the second half of another worker's rest,
 * so that none waits long at the end.
 */
export class WorkQueue {
  readonly #units: Iterator<Unit>;
  readonly #most: number;
  /** Units to do again, ahead of all others. */
  readonly #again: Unit[] = [];
  /** Units that were handed out, in the order of their points, until all of these have come out. */
  readonly #open: Unit[] = [];

  /**
   * @param indices The points, ascending.
   * @param scales How many in a row are of one model.
   * @param workers How many share them.
   */
  constructor(indices: Iterable<number>, scales: number, workers: number) {
    this.#units = unitsOf(indices, scales);
    this.#most = AHEAD * workers;
  }

  /** The unit whose points come out next. */
  get head(): Unit | undefined {
    return this.#open[0];
  }

  /**
   * The next unit for a worker that has none; `null` where it has to wait.
   *
   * @param running The units that the others have.
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

  /** Returns the rest of a dead worker's unit to the queue. */
  giveBack(unit: Unit): void {
    unit.sent = 0;
    this.#again.push(unit);
  }

  /** Drops the unit at the head, all of whose points came out. */
  drop(): void {
    this.#open.shift();
  }

  /** All points that are measured and did not come out, in their order. */
  *rest(): Generator<StudyPoint, void> {
    for (const { points } of this.#open) yield* points;
  }

  /** The second half of what is before the worker that has most before it. */
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

/** Cuts points into units: runs of indices of one model. */
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
