import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { type Unit, WorkQueue } from "../../src/model/user_code/work_queue.ts";

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

/** Does the next task of a unit, as a worker does that was sent it. */
function doOne(unit: Unit<null>): void {
  unit.results.push({ index: unit.indices.shift()!, answer: null });
  unit.sent--;
}

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
