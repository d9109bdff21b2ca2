import type { StudyPoint } from "../../study/grid_point.ts";
import { readStudyFile } from "../../study/study_file.ts";
import type { StudyHeader } from "../../study/study_document.ts";
import type { StudySummary } from "../../study/study_summary.ts";
import { StudyTally } from "../../study/study_tally.ts";
import { requireRead, studyFormatOf, textOptions } from "../flags/show_flags.ts";
import {
  destinations,
  STUDY_SHOW_FLAGS,
  studyOutput,
  type SWEEP_FLAGS,
  sweepRequest,
  type SweepValues,
} from "../flags/sweep_flags.ts";
import { type FormatName, FORMATS, type PointFormat } from "../formats.ts";
import { claimOutputs } from "../kit/claim_outputs.ts";
import type { FlagValues } from "../kit/flag.ts";
import { interruption } from "../kit/process.ts";
import { openFile, outputPath, requireFile, writeOutput } from "../kit/write_output.ts";
import { loadPlugins } from "../load_settings.ts";
import { KeptPoints, measureStudy, tellEnd } from "../measure_study.ts";

/** Runs the study. Returns the exit code, see the declaration of the subcommand. */
export async function run(
  [model]: string[],
  given: FlagValues<typeof SWEEP_FLAGS>,
): Promise<number> {
  const flags: SweepValues = { ...given, format: studyFormatOf(given, ["study"]) };
  const request = sweepRequest(model, flags);
  const view = studyView(given, flags.format);
  const { quiet, open } = flags;
  const { page } = destinations(flags);
  await claimStudy(model, flags);
  await loadPlugins(flags.plugin);
  const started = performance.now();
  using interrupted = interruption();
  let tally: StudyTally | null = null;
  // A summary keeps the figures of every point.
  const kept = new KeptPoints(
    request,
    (header) => showsPoints(view) ? null : tally = new StudyTally(header),
  );
  const isPrinted = showsPoints(view) && request.out === null;
  const print = isPrinted ? (header: StudyHeader) => PointPrinter.begin(view, header) : undefined;
  const printer = await measureStudy(request, { kept, print, interrupted, quiet });
  await printer?.close();
  if (showsPoints(view) && request.out !== null) {
    const file = await readStudyFile(outputPath(request.out));
    await printPoints(view, file.header, file.points());
  } else if (!showsPoints(view) && kept.measured > 0) {
    await printSummary(view, tally!.result(), page);
    if (open) openFile(page!);
  }
  return tellEnd(kept, { out: flags.out, quiet, started, interrupted }) ?? 0;
}

/** Checks that the study, or its page, can be written without losing a file. */
export async function claimStudy(
  model: string | undefined,
  flags: Pick<
    SweepValues,
    "register" | "plugin" | "batch" | "weights" | "open" | "force" | "out" | "format"
  >,
): Promise<void> {
  const { register, plugin, batch, weights, open, force, out } = flags;
  const { page } = destinations(flags);
  requireFile({ open }, page === null ? [] : [page]);
  requireFile({ force }, out === null ? [] : [out]);
  if (out === null) return;
  const inputs = [model ?? null, ...register, ...plugin, batch, weights];
  await claimOutputs([studyOutput(flags.format, out)], inputs, { force });
}

/** Options for showing a study on stdout. */
export interface StudyView extends ReturnType<typeof textOptions> {
  /** Format; some formats show the points of the study, the others a summary. */
  format: FormatName;
}

/** Number of characters after which points are written out. */
const PIECE = 1 << 16;

/**
 * Returns the view of a study that a command line asks for.
 *
 * @param format The format that it chooses.
 * @throws {UsageError} If the format ignores a flag.
 */
export function studyView(
  values: FlagValues<typeof STUDY_SHOW_FLAGS> & { out: string | null },
  format: FormatName,
): StudyView {
  const { format: _asked, ...flags } = values;
  requireRead(STUDY_SHOW_FLAGS, values, "study", [format]);
  return { format, ...textOptions(flags, null) };
}

/** Returns true if a format shows the points themselves. */
export function showsPoints({ format }: StudyView): boolean {
  return FORMATS[format].points !== undefined;
}

/** Writes points to stdout as they arrive. */
class PointPrinter {
  readonly #format: PointFormat;
  #piece: string;
  #isFirst = true;

  private constructor(format: PointFormat, header: StudyHeader) {
    this.#format = format;
    this.#piece = format.opening(header);
  }

  /** Creates a printer and writes the heading. */
  static async begin({ format }: StudyView, header: StudyHeader): Promise<PointPrinter> {
    return new PointPrinter(await FORMATS[format].points!(), header);
  }

  /** Writes a point. Returns true if stdout still has a reader. */
  async add(point: StudyPoint): Promise<boolean> {
    this.#piece += this.#format.point(point, this.#isFirst);
    this.#isFirst = false;
    if (this.#piece.length < PIECE) return true;
    const piece = this.#piece;
    this.#piece = "";
    return await writeOutput(piece, null);
  }

  /** Writes the rest and the end. */
  async close(): Promise<void> {
    await writeOutput(`${this.#piece}${this.#format.closing}`, null);
  }
}

/** Writes all points of a study to stdout. */
export async function printPoints(
  view: StudyView,
  header: StudyHeader,
  points: AsyncIterable<StudyPoint>,
): Promise<void> {
  const printer = await PointPrinter.begin(view, header);
  for await (const point of points) if (!await printer.add(point)) return;
  await printer.close();
}

/** Writes the summary of a study to stdout, or into the file of the page. */
export async function printSummary(
  view: StudyView,
  summary: StudySummary,
  page: string | null,
): Promise<void> {
  await writeOutput(await FORMATS[view.format].study!(summary, view), page, view.format);
}
