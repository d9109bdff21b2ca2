import { WorkerError, WorkerPool, WorkQueue } from "../files/user_code/worker_pool.ts";
import { failure } from "../ground/words/failure.ts";
import { describePoint, gridPoint, type ResolvedGrid, type StudyPoint } from "./grid_point.ts";
import type { StudyIdentity } from "./point_meter.ts";
import type { StudyGrid } from "./study_grid.ts";
import {
  type ModelFile,
  type NamedNetwork,
  StudyError,
  type StudyOptions,
} from "./study_options.ts";

/** Data with which a worker starts: everything that determines the points. */
export interface StudyTask {
  /** Subject of the study. */
  subject: NamedNetwork | ModelFile;
  /** Grid of the points. */
  grid: StudyGrid;
  /** Options that apply to a worker. */
  options: Pick<
    StudyOptions,
    | "examples"
    | "batch"
    | "objective"
    | "scaleLayers"
    | "microBatch"
    | "relaxedSimd"
    | "trust"
    | "training"
  >;
}

/** Options of {@linkcode StudyWorkers}. */
interface StudyWorkersOptions {
  /** Number of workers. */
  count: number;
  /** Data with which they start. */
  task: StudyTask;
  /** The same grid, completed. */
  grid: ResolvedGrid;
  /** Called with a sentence when a worker dies. */
  warn: (message: string) => void;
}

/** Number of units per worker in work: so far may one be ahead of the slowest. */
const AHEAD = 4;

/** Workers that measure the points of a study, each on its own engine. */
export class StudyWorkers implements AsyncDisposable {
  readonly #pool: WorkerPool<StudyPoint, StudyIdentity>;
  readonly #options: StudyWorkersOptions;

  /** Starts the workers. */
  constructor(options: StudyWorkersOptions) {
    const { count, task, warn } = options;
    this.#options = options;
    this.#pool = new WorkerPool({
      module: new URL("./study_worker.ts", import.meta.url),
      data: task,
      count,
      stopsAtFailure: true,
      onDeath: (index, reason) =>
        warn(
          `A worker died at ${this.#nameOf(index)}: ${failure(reason)}; ` +
            "another one tries the point again",
        ),
    });
  }

  /** Waits until the first worker is ready, and returns its description of the study. */
  async identify(): Promise<StudyIdentity> {
    try {
      return await this.#pool.identify();
    } catch (error) {
      throw this.#explain(error);
    }
  }

  /**
   * Measures points, and ends the workers.
   *
   * @param indices Indices of the points, ascending.
   * @param signal Ends it early: points measured by then are still returned, in order.
   * @throws {StudyError} If a point cannot be measured, or killed its worker twice.
   */
  async *run(
    indices: Iterable<number>,
    signal: AbortSignal | null,
  ): AsyncGenerator<StudyPoint, void> {
    const { count, grid } = this.#options;
    const queue = new WorkQueue<StudyPoint>(indices, {
      alike: grid.scales.length,
      open: AHEAD * count,
    });
    try {
      for await (const result of this.#pool.run(queue, signal)) {
        if ("answer" in result) yield result.answer;
        else if (!result.died) throw new StudyError(result.failure);
        else {
          const why = failure(result.failure);
          throw new StudyError(`A worker died at ${this.#nameOf(result.index)} twice: ${why}`);
        }
      }
      if (!signal?.aborted) await this.#pool.settle();
    } catch (error) {
      throw this.#explain(error);
    } finally {
      await this[Symbol.asyncDispose]();
    }
  }

  /** Ends the workers. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pool[Symbol.asyncDispose]();
  }

  #nameOf(index: number): string {
    const { grid } = this.#options;
    return describePoint(gridPoint(grid, index), grid);
  }

  #explain(error: unknown): unknown {
    return error instanceof WorkerError ? new StudyError(error.message, { cause: error }) : error;
  }
}
