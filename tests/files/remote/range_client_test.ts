import { RangeClient } from "../../../src/files/remote/range_client.ts";
import { ModelError } from "../../../src/core/model/model_error.ts";
import {
  type FileServer,
  madeBytes,
  type Misbehaves,
  sendRange,
  serveFiles,
} from "./serve_files.ts";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { assertRefusedLater, parts } from "../../assert_refused.ts";

const FILE = madeBytes(200_000);
/** Places of errors about a file that was changed, and about an answer that never fits. */
const CHANGED = "The file was changed while it was being read: HOST",
  AGAIN = "After 7 attempts: HOST";
const ETAG = { etag: '"1"' };

/** Returns a client that does not wait, and the delays that it would have waited. */
function impatient(stall?: number) {
  const delays: number[] = [];
  const wait = (ms: number) => {
    delays.push(ms);
    return Promise.resolve();
  };
  return { client: new RangeClient({ wait, stall }), delays };
}

const hostOf = ({ origin }: FileServer) => new URL(origin).host;

/** Opens the file of a server, and reads a range of it. Returns the parts of an error. */
async function readSome(misbehaves: Misbehaves, headers?: Record<string, string>, stall?: number) {
  await using server = serveFiles({ f: FILE }, { misbehaves, headers });
  const { client, delays } = impatient(stall);
  try {
    const { file, head } = await client.open(`${server.origin}/f`);
    assertEquals(head, FILE.subarray(0, 65536));
    assertEquals(file.size, FILE.length);
    assertEquals(await client.read(file, 70_000, 70_100), FILE.subarray(70_000, 70_100));
    return { delays, got: server.got, refused: null };
  } catch (error) {
    assert(error instanceof ModelError, `${error}`);
    const { place, found, expected } = error;
    const said = [place, found, expected].map((text) => text.replaceAll(hostOf(server), "HOST"));
    return { delays, got: server.got, refused: said };
  }
}

Deno.test("a file is opened by its first bytes, and its ETag is asked for from then on", async () => {
  const { got, refused } = await readSome(() => null);
  assertEquals(refused, null);
  assertEquals(got.map(({ range }) => range), [[0, 65535], [70_000, 70_099]]);
  assertEquals(got.map(({ headers }) => headers.get("if-match")), [null, '"1"']);
  assertEquals(got[0].headers.get("accept-encoding"), "identity");
});

Deno.test("a weak ETag is compared, and not asked for: it would never match", async () => {
  const { got, refused } = await readSome(() => null, { etag: 'W/"1"' });
  assertEquals(refused, null);
  assertEquals(got[1].headers.get("if-match"), null);
  const other: Misbehaves = ({ range }, count) =>
    count === 1 ? null : sendRange(FILE, range, { etag: 'W/"2"' });
  assertEquals(
    (await readSome(other, { etag: 'W/"1"' })).refused,
    [CHANGED, 'ETag "W/\\"2\\""', '"W/\\"1\\"" as before'],
  );
});

Deno.test("without an ETag, Last-Modified is asked for and compared", async () => {
  const first = { "last-modified": "Wed, 21 Oct 2026 07:28:00 GMT" };
  const { got, refused } = await readSome(() => null, first);
  assertEquals(refused, null);
  assertEquals(got[1].headers.get("if-unmodified-since"), first["last-modified"]);
  const second = { "last-modified": "Wed, 21 Oct 2026 07:28:01 GMT" };
  const changes: Misbehaves = ({ range }, count) =>
    count === 1 ? null : sendRange(FILE, range, second);
  assertEquals(
    (await readSome(changes, first)).refused,
    [
      CHANGED,
      `Last-Modified ${second["last-modified"]}`,
      `${first["last-modified"]} as before`,
    ],
  );
});

Deno.test("a file without ETag and Last-Modified is read; a change of its size is noticed", async () => {
  assertEquals((await readSome(() => null, {})).refused, null);
  const longer = madeBytes(200_001);
  const grows: Misbehaves = ({ range }, count) => count === 1 ? null : sendRange(longer, range, {});
  assertEquals(
    (await readSome(grows, {})).refused,
    [CHANGED, "200001 bytes", "200000 as before"],
  );
});

