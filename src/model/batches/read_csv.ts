import { showValue } from "../../words/show_value.ts";
import { BatchError } from "./batch.ts";
import type { Given } from "./given.ts";

/** Names of a last column that holds the targets. */
const TARGET = /^(y|targets?|labels?|class|species)$/i;

/** Names of a first column that holds the targets; `y` there is more often a coordinate. */
const FIRST_TARGET = /^(targets?|labels?|class|species)$/i;

const MAX_CLASSES_SHOWN = 10;

/**
 * Reads a table: a header, then a row for each example. The targets are the last column if it is
 * called `y`, `target`, `label`, `class` or `species` or holds words, else the first if it has such
 * a name; all others are features. Words are names of classes, which are numbered in the order of
 * their names.
 *
 * @param text The file.
 * @throws {BatchError} If it is not such a table; lines count from 1.
 */
export function readCsv(text: string): Given {
  const lines = text.split(/\r?\n/);
  while (lines.at(-1) === "") lines.pop();
  const [head, ...rows] = lines;
  if (head === undefined || rows.length === 0) {
    throw new BatchError("The file has no rows, expected a header and a row for each example");
  }
  const names = cellsOf(head, 1);
  if (names.every((name) => name !== "" && Number.isFinite(Number(name)))) {
    throw new BatchError(
      "Line 1 holds numbers alone, expected a header with a name for each column",
    );
  }
  const table = rows.map((row, i) => {
    const cells = cellsOf(row, i + 2);
    if (cells.length !== names.length) {
      throw new BatchError(
        `Line ${i + 2} has ${cells.length} cells, expected ${names.length} as the header has`,
      );
    }
    return cells;
  });
  const notes: string[] = [];
  const columns = [...names.keys()];
  if (isIndex(names[0], table)) {
    columns.shift();
    notes.push("The first column, which numbers the rows, was left out");
  }
  const target = targetOf(names, columns, table);
  const features = columns.filter((column) => column !== target);
  const count = rows.length;
  const x = new Float64Array(count * features.length);
  table.forEach((cells, i) => {
    features.forEach((column, j) => {
      x[i * features.length + j] = requireNumber(cells[column], i + 2, names[column]);
    });
  });
  const inputs = [{ place: "inputs", shape: [count, features.length], values: x }];
  if (target === null) return { inputs, targets: null, notes };
  const cells = table.map((row) => row[target]);
  const y = { place: "targets", shape: [count, 1] };
  if (!cells.every(isWord)) {
    const values = cells.map((cell, i) => requireNumber(cell, i + 2, names[target]));
    return { inputs, targets: [{ ...y, values }], notes };
  }
  const classes = [...new Set(cells)].sort();
  const shown = classes.slice(0, MAX_CLASSES_SHOWN).map((name, i) => `${i} is ${showValue(name)}`);
  if (classes.length > shown.length) shown.push("and so on");
  const column = `column ${showValue(names[target])}`;
  notes.push(
    `The ${column} holds the targets, names of ${classes.length} classes: ${shown.join(", ")}`,
  );
  return {
    inputs,
    targets: [{ ...y, values: cells.map((cell) => classes.indexOf(cell)) }],
    classes: { place: `The ${column}`, names: classes },
    notes,
  };
}

/** True for a first column without a name that counts the rows, as pandas writes its index. */
function isIndex(name: string, table: readonly string[][]): boolean {
  return /^(unnamed: 0)?$/i.test(name) && table[0].length > 1 &&
    table.every((cells, i) => Number(cells[0]) === i);
}

/** Returns the number of the column that holds the targets, or `null` if there is none. */
function targetOf(
  names: readonly string[],
  columns: readonly number[],
  table: readonly string[][],
): number | null {
  if (columns.length < 2) return null;
  const first = columns[0];
  const last = columns.at(-1)!;
  if (TARGET.test(names[last]) || table.every((cells) => isWord(cells[last]))) return last;
  return FIRST_TARGET.test(names[first]) ? first : null;
}

/** Splits a line into cells. Neither numbers nor names of classes contain line breaks. */
function cellsOf(line: string, number: number): string[] {
  const cells: string[] = [];
  for (let at = 0; at <= line.length;) {
    const [all, quoted, plain] = /^\s*"((?:[^"]|"")*)"\s*(?=,|$)|^([^,"]*)/.exec(line.slice(at))!;
    const end = line[at + all.length];
    if (end !== undefined && end !== ",") {
      throw new BatchError(
        `Line ${number} has a quotation mark inside a cell, expected cells of numbers`,
      );
    }
    cells.push(quoted === undefined ? plain.trim() : quoted.replaceAll('""', '"').trim());
    at += all.length + 1;
  }
  return cells;
}

const WORDS: Readonly<Record<string, number>> = {
  nan: NaN,
  inf: Infinity,
  "-inf": -Infinity,
  // As pandas writes them.
  true: 1,
  false: 0,
};

/** True if a cell can be the name of a class. */
const isWord = (cell: string) =>
  cell !== "" && Number.isNaN(Number(cell)) && numberOf(cell) === null;

function requireNumber(cell: string, line: number, name: string): number {
  const value = numberOf(cell);
  if (value !== null) return value;
  const place = `Line ${line}, column ${showValue(name)} is ${showValue(cell)}`;
  // As a number it is finite, so that float32 is what it is too large for.
  if (cell !== "" && !Number.isNaN(Number(cell))) {
    throw new BatchError(`${place}, beyond the range of float32 (3.4e38)`);
  }
  const why = isWord(cell) ? "; names of classes go into the last column, without numbers" : "";
  throw new BatchError(`${place}, which is not a number${why}`);
}

function numberOf(cell: string): number | null {
  const word = cell.toLowerCase();
  if (Object.hasOwn(WORDS, word)) return WORDS[word];
  const value = Number(cell);
  return cell === "" || !Number.isFinite(Math.fround(value)) ? null : value;
}
