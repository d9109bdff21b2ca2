import { assertEquals, assertRejects } from "@std/assert";
import fc from "fast-check";
import {
  type TaskResult,
  type Unit,
  WorkerError,
  WorkerPool,
  type WorkerPoolOptions,
  WorkQueue,
} from "../../../src/files/user_code/worker_pool.ts";

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

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

/** Does the next task of a unit, as a worker does that was sent it. */
function doOne(unit: Unit<null>): void {
  unit.results.push({ index: unit.indices.shift()!, answer: null });
  unit.sent--;
}

Deno.test("WorkerPool that was ended does nothing more, whether it was ready, running or neither", async () => {
  const early = poolOf({});
  await early[Symbol.asyncDispose]();
  await assertRejects(() => early.identify(), WorkerError, "The workers have ended");
  await assertRejects(() => run(early), WorkerError, "The workers have ended");
  const pool = poolOf({});
  const queue = new WorkQueue<number>([0, 1, 2, 3, 4, 5], { alike: 2, open: 8 });
  const found: TaskResult<number>[] = [];
  for await (const result of pool.run(queue)) {
    found.push(result);
    await pool[Symbol.asyncDispose]();
  }
  assertEquals(found, Array.from(found, (_, i) => square(i)));
});

Deno.test("WorkQueue gives whole models, as far as a unit may be long", () => {
  const queue = new WorkQueue<null>(range(15, 130), { alike: 100, open: 8 });
  assertEquals(queue.take([])?.indices, range(15, 79));
  assertEquals(queue.take([])?.indices, range(79, 100));
  assertEquals(queue.take([])?.indices, range(100, 130));
  assertEquals(queue.take([]), null);
});

Deno.test("WorkQueue gives one who has nothing half of what is before another", () => {
  const queue = new WorkQueue<null>(range(0, 10), { alike: 10, open: 8 });
  const first = queue.take([])!;
  first.sent = 2;
  doOne(first);
  const second = queue.take([first])!;
  assertEquals([first.indices, second.indices], [range(1, 6), range(6, 10)]);
  // The results of the second come out after those of the first.
  second.sent = 1;
  doOne(second);
  assertEquals([...queue.rest()].map(({ index }) => index), [0, 6]);
  assertEquals(queue.head, first);
  queue.drop();
  assertEquals(queue.head, second);
});

Deno.test("WorkQueue takes nothing that was sent already", () => {
  const queue = new WorkQueue<null>(range(0, 4), { alike: 4, open: 8 });
  const first = queue.take([])!;
  first.sent = 3;
  assertEquals(queue.take([first])?.indices, [3]);
  assertEquals(queue.take([first]), null);
});

Deno.test("WorkQueue halves a long unit rather than let a worker run far ahead", () => {
  const queue = new WorkQueue<null>(range(0, 1000), { alike: 10, open: 8 });
  const slow = queue.take([])!;
  slow.sent = 1;
  for (let i = 1; i < 8; i++) assertEquals(queue.take([slow])?.indices, range(10 * i, 10 * i + 10));
  assertEquals(queue.take([slow])?.indices, range(5, 10));
});

Deno.test("WorkQueue gives what a dead worker left, before all else", () => {
  const queue = new WorkQueue<null>(range(0, 20), { alike: 10, open: 8 });
  const dead = queue.take([])!;
  dead.sent = 4;
  doOne(dead);
  queue.giveBack(dead);
  const again = queue.take([])!;
  assertEquals([again, again.sent, again.indices], [dead, 0, range(1, 10)]);
  assertEquals(queue.take([again])?.indices, range(10, 20));
});

Deno.test("WorkQueue brings every result out once and in order, whoever is fast", () => {
  const turns = fc.array(fc.tuple(fc.nat(3), fc.nat(8)), { maxLength: 400 });
  const size = fc.tuple(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 1, max: 90 }));
  fc.assert(fc.property(size, turns, ([count, alike], turns) => {
    const queue = new WorkQueue<null>(range(0, count), { alike, open: 16 });
    const units: (Unit<null> | null)[] = [null, null, null, null];
    const out: number[] = [];
    const act = (worker: number, luck: number) => {
      units[worker] ??= queue.take(units.filter((unit) => unit !== null));
      const unit = units[worker];
      if (unit === null) return;
      if (luck === 8) {
        queue.giveBack(unit);
        units[worker] = null;
        return;
      }
      unit.sent = Math.max(unit.sent, Math.min(unit.indices.length, luck + 1));
      doOne(unit);
      if (unit.indices.length === 0) units[worker] = null;
      for (let { head } = queue; head !== undefined; head = queue.head) {
        out.push(...head.results.splice(0).map(({ index }) => index));
        if (head.indices.length > 0) break;
        queue.drop();
      }
    };
    for (const [worker, luck] of turns) act(worker, luck);
    for (let i = 0; i < 5 * count + 20; i++) act(i % 4, 0);
    assertEquals(out, range(0, count));
  }));
});
