import { logToStderr } from "../files/user_code/foreign_code.ts";
import type { StudyPoint } from "../study/grid_point.ts";
import { runStudy } from "../study/run_study.ts";
import { differenceOf } from "../study/merge_study_files.ts";
import { shardRange, type StudyHeader } from "../study/study_document.ts";
import { readStudyFile, type StudyFile } from "../study/study_file.ts";
import type { StudyGrid } from "../study/study_grid.ts";
import {
  type ModelFile,
  type NamedNetwork,
  StudyError,
  type StudyOptions,
} from "../study/study_options.ts";
import { StudyWriter } from "../study/study_writer.ts";
import { documentKind } from "../ground/words/document.ts";
import { oneLine } from "../ground/words/failure.ts";
import { fileRefusal } from "../ground/words/input_error.ts";
import { formatDuration } from "../ground/words/numbers.ts";
import { endsOf, requireNotImported } from "./kit/claim_outputs.ts";
import type { interruption } from "./kit/process.ts";
import { studyProgress, tellIfSlow, type Work } from "./kit/progress.ts";
import { outputPath } from "./kit/write_output.ts";
import { host } from "../platform/host.ts";
import { isFileProblem } from "../platform/file_problems.ts";

/** Study that a command line asks for. */
export interface StudyRequest {
  subject: NamedNetwork | ModelFile;
  grid: StudyGrid;
  options: StudyOptions;
  /** File of the study, if any. */
  out: string | null;
  resume: boolean;
  /** True to replace a study in that file. */
  force: boolean;
}

/** Receiver of the points of a study. */
interface PointSink {
  add(point: StudyPoint): void;
}

/** Printer of points as they come. */
interface PointPrinter {
  /** Writes a point. Returns true if stdout still has a reader. */
  add(point: StudyPoint): Promise<boolean>;
  /** Writes the rest and the end. */
  close(): Promise<void>;
}

/** Later points take as long as the first, and there is a progress line. */
const FIRST_POINT: Work = {
  sentence: "the model and the first point have taken",
  rest: " so far; Ctrl-C ends it",
  patience: 10,
  blocks: true,
};

/** Context of {@linkcode measureStudy}. */
interface StudyRun {
  /** Receives the points. */
  kept: KeptPoints;
  /** Creates the printer of the points; absent if they are not printed as they come. */
  print?: (header: StudyHeader) => Promise<PointPrinter>;
  /** Ends the study early. */
  interrupted: ReturnType<typeof interruption>;
  /** True to print no progress. */
  quiet: boolean;
}

/**
 * Measures the points of a study that are still missing.
 *
 * @returns The printer of the points, which the caller must close; `null` if they are not printed,
 * or their reader has gone.
 */
export async function measureStudy(
  request: StudyRequest,
  { kept, print, interrupted, quiet }: StudyRun,
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
    if (!quiet) tellIfSlow(FIRST_POINT);
    const { header, points } = await runStudy(request.subject, request.grid, options);
    const printer = await print?.(header) ?? null;
    let hasBegun = false;
    for await (const point of points) {
      if (!hasBegun) tellIfSlow(null);
      hasBegun = true;
      interrupted.begin();
      await kept.add(point);
      // Stop when the reader has gone: without --out, the rest would be lost.
      if (printer !== null && !await printer.add(point)) return null;
    }
    return printer;
  };
  try {
    // Custom layers may log anything.
    return await logToStderr(measure);
  } finally {
    progress?.clear();
    tellIfSlow(null);
    await kept.close();
  }
}

/** Points that a sweep has measured, now and in the run it resumes. */
export class KeptPoints {
  readonly #request: StudyRequest;
  readonly #begin: (header: StudyHeader) => PointSink | null;
  #sink: PointSink | null = null;
  #writer: StudyWriter | null = null;
  /** Number of points of this study or shard. */
  total = 0;
  /** Number of points measured. */
  measured = 0;

  /**
   * @param request The study, and the destination of its points.
   * @param begin Returns the receiver of the points besides the file, or `null`.
   */
  constructor(request: StudyRequest, begin: (header: StudyHeader) => PointSink | null) {
    this.#request = request;
    this.#begin = begin;
  }

  /** File of the study, or `null`. */
  get file(): string | null {
    return this.#request.out;
  }

  /** Reads the file of an earlier run; returns a function that tells which points it has. */
  async begin(header: StudyHeader): Promise<(index: number) => boolean> {
    const { from, to } = shardRange(header.grid, header.shard);
    this.total = to - from;
    this.#sink = this.#begin(header);
    if (this.#request.out === null) return () => false;
    const out = outputPath(this.#request.out);
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
      throw new StudyError({
        place: path,
        found: "another study",
        expected: "the same",
        meant: `, which --resume cannot continue: ${difference}`,
      });
    }
    const { from, to } = shardRange(earlier.header.grid, earlier.header.shard);
    const whose = difference === null ? "this study" : "another study";
    throw new StudyError({
      place: path,
      verb: "holds",
      found: `${await countPoints(earlier)} of the ${to - from} points of ${whose}`,
      expected: "no study",
      meant: difference === null
        ? ": continue them with --resume, start again with --force, or name another file"
        : ", which the new one would replace: name another file, or replace it with --force " +
          `(${difference})`,
    });
  }

  async add(point: StudyPoint): Promise<void> {
    this.#sink?.add(point);
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
  return name(a) === name(b) ? null : `it is ${name(a)}, but ${name(b)} was requested`;
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
    const { isFile, size } = await host.stat(path);
    // The writer rejects anything that is not a file.
    return isFile && size > 0;
  } catch (error) {
    if (isFileProblem(error, "NotFound")) return false;
    throw new StudyError(fileRefusal(error), { cause: error }).within(path);
  }
}

/** End of a study on the command line. */
interface StudyEnd {
  /** File of the study or of its page. */
  out: string | null;
  quiet: boolean;
  /** Time at which it started. */
  started: number;
  interrupted: ReturnType<typeof interruption>;
}

/**
 * Says on stderr how much was measured, and how to go on if it was interrupted.
 *
 * @returns The exit code of an interrupted study, else `null`.
 */
export function tellEnd(
  { measured, total, file }: KeptPoints,
  { out, quiet, started, interrupted }: StudyEnd,
): number | null {
  if (!quiet) {
    const time = formatDuration((performance.now() - started) / 1000);
    const where = out === null ? "" : `, in ${oneLine(out)}`;
    console.error(`${measured} of ${total} points${where}, after ${time}`);
  }
  if (interrupted.code === null) return null;
  console.error(
    `interrupted${file === null ? "" : `: go on with --out ${oneLine(file)} --resume`}`,
  );
  return interrupted.code;
}