for (
  const [name, answer, found, expected] of [
    ["412", () => new Response("", { status: 412 }), "412", "206 as before"],
    ["416", () => new Response("", { status: 416 }), "416", "206 as before"],
    [
      "another ETag",
      (range) => sendRange(FILE, range, { etag: '"2"' }),
      'ETag "\\"2\\""',
      '"\\"1\\"" as before',
    ],
    [
      "another ETag with the whole file",
      () => new Response(FILE, { headers: { etag: '"2"' } }),
      'ETag "\\"2\\""',
      '"\\"1\\"" as before',
    ],
  ] as [string, (range: [number, number] | null) => Response, string, string][]
) {
  Deno.test(`${name} means that the file was changed, which no other attempt changes`, async () => {
    const { refused, delays } = await readSome(({ range }, count) =>
      count === 1 ? null : answer(range)
    );
    assertEquals(refused, [CHANGED, found, expected]);
    assertEquals(delays, []);
  });
}

Deno.test("429 and 503 are tried again after the time that the server asks for", async () => {
  for (const status of [429, 503]) {
    const { refused, delays } = await readSome((_, count) =>
      count === 2 ? new Response("", { status, headers: { "retry-after": "7" } }) : null
    );
    assertEquals(refused, null);
    assertEquals(delays, [7000]);
  }
});

Deno.test("a Retry-After may be a date, and beyond five minutes the file is given up", async () => {
  const inSeconds = (seconds: number): Misbehaves => (_, count) =>
    count === 2
      ? new Response("", {
        status: 429,
        headers: { "retry-after": new Date(Date.now() + 1000 * seconds).toUTCString() },
      })
      : null;
  const { refused, delays } = await readSome(inSeconds(20));
  assertEquals(refused, null);
  assert(delays[0] > 15_000 && delays[0] <= 20_000, `${delays}`);
  const given = await readSome((_, count) =>
    count === 2 ? new Response("", { status: 429, headers: { "retry-after": "301" } }) : null
  );
  assertEquals(given.refused, ["HOST answered 429", "301 s", "at most 300"]);
  assertEquals(given.delays, []);
});

Deno.test("5xx is tried again with delays that double, the same in every run", async () => {
  const fails: Misbehaves = (_, count) =>
    count > 1 && count < 6 ? new Response("", { status: 502 }) : null;
  const { refused, delays, got } = await readSome(fails);
  assertEquals(refused, null);
  assertEquals(got.length, 6);
  delays.forEach((delay, i) =>
    assert(delay >= 187.5 * 2 ** i && delay <= 312.5 * 2 ** i, `${delays}`)
  );
  assertEquals((await readSome(fails)).delays, delays);
});

Deno.test("a server that always fails is given up after seven attempts", async () => {
  const { refused, delays } = await readSome((_, count) =>
    count > 1 ? new Response("", { status: 500 }) : null
  );
  assertEquals(refused, ["After 7 attempts", "HOST answered 500", ""]);
  assertEquals(delays.length, 6);
});

Deno.test("an answer that is cut off is tried again", async () => {
  const short: Misbehaves = ({ range }, count) => {
    if (count !== 2 && count !== 3) return null;
    const [first, last] = range!;
    const headers = { ...ETAG, "content-range": `bytes ${first}-${last}/${FILE.length}` };
    const part = FILE.subarray(first, first + 10);
    if (count === 2) return new Response(part, { status: 206, headers });
    const breaks = new ReadableStream({
      start(controller) {
        controller.enqueue(part);
        queueMicrotask(() => controller.error(new Error("The cable is cut")));
      },
    });
    return new Response(breaks, { status: 206, headers });
  };
  const { refused, delays } = await readSome(short);
  assertEquals(refused, null);
  assertEquals(delays.length, 2);
  const always = await readSome((got, count) => count === 1 ? null : short(got, 2));
  assertEquals(
    always.refused,
    [AGAIN, "10 bytes", "100: truncated"],
  );
});

