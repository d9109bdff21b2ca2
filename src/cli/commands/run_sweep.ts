import { logToStderr } from "../../model/user_code/foreign_code.ts";
import type { StudyPoint } from "../../study/grid_point.ts";
import { runStudy } from "../../study/run_study.ts";
import { differenceOf } from "../../study/same_study.ts";
import { shardRange } from "../../study/shard.ts";
import { readStudyFile, type StudyFile } from "../../study/study_file.ts";
import type { StudyHeader } from "../../study/study_header.ts";
import { StudyError } from "../../study/study_options.ts";
import type { StudySummary } from "../../study/study_summary.ts";
import { StudyTally } from "../../study/study_tally.ts";
import { StudyWriter } from "../../study/study_writer.ts";
import { documentKind } from "../../words/document.ts";
import { failure } from "../../words/failure.ts";
import { formatDuration } from "../../words/numbers.ts";
import { oneLine } from "../../words/one_line.ts";
import { requireRead, textOptions } from "../flags/show_flags.ts";
import {
  destinations,
  STUDY_SHOW_FLAGS,
  studyOutput,
  type SweepRequest,
  sweepRequest,
  type SweepValues,
} from "../flags/sweep_flags.ts";
import { type FormatName, FORMATS, type PointFormat } from "../formats.ts";
import { claimOutputs, endsOf, requireNotImported } from "../kit/claim_outputs.ts";
import type { FlagValues } from "../kit/flag.ts";
import { interruption } from "../kit/process.ts";
import { studyProgress } from "../kit/progress.ts";
import { openFile, outputPath, requireFile, writeOutput } from "../kit/write_output.ts";
import { loadPlugins } from "../load_plugins.ts";
import { tellIfSlow, type Work } from "../slow_work.ts";

/** Later points take as long as the first, and there is a progress line. */
const FIRST_POINT: Work = {
  sentence: "the model and the first point have taken",
  rest: " so far; Ctrl-C ends it",
  patience: 10,
  blocks: true,
};

/** Runs the study. Returns the exit code, see the declaration of the subcommand. */
export async function run([model]: string[], flags: SweepValues): Promise<number> {
  const request = sweepRequest(model, flags);
  const view = studyView(flags);
  const { quiet, open } = flags;
  const { page } = destinations(flags);
  await claimStudy(model, flags);
  await loadPlugins(flags.plugin);
  const started = performance.now();
  using interrupted = interruption();
  const kept = new KeptPoints(request, { summed: !showsPoints(view) });
  const printer = await measureStudy(request, view, { kept, interrupted, quiet });
  await printer?.close();
  const { measured, total, tally } = kept;
  if (showsPoints(view) && request.out !== null) {
    const file = await readStudyFile(await outputPath(request.out));
    await printPoints(view, file.header, file.points());
  } else if (!showsPoints(view) && measured > 0) {
    await printSummary(view, tally.result(), page);
    if (open) openFile(page!);
  }
  if (!quiet) {
    const time = formatDuration((performance.now() - started) / 1000);
    const where = flags.out === null ? "" : `, in ${oneLine(flags.out)}`;
    console.error(`${measured} of ${total} points${where}, after ${time}`);
  }
  if (interrupted.code === null) return 0;
  console.error(
    `interrupted${
      request.out === null ? "" : `: go on with --out ${oneLine(request.out)} --resume`
    }`,
  );
  return interrupted.code;
}

/** Checks that the study, or its page, can be written without losing a file. */
async function claimStudy(model: string | undefined, flags: SweepValues): Promise<void> {
  const { register, plugin, batch, weights, open, force, out } = flags;
  const { page } = destinations(flags);
  requireFile({ open }, page === null ? [] : [page]);
  requireFile({ force }, out === null ? [] : [out]);
  if (out === null) return;
  const inputs = [model ?? null, ...register, ...plugin, batch, weights];
  await claimOutputs([studyOutput(flags, out)], inputs, { force });
}

/** Context of {@linkcode measureStudy}. */
interface StudyRun {
  /** Receives the points. */
  kept: KeptPoints;
  /** Ends the study early. */
  interrupted: ReturnType<typeof interruption>;
  /** True to print no progress. */
  quiet: boolean;
}

/**
 * Measures the points of a study that are still missing.
 *
 * @returns The printer of the points, which the caller must close; `null` if they are not printed,
 * or nobody reads them any more.
 */
async function measureStudy(
  request: SweepRequest,
  view: StudyView,
  { kept, interrupted, quiet }: StudyRun,
): Promise<PointPrinter | null> {
  const progress = quiet ? null : studyProgress();
  const options = {
    ...request.options,
    signal: interrupted.signal,
    onProgress: progress?.update,
    isDone: (header: StudyHeader) => kept.begin(header),
    onWarning(message: string) {
      progress?.clear();
      console.error(`warning: ${oneLine(message)}`);
    },
  };
  const measure = async () => {
    if (!quiet) await tellIfSlow(FIRST_POINT);
    const { header, points } = await runStudy(request.subject, request.grid, options);
    const isPrinted = showsPoints(view) && request.out === null;
    const printer = isPrinted ? await PointPrinter.begin(view, header) : null;
    let hasBegun = false;
    for await (const point of points) {
      if (!hasBegun) await tellIfSlow(null);
      hasBegun = true;
      interrupted.begin();
      await kept.add(point);
      // Stop when nobody reads: without --out, the rest would be lost.
      if (printer !== null && !await printer.add(point)) return null;
    }
    return printer;
  };
  try {
    // Custom layers may log anything.
    return await logToStderr(measure);
  } finally {
    progress?.clear();
    await tellIfSlow(null);
    await kept.close();
  }
}

