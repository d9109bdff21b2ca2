import type { Baseline } from "../gate/baseline.ts";
import { GateError } from "../gate/gate_error.ts";
import type { GateRun } from "../gate/gate_result.ts";
import { isReadable } from "../gate/is_readable.ts";
import { readBaseline } from "../gate/read_baseline.ts";
import type { GateSettings } from "../gate/resolve_configuration.ts";
import { oneLine } from "../words/one_line.ts";
import { outputPath } from "./output_path.ts";

/**
 * Loads the baseline that the configuration names, or the one in the usual place if it exists and
 * may be read.
 *
 * @param update Whether it will be updated: then it may be missing, and an unreadable one is
 * rejected before anything is measured.
 * @throws {GateError} If it is not a baseline, or was named and does not exist.
 */
export async function loadBaseline(
  { baseline, baselineNamed, rules }: GateSettings,
  update: boolean,
): Promise<Baseline | null> {
  if (update) return await readBaseline(baseline);
  if (rules.baseline.level === "off") return null;
  if (!baselineNamed && !isReadable(baseline)) return null;
  const stored = await readBaseline(baseline);
  if (stored === null && baselineNamed) {
    throw new GateError(`${baseline}: there is no baseline: write one with --update-baseline`);
  }
  return stored;
}

/**
 * Stores the figures of the runs, and says so on stderr.
 *
 * @param file The baseline file.
 * @param runs The runs, all of them measured.
 * @param whole The configuration, if all of it was checked: entries of models outside it are
 * removed.
 * @param quiet Whether to say nothing.
 */
export async function storeBaseline(
  file: string,
  runs: readonly GateRun[],
  whole: GateSettings | null,
  quiet: boolean,
): Promise<void> {
  const { updateBaseline } = await import("../gate/update_baseline.ts");
  const { writeBaseline } = await import("../gate/write_baseline.ts");
  const names = whole === null || whole.models.length === 0
    ? null
    : [...whole.models.map(({ name }) => name), ...runs.map(({ model }) => model)];
  const measured = runs.map(({ model, seed, measurements }) => ({
    model,
    seed,
    measurements: measurements!,
  }));
  const changed = await writeBaseline(
    await outputPath(file),
    (stored) => updateBaseline(stored, measured, { names }),
  );
  if (!quiet) {
    console.error(
      changed ? `stored the figures in ${oneLine(file)}` : `${oneLine(file)} is up to date`,
    );
  }
}
