import { RangeCache, ReadAhead, UNIT_BYTES } from "../../../src/files/remote/read_ahead.ts";
import type { RemoteRange } from "../../../src/files/remote/mailbox.ts";
import { madeBytes } from "./serve_files.ts";
import { assert, assertEquals, assertRejects } from "@std/assert";

const FILE = madeBytes(5 * UNIT_BYTES);
const MiB = 2 ** 20;

/** Returns a reader, the ranges that it asked for, and the largest number of them at a time. */
function reader() {
  const asked: RemoteRange[] = [];
  const most = { requests: 0 };
  let running = 0;
  const ahead = new ReadAhead(async (range) => {
    asked.push(range);
    most.requests = Math.max(most.requests, ++running);
    await new Promise((resolve) => setTimeout(resolve, 1));
    running--;
    return FILE.subarray(range.from, range.to);
  });
  const read = async (from: number, to: number, { stream = 0, id = 0 } = {}) => {
    const data = new Uint8Array(to - from);
    await ahead.read(stream, { id, from, to }, data);
    assertEquals(data, FILE.subarray(from, to));
  };
  const spans = () => asked.map(({ from, to }) => [from, to]);
  return { ahead, read, asked, most, spans };
}

Deno.test("what a reader expects is asked for in units, each once", async () => {
  const { ahead, read, spans } = reader();
  const end = 2 * UNIT_BYTES + 100;
  ahead.expect(0, [{ id: 0, from: 10, to: end }]);
  for (let at = 10; at < end; at += MiB) await read(at, Math.min(end, at + MiB));
  assertEquals(spans(), [[10, UNIT_BYTES], [UNIT_BYTES, 2 * UNIT_BYTES], [2 * UNIT_BYTES, end]]);
});

Deno.test("a byte of the next unit is a request", async () => {
  const { ahead, read, spans } = reader();
  ahead.expect(0, [{ id: 0, from: UNIT_BYTES - 10, to: UNIT_BYTES + 1 }]);
  await read(UNIT_BYTES - 10, UNIT_BYTES + 1);
  assertEquals(spans(), [[UNIT_BYTES - 10, UNIT_BYTES], [UNIT_BYTES, UNIT_BYTES + 1]]);
});

Deno.test("ranges that are close are one request, those far apart are not", async () => {
  const { ahead, read, spans } = reader();
  const gap = 2 ** 14;
  ahead.expect(0, [
    { id: 0, from: 0, to: 100 },
    { id: 0, from: 100 + gap, to: 200 + gap },
    { id: 0, from: 201 + 2 * gap, to: 300 + 2 * gap },
  ]);
  await read(0, 100);
  await read(100 + gap, 200 + gap);
  await read(201 + 2 * gap, 300 + 2 * gap);
  assertEquals(spans(), [[0, 200 + gap], [201 + 2 * gap, 300 + 2 * gap]]);
});

Deno.test("other reads are made at once, between those that are expected, too", async () => {
  const { ahead, read, spans } = reader();
  await read(5, 9);
  ahead.expect(0, [{ id: 0, from: 1000, to: 2000 }]);
  await read(900, 2100);
  // Another reader, and another file, expect nothing.
  await read(1000, 1100, { stream: 1 });
  await read(1000, 1100, { id: 1 });
  assertEquals(spans(), [[5, 9], [1000, 2000], [900, 1000], [2000, 2100], [1000, 1100], [
    1000,
    1100,
  ]]);
});

Deno.test("at most eight requests are made at a time, or 32 small ones, and at most 16 MiB ahead", async () => {
  for (const [bytes, most] of [[10, 32], [2 ** 16, 32], [2 ** 16 + 1, 8]]) {
    const small = reader();
    const ranges = Array.from({ length: 40 }, (_, i) => {
      const from = i * 2 ** 18;
      return { id: 0, from, to: from + bytes };
    });
    small.ahead.expect(0, ranges);
    for (const { from, to } of ranges) await small.read(from, to);
    assertEquals(small.most.requests, most);
  }
  const large = reader();
  large.ahead.expect(0, [{ id: 3, from: 0, to: 100 * UNIT_BYTES }]);
  await large.read(0, 10, { id: 3 });
  await new Promise((resolve) => setTimeout(resolve, 50));
  assertEquals(large.asked.map(({ id }) => id), Array(8).fill(3));
});

