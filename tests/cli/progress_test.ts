import { assertEquals, assertMatch } from "@std/assert";
import { measureWeightsOf } from "../../src/cli/examine_weights.ts";
import type { MeasureRequest } from "../../src/cli/flags/measure_flags.ts";
import { safetensors } from "../torch/fixture.ts";
import {
  passLine,
  passProgress,
  progressLine,
  runProgress,
  studyProgress,
  sweepLine,
} from "../../src/cli/kit/progress.ts";

Deno.test("progressLine() has a bar, the share, the points and the time left", () => {
  assertEquals(
    progressLine({ done: 250, total: 1000, workers: 0 }, { at: 0, done: 0 }, 5000),
    "[######..................] 25 %, 250 of 1000 points, 15 s left",
  );
});

Deno.test("passLine() has a bar, the layer, the part of the batch and the time left", () => {
  const progress = { phase: "backward", done: 5, total: 20, share: 0.25 } as const;
  assertEquals(
    passLine(progress, 5000),
    "[######..................] 25 %, measuring: backward pass, layer 5 of 20, 15 s left",
  );
  assertEquals(
    passLine({ ...progress, part: 2, parts: 8 }, 5000, 77),
    "[..] 25 %, measuring: backward pass, layer 5 of 20, part 2 of 8, 15 s left",
  );
});

Deno.test("progressLine() counts the pace from what this run has measured", () => {
  // Half was there before; a quarter took ten seconds.
  assertEquals(
    progressLine({ done: 75, total: 100, workers: 2 }, { at: 1000, done: 50 }, 11_000),
    "[##################......] 75 %, 75 of 100 points, 10 s left, 2 workers",
  );
});

Deno.test("progressLine() names no time before the first point, and ends full", () => {
  assertEquals(
    progressLine({ done: 0, total: 10, workers: 0 }, { at: 0, done: 0 }, 900),
    "[........................] 0 %, 0 of 10 points",
  );
  assertEquals(
    progressLine({ done: 10, total: 10, workers: 0 }, { at: 0, done: 0 }, 900),
    "[########################] 100 %, 10 of 10 points, 0 s left",
  );
});

Deno.test("progressLine() stays within the columns of the terminal", () => {
  const progress = { done: 123_456, total: 999_424, workers: 32 };
  const text = "12 %, 123456 of 999424 points, 59 min 11 s left, 32 workers";
  const line = (columns: number) => progressLine(progress, { at: 0, done: 0 }, 500_500, columns);
  assertEquals(line(120), `[##......................] ${text}`);
  assertEquals(line(80), `[#..............] ${text}`);
  assertEquals(line(80).length, 77);
  assertEquals(line(62), text);
  assertEquals(line(40), text.slice(0, 37));
});

/** Returns what is written to stderr while half a second passes between one update and the next. */
function written(
  terminal: boolean,
  open: () => { update(done: number): void; end(): void } = openStudy,
): string[] {
  const { isTerminal, writeSync } = Deno.stderr;
  const { now } = performance;
  const texts: string[] = [];
  let time = 0;
  Deno.stderr.isTerminal = () => terminal;
  Deno.stderr.writeSync = (bytes) => texts.push(new TextDecoder().decode(bytes));
  performance.now = () => time;
  try {
    const progress = open();
    for (let done = 0; done <= 40; done++, time += 500) progress.update(done);
    progress.end();
  } finally {
    Object.assign(Deno.stderr, { isTerminal, writeSync });
    performance.now = now;
  }
  return texts;
}

function openStudy() {
  const { update, clear } = studyProgress();
  return { update: (done: number) => update({ done, total: 100, workers: 0 }), end: clear };
}

function openPass() {
  const progress = passProgress();
  const pass = { phase: "forward", total: 100 } as const;
  return {
    update: (done: number) => progress.update({ ...pass, done, share: done / 100 }),
    end: () => progress[Symbol.dispose](),
  };
}

