import { type FormatName, FORMATS, type PointFormat } from "./formats.ts";
import type { StudyHeader } from "../study/study_header.ts";
import type { StudyPoint } from "../study/study_point.ts";
import type { StudySummary } from "../study/study_summary.ts";
import type { FlagValues } from "./flag.ts";
import { textOptions } from "./show_flags.ts";
import type { STUDY_SHOW_FLAGS } from "./sweep_flags.ts";
import { writeOutput } from "./write_output.ts";

/** How a study is shown on stdout. */
export interface StudyView extends ReturnType<typeof textOptions> {
  /** Some formats are the points of the study; the others sum it up. */
  format: FormatName;
}

/** Points are written in pieces of this many characters. */
const PIECE = 1 << 16;

/** How a command line wants a study shown. */
export function studyView(
  { format, ...flags }: Omit<FlagValues<typeof STUDY_SHOW_FLAGS>, "quiet" | "open">,
): StudyView {
  return { format, ...textOptions(flags, null) };
}

/** Whether a format shows the points themselves. */
export function showsPoints({ format }: StudyView): boolean {
  return FORMATS[format].points !== undefined;
}

/** Writes points to stdout as they come. */
export class PointPrinter {
  readonly #format: PointFormat;
  #piece: string;
  #isFirst = true;

  private constructor(format: PointFormat, header: StudyHeader) {
    this.#format = format;
    this.#piece = format.opening(header);
  }

  /** Begins with the heading. */
  static async begin({ format }: StudyView, header: StudyHeader): Promise<PointPrinter> {
    return new PointPrinter(await FORMATS[format].points!(), header);
  }

  /** Writes a point. Returns whether the reader still reads. */
  async add(point: StudyPoint): Promise<boolean> {
    this.#piece += this.#format.point(point, this.#isFirst);
    this.#isFirst = false;
    if (this.#piece.length < PIECE) return true;
    const piece = this.#piece;
    this.#piece = "";
    return await writeOutput(piece, null);
  }

  /** Writes what is left, and the end. */
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

/** Writes the summary of a study to stdout, or into the file that is the page. */
export async function printSummary(
  view: StudyView,
  summary: StudySummary,
  page: string | null,
): Promise<void> {
  await writeOutput(await FORMATS[view.format].study!(summary, view), page);
}
