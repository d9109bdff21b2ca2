import { builtin, type Thread } from "../../platform/builtins.ts";
import { errorMessage } from "../../ground/words/failure.ts";
import { userImports } from "./foreign_code.ts";
import type { WorkerData, WorkerMessage, WorkerOrder } from "./serve_tasks.ts";

/** The workers cannot start, or the model's code failed after its last task. */
export class WorkerError extends Error {}

/** Options of a {@linkcode WorkerPool}. */
export interface WorkerPoolOptions<Answer> {
  /** Module that calls `serveTasks()`. */
  module: URL;
  /** Data with which each worker starts; they are cloned. */
  data: unknown;
  /** Number of workers. */
  count: number;
  /** True to end at the first failed task, even if earlier ones are not done. */
  stopsAtFailure: boolean;
  /**
   * Called when a worker died at a task, which another worker then tries once more. Default: such a
   * task has failed.
   */
  onDeath?: (index: number, reason: string) => void;
  /** Called with each result at once, and the time in ms since its worker began its unit. */
  onResult?: (result: TaskResult<Answer>, ms: number) => void;
  /** Called with the path of each file of the user's code that a worker imports. */
  onImport?: (path: string) => void;
}

interface Member<Answer> {
  worker: Thread;
  ready: boolean;
  unit: Unit<Answer> | null;
  reason: string | null;
  /** Time when it got its unit, and number of tasks of it that it has done. */
  began: number;
  done: number;
}

/** Time for which a worker has tasks in advance, in ms. No other worker can take over these. */
const HORIZON = 20;

/** Reason of a worker that ended without giving one: only a model's code calls `Deno.exit()`. */
const NO_REASON = "the model's code terminated its worker";

/**
 * Workers that do numbered tasks, each on its own thread with its own modules. Results are yielded in
 * the order of the tasks, regardless of which worker finishes first. A worker that dies is replaced.
 */
export class WorkerPool<Answer, Identity = null> implements AsyncDisposable {
  readonly #options: WorkerPoolOptions<Answer>;
  readonly #members = new Set<Member<Answer>>();
  readonly #exits: Promise<void>[] = [];
  readonly #retried = new Set<number>();
  #queue: WorkQueue<Answer> | null = null;
  /** Why no worker can start. */
  #broken: WorkerError | null = null;
  /** First failed task, if the pool stops at it. */
  #failed: TaskResult<Answer> | null = null;
  #identity: { value: Identity } | null = null;
  /** Workers that have not settled yet, and the first late error. */
  readonly #settling = new Set<Member<Answer>>();
  #late: string | null = null;
  #ended = false;
  #wake = () => {};

  /** Starts the workers. */
  constructor(options: WorkerPoolOptions<Answer>) {
    this.#options = options;
    for (let i = 0; i < options.count; i++) this.#start();
  }