Deno.test("passProgress() shows a bar on a terminal after three seconds, and none in a log", () => {
  const texts = written(true, openPass);
  assertEquals(texts.length, 36);
  assertEquals(
    texts[0],
    "\r\x1b[K[#..................] 6 %, measuring: forward pass, layer 6 of 100, 47 s left",
  );
  assertEquals(texts.at(-1), "\r\x1b[K");
  assertEquals(written(false, openPass), []);
});

Deno.test("studyProgress() rewrites one line of a terminal after three seconds, and clears it", () => {
  const texts = written(true);
  assertEquals(texts.length, 36);
  assertEquals(
    texts.at(-2),
    "\r\x1b[K[#########...............] 40 %, 40 of 100 points, 30 s left",
  );
  assertEquals(texts.at(-1), "\r\x1b[K");
});

Deno.test("studyProgress() writes a line without a bar into a log now and then", () => {
  assertEquals(written(false), [
    "20 %, 20 of 100 points, 40 s left\n",
    "40 %, 40 of 100 points, 30 s left\n",
  ]);
});

/** Opens the progress of a gate whose 30th run fails. */
function openRuns() {
  const progress = runProgress(41);
  return {
    update: (done: number) =>
      progress.update({ name: `net, seed ${done}`, failed: done === 29, ms: 500 }),
    end: () => progress[Symbol.dispose](),
  };
}

Deno.test("runProgress() rewrites one line of a terminal, and a log gets failed runs and a line now and then", () => {
  const { error } = console;
  const ends: string[] = [];
  console.error = (line: string) => ends.push(line);
  try {
    const texts = written(true, openRuns);
    assertEquals(texts.length, 42);
    assertEquals(texts.slice(-2), ["\r\x1b[K[41/41] net, seed 40: 0.50 s", "\r\x1b[K"]);
    assertEquals(written(false, openRuns), [
      "[21/41] net, seed 20: 0.50 s\n",
      "[30/41] net, seed 29: failed after 0.50 s\n",
    ]);
    assertEquals(ends, Array(2).fill("41 runs took 20.50 s"));
    const alone = runProgress(1);
    alone.update({ name: "net, seed 0", failed: true, ms: 1 });
    alone[Symbol.dispose]();
    assertEquals(ends.length, 2);
  } finally {
    console.error = error;
  }
});

Deno.test("sweepLine() has bytes, bytes a second and the time left, at most as wide as the terminal", () => {
  const progress = { bytes: 2 ** 30, total: 4 * 2 ** 30 };
  assertEquals(
    sweepLine(progress, 5000),
    "[######..................] 25 %, 1.0 GiB of 4.0 GiB, 204.8 MiB a second, 15 s left",
  );
  assertEquals(sweepLine(progress, 5000, 40).length, 37);
});

Deno.test("a file of weights shows how far it is on a terminal after three seconds, and nothing if quiet", async () => {
  const path = await Deno.makeTempFile({ suffix: ".safetensors" });
  const { isTerminal, writeSync } = Deno.stderr;
  const { now } = performance;
  let texts: string[] = [];
  let time = 0;
  try {
    // A hole of 256 MiB: enough for several answers of workers.
    const bytes = 2 ** 28;
    const head = safetensors({
      b: { dtype: "BF16", shape: [bytes / 2], data_offsets: [0, bytes] },
    });
    await Deno.writeFile(path, head);
    await Deno.truncate(path, head.length + bytes);
    Deno.stderr.isTerminal = () => true;
    Deno.stderr.writeSync = (bytes) => texts.push(new TextDecoder().decode(bytes));
    performance.now = () => time += 4000;
    const shown = async (quiet: boolean) => {
      texts = [];
      const request = { threads: 1, quiet, sample: false, cache: null };
      await measureWeightsOf(path, request as MeasureRequest);
      return texts;
    };
    const lines = await shown(false);
    assertMatch(lines[0], /64\.0 MiB of 256\.0 MiB, .* MiB a second, .* left$/);
    assertEquals(lines.at(-1), "\r\x1b[K");
    assertEquals(await shown(true), []);
  } finally {
    Object.assign(Deno.stderr, { isTerminal, writeSync });
    performance.now = now;
    await Deno.remove(path);
  }
});
