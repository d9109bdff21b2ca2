import { logToStderr } from "../../files/user_code/foreign_code.ts";
import { tryScalings } from "../../study/growth/run_growth.ts";
import type { GrowthSummary } from "../../study/growth/growth_types.ts";
import { summarizeGrowth } from "../../study/growth/summarize_growth.ts";
import { readStudyFile } from "../../study/study_file.ts";
import type { StudyHeader } from "../../study/study_document.ts";
import type { Study } from "../../study/study_summary.ts";
import { SCALE_FLAGS, scaleRequest, type ScaleValues } from "../flags/scale_flags.ts";
import { requireRead, studyFormatOf, textOptions } from "../flags/show_flags.ts";
import { destinations } from "../flags/sweep_flags.ts";
import { FORMATS } from "../formats.ts";
import { type FlagValues, UsageError } from "../kit/flag.ts";
import { interruption } from "../kit/process.ts";
import { openFile, outputPath, writeOutput } from "../kit/write_output.ts";
import { loadPlugins } from "../load_settings.ts";
import { KeptPoints, measureStudy, type StudyRequest, tellEnd } from "../measure_study.ts";
import { claimStudy, printPoints, showsPoints, type StudyView } from "./run_sweep.ts";
import { refusal } from "../../ground/words/input_error.ts";

type Given = FlagValues<typeof SCALE_FLAGS>;

/** Runs the study. Returns the exit code, see the declaration of the subcommand. */
export async function run([model]: string[], given: Given): Promise<number> {
  const flags: ScaleValues = { ...given, format: studyFormatOf(given, ["growth"]) };
  const request = scaleRequest(model, flags);
  const { format, quiet, open, shard, ...text } = flags;
  requireRead(SCALE_FLAGS, given, "growth", [format]);
  const view: StudyView = { format, ...textOptions(text, null) };
  if (shard !== null && flags.out === null && !showsPoints(view)) {
    throw new UsageError(
      refusal`--shard is given without --out FILE, expected both: it writes a part as JSON`,
    );
  }
  const { page } = destinations(flags);
  await claimStudy(model, { ...flags, weights: null });
  await loadPlugins(flags.plugin);
  const started = performance.now();
  using interrupted = interruption();
  let study: Study | null = null;
  const kept = new KeptPoints(request, (header) => {
    const begun: Study = { ...header, points: [] };
    study = begun;
    return { add: (point) => void begun.points.push(point) };
  });
  await measureStudy(request, { kept, interrupted, quiet });
  // Points that were measured earlier come first, whatever their place in the grid.
  const { points, ...header } = study!;
  const sorted: Study = { ...header, points: points.toSorted((a, b) => a.index - b.index) };
  const isWhole = interrupted.code === null && shard === null;
  const summary = isWhole ? await judged(sorted, request) : null;
  if (showsPoints(view)) await showPoints(view, sorted, request);
  else if (summary !== null) await printGrowth(view, summary, page);
  if (open && summary !== null) openFile(page!);
  const end = tellEnd(kept, { out: flags.out, quiet, started, interrupted });
  return end ?? (summary?.level === "error" ? 1 : 0);
}

/** Judges a whole study, and tries to fix what is steep. */
async function judged(
  study: Study,
  { subject, grid, options }: StudyRequest,
): Promise<GrowthSummary> {
  const summary = summarizeGrowth(study);
  const { keeps } = study.training!;
  if (keeps === "loss" || summary.level === "flat") return summary;
  const { widths, depths, seeds } = grid;
  const { training: _training, ...others } = options;
  const fixes = await logToStderr(() =>
    tryScalings(subject, { widths, depths, seeds }, { ...others, summary })
  );
  return { ...summary, fixes };
}

async function showPoints(
  view: StudyView,
  { points, ...header }: Study,
  { out }: StudyRequest,
): Promise<void> {
  if (out === null) return await printPoints(view, header as StudyHeader, asyncOf(points));
  const file = await readStudyFile(outputPath(out));
  await printPoints(view, file.header, file.points());
}

async function* asyncOf<T>(items: readonly T[]): AsyncGenerator<T, void> {
  yield* items;
}

/** Writes a summary of growth to stdout, or into the file of the page or image. */
export async function printGrowth(
  view: StudyView,
  summary: GrowthSummary,
  page: string | null,
): Promise<void> {
  await writeOutput(await FORMATS[view.format].growth!(summary, view), page, view.format);
}
