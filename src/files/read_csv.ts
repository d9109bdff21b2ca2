import { parse } from "@std/csv/parse";
import { showValue } from "../ground/words/show_value.ts";
import { BatchError } from "../core/model/batches/batch.ts";
import type { Given } from "./given.ts";
import { refusal } from "../ground/words/input_error.ts";

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
 * @throws {BatchError} If it is not such a table; rows count from 1, the header, as in a spreadsheet.
 */
export function readCsv(text: string): Given {
  const [names, ...table] = rowsOf(text);
  if (names === undefined || table.length === 0) {
    throw new BatchError(
      refusal`The file has no rows, expected a header and a row for each example`,
    );
  }
  if (names.every((name) => name !== "" && Number.isFinite(Number(name)))) {
    throw new BatchError(
      refusal`Row 1 holds only numbers, expected a header with a name for each column`,
    );
  }
  for (const [i, cells] of table.entries()) {
    if (cells.length === names.length) continue;
    throw new BatchError(
      refusal`Row ${i + 2} has ${cells.length} cells, expected ${names.length} as the header has`,
    );
  }
  const notes: string[] = [];
  const columns = [...names.keys()];
  if (isIndex(names[0], table)) {
    columns.shift();
    notes.push("The first column, which numbers the rows, was left out");
  }
  const target = targetOf(names, columns, table);
  const features = columns.filter((column) => column !== target);
  const count = table.length;
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

/**
 * Returns true if the first column has no name and counts the rows, like an index written by
 * pandas.
 */
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

/** Splits the text into rows of cells; empty lines are left out. */
function rowsOf(text: string): string[][] {
  try {
    return parse(text, { trimLeadingSpace: true }).map((row) => row.map((cell) => cell.trim()));
  } catch (error) {
    // `Syntax error on line 2; parse error on line 2, column 4: bare " in non-quoted-field`
    const reason = (error as Error).message.replace(/^.*; /, "");
    throw new BatchError(`The file is not CSV: ${reason}`, { cause: error });
  }
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

function requireNumber(cell: string, row: number, name: string): number {
  const value = numberOf(cell);
  if (value !== null) return value;
  const place = `Row ${row}, column ${showValue(name)}`;
  const found = showValue(cell);
  // As a number it is finite, so that float32 is what it is too large for.
  if (cell !== "" && !Number.isNaN(Number(cell))) {
    throw new BatchError(
      refusal`${place} is ${found}, expected the range of float32, up to 3.4e38`,
    );
  }
  const hint = isWord(cell) ? "; names of classes go into the last column, without numbers" : "";
  throw new BatchError({ place, found, expected: "a number", hint });
}

function numberOf(cell: string): number | null {
  const word = cell.toLowerCase();
  if (Object.hasOwn(WORDS, word)) return WORDS[word];
  const value = Number(cell);
  return cell === "" || !Number.isFinite(Math.fround(value)) ? null : value;
}
