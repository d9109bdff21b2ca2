import { renderStudy } from "../render/render_study.ts";
import { renderStudyMarkdown } from "../render/render_study_markdown.ts";
import { renderStudySummary } from "../render/render_study_summary.ts";
import { STUDY_CSV_HEADING, studyCsvRows } from "../documents/study_csv.ts";
import { STUDY_CLOSING, studyLine, studyOpening } from "../documents/study.ts";
import type { StudyHeader } from "../study/study_header.ts";
import type { StudyPoint } from "../study/study_point.ts";
import type { StudySummary } from "../study/study_summary.ts";
import type { FlagValues } from "./flag.ts";
import { oneOf } from "./read_flags.ts";
import { readColumns } from "./show_flags.ts";
import { writeOutput } from "./write_output.ts";

/** How a study is shown on stdout. */
export interface StudyView {
  /** `json` and `csv` are the points of the study; the others sum it up, `summary` as JSON. */
  format: "text" | "json" | "csv" | "markdown" | "summary";
  /** Columns of the text. */
  width: number;
  /** Whether headings are bold. */
  color: boolean;
}

/** What the heat maps need. */
const LEAST_COLUMNS = 40;
/** Points are written in pieces of this many characters. */
const PIECE = 1 << 16;

/** Reads the flags that say how a study is shown. */
export function readStudyView(flags: FlagValues): StudyView {
  const terminal = Deno.stdout.isTerminal();
  return {
    format: oneOf(flags, "format", ["text", "json", "csv", "markdown", "summary"], "text"),
    // sweep's --width is units, not columns.
    width: readColumns({ columns: flags.columns }, terminal, LEAST_COLUMNS),
    color: terminal && !Deno.noColor,
  };
}

/** Whether a format shows the points themselves. */
export function showsPoints({ format }: StudyView): boolean {
  return format === "json" || format === "csv";
}

/** Writes points to stdout as they come. */
export class PointPrinter {
  readonly #isJson: boolean;
  #piece: string;
  #isFirst = true;

  /** Begins with the heading. */
  constructor({ format }: StudyView, header: StudyHeader) {
    this.#isJson = format === "json";
    this.#piece = this.#isJson ? studyOpening(header) : STUDY_CSV_HEADING;
  }

  /** Writes a point. Returns whether somebody reads on. */
  async add(point: StudyPoint): Promise<boolean> {
    this.#piece += this.#isJson
      ? `${this.#isFirst ? "" : ","}\n${studyLine(point)}`
      : studyCsvRows(point);
    this.#isFirst = false;
    if (this.#piece.length < PIECE) return true;
    const piece = this.#piece;
    this.#piece = "";
    return await writeOutput(piece, null);
  }

  /** Writes what is left, and the end. */
  async close(): Promise<void> {
    await writeOutput(`${this.#piece}${this.#isJson ? STUDY_CLOSING : ""}`, null);
  }
}

/** Writes all points of a study to stdout. */
export async function printPoints(
  view: StudyView,
  header: StudyHeader,
  points: AsyncIterable<StudyPoint>,
): Promise<void> {
  const printer = new PointPrinter(view, header);
  for await (const point of points) if (!await printer.add(point)) return;
  await printer.close();
}

/** Writes the summary of a study to stdout. */
export async function printSummary(view: StudyView, summary: StudySummary): Promise<void> {
  const text = view.format === "markdown"
    ? renderStudyMarkdown(summary)
    : view.format === "summary"
    ? renderStudySummary(summary)
    : renderStudy(summary, view);
  await writeOutput(text, null);
}