Deno.test("an answer for another range is tried again, and never used", async () => {
  const shifted: Misbehaves = ({ range }, count) =>
    count === 1 ? null : sendRange(FILE, [range![0] + 1, range![1] + 1], ETAG);
  assertEquals(
    (await readSome(shifted)).refused,
    [AGAIN, 'with Content-Range "bytes 70001-70100/200000"', "bytes 70000 to 70099"],
  );
  const late: Misbehaves = ({ range }) => sendRange(FILE, [range![0] + 1, range![1]], ETAG);
  assertEquals(
    (await readSome(late)).refused,
    [AGAIN, 'with Content-Range "bytes 1-65535/200000"', "bytes 0 to 65535"],
  );
  const none: Misbehaves = ({ range }, count) =>
    count === 1 ? null : new Response(FILE.subarray(range![0], range![1] + 1), {
      status: 206,
      headers: ETAG,
    });
  assertEquals(
    (await readSome(none)).refused,
    [AGAIN, "with Content-Range null", "bytes 70000 to 70099"],
  );
});

Deno.test("an answer that is longer than its range is not used", async () => {
  const { refused } = await readSome(({ range }, count) =>
    count === 1 ? null : new Response(FILE, {
      status: 206,
      headers: { ...ETAG, "content-range": `bytes ${range![0]}-${range![1]}/${FILE.length}` },
    })
  );
  assertEquals(
    refused,
    [AGAIN, "more than 100 bytes", "as many as it announced"],
  );
});

/** Sends a part of the bytes, then the rest after a time. */
function drip(range: [number, number], ms: number): Response {
  const [first, last] = range;
  let at = first;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const body = new ReadableStream({
    async pull(controller) {
      controller.enqueue(FILE.subarray(at, Math.min(last + 1, at + 20)));
      at += 20;
      await new Promise<void>((resolve) => timer = setTimeout(resolve, ms));
      if (at > last) controller.close();
    },
    cancel: () => clearTimeout(timer),
  }, { highWaterMark: 0 });
  const headers = { ...ETAG, "content-range": `bytes ${first}-${last}/${FILE.length}` };
  return new Response(body, { status: 206, headers });
}

Deno.test("a slow answer is awaited as long as bytes come", async () => {
  const slow = await readSome(
    ({ range }, count) => count === 1 ? null : drip(range!, 50),
    ETAG,
    200,
  );
  assertEquals(slow, { ...slow, refused: null, delays: [] });
});

Deno.test("an answer of which no byte comes is tried again", async () => {
  const stuck = await readSome(
    ({ range }, count) => count === 2 ? drip(range!, 400) : null,
    ETAG,
    100,
  );
  assertEquals(stuck, { ...stuck, refused: null });
  assertEquals(stuck.delays.length, 1);
});

Deno.test("a server without ranges: a small file is read whole, a large one refused", async () => {
  await using server = serveFiles({ f: FILE }, {
    misbehaves: ({ path }) => {
      if (path === "/f") return new Response(FILE);
      const size = 2 ** 26 + (path === "/large" ? 1 : 0);
      let sent = 0;
      const body = new ReadableStream({
        pull(controller) {
          if (sent >= size) return controller.close();
          const chunk = new Uint8Array(Math.min(2 ** 20, size - sent));
          sent += chunk.length;
          controller.enqueue(chunk);
        },
      });
      return new Response(body, {
        headers: path === "/said" ? { "content-length": `${2 ** 27}` } : {},
      });
    },
  });
  const { client } = impatient();
  const { file, head } = await client.open(`${server.origin}/f`);
  assertEquals([file.size, head], [FILE.length, FILE]);
  assertEquals((await client.open(`${server.origin}/fits`)).file.size, 2 ** 26);
  const place = `The file, which ${hostOf(server)} does not send in parts,`;
  for (const [path, size] of [["large", "more than 64.0 MiB"], ["said", "128.0 MiB"]]) {
    const open = () => client.open(`${server.origin}/${path}`);
    await assertRefusedLater(open, parts(place, size, "at most 64.0 MiB"), ModelError);
  }
});

Deno.test("a server that stops to send ranges is given up", async () => {
  const { refused } = await readSome((_, count) =>
    count === 1 ? null : new Response(FILE, { headers: ETAG })
  );
  assertEquals(refused, [AGAIN, "the whole file", "a part of it"]);
});

Deno.test("an empty file has no range", async () => {
  await using server = serveFiles({}, {
    misbehaves: () => new Response("", { status: 416, headers: { "content-range": "bytes */0" } }),
  });
  const { file } = await new RangeClient().open(`${server.origin}/f`);
  assertEquals(file.size, 0);
});