  /**
   * Waits until the first worker is ready, and returns its description of itself.
   *
   * @throws {WorkerError} If none can start.
   */
  async identify(): Promise<Identity> {
    while (this.#identity === null && this.#broken === null && !this.#ended) await this.#change();
    if (this.#identity === null) throw this.#broken ?? new WorkerError("The workers have ended");
    return this.#identity.value;
  }

  /**
   * Does tasks.
   *
   * @param signal Ends it early: tasks done by then are still yielded, in order.
   * @throws {WorkerError} If the workers cannot start.
   */
  async *run(
    queue: WorkQueue<Answer>,
    signal: AbortSignal | null = null,
  ): AsyncGenerator<TaskResult<Answer>, void> {
    this.#queue = queue;
    const abort = () => this.#wake();
    signal?.addEventListener("abort", abort);
    try {
      await this.identify();
      while (!signal?.aborted && !this.#ended) {
        for (const member of this.#members) this.#assign(member);
        if (queue.isDone) return;
        const { head } = queue;
        if (head !== undefined) {
          yield* head.results.splice(0);
          // More may have arrived while the consumer was busy.
          if (head.results.length > 0) continue;
          if (head.indices.length === 0) {
            queue.drop();
            continue;
          }
        }
        if (this.#broken !== null) throw this.#broken;
        if (this.#failed !== null) {
          yield this.#failed;
          return;
        }
        // The consumer may have ended the workers while it had a result.
        if (!this.#ended) await this.#change();
      }
    } finally {
      signal?.removeEventListener("abort", abort);
      this.#queue = null;
    }
    await this[Symbol.asyncDispose]();
    yield* queue.rest();
  }

  /**
   * Waits until the workers are done and for late errors of the model's code.
   *
   * @throws {WorkerError} If there is one.
   */
  async settle(): Promise<void> {
    for (const member of this.#members) {
      if (!member.ready) continue;
      this.#settling.add(member);
      send(member, "settle");
    }
    while (this.#settling.size > 0) await this.#change();
    if (this.#late !== null) throw new WorkerError(this.#late);
  }

  /** Ends all workers, and waits until each has exited. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended = true;
    const workers = [...this.#members].map(({ worker }) => worker);
    this.#members.clear();
    await Promise.all(workers.map((worker) => worker.terminate()));
    await Promise.all(this.#exits);
    this.#settling.clear();
    this.#wake();
  }

  /** Resolves at the next event: an answer, a death, an abort. */
  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  #start(): void {
    const { module, data, onImport } = this.#options;
    const workerData: WorkerData<unknown> = {
      data,
      followsImports: onImport !== undefined || userImports.isFollowed,
    };
    // Node's Worker reports every kind of exit; but it does not accept an https: URL.
    const worker = new (builtin("worker_threads").Worker)(
      `import(${JSON.stringify(module.href)})`,
      {
        eval: true,
        workerData,
      },
    );
    const member: Member<Answer> = {
      worker,
      ready: false,
      unit: null,
      reason: null,
      began: 0,
      done: 0,
    };
    this.#members.add(member);
    worker.on("message", (message: WorkerMessage<Answer, Identity>) => this.#hear(member, message));
    worker.on("error", (error) => member.reason ??= errorMessage(error));
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

  #hear(member: Member<Answer>, message: WorkerMessage<Answer, Identity>): void {
    switch (message.kind) {
      case "ready":
        this.#identity ??= { value: message.identity };
        member.ready = true;
        break;
      case "answer":
        this.#finish(member, { answer: message.answer });
        break;
      case "imported":
        userImports.files.add(message.path);
        this.#options.onImport?.(message.path);
        return;
      case "failed":
        if (member.ready) this.#finish(member, { failure: message.reason });
        else this.#broken ??= new WorkerError(message.reason);
        break;
      case "dying":
        member.reason = message.reason;
        break;
      case "settled":
        this.#late ??= message.failure;
        this.#settling.delete(member);
    }
    this.#assign(member);
    this.#wake();
  }

  /** Takes the result of the next task of a worker. */
  #finish(member: Member<Answer>, outcome: { answer: Answer } | { failure: string }): void {
    const unit = member.unit!;
    const index = unit.indices.shift()!;
    unit.sent--;
    const result = "answer" in outcome
      ? { index, answer: outcome.answer }
      : { index, failure: outcome.failure, died: false };
    this.#record(unit, result, performance.now() - member.began);
    member.done++;
    if (unit.indices.length === 0) member.unit = null;
  }

  #record(unit: Unit<Answer>, result: TaskResult<Answer>, ms: number): void {
    this.#options.onResult?.(result, ms);
    unit.results.push(result);
    if ("failure" in result && this.#options.stopsAtFailure) this.#failed ??= result;
  }

  /** Gives a worker a unit, if there is one, and sends it enough tasks to keep it busy. */
  #assign(member: Member<Answer>): void {
    if (!member.ready || this.#queue === null || this.#failed !== null) return;
    if (member.unit === null) {
      const running = [...this.#members].flatMap(({ unit }) => unit ?? []);
      member.unit = this.#queue.take(running);
      if (member.unit === null) return;
      member.began = performance.now();
      member.done = 0;
    }
    const { unit, done, began } = member;
    const enough = 1 + Math.floor(done * HORIZON / (performance.now() - began));
    if (unit.sent > enough || unit.sent === unit.indices.length) return;
    const order = unit.indices.slice(unit.sent, 2 * enough);
    unit.sent += order.length;
    send(member, order);
  }

  /** Replaces a worker that died, and has its task tried once more if it is to be. */
  #bury(member: Member<Answer>): void {
    const { unit, reason, ready, began } = member;
    if (!ready) {
      const why = reason ?? NO_REASON;
      this.#broken ??= new WorkerError(`A worker died before it was ready: ${why}`);
      return;
    }
    if (this.#settling.delete(member)) this.#late ??= reason ?? NO_REASON;
    if (unit !== null) {
      const [index] = unit.indices;
      const { onDeath } = this.#options;
      if (onDeath === undefined || this.#retried.has(index)) {
        unit.indices.shift();
        const failure = reason ?? NO_REASON;
        this.#record(unit, { index, failure, died: true }, performance.now() - began);
      } else {
        this.#retried.add(index);
        onDeath(index, reason ?? NO_REASON);
      }
      if (unit.indices.length > 0) this.#queue?.giveBack(unit);
    }
    this.#start();
  }
}

function send({ worker }: { worker: Thread }, order: WorkerOrder): void {
  worker.postMessage(order);
}

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