Deno.test("what has begun goes on if it is expected again, also if it was joined to what is read", async () => {
  const { ahead, read, asked } = reader();
  const first = { id: 0, from: 0, to: 100 }, second = { id: 0, from: 200, to: 300 };
  const third = { id: 0, from: UNIT_BYTES, to: UNIT_BYTES + 50 };
  ahead.expect(0, [first, second, third]);
  await read(0, 100);
  ahead.expect(0, [second, third]);
  await read(200, 300);
  await read(UNIT_BYTES, UNIT_BYTES + 50);
  assertEquals(asked.length, 2);
  // Bytes that nobody expects any more are requested again.
  ahead.expect(0, [third]);
  ahead.expect(0, []);
  await read(UNIT_BYTES, UNIT_BYTES + 50);
  assertEquals(asked.length, 4);
});

Deno.test("all readers together hold at most 32 MiB, and none waits for another", async () => {
  const { ahead, read, asked } = reader();
  for (const stream of [0, 1, 2, 3]) {
    ahead.expect(stream, [{ id: 0, from: 0, to: 100 * UNIT_BYTES }]);
  }
  await new Promise((resolve) => setTimeout(resolve, 50));
  assertEquals(asked.length, 16);
  await read(0, 10, { stream: 3 });
  assertEquals(asked.length, 17);
  // Bytes that a reader does not expect any more make room.
  ahead.expect(0, []);
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert(asked.length > 17, `${asked.length}`);
});

Deno.test("a failed request is the failure of the read that needs it", async () => {
  const ahead = new ReadAhead(({ from }) =>
    from === 0 ? Promise.resolve(new Uint8Array(UNIT_BYTES)) : Promise.reject(new Error("gone"))
  );
  ahead.expect(0, [{ id: 0, from: 0, to: 2 * UNIT_BYTES }]);
  await new Promise((resolve) => setTimeout(resolve, 5));
  await ahead.read(0, { id: 0, from: 0, to: 10 }, new Uint8Array(10));
  const range = { id: 0, from: UNIT_BYTES, to: UNIT_BYTES + 10 };
  await assertRejects(() => ahead.read(0, range, new Uint8Array(10)), Error, "gone");
});

Deno.test("the plan of a reader that was ended makes room after a minute", async () => {
  const { ahead, asked } = reader();
  for (const stream of [0, 1]) ahead.expect(stream, [{ id: 0, from: 0, to: 100 * UNIT_BYTES }]);
  await new Promise((resolve) => setTimeout(resolve, 50));
  assertEquals(asked.length, 16);
  const expectLater = (stream: number, ms: number) => {
    const { now } = performance;
    const time = now.call(performance);
    performance.now = () => time + ms;
    ahead.expect(stream, [{ id: 0, from: 0, to: 100 * UNIT_BYTES }]);
    performance.now = now;
  };
  expectLater(2, 50_000);
  await new Promise((resolve) => setTimeout(resolve, 50));
  assertEquals(asked.length, 16);
  expectLater(3, 70_000);
  await new Promise((resolve) => setTimeout(resolve, 50));
  assertEquals(asked.length, 32);
});

Deno.test("nothing is kept of a file of which no change would be noticed", async () => {
  const folder = await Deno.makeTempDir();
  const file = { url: "https://host/w", size: 9, etag: null, modified: null, token: null };
  try {
    assertEquals(await RangeCache.open(folder, file), null);
    assertEquals([...Deno.readDirSync(folder)], []);
    const cache = await RangeCache.open(folder, { ...file, etag: '"1"' });
    await cache!.put(2, Uint8Array.of(1, 2));
    assertEquals(await cache!.get(2, 4), Uint8Array.of(1, 2));
    assertEquals(await cache!.get(2, 5), null);
    const changed = await RangeCache.open(folder, { ...file, etag: '"2"' });
    assertEquals(await changed!.get(2, 4), null);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
