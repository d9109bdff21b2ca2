import { escapeControls } from "./escape_controls.ts";
import { formatNumber } from "./numbers.ts";

/** What a value comes to: a title and a table, which a console prints and a notebook shows. */
export interface Overview {
  /** The value in a line. */
  title: string;
  /** What the columns are. */
  columns: readonly string[];
  /** The rows, a cell for each column; `null` where there is nothing to say. */
  rows: readonly (readonly (string | number | null)[])[];
}

/** What a notebook shows beside the overview, and how it is drawn: the name of a row in `picture/cell.ts`. */
export interface Illustration {
  of: string;
  /** What it is drawn from, made when it is drawn. */
  given: () => unknown;
}

/** What Deno calls to print a value, and to show it in a notebook. */
const PRINT = Symbol.for("Deno.customInspect");
const DISPLAY = Symbol.for("Jupyter.display");

/** Draws a notebook cell: media types and their contents. */
export type CellRenderer = (
  overview: Overview,
  illustration: Illustration | null,
) => Promise<Record<string, string>>;

/** Loads the renderer of cells; `null` until the library's entry point has named it. */
let loadRenderer: (() => Promise<CellRenderer>) | null = null;

/**
 * Names the renderer of notebook cells for this process. Pictures stand above every room whose values show
 * themselves, so the entry point hands the renderer down.
 *
 * @param load Loads it, when the first cell is shown.
 */
export function drawCellsWith(load: () => Promise<CellRenderer>): void {
  loadRenderer = load;
}

/** Rows that a console has room for; of a longer table it shows the first. */
const MOST_ROWS = 24;
/** Characters that a cell of a table in a console may have; the last column has more room. */
const MOST_IN_CELL = 36;
const MOST_IN_LAST = 110;

/** What Deno hands to what prints a value. */
interface PrintOptions {
  depth?: number | null;
  currentDepth?: number;
}

/**
 * Makes a value print its overview in a console and show it in a notebook. The value stays plain data: the two
 * properties are no entries of it, so that JSON, `structuredClone`, a comparison and a copy know nothing of them. Who
 * prints a value to its last depth, as a snapshot does or an assertion that has failed, sees all of it.
 *
 * @param value An object or an array.
 * @param overview What it comes to.
 * @param illustration What a notebook shows besides.
 * @returns The value itself.
 */
export function withOverview<T extends object>(
  value: T,
  overview: (value: T) => Overview,
  illustration: Illustration | null = null,
): T {
  const print = (
    inspect: (value: unknown, options: PrintOptions) => string,
    options: PrintOptions,
  ) => {
    if (options.depth === Infinity) {
      return inspect(Array.isArray(value) ? value.slice() : { ...value }, options);
    }
    const { title, ...table } = overview(value);
    return (options.currentDepth ?? 0) > 0
      ? `[${escapeControls(title)}]`
      : [escapeControls(title), ...tableLines(table)].join("\n");
  };
  const display = async () => {
    const known = overview(value);
    const plain = [escapeControls(known.title), ...tableLines(known)].join("\n");
    if (loadRenderer === null) return { "text/plain": plain };
    const renderCell = await loadRenderer();
    return { "text/plain": plain, ...await renderCell(known, illustration) };
  };
  return Object.defineProperties(value, {
    [PRINT]: { value: print, configurable: true },
    [DISPLAY]: { value: display, configurable: true },
  });
}

/** How a cell of a table reads. */
export function cellText(cell: string | number | null): string {
  return cell === null ? "-" : typeof cell === "number" ? formatNumber(cell) : escapeControls(cell);
}

function tableLines({ columns, rows }: Omit<Overview, "title">): string[] {
  if (rows.length === 0) return [];
  const last = columns.length - 1;
  const shown = rows.slice(0, MOST_ROWS).map((row) =>
    row.map((cell, i) => cut(cellText(cell), i === last ? MOST_IN_LAST : MOST_IN_CELL))
  );
  const widths = columns.map((name, i) =>
    Math.max(name.length, ...shown.map((row) => row[i].length))
  );
  const isNumber = columns.map((_, i) => rows.some((row) => typeof row[i] === "number"));
  const line = (cells: readonly string[]) =>
    `  ${
      cells.map((cell, i) => isNumber[i] ? cell.padStart(widths[i]) : cell.padEnd(widths[i])).join(
        "  ",
      )
    }`.trimEnd();
  const more = rows.length - shown.length;
  return [
    line(columns),
    ...shown.map(line),
    ...more > 0 ? [`  ... ${more} more of ${rows.length}`] : [],
  ];
}

function cut(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most - 2)}..`;
}
