import { ModelError } from "../../model/model_error.ts";
import { WorkerError, WorkerPool } from "../../model/user_code/worker_pool.ts";
import { WorkQueue } from "../../model/user_code/work_queue.ts";

/** Number of tasks per worker in work: so far may one be ahead of the slowest. */
const AHEAD = 2;

/** Work for workers. */
interface Work {
  /** Module of the workers. */
  module: URL;
  /** Data with which a worker starts: plain data. */
  task: unknown;
  /** Number of tasks. */
  count: number;
  threads: number;
  signal: AbortSignal | null;
}

/**
 * Yields the answers to tasks that read files of weights, in their order.
 *
 * @throws {ModelError} If a task fails.
 */
export async function* askWorkers<Answer>(
  { module, task, count, threads, signal }: Work,
): AsyncGenerator<{ index: number; answer: Answer }> {
  await using pool = new WorkerPool<Answer>({
    module,
    data: task,
    count: Math.min(threads, count),
    stopsAtFailure: true,
    onDeath: () => {},
  });
  const queue = new WorkQueue<Answer>(Array(count).keys(), { alike: 1, open: AHEAD * threads });
  try {
    for await (const result of pool.run(queue, signal)) {
      if (!("answer" in result)) throw new ModelError(result.failure);
      yield result;
    }
  } catch (error) {
    throw error instanceof WorkerError ? new ModelError(error.message, { cause: error }) : error;
  }
}
