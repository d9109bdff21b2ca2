import type { Measurements } from "../core/measure/measurements.ts";
import { fileToReplace, isLeftover, putInPlace } from "../files/new_folder.ts";
import { ifMissing } from "../files/read_json.ts";
import { measurementsShape } from "../core/rules/require_measurements.ts";
import { writeFailure } from "../ground/words/failure.ts";
import { roundTo } from "../ground/words/numbers.ts";
import {
  callable,
  list,
  nullable,
  number,
  object,
  optional,
  requireValue,
  string,
} from "../ground/words/shape.ts";
import {
  type Baseline,
  BASELINE_OPENING,
  type BaselineLayer,
  type BaselineRun,
  baselineShape,
  encodeBaseline,
  readBaseline,
} from "./find_baseline.ts";
import { GateError } from "../core/diagnosis/gate_result.ts";
import { refusal } from "../ground/words/input_error.ts";
import { host, type OpenFile } from "../platform/host.ts";
import { isFileProblem } from "../platform/file_problems.ts";

/**
 * Formats a baseline: models and layers sorted by name, seeds by number, one line per layer, so
 * that a changed layer is a changed line.
 *
 * @returns The text of the file; {@linkcode parseBaseline} reads it.
 */
export function formatBaseline(baseline: Baseline): string {
  requireValue("baseline", baseline, baselineShape);
  return encodeBaseline(baseline);
}

/**
 * Changes a baseline file atomically. A concurrent reader sees either the old or the new file; two
 * concurrent writers take turns, so that neither loses the other's figures; after a full disk, a
 * kill or a power cut the old file is still there.
 *
 * @param file Its path.
 * @param change Makes the new baseline from the stored one.
 * @returns True if the file has changed.
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
  requireValue("file", file, string);
  requireValue("change", change, callable);
  try {
    const target = await fileToReplace(file);
    if (target === null) {
      throw new GateError(refusal`the baseline is not a file, expected one`).within(file);
    }
    for (const [name, beginning] of [[`${target}.lock`, ""], [`${target}.tmp`, BASELINE_OPENING]]) {
      if (await isLeftover(name, beginning)) continue;
      throw new GateError({
        place: `the baseline cannot be written: the temporary file ${name}`,
        found: "not from an earlier check",
        expected: "none, or one that a check left",
        hint: ": remove it, or name another baseline",
      }).within(file);
    }
    // Lock the target, so that a writer that uses a link to it waits as well.
    return await withFileLock(`${target}.lock`, async () => {
      const stored = await readBaseline(file);
      const text = formatBaseline(change(stored ?? {}));
      if (stored !== null && text === formatBaseline(stored)) return false;
      await replace(target, text);
      return true;
    });
  } catch (error) {
    if (error instanceof GateError) throw error;
    throw new GateError(`the baseline cannot be written: ${writeFailure(error)}`).within(file);
  }
}

async function replace(file: string, text: string): Promise<void> {
  // The lock is held, so an existing file of this name is left over from a process that was killed.
  const temporary = `${file}.tmp`;
  await host.remove(temporary).catch(ifMissing);
  try {
    using handle = await host.open(temporary, { write: true, createNew: true });
    const bytes = new TextEncoder().encode(text);
    for (let written = 0; written < bytes.length;) {
      written += await handle.write(bytes.subarray(written));
    }
    // Otherwise the name may reach the disk before the content.
    await handle.sync();
  } catch (error) {
    await host.remove(temporary).catch(ifMissing);
    throw error;
  }
  await putInPlace(temporary, file);
}

/**
 * Runs an action while holding a lock. The operating system holds it on an open file and releases
 * it when the process ends, however that happens.
 *
 * @param file Path of the lock file, which is created and later removed.
 * @returns The result of the action.
 */