Deno.test("what the server forbids or lacks is a sentence, without another attempt", async () => {
  for (
    const [status, ...said] of [
      [401, "", "HOST does not allow reading it (401)", ""],
      [403, "", "HOST does not allow reading it (403)", ""],
      [404, "", "HOST has no such file (404)", ""],
      [418, "HOST", "418", "206"],
    ] as const
  ) {
    const { refused, got } = await readSome(() => new Response("", { status }));
    assertEquals(refused, [...said]);
    assertEquals(got.length, 1);
  }
});

Deno.test("a server that cannot be reached is given up after three attempts", async () => {
  const server = serveFiles({});
  await server[Symbol.asyncDispose]();
  const { client, delays } = impatient();
  const error = await assertRejects(() => client.open(`${server.origin}/f?secret`), ModelError);
  const says = `After 3 attempts: ${hostOf(server)} cannot be reached: `;
  assert(error.message.startsWith(says), error.message);
  assert(!error.message.includes("secret"), error.message);
  assertEquals(delays.length, 2);
});

Deno.test("a token is sent to its own server, and not to the one that has the bytes", async () => {
  await using store = serveFiles({ f: FILE });
  await using server = serveFiles({}, {
    misbehaves: () =>
      new Response("", {
        status: 302,
        headers: { location: `${store.origin}/f`, "x-repo-commit": "abc" },
      }),
  });
  const { client } = impatient();
  const token = { origin: server.origin, value: "secret" };
  const { file, hosts, commit } = await client.open(`${server.origin}/f`, token);
  assertEquals(await client.read(file, 5, 9), FILE.subarray(5, 9));
  assertEquals(hosts, [hostOf(server), hostOf(store)]);
  assertEquals(commit, "abc");
  const sent = ({ got }: FileServer) => got.map(({ headers }) => headers.get("authorization"));
  // Later requests go to the store at once.
  assertEquals(sent(server), ["Bearer secret"]);
  assertEquals(sent(store), [null, null]);
});

Deno.test("an address of a redirection that is no longer valid is asked for again", async () => {
  await using store = serveFiles({ "1": FILE, "2": FILE }, {
    misbehaves: ({ path }, count) =>
      count === 2 && path === "/1" ? new Response("expired", { status: 403 }) : null,
  });
  let redirections = 0;
  await using server = serveFiles({}, {
    misbehaves: () => Response.redirect(`${store.origin}/${++redirections}`, 302),
  });
  const { client } = impatient();
  const { file } = await client.open(`${server.origin}/f`);
  assertEquals(await client.read(file, 5, 9), FILE.subarray(5, 9));
  assertEquals(store.got.map(({ path }) => path), ["/1", "/1", "/2"]);
});

Deno.test("an address of a redirection is kept only if the file is there", async () => {
  for (const status of [300, 404, 416, 500]) {
    await using store = serveFiles({}, {
      misbehaves: () => new Response("", { status, headers: { "retry-after": "0" } }),
    });
    await using server = serveFiles({}, {
      misbehaves: () => Response.redirect(`${store.origin}/f`, 302),
    });
    const { client } = impatient();
    await assertRejects(() => client.open(`${server.origin}/f`), ModelError);
    assertEquals(server.got.length, store.got.length, `${status}`);
    const before = server.got.length;
    await assertRejects(() => client.open(`${server.origin}/f`), ModelError);
    assertEquals(server.got.length, 2 * before, `${status}`);
  }
});

Deno.test("redirections end: after five, and at anything but a server", async () => {
  await using server = serveFiles({}, {
    misbehaves: ({ path }) =>
      path === "/ftp"
        ? new Response("", { status: 302, headers: { location: "file:///etc/passwd" } })
        : Response.redirect(`${server.origin}/f`, 307),
  });
  const { client } = impatient();
  const refuses = (path: string, found: string, expected: string) =>
    assertRefusedLater(
      () => client.open(`${server.origin}/${path}`),
      parts(hostOf(server), found, expected),
      ModelError,
    );
  await refuses("f", "more than 5 times", "at most 5");
  assertEquals(server.got.length, 6);
  await refuses("ftp", '"file:///etc/passwd"', "an https: address");
});
