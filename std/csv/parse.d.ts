// The part of @std/csv/parse that this repository uses: rows of cells.

/** Options of `parse`. */
export interface ParseOptions {
  separator?: string;
  trimLeadingSpace?: boolean;
  fieldsPerRecord?: number;
}
export function parse(input: string, options?: ParseOptions): string[][];
