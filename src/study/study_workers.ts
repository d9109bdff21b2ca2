import { Worker } from "node:worker_threads";
import { describePoint, gridPoint } from "./grid_point.ts";
import type { StudyIdentity } from "./point_meter.ts";
import { StudyError } from "./study_error.ts";
import type { ResolvedGrid } from "./study_grid.ts";
import type { StudyPoint } from "./study_point.ts";
import type { WorkerMessage, WorkerTask } from "./worker_messages.ts";

/** A run of points that a worker is sent at once, all of one model. */
interface Unit {
  indices: number[];
  points: StudyPoint[];
}

interface Member {
  worker: Worker;
  ready: boolean;
  unit: Unit | null;
  reason: string | null;
}

const WORKER = new URL("./study_worker.ts", import.meta.url);
/** Most points of a unit. */
const LARGEST_UNIT = 32;
/** Parts that the last round is cut into for each worker, so that at the end none waits long. */
const PARTS = 3;
/** How many units a worker may be ahead of the slowest, whose points are waited for. */
const AHEAD = 4;

/**
 * Workers that measure the points of a study, each on an engine of its own. Points come out in the
 * order in which they went in, whichever worker is first. A worker that dies is replaced and its
 * point tried once more.
 */
export class StudyWorkers {
  readonly #task: WorkerTask;
  readonly #grid: ResolvedGrid;
  readonly #warn: (message: string) => void;
  readonly #members = new Set<Member>();
  readonly #exits: Promise<void>[] = [];
  /** Units to do again, ahead of all others. */
  readonly #again: Unit[] = [];
  /** Units that were handed out, in order, until all of their points have come out. */
  readonly #open: Unit[] = [];
  readonly #retried = new Set<number>();
  #units: Iterator<Unit> = [].values();
  #failure: StudyError | null = null;
  #identity: StudyIdentity | null = null;
  #wake = () => {};
  readonly #count: number;

  /**
   * @param count How many workers.
   * @param task What they are started with.
   * @param grid The same grid, written out.
   * @param warn Told of a worker that died.
   */
  constructor(
    count: number,
    task: WorkerTask,
    grid: ResolvedGrid,
    warn: (message: string) => void,
  ) {
    this.#count = count;
    this.#task = task;
    this.#grid = grid;
    this.#warn = warn;
    for (let i = 0; i < count; i++) this.#start();
  }

  /** Waits for the first worker to be ready, and says what it says of the study. */
  async identify(): Promise<StudyIdentity> {
    while (this.#identity === null && this.#failure === null) await this.#change();
    if (this.#failure !== null) throw this.#failure;
    return this.#identity!;
  }

  /**
   * Measures points.
   *
   * @param indices Which, ascending.
   * @param count How many they are.
   * @param signal Ends it early: what is measured by then still comes out, in order.
   * @throws {StudyError} If a point cannot be measured, or killed its worker twice.
   */
  async *run(
    indices: Iterable<number>,
    count: number,
    signal: AbortSignal | null,
  ): AsyncGenerator<StudyPoint, void> {
    this.#units = unitsOf(indices, count, this.#grid.scales.length, this.#count);
    const abort = () => this.#wake();
    signal?.addEventListener("abort", abort);
    try {
      await this.identify();
      while (!signal?.aborted) {
        for (const member of this.#members) this.#assign(member);
        const [head] = this.#open;
        if (head === undefined) return;
        yield* head.points.splice(0);
        // More may have come while the one who asks was busy.
        if (head.points.length > 0) continue;
        if (head.indices.length === 0) {
          this.#open.shift();
          continue;
        }
        if (this.#failure !== null) throw this.#failure;
        await this.#change();
      }
    } finally {
      signal?.removeEventListener("abort", abort);
      await this.#end();
    }
    for (const { points } of this.#open) yield* points;
  }

  /** Ends all workers, and waits for each one's exit. */
  async #end(): Promise<void> {
    const workers = [...this.#members].map(({ worker }) => worker);
    this.#members.clear();
    await Promise.all(workers.map((worker) => worker.terminate()));
    await Promise.all(this.#exits);
  }

  /** Ends the workers where no run does it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#end();
  }

  /** Resolves when something has happened: a point, a death, an abort. */
  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  #start(): void {
    // Node's worker tells of its exit, however it came about; but it takes no https: URL by itself.
    const worker = new Worker(`import(${JSON.stringify(WORKER.href)})`, {
      eval: true,
      workerData: this.#task,
    });
    const member: Member = { worker, ready: false, unit: null, reason: null };
    this.#members.add(member);
    worker.on("message", (message: WorkerMessage) => this.#hear(member, message));
    worker.on("error", (error) => member.reason ??= (error as Error).message);
    this.#exits.push(
      new Promise((resolve) =>
        worker.on("exit", () => {
          resolve();
          if (this.#members.delete(member)) this.#bury(member);
          this.#wake();
        })
      ),
    );
  }

  #hear(member: Member, message: WorkerMessage): void {
    if (message.kind === "ready") {
      this.#identity ??= message.identity;
      member.ready = true;
    } else if (message.kind === "point") {
      const unit = member.unit!;
      unit.indices.shift();
      unit.points.push(message.point);
      if (unit.indices.length === 0) member.unit = null;
    } else if (message.kind === "failed") {
      this.#failure ??= new StudyError(message.message);
    } else {
      member.reason = message.reason;
    }
    this.#assign(member);
    this.#wake();
  }

  /** Hands a worker its next unit, unless others are waited for. */
  #assign(member: Member): void {
    if (!member.ready || member.unit !== null || this.#failure !== null) return;
    let unit = this.#again.shift();
    if (unit === undefined && this.#open.length < AHEAD * this.#count) {
      const next = this.#units.next();
      if (!next.done) this.#open.push(unit = next.value);
    }
    if (unit === undefined) return;
    member.unit = unit;
    member.worker.postMessage(unit.indices);
  }

  /** Replaces a worker that died, and has its point done again, once. */
  #bury({ unit, reason, ready }: Member): void {
    const why = reason ?? "it ended without a word";
    if (!ready) {
      this.#failure ??= new StudyError(`a worker died before it was ready: ${why}`);
      return;
    }
    if (unit !== null) {
      const [index] = unit.indices;
      const point = describePoint(gridPoint(this.#grid, index));
      if (this.#retried.has(index)) {
        this.#failure ??= new StudyError(`a worker died at ${point} twice: ${why}`);
        return;
      }
      this.#retried.add(index);
      this.#again.push(unit);
      this.#warn(`a worker died at ${point}: ${why}; another one tries the point again`);
    }
    this.#start();
  }
}

/**
 * Cuts points into units: runs of indices within one build, as long as may be, since every worker
 * builds the models of its units; short ones in the last round.
 */
function* unitsOf(
  indices: Iterable<number>,
  count: number,
  scales: number,
  workers: number,
): Generator<Unit, undefined> {
  const build = (index: number) => Math.floor(index / scales);
  const longest = Math.min(LARGEST_UNIT, scales);
  let left = count;
  let unit: number[] = [];
  let most = 0;
  for (const index of indices) {
    if (unit.length === most || build(unit[0]) !== build(index)) {
      if (unit.length > 0) yield { indices: unit, points: [] };
      unit = [];
      most = left > workers * longest ? longest : Math.ceil(left / workers / PARTS);
    }
    unit.push(index);
    left--;
  }
  if (unit.length > 0) yield { indices: unit, points: [] };
}
