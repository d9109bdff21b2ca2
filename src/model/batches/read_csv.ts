import { showValue } from "../../words/show_value.ts";
import { BatchError } from "../batch_error.ts";
import type { Given } from "./given.ts";

/** Names of a last column that holds what the others predict. */
const TARGET = /^(y|targets?|labels?|class)$/i;

/**
 * Reads a table: a header, then a row of numbers for each example. The last column holds the targets if it is called
 * `y`, `target`, `label` or `class`; all others are features.
 *
 * @param text The file.
 * @throws {BatchError} If it is no such table; lines count from 1.
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
  const hasTarget = names.length > 1 && TARGET.test(names.at(-1)!);
  const features = names.length - (hasTarget ? 1 : 0);
  const x = new Float64Array(rows.length * features);
  const y = new Float64Array(rows.length);
  rows.forEach((row, i) => {
    const cells = cellsOf(row, i + 2);
    if (cells.length !== names.length) {
      throw new BatchError(
        `Line ${i + 2} has ${cells.length} cells, expected ${names.length} as the header has`,
      );
    }
    cells.forEach((cell, column) => {
      const value = numberOf(cell);
      if (value === null) {
        throw new BatchError(
          `Line ${i + 2}, column ${showValue(names[column])} is ${
            showValue(cell)
          }, expected a number ` +
            `that float32 can hold`,
        );
      }
      if (column < features) x[i * features + column] = value;
      else y[i] = value;
    });
  });
  const count = rows.length;
  return {
    inputs: [{ place: "inputs", shape: [count, features], values: x }],
    targets: hasTarget ? [{ place: "targets", shape: [count, 1], values: y }] : null,
  };
}

/** A line without line breaks in its cells, which numbers do not have. */
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

const WORDS: Readonly<Record<string, number>> = { nan: NaN, inf: Infinity, "-inf": -Infinity };

function numberOf(cell: string): number | null {
  const word = cell.toLowerCase();
  if (Object.hasOwn(WORDS, word)) return WORDS[word];
  const value = Number(cell);
  return cell === "" || !Number.isFinite(Math.fround(value)) ? null : value;
}