/** Points that a sweep has measured, now and in the run it resumes. */
class KeptPoints {
  readonly #request: SweepRequest;
  readonly #isSummed: boolean;
  #tally: StudyTally | null = null;
  #writer: StudyWriter | null = null;
  /** Number of points of this study or shard. */
  total = 0;
  /** Number of points measured. */
  measured = 0;

  /**
   * @param request The study, and the destination of its points.
   * @param options `summed`: a summary will be needed; it keeps the figures of every point.
   */
  constructor(request: SweepRequest, { summed }: { summed: boolean }) {
    this.#request = request;
    this.#isSummed = summed;
  }

  /** Summary of the points added. */
  get tally(): StudyTally {
    return this.#tally!;
  }

  /** Reads the file of an earlier run; returns a function that tells which points it has. */
  async begin(header: StudyHeader): Promise<(index: number) => boolean> {
    const { from, to } = shardRange(header.grid, header.shard);
    this.total = to - from;
    this.#tally = new StudyTally(header);
    if (this.#request.out === null) return () => false;
    const out = await outputPath(this.#request.out);
    await requireNotImported(out);
    const earlier = await this.#hasEarlier(out) ? await readStudyFile(out) : null;
    if (earlier !== null) await this.#requireMine(earlier, header);
    this.#writer = await StudyWriter.create(out, header);
    const done = new Uint8Array(to - from);
    for await (const point of earlier?.points() ?? []) {
      await this.add(point);
      done[point.index - from] = 1;
    }
    return (index) => done[index - from] === 1;
  }

  /** Returns true if the file of an earlier run must be read; `--force` replaces it unread. */
  async #hasEarlier(out: string): Promise<boolean> {
    const { force, resume } = this.#request;
    if (force) return false;
    return resume ? await isFilled(out) : await holdsStudy(out);
  }

  /** Rejects the file of another study, and any study without `--resume`. */
  async #requireMine(earlier: StudyFile, header: StudyHeader): Promise<void> {
    const { path } = earlier;
    const difference = differenceOf(earlier.header, header) ??
      shardDifference(earlier.header, header);
    if (this.#request.resume) {
      if (difference === null) return;
      throw new StudyError(
        `${path} is another study, which --resume cannot continue: ${difference}`,
      );
    }
    const { from, to } = shardRange(earlier.header.grid, earlier.header.shard);
    const holds = `${path} holds ${await countPoints(earlier)} of the ${to - from} points of`;
    throw new StudyError(
      difference === null
        ? `${holds} this study: continue them with --resume, start again with --force, or name another ` +
          "file"
        : `${holds} another study, which the new one would replace: name another file, or ` +
          `replace it with --force (${difference})`,
    );
  }

  async add(point: StudyPoint): Promise<void> {
    if (this.#isSummed) this.#tally!.add(point);
    await this.#writer?.add(point);
    this.measured++;
  }

  async close(): Promise<void> {
    await this.#writer?.close();
  }
}

function shardDifference({ shard: a }: StudyHeader, { shard: b }: StudyHeader): string | null {
  const name = (shard: StudyHeader["shard"]) =>
    shard === null ? "the whole study" : `shard ${shard.index}/${shard.count}`;
  return name(a) === name(b) ? null : `it is ${name(a)}, and ${name(b)} is asked for`;
}

async function countPoints(file: StudyFile): Promise<number> {
  let count = 0;
  for await (const _point of file.points()) count++;
  return count;
}

/** Returns true if a file begins as a study. */
export async function holdsStudy(path: string): Promise<boolean> {
  return await isFilled(path) && documentKind((await endsOf(path)).head) === "study";
}

async function isFilled(path: string): Promise<boolean> {
  try {
    const { isFile, size } = await Deno.stat(path);
    // The writer rejects anything that is not a file.
    return isFile && size > 0;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw new StudyError(`${path}: ${failure(error)}`, { cause: error });
  }
}

/** Options for showing a study on stdout. */
interface StudyView extends ReturnType<typeof textOptions> {
  /** Format; some formats show the points of the study, the others a summary. */
  format: FormatName;
}

/** Number of characters after which points are written out. */
const PIECE = 1 << 16;

/**
 * Returns the view of a study that a command line asks for.
 *
 * @throws {UsageError} If its format ignores a flag.
 */
export function studyView(values: FlagValues<typeof STUDY_SHOW_FLAGS>): StudyView {
  const { format, ...flags } = values;
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
