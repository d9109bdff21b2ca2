import { assertEquals, assertRejects } from "@std/assert";
import {
  WorkerError,
  WorkerPool,
  type WorkerPoolOptions,
} from "../../src/model/user_code/worker_pool.ts";
import { type TaskResult, WorkQueue } from "../../src/model/user_code/work_queue.ts";

const DIED = "the model's code terminated its worker";

/** A pool of two workers that do what `counting_worker.ts` does. */
function poolOf(
  data: { fails?: number; dies?: number; late?: number; opens?: false },
  options: Partial<WorkerPoolOptions<number>> = {},
) {
  return new WorkerPool<number, string>({
    module: new URL("./counting_worker.ts", import.meta.url),
    data,
    count: 2,
    stopsAtFailure: false,
    ...options,
  });
}

/** The results of six tasks, two to a unit. */
async function run(pool: WorkerPool<number, string>): Promise<TaskResult<number>[]> {
  const queue = new WorkQueue<number>([0, 1, 2, 3, 4, 5], { alike: 2, open: 8 });
  return await Array.fromAsync(pool.run(queue));
}

const square = (index: number) => ({ index, answer: index ** 2 });

Deno.test("WorkerPool goes on after a task that fails and one that kills its worker", async () => {
  const seen: number[] = [];
  await using pool = poolOf({ fails: 0, dies: 3 }, { onResult: ({ index }) => seen.push(index) });
  // Code for the main thread may use `self`.
  assertEquals(await pool.identify(), "object");
  assertEquals(await run(pool), [
    { index: 0, failure: "not this one", died: false },
    square(1),
    square(2),
    { index: 3, failure: DIED, died: true },
    square(4),
    square(5),
  ]);
  assertEquals(seen.toSorted(), [0, 1, 2, 3, 4, 5]);
  await pool.settle();
});

Deno.test("WorkerPool tries the task of a dead worker once more if it is told to", async () => {
  const deaths: [number, string][] = [];
  await using pool = poolOf({ dies: 5 }, { onDeath: (...death) => deaths.push(death) });
  const results = await run(pool);
  assertEquals(deaths, [[5, DIED]]);
  assertEquals(results.at(-1), { index: 5, failure: DIED, died: true });
});

Deno.test("WorkerPool ends at a failed task if it is told to", async () => {
  await using pool = poolOf({ fails: 1 }, { stopsAtFailure: true });
  const results: TaskResult<number>[] = [];
  const queue = new WorkQueue<number>([0, 1, 2, 3, 4, 5], { alike: 2, open: 1 });
  for await (const result of pool.run(queue)) {
    results.push(result);
    if ("failure" in result) break;
  }
  assertEquals(results, [square(0), { index: 1, failure: "not this one", died: false }]);
});

Deno.test("WorkerPool hears of an error after the last task", async () => {
  await using pool = poolOf({ late: 4 });
  assertEquals(await run(pool), [0, 1, 2, 3, 4, 5].map(square));
  await assertRejects(() => pool.settle(), WorkerError, "net.ts: an error in its code");
});

Deno.test("WorkerPool says why no worker starts", async () => {
  await using pool = poolOf({ opens: false });
  await assertRejects(() => pool.identify(), WorkerError, "no network");
});
