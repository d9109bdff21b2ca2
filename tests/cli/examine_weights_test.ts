import { resuming } from "../../src/cli/examine_weights.ts";
import { readWeights } from "../../src/load/read_weights.ts";
import { compareFiles } from "../../src/checkpoint/compare_checkpoints.ts";
import { measureFile } from "../../src/checkpoint/measure_checkpoint.ts";
import type { SweepJournal } from "../../src/checkpoint/sweep_journal.ts";
import { WORTH_WORKERS } from "../../src/checkpoint/sweep_in_parallel.ts";
import { writeCheckpoint } from "../checkpoint/write_checkpoint.ts";
import { runCommand } from "./run_command.ts";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";

const TENSORS = 8;

/** Runs a command in a process whose folder for caches is another. */
const runWith = (caches: string) => (args: string[]) =>
  runCommand(args, { env: { XDG_CACHE_HOME: caches } });

/** Uses two files that are worth several threads, and a folder for caches. */
async function withFiles(
  use: (folder: string, cache: string, run: ReturnType<typeof runWith>) => Promise<void>,
) {
  const folder = await Deno.makeTempDir();
  try {
    const rows = Math.ceil(WORTH_WORKERS / TENSORS / 2048 / 2);
    for (const [i, name] of ["a", "b"].entries()) {
      const tensors = Array.from({ length: TENSORS }, (_, number) => ({
        name: `h.${number}.fc.weight`,
        dtype: "BF16" as const,
        shape: [rows, 2048],
        std: 0.02 + 0.001 * i,
      }));
      await writeCheckpoint(`${folder}/${name}.safetensors`, tensors);
    }
    await use(folder, `${folder}/cache/gradient-health`, runWith(`${folder}/cache`));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Does a work on files that is stopped once a part is done. */
async function stop(
  folder: string,
  paths: readonly string[],
  work: (
    files: Awaited<ReturnType<typeof readWeights>>[],
    options: {
      journal: SweepJournal | null;
      signal: AbortSignal;
      threads: number;
      onProgress: () => void;
    },
  ) => Promise<unknown>,
) {
  const files = await Promise.all(paths.map((path) => readWeights(path)));
  const stop = new AbortController();
  const options = { signal: stop.signal, threads: 1, onProgress: () => stop.abort("stopped") };
  await resuming(
    files,
    { fresh: false, quiet: true, folder },
    (journal) => work(files, { ...options, journal }),
  ).then(() => assert(false, "the work was not stopped"), () => {});
}

const filesIn = async (folder: string) =>
  (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name);

Deno.test("report goes on where it was stopped, with the same bytes, unless the file has changed", () =>
  withFiles(async (folder, cache, run) => {
    const path = `${folder}/a.safetensors`;
    const report = ["report", path, "--format", "json"];
    const whole = await run([...report, "--fresh"]);
    assertEquals(await Deno.stat(cache).catch(() => null), null);
    const stopped = () => stop(cache, [path], ([file], options) => measureFile(file, options));
    await stopped();
    assertEquals((await filesIn(cache)).length, 1);

    // It neither goes on nor removes what another run has left.
    const fresh = await run([...report, "--fresh"]);
    assert(!fresh.stderr.includes("goes on"), fresh.stderr);
    const resumed = await run(report);
    assertStringIncludes(resumed.stderr, "continues after 4 tensors of a run that was stopped");
    assertEquals([resumed.code, resumed.stdout], [whole.code, whole.stdout]);
    assertEquals(await filesIn(cache), []);

    await stopped();
    await Deno.utime(path, new Date(1e12), new Date(1e12));
    const other = await run(report);
    assert(!other.stderr.includes("goes on"), other.stderr);
    assertEquals(other.stdout, whole.stdout);
    // Results of a deleted file are removed after a week.
    const [left] = await filesIn(cache);
    await Deno.utime(`${cache}/${left}`, new Date(1e12), new Date(1e12));
    await run(report);
    assertEquals(await filesIn(cache), []);
  }));

Deno.test("diff goes on in either half where it was stopped, with the same bytes", () =>
  withFiles(async (folder, cache, run) => {
    const paths = ["a", "b"].map((name) => `${folder}/${name}.safetensors`);
    const diff = ["diff", ...paths, "--format", "json"];
    const whole = await run([...diff, "--fresh"]);
    await stop(cache, paths, async ([before, after], { journal, ...options }) => {
      await measureFile(before, { journal });
      await measureFile(after, { journal, ...options });
    });
    const measured = await run(diff);
    assertStringIncludes(measured.stderr, `continues after ${TENSORS + 4} tensors`);
    assertEquals([measured.code, measured.stdout], [whole.code, whole.stdout]);

    await stop(cache, paths, async ([before, after], { journal, ...options }) => {
      await measureFile(before, { journal });
      await measureFile(after, { journal });
      await compareFiles(before, after, { journal, ...options });
    });
    const compared = await run(diff);
    assertStringIncludes(compared.stderr, `continues after ${2 * TENSORS + 2} tensors`);
    assertEquals([compared.code, compared.stdout], [whole.code, whole.stdout]);
    assertEquals(await filesIn(cache), []);
  }));

Deno.test("a run beside another on the same file keeps nothing, and is not disturbed", () =>
  withFiles(async (folder, cache, run) => {
    const path = `${folder}/a.safetensors`;
    const file = await readWeights(path);
    await resuming([file], { fresh: false, quiet: true, folder: cache }, async (journal) => {
      assert(journal !== null);
      const { code, stderr } = await run(["report", path]);
      assertEquals(code, 0, stderr);
      assertEquals((await filesIn(cache)).length, 1);
    });
    assertEquals(await filesIn(cache), []);
  }));
