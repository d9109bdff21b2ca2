import { fileToReplace } from "../model/file_to_replace.ts";
import { isLeftover } from "../model/is_leftover.ts";
import { ifMissing } from "../model/missing_file.ts";
import { putInPlace } from "../model/put_in_place.ts";
import { writeFailure } from "../words/failure.ts";
import type { Baseline } from "./baseline.ts";
import { GateError } from "./gate_error.ts";
import { readBaseline } from "./read_baseline.ts";
import { BASELINE_OPENING, baselineShape, encodeBaseline } from "../documents/baseline.ts";
import { callable, requireValue, text } from "../words/requirements.ts";

/**
 * Writes a baseline: models and layers sorted by name, seeds by number, one line a layer, so that a
 * changed layer is a changed line.
 *
 * @param baseline The figures.
 * @returns The text of the file; {@linkcode parseBaseline} reads it.
 */
export function formatBaseline(baseline: Baseline): string {
  requireValue("baseline", baseline, baselineShape.given);
  return encodeBaseline(baseline);
}

/**
 * Changes a baseline file. A concurrent reader sees the old one whole or the new one whole; two
 * processes that change it at once take turns, so that neither loses what the other stored; a full
 * disk, a kill or a power cut in the middle leaves the old one.
 *
 * @param file Its path.
 * @param change Makes the new baseline from the stored one.
 * @returns Whether the file has changed.
 * @throws {GateError} If it cannot be written.
 *
 * @example Store the figures of a run
 * ```ts
 * import { readBaseline, updateBaseline, writeBaseline } from "@gradient-health/gradient-health/gate";
 * import { startEngine } from "@gradient-health/gradient-health/engine";
 * import { measure } from "@gradient-health/gradient-health/measure";
 * import { exerciseModel, randomBatch } from "@gradient-health/gradient-health/model";
 * import { assertEquals } from "@std/assert";
 *
 * await using _engine = await startEngine();
 * const model = exerciseModel();
 * const measurements = await measure(model, randomBatch(model));
 * const run = { model: "exercise", seed: 0, measurements };
 *
 * const folder = await Deno.makeTempDir();
 * const file = `${folder}/gradient-health.baseline.json`;
 * assertEquals(await writeBaseline(file, (stored) => updateBaseline(stored, [run])), true);
 * assertEquals(Object.keys((await readBaseline(file))!), ["exercise"]);
 * assertEquals(await writeBaseline(file, (stored) => updateBaseline(stored, [run])), false);
 * model.dispose();
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export async function writeBaseline(
  file: string,
  change: (stored: Baseline) => Baseline,
): Promise<boolean> {
  requireValue("file", file, text);
  requireValue("change", change, callable);
  try {
    const target = await fileToReplace(file);
    if (target === null) {
      throw new GateError(`${file}: the baseline cannot be written: it is not a file`);
    }
    for (const [name, beginning] of [[`${target}.lock`, ""], [`${target}.tmp`, BASELINE_OPENING]]) {
      if (await isLeftover(name, beginning)) continue;
      throw new GateError(
        `${file}: the baseline cannot be written: the temporary file ${name} exists already and ` +
          `is not from an earlier check: remove it, or name another baseline`,
      );
    }
    // The lock of the file itself, so that a writer that comes through a link waits as well.
    return await withFileLock(`${target}.lock`, async () => {
      const stored = await readBaseline(file);
      const text = formatBaseline(change(stored ?? {}));
      if (stored !== null && text === formatBaseline(stored)) return false;
      await replace(target, text);
      return true;
    });
  } catch (error) {
    if (error instanceof GateError) throw error;
    throw new GateError(`${file}: the baseline cannot be written: ${writeFailure(error)}`);
  }
}

async function replace(file: string, text: string): Promise<void> {
  // Under the lock no other process has this name: what lies there was left by a process that was killed.
  const temporary = `${file}.tmp`;
  await Deno.remove(temporary).catch(ifMissing);
  try {
    using handle = await Deno.open(temporary, { write: true, createNew: true });
    const bytes = new TextEncoder().encode(text);
    for (let written = 0; written < bytes.length;) {
      written += await handle.write(bytes.subarray(written));
    }
    // Else the name may reach the disk before the content does.
    await handle.sync();
  } catch (error) {
    await Deno.remove(temporary).catch(ifMissing);
    throw error;
  }
  await putInPlace(temporary, file);
}

/**
 * Does something while no other process does it. The lock is the operating system's, on an open file: it
 * ends with the process that holds it, however that process ends.
 *
 * @param file Path of the file that is locked; made for the purpose and removed afterwards.
 * @param action What to do.
 * @returns What the action returns.
 */
async function withFileLock<T>(file: string, action: () => Promise<T>): Promise<T> {
  for (;;) {
    using handle = await Deno.open(file, { read: true, write: true, create: true });
    await handle.lock(true);
    // The holder of the lock has removed the file: a newcomer makes another one and locks that.
    if (!await isStill(handle, file)) continue;
    try {
      return await action();
    } finally {
      await Deno.remove(file).catch(() => {});
    }
  }
}

async function isStill(handle: Deno.FsFile, file: string): Promise<boolean> {
  try {
    const [held, named] = [await handle.stat(), await Deno.stat(file)];
    return held.ino === named.ino && held.dev === named.dev;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
