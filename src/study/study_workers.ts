import { Worker } from "node:worker_threads";
import { failure } from "../words/failure.ts";
import { describePoint, gridPoint, type ResolvedGrid, type StudyPoint } from "./grid_point.ts";
import type { StudyIdentity } from "./point_meter.ts";
import { StudyError } from "./study_options.ts";
import type { ModelFile } from "./study_subject.ts";
import { type Unit, WorkQueue } from "./work_queue.ts";
import type { WorkerMessage, WorkerTask } from "./worker_messages.ts";

interface Member {
  worker: Worker;
  ready: boolean;
  unit: Unit | null;
  reason: string | null;
  /** Time when it got its unit, and number of points of it that it has measured. */
  began: number;
  measured: number;
}

const WORKER = new URL("./study_worker.ts", import.meta.url);
/**
 * Time for which a worker has points in advance, in ms. No other worker can take over these points.
 */
const HORIZON = 20;

/**
 * Workers that measure the points of a study, each on its own engine. Points are returned in the
 * order of the request, regardless of which worker finishes first. A worker that dies is replaced,
 * and its point is tried once more.
 */
export class StudyWorkers {
  readonly #task: WorkerTask;
  readonly #grid: ResolvedGrid;
  readonly #warn: (message: string) => void;
  readonly #members = new Set<Member>();
  readonly #exits: Promise<void>[] = [];
  readonly #retried = new Set<number>();
  #queue = new WorkQueue([], 1, 0);
  #failure: StudyError | null = null;
  #identity: StudyIdentity | null = null;
  #wake = () => {};
  readonly #count: number;

  /**
   * @param count Number of workers.
   * @param task Data with which they start.
   * @param grid The same grid, completed.
   * @param warn Called with a sentence when a worker dies.
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

  /** Waits until the first worker is ready, and returns its description of the study. */
  async identify(): Promise<StudyIdentity> {
    while (this.#identity === null && this.#failure === null) await this.#change();
    if (this.#failure !== null) throw this.#failure;
    return this.#identity!;
  }

  /**
   * Measures points.
   *
   * @param indices Indices of the points, ascending.
   * @param signal Ends it early: points measured by then are still returned, in order.
   * @throws {StudyError} If a point cannot be measured, or killed its worker twice.
   */
  async *run(
    indices: Iterable<number>,
    signal: AbortSignal | null,
  ): AsyncGenerator<StudyPoint, void> {
    const queue = this.#queue = new WorkQueue(indices, this.#grid.scales.length, this.#count);
    const abort = () => this.#wake();
    signal?.addEventListener("abort", abort);
    try {
      await this.identify();
      while (!signal?.aborted) {
        for (const member of this.#members) this.#assign(member);
        const { head } = queue;
        if (head === undefined) return;
        yield* head.points.splice(0);
        // More may have arrived while the consumer was busy.
        if (head.points.length > 0) continue;
        if (head.indices.length === 0) {
          queue.drop();
          continue;
        }
        if (this.#failure !== null) throw this.#failure;
        await this.#change();
      }
    } finally {
      signal?.removeEventListener("abort", abort);
      await this.#end();
    }
    yield* queue.rest();
  }

  /** Ends all workers, and waits until each has exited. */
  async #end(): Promise<void> {
    const workers = [...this.#members].map(({ worker }) => worker);
    this.#members.clear();
    await Promise.all(workers.map((worker) => worker.terminate()));
    await Promise.all(this.#exits);
  }

  /** Ends the workers if no run does. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#end();
  }

  /** Resolves at the next event: a point, a death, an abort. */
  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  #start(): void {
    // Node's Worker reports every kind of exit; but it does not accept an https: URL.
    const worker = new Worker(`import(${JSON.stringify(WORKER.href)})`, {
      eval: true,
      workerData: this.#task,
    });
    const member: Member = {
      worker,
      ready: false,
      unit: null,
      reason: null,
      began: 0,
      measured: 0,
    };
    this.#members.add(member);
    worker.on("message", (message: WorkerMessage) => this.#hear(member, message));
    worker.on("error", (error) => member.reason ??= failure(error));
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
      unit.sent--;
      unit.points.push(message.point);
      member.measured++;
      if (unit.indices.length === 0) member.unit = null;
    } else if (message.kind === "failed") {
      this.#failure ??= new StudyError(message.message);
    } else {
      member.reason = message.reason;
    }
    this.#assign(member);
    this.#wake();
  }

  /** Gives a worker a unit, if there is one, and sends it enough points to keep it busy. */
  #assign(member: Member): void {
    if (!member.ready || this.#failure !== null) return;
    if (member.unit === null) {
      const running = [...this.#members].flatMap(({ unit }) => unit ?? []);
      member.unit = this.#queue.take(running);
      if (member.unit === null) return;
      member.began = performance.now();
      member.measured = 0;
    }
    const { unit, measured, began } = member;
    const enough = 1 + Math.floor(measured * HORIZON / (performance.now() - began));
    if (unit.sent > enough || unit.sent === unit.indices.length) return;
    const order = unit.indices.slice(unit.sent, 2 * enough);
    unit.sent += order.length;
    member.worker.postMessage(order);
  }

  /** Replaces a worker that died, and retries its point once. */
  #bury({ unit, reason, ready }: Member): void {
    const why = reason ?? "it ended without a word";
    if (!ready) {
      const { model } = this.#task.subject as Partial<ModelFile>;
      const whose = model === undefined ? "" : `${model}: `;
      this.#failure ??= new StudyError(`${whose}a worker died before it was ready: ${why}`);
      return;
    }
    if (unit !== null) {
      const [index] = unit.indices;
      const point = describePoint(gridPoint(this.#grid, index));
      if (this.#retried.has(index)) {
        this.#failure ??= new StudyError(`A worker died at ${point} twice: ${why}`);
        return;
      }
      this.#retried.add(index);
      this.#queue.giveBack(unit);
      this.#warn(`A worker died at ${point}: ${why}; another one tries the point again`);
    }
    this.#start();
  }
}
