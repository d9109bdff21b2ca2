import { escapeControls } from "./show_value.ts";
import { formatNumber } from "./numbers.ts";

/** Summary of a value: a title and a table, printed in a console and shown in a notebook. */
export interface Overview {
  /** Summary in one line. */
  title: string;
  /** Column headings. */
  columns: readonly string[];
  /** Rows, with a cell for each column; `null` for an empty cell. */
  rows: readonly (readonly (string | number | null)[])[];
}

/**
 * Picture that a notebook shows next to the overview. `of` is the name of a row in
 * `notebook/cell.ts`.
 */
export interface Illustration {
  of: string;
  /** Returns the data for the picture, when it is drawn. */
  given: () => unknown;
}

/** Methods that Deno calls to print a value and to show it in a notebook. */
const PRINT = Symbol.for("Deno.customInspect");
const DISPLAY = Symbol.for("Jupyter.display");

/** Draws a notebook cell: media types and their contents. */
type CellRenderer = (
  overview: Overview,
  illustration: Illustration | null,
) => Promise<Record<string, string>>;

/** Loads the renderer of cells; `null` until the library's entry point sets it. */
let loadRenderer: (() => Promise<CellRenderer>) | null = null;

/**
 * Sets the renderer of notebook cells for this process. The rooms that return values must not
 * import the one that draws pictures, so the entry point passes the renderer in.
 *
 * @param load Loads the renderer, when the first cell is shown.
 */
export function drawCellsWith(load: () => Promise<CellRenderer>): void {
  loadRenderer = load;
}

const MAX_ROWS_PRINTED = 24;
const MAX_CELL_LENGTH = 36;
const MAX_LAST_CELL_LENGTH = 110;

/** Options that Deno passes to a custom inspect function. */
interface PrintOptions {
  depth?: number | null;
  currentDepth?: number;
}

/**
 * Makes a value print its overview in a console and show it in a notebook. The value stays plain
 * data: the two properties are not enumerable, so JSON, `structuredClone`, comparisons and copies
 * ignore them. Printing to the full depth, as a snapshot or a failed assertion does, shows the
 * whole value.
 *
 * @param value An object or an array.
 * @param illustration Picture that a notebook adds.
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
    const known = overview(value);
    return (options.currentDepth ?? 0) > 0
      ? `[${escapeControls(known.title)}]`
      : overviewText(known);
  };
  const display = async () => {
    const known = overview(value);
    if (loadRenderer === null) return { "text/plain": overviewText(known) };
    const renderCell = await loadRenderer();
    return await renderCell(known, illustration);
  };
  return Object.defineProperties(value, {
    [PRINT]: { value: print, configurable: true },
    [DISPLAY]: { value: display, configurable: true },
  });
}

/** Formats a cell of a table. */
export function cellText(cell: string | number | null): string {
  if (cell === null) return "-";
  return typeof cell === "number" ? formatNumber(cell) : escapeControls(cell);
}

/** Returns an overview in plain text. */
export function overviewText(overview: Overview): string {
  return [escapeControls(overview.title), ...tableLines(overview)].join("\n");
}

function tableLines({ columns, rows }: Omit<Overview, "title">): string[] {
  if (rows.length === 0) return [];
  const last = columns.length - 1;
  const shown = rows.slice(0, MAX_ROWS_PRINTED).map((row) =>
    row.map((cell, i) => cut(cellText(cell), i === last ? MAX_LAST_CELL_LENGTH : MAX_CELL_LENGTH))
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
