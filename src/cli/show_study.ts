import { type FormatName, FORMATS, type PointFormat } from "./formats.ts";
import type { StudyHeader } from "../study/study_header.ts";
import type { StudyPoint } from "../study/study_point.ts";
import type { StudySummary } from "../study/study_summary.ts";
import type { FlagValues } from "./flag.ts";
import { textOptions } from "./show_flags.ts";
import type { STUDY_SHOW_FLAGS } from "./sweep_flags.ts";
import { writeOutput } from "./write_output.ts";

/** Options for showing a study on stdout. */
export interface StudyView extends ReturnType<typeof textOptions> {
  /** Format; some formats show the points of the study, the others a summary. */
  format: FormatName;
}

/** Number of characters after which points are written out. */
const PIECE = 1 << 16;

/** Returns the view of a study that a command line asks for. */
export function studyView(
  { format, ...flags }: Omit<FlagValues<typeof STUDY_SHOW_FLAGS>, "quiet" | "open">,
): StudyView {
  return { format, ...textOptions(flags, null) };
}

/** Returns true if a format shows the points themselves. */
export function showsPoints({ format }: StudyView): boolean {
  return FORMATS[format].points !== undefined;
}

/** Writes points to stdout as they arrive. */
export class PointPrinter {
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
  await writeOutput(await FORMATS[view.format].study!(summary, view), page);
}