async function withFileLock<T>(file: string, action: () => Promise<T>): Promise<T> {
  for (;;) {
    using handle = await host.open(file, { read: true, write: true, create: true });
    await handle.lock(true);
    // The previous holder removed this file, so a newcomer creates and locks another.
    if (!await isStill(handle, file)) continue;
    try {
      return await action();
    } finally {
      await host.remove(file).catch(() => {});
    }
  }
}

async function isStill(handle: OpenFile, file: string): Promise<boolean> {
  try {
    const held = await handle.stat();
    const named = await host.stat(file);
    return held.ino === named.ino && held.dev === named.dev;
  } catch (error) {
    if (isFileProblem(error, "NotFound")) return false;
    throw error;
  }
}

/** Number of digits of a stored figure; more would differ between machines. */
const DIGITS = 4;

/**
 * A figure that changes by less than this share keeps its stored value, so that diffs stay small.
 */
const SAME = 1e-3;

const measuredShape = object({ model: string, seed: number, measurements: measurementsShape });

/**
 * Returns the baseline with the figures of new runs.
 *
 * @param old The stored baseline.
 * @param runs The new runs.
 * @param options `names`: names of all models, if known; other models are removed. Default: `null`,
 * all stay.
 * @returns The new baseline; see {@linkcode writeBaseline} for an example.
 */
export function updateBaseline(
  old: Baseline,
  runs: readonly { model: string; seed: number; measurements: Measurements }[],
  options: { names?: readonly string[] | null } = {},
): Baseline {
  requireValue("old", old, baselineShape);
  requireValue("runs", runs, list(measuredShape));
  requireValue("options", options, object({ names: optional(nullable(list(string))) }));
  const { names = null } = options;
  const kept = Object.entries(old).filter(([name]) => names === null || names.includes(name));
  const models = new Map(kept.map(([name, runs]) => [name, new Map(Object.entries(runs))]));
  // A complete update also drops seeds that are no longer checked.
  if (names !== null) { for (const { model } of runs) models.set(model, new Map()); }
  for (const { model, seed, measurements } of runs) {
    const ofModel = models.get(model) ?? new Map();
    const before = Object.hasOwn(old, model) ? old[model][seed] : undefined;
    models.set(model, ofModel.set(String(seed), runOf(measurements, before)));
  }
  return Object.fromEntries([...models].map(([name, runs]) => [name, Object.fromEntries(runs)]));
}

function runOf(
  { objective, batch, layers }: Measurements,
  before: BaselineRun | undefined,
): BaselineRun {
  return {
    objective: objective.name,
    examples: batch.examples,
    layers: Object.fromEntries(layers.map((layer) => [
      layer.name,
      layerOf(
        layer,
        before !== undefined && Object.hasOwn(before.layers, layer.name)
          ? before.layers[layer.name]
          : {},
      ),
    ])),
  };
}

function layerOf(layer: Measurements["layers"][number], before: BaselineLayer): BaselineLayer {
  const stored: BaselineLayer = {};
  const put = (key: "activations" | "deltas" | "saturated" | "dead", value?: number | null) => {
    if (value !== undefined && value !== null) stored[key] = settle(value, before[key]);
  };
  put("activations", layer.activations?.std);
  put("deltas", layer.preActivationGradients?.rms);
  put("saturated", layer.saturatedFraction);
  put("dead", layer.deadFraction);
  if (layer.weights.length > 0) {
    stored.weights = Object.fromEntries(layer.weights.map(({ name, values, gradients }) => {
      const [oldValues, oldGradients] = before.weights && Object.hasOwn(before.weights, name)
        ? before.weights[name]
        : [];
      const rms = settle(values.rms, oldValues);
      return [name, gradients === null ? [rms] : [rms, settle(gradients.rms, oldGradients)]];
    }));
  }
  return stored;
}

function settle(value: number, before: number | undefined): number {
  const isSame = before !== undefined && Math.abs(value - before) <= SAME * Math.abs(before);
  return isSame || Object.is(value, before) ? before! : roundTo(DIGITS, value);
}
