import { InputError } from "../../src/ground/words/input_error.ts";
import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { EngineError, type EngineOptions } from "../../src/engine/engine.ts";
import { hasRelaxedSimd } from "../../src/engine/start/engine_files.ts";
import { runningEngine } from "../../src/engine/running_engine.ts";
import { ensureEngine, keepEngine, startEngine } from "../../src/engine/start/start_engine.ts";

Deno.test("startEngine() runs one thread on WASM by default, until it is stopped", async () => {
  const engine = await startEngine();
  const { tf } = engine;
  assertEquals(tf.getBackend(), "wasm");
  assertEquals([engine.threads, engine.simd, engine.version], [1, true, "4.22.0"]);
  assertEquals(engine.relaxedSimd, hasRelaxedSimd());
  assertStrictEquals(runningEngine(), engine);
  await engine.stop();
  assertEquals(tf.getBackend(), "cpu");
  assertEquals(runningEngine(), null);
});

Deno.test("startEngine() turns relaxed SIMD off when asked to", async () => {
  await using engine = await startEngine({ relaxedSimd: false });
  assertEquals(engine.relaxedSimd, false);
});

Deno.test("startEngine() shares the engine until the last one has stopped it", async () => {
  const first = await startEngine();
  const second = await startEngine({ threads: 1, relaxedSimd: true });
  const backend = first.tf.backend();
  assertStrictEquals(second.tf.backend(), backend);
  await first.stop();
  await first.stop();
  assertStrictEquals(second.tf.backend(), backend, "stopping twice counts once");
  assertStrictEquals(runningEngine(), second);
  await second.stop();
  assertEquals(runningEngine(), null);
});

Deno.test("startEngine() throws when an engine with other settings runs", async () => {
  const engine = await startEngine();
  for (const options of [{ threads: 2 }, { relaxedSimd: !engine.relaxedSimd }]) {
    if (options.relaxedSimd === true) continue; // this runtime has none
    await assertRejects(
      () => startEngine(options),
      EngineError,
      "runs already: stop it before starting one with",
    );
  }
  assertEquals(engine.tf.getBackend(), "wasm");
  await engine.stop();
  const next = await startEngine({ relaxedSimd: false });
  await next.stop();
});

Deno.test("startEngine() may be called, and stopped, many times at once", async () => {
  const engines = await Promise.all([startEngine(), startEngine(), startEngine()]);
  const backends = new Set(engines.map(({ tf }) => tf.backend()));
  assertEquals(backends.size, 1);

  const stops = engines.map((engine) => engine.stop());
  const [next] = await Promise.all([startEngine({ relaxedSimd: false }), ...stops]);
  assert(!backends.has(next.tf.backend()), "it waited for the stops and started anew");
  await next.stop();

  const results = await Promise.allSettled([startEngine(), startEngine({ relaxedSimd: false })]);
  assertEquals(
    results.map(({ status }) => status),
    hasRelaxedSimd() ? ["fulfilled", "rejected"] : ["fulfilled", "fulfilled"],
  );
  for (const result of results) if (result.status === "fulfilled") await result.value.stop();
  assertEquals(runningEngine(), null);
});

Deno.test("startEngine() throws when an option makes no sense", async (t) => {
  const threads = (found: string) =>
    `threads is ${found}, expected a whole number from 1 to 8, or "auto"`;
  const cases: [EngineOptions, typeof TypeError | typeof InputError, string][] = [
    [{ threads: 0 }, InputError, threads("0")],
    [{ threads: 9 }, InputError, threads("9")],
    [{ threads: 1.5 }, InputError, threads("1.5")],
    [{ threads: NaN }, InputError, threads("NaN")],
    [{ threads: "2" as "auto" }, TypeError, threads('"2"')],
    [{ threads: null as unknown as number }, TypeError, threads("null")],
    [{ relaxedSimd: 1 as unknown as boolean }, TypeError, "expected true or false"],
    [
      { threads: "auto", workload: -1 },
      InputError,
      "workload is -1, expected a number of at least 0",
    ],
    [
      { threads: "auto", workload: NaN },
      InputError,
      "workload is NaN, expected a number of at least 0",
    ],
    [{ workload: "1" as unknown as number }, TypeError, "expected a number"],
  ];
  for (const [options, ErrorClass, message] of cases) {
    await t.step(Deno.inspect(options), async () => {
      await assertRejects(() => startEngine(options), ErrorClass, message);
      assertEquals(runningEngine(), null);
    });
  }
});

Deno.test("ensureEngine() takes the engine that runs, whatever its settings", async () => {
  await using engine = await startEngine({ relaxedSimd: false });
  assertStrictEquals(await ensureEngine(), engine);
});

Deno.test("ensureEngine() starts one engine that the next startEngine() replaces", async () => {
  const [engine, again] = await Promise.all([ensureEngine(), ensureEngine()]);
  assertStrictEquals(again, engine);
  assertEquals([engine.threads, engine.tf.getBackend()], [1, "wasm"]);
  const backend = engine.tf.backend();

  const same = await startEngine();
  assertStrictEquals(same.tf.backend(), backend, "the same settings take it over");
  await same.stop();
  assertEquals(runningEngine(), null);

  const unowned = await ensureEngine();
  const other = await startEngine({ threads: 2 });
  assertEquals(other.threads, 2);
  await unowned.stop();
  assertStrictEquals(runningEngine(), other, "an engine that was replaced stops nothing");
  await other.stop();
});

Deno.test("keepEngine() keeps a stopped engine for the next start with the same settings", async () => {
  const kept = keepEngine();
  const alsoKept = keepEngine();
  const first = await startEngine();
  const { tf } = first;
  const backend = tf.backend();
  await first.stop();
  const second = await startEngine();
  assertStrictEquals(tf.backend(), backend);
  await kept[Symbol.asyncDispose]();
  await second.stop();
  assertStrictEquals(tf.backend(), backend, "it is kept by another one");
  const other = await startEngine({ relaxedSimd: false });
  assert(tf.backend() !== backend);
  await alsoKept[Symbol.asyncDispose]();
  assertEquals(tf.getBackend(), "wasm", "it is held");
  await other.stop();
  assertEquals([tf.getBackend(), runningEngine()], ["cpu", null]);
});

Deno.test("startEngine() decides on one thread when nothing is known of the work", async () => {
  await using engine = await startEngine({ threads: "auto" });
  assertEquals(engine.threads, 1);
});
