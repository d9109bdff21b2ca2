import { writeJson } from "../ground/words/document.ts";
import { errorMessage } from "../ground/words/failure.ts";
import { InputError } from "../ground/words/input_error.ts";
import { formatCount } from "../ground/words/numbers.ts";
import { isObject, object, optional, requireValue, string } from "../ground/words/shape.ts";

import { showValue } from "../ground/words/show_value.ts";
import { type TrainingStep, trainingStepShape } from "./training_step.ts";
import { parse } from "@std/csv/parse";

/**
 * Writes the row of a step as a line of JSON, which {@linkcode readTrainingLog} reads. Numbers that
 * are not finite become texts, since JSON has none.
 *
 * @param row The row.
 * @returns The line, with its line feed.
 *
 * @example A row with NaN
 * ```ts
 * import { trainingLine } from "@gradient-health/gradient-health/training";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(trainingLine({ step: 1, loss: NaN }), '{"step":1,"loss":"NaN"}\n');
 * ```
 */
export function trainingLine(row: TrainingStep): string {
  requireValue("row", row, trainingStepShape);
  return logLine(row);
}

/** The same for a row of the monitor, which need not be validated at every step. */
export function logLine(row: TrainingStep): string {
  const spell = (_key: string, value: unknown) =>
    typeof value === "number" && !Number.isFinite(value) ? String(value) : value;
  return `${writeJson(row, spell)}\n`;
}

/**
 * Columns of a log in lower case: the name of the signal, and how Keras, Lightning, Hugging Face, fastai and
 * Weights & Biases call it. If a log has several, the first counts: others are means over an epoch.
 */
const COLUMNS: Readonly<Record<string, readonly string[]>> = {
  step: [
    "_step",
    "global_step",
    "train/global_step",
    "trainer/global_step",
    "iteration",
    "iter",
    "batches",
  ],
  epoch: ["train/epoch"],
  loss: ["train_loss_step", "train_loss", "training_loss", "train/loss", "train_loss_epoch"],
  gradientNorm: ["grad_norm", "gradient_norm", "train/grad_norm"],
  updateRatio: ["update_ratio"],
  decreaseRatio: ["decrease_ratio"],
  growth: ["kernel_growth"],
  shrinkage: ["kernel_shrinkage"],
  penalty: [],
  validationLoss: [
    "val_loss",
    "valid_loss",
    "validation_loss",
    "eval_loss",
    "val/loss",
    "eval/loss",
  ],
  learningRate: ["lr", "learning_rate", "train/learning_rate"],
  secondMomentRatio: ["second_moment_ratio"],
  batch: [],
  largestInput: ["largest_input"],
  largestTarget: ["largest_target"],
};

/** Columns that are named if none is a loss. */
const MAX_COLUMNS_SHOWN = 12;

/** Learning rates of Lightning: `lr-Adam`. */
const LIGHTNING_RATE = /^lr-/;

/** Texts of numbers that JSON lacks, as Python, JavaScript and this package write them. */
const NUMBERS: Readonly<Record<string, number>> = {
  nan: NaN,
  inf: Infinity,
  infinity: Infinity,
  "+inf": Infinity,
  "-inf": -Infinity,
  "-infinity": -Infinity,
};

/** Options of {@linkcode readTrainingLog}. */
export interface ReadTrainingLogOptions {
  /** Column of the loss. Default: `loss`, or another usual name. */
  loss?: string;
}

const optionsShape = object({ loss: optional(string) });

/**
 * Reads the log of a training: CSV with a header, JSON lines with an object for each step, or JSON:
 * an array of such objects, `log_history` of Hugging Face, or an array for each column. The
 * columns are those of {@linkcode TrainingStep}, or the names that Keras, Lightning, Hugging Face
 * and fastai use: `step`, `loss`, `grad_norm`, `lr`, `val_loss`. Without steps, or with those
 * within an epoch, the rows are counted from 1. Other columns are ignored, and so is an unfinished
 * last line.
 *
 * @param text The file.
 * @param name Name of the file, for errors.
 * @param options See {@linkcode ReadTrainingLogOptions}.
 * @returns The rows, in the order of their steps.
 * @throws {InputError} If the text is not such a log, or no row has a loss.
 *
 * @example A log of another framework
 * ```ts
 * import { judgeTraining, readTrainingLog } from "@gradient-health/gradient-health/training";
 * import { assertEquals } from "@std/assert";
 *
 * const rows = readTrainingLog("step,loss,grad_norm\n1,2.3,0.4\n2,nan,nan\n");
 * assertEquals(judgeTraining(rows).map(({ rule, step }) => `${rule} ${step}`), ["not-finite 2"]);
 * ```
 */
export function readTrainingLog(
  text: string,
  name = "log",
  options: ReadTrainingLogOptions = {},
): TrainingStep[] {
  requireValue("text", text, string);
  requireValue("name", name, string);
  requireValue("options", options, optionsShape);
  return readLog(text, name, options).rows;
}

/** Log that was read. */
export interface ReadLog {
  /** Rows, in the order of their steps. */
  rows: TrainingStep[];
  /** Sentences about what was odd in it. */
  notes: string[];
}

/** The same, with notes about the order of its rows. */
export function readLog(text: string, name: string, { loss }: ReadTrainingLogOptions): ReadLog {
  const unmarked = text.startsWith("\uFEFF") ? text.slice(1) : text;
  const isJson = /^\s*[{[]/.test(unmarked);
  const records = isJson ? readJson(unmarked, name) : readCsv(unmarked, name);
  const signals = signalsOf(records, { name, loss });
  // Each row takes the place of its record: there may be a million of them.
  const rows = records as unknown as TrainingStep[];
  records.forEach((record, i) => rows[i] = rowOf(record, { name, place: i + 1, signals }));
  return inOrder(rows);
}

/** Returns the signal of each column that is read. */
function signalsOf(
  records: readonly Record<string, unknown>[],
  { name, loss }: { name: string; loss: string | undefined },
): Map<string, string> {
  const columns = new Set<string>();
  const filled = new Set<string>();
  for (const record of records) {
    for (const column in record) {
      if (filled.has(column)) continue;
      columns.add(column);
      if (numberOf(record[column]) !== null) filled.add(column);
    }
  }
  const signals = new Map(
    [...filled].filter((column) => LIGHTNING_RATE.test(column)).map((
      rate,
    ) => [rate, "learningRate"]),
  );
  for (const [signal, others] of Object.entries(COLUMNS)) {
    const names = signal === "loss" && loss !== undefined ? [loss] : [signal, ...others];
    const present = names.flatMap((known) =>
      [...columns].filter((column) => column.toLowerCase() === known.toLowerCase())
    );
    const column = present.find((column) => filled.has(column));
    if (present.length > 0) signals.set(column ?? present[0], signal);
    if (column === undefined && signal === "loss") {
      const shown = [...columns].slice(0, MAX_COLUMNS_SHOWN).join(", ");
      const found = shown === "" ? "without rows" : `a log of ${shown}`;
      const other = loss === undefined ? ", or another given as loss" : "";
      const expected = `a column named ${names.join(", ")}${other}`;
      throw new InputError({ place: name, found, expected });
    }
  }
  return signals;
}

/** Number of rows of one step that are worth a note: a training that is continued repeats each step once or twice. */
const MANY_REPEATS = 5;

/** Sorts rows by step, and joins those of one step that hold different signals, as Lightning writes them. */
function inOrder(rows: TrainingStep[]): ReadLog {
  const falls = rows.filter(({ step }, i) => i > 0 && step < rows[i - 1].step).length;
  // Steps that begin again with each epoch do not count those of the training.
  const restarts = falls > 0 &&
    rows.some(({ step, epoch }, i) =>
      i > 0 && step < rows[i - 1].step && (epoch ?? 0) > (rows[i - 1].epoch ?? Infinity)
    );
  if (restarts) {
    return { rows: rows.map((row, i) => Object.assign(row, { step: i + 1 })), notes: [] };
  }
  const joined: TrainingStep[] = [];
  const repeats = { step: 0, count: 1, most: 1 };
  for (const row of falls === 0 ? rows : rows.toSorted((a, b) => a.step - b.step)) {
    const last = joined.at(-1);
    if (last?.step !== row.step) repeats.count = 1;
    if (last?.step === row.step && join(last, row)) continue;
    joined.push(row);
    if (last?.step !== row.step || ++repeats.count <= repeats.most) continue;
    Object.assign(repeats, { step: row.step, most: repeats.count });
  }
  const notes = falls === 0 ? [] : [
    `The steps fall ${
      formatCount(falls, "time")
    }: the rows are judged in the order of their steps.`,
  ];
  if (repeats.most >= MANY_REPEATS) {
    notes.push(
      `Step ${repeats.step} has ${formatCount(repeats.most, "row")} with different figures, ` +
        "which are judged as steps of their own.",
    );
  }
  return { rows: joined, notes };
}

/** Adds the signals of a row to another one of its step. Returns false if they differ. */
function join(onto: TrainingStep, { layers, ...signals }: TrainingStep): boolean {
  const last = onto as TrainingStep & Record<string, unknown>;
  const known = Object.entries(signals).filter(([, value]) => value !== null);
  if (!known.every(([name, value]) => Object.is(last[name] ?? value, value))) return false;
  Object.assign(last, Object.fromEntries(known));
  if (layers !== undefined) last.layers = [...last.layers ?? [], ...layers];
  return true;
}

/** Reads an array of objects, `log_history`, or an array for each column; otherwise JSON lines. */
function readJson(text: string, name: string): Record<string, unknown>[] {
  let document: unknown;
  try {
    document = parseJson(text);
  } catch {
    return readLines(text, name);
  }
  const rows = isObject(document) ? document.log_history ?? document : document;
  if (Array.isArray(rows)) return rows.map((row, i) => requireRecord(row, `${name}, row ${i + 1}`));
  const record = rows as Record<string, unknown>;
  const columns = Object.values(record);
  if (!columns.every(Array.isArray)) return [record];
  const length = Math.max(0, ...columns.map(({ length }) => length));
  const rowAt = (i: number) =>
    Object.entries(record as Record<string, unknown[]>)
      .map(([column, values]) => [column, values[i] ?? null]);
  return Array.from({ length }, (_, i) => Object.fromEntries(rowAt(i)));
}

/** Reads JSON with NaN and Infinity, which Python writes and JSON lacks. */
function parseJson(text: string): unknown {
  if (!text.includes("NaN") && !text.includes("Infinity")) return JSON.parse(text);
  // A string comes first, so that none is changed.
  return JSON.parse(text.replace(
    /"(?:[^"\\]|\\.)*"|-?Infinity|NaN/g,
    (found) => found.startsWith('"') ? found : `"${found}"`,
  ));
}

function readLines(text: string, name: string): Record<string, unknown>[] {
  const records: Record<string, unknown>[] = [];
  let number = 0, end = 0;
  for (const line of linesOf(text)) {
    number++;
    end += line.length + 1;
    if (line.trim() === "") continue;
    const place = `${name}, line ${number}`;
    try {
      records.push(requireRecord(parseJson(line), place));
    } catch (error) {
      if (error instanceof InputError) throw error;
      // A training that was killed, or still runs, leaves an unfinished line.
      if (number > 1 && end > text.length) break;
      const found = `not JSON (${errorMessage(error)})`;
      throw new InputError({ place, found, expected: "an object of JSON" });
    }
  }
  return records;
}

function requireRecord(value: unknown, place: string): Record<string, unknown> {
  if (isObject(value)) return value;
  throw new InputError({ place, found: showValue(value), expected: "an object of JSON" });
}

function readCsv(text: string, name: string): Record<string, unknown>[] {
  const [head] = text.split("\n", 1);
  const separator = ["\t", ";"].find((mark) => head.includes(mark)) ?? ",";
  const cells = cellsOf(text, separator, name);
  const names = (cells.next().value ?? []).map((column) => column.trim());
  // Between semicolons a comma is a decimal point.
  const textOf = (cell = "") => separator === ";" ? cell.trim().replace(",", ".") : cell.trim();
  const records: Record<string, unknown>[] = [];
  let last = 0;
  for (const row of cells) {
    const record: Record<string, unknown> = {};
    for (let i = 0; i < names.length; i++) {
      const cell = textOf(row[i]);
      const number = numberOf(cell);
      record[names[i]] = number === undefined ? cell : number;
    }
    records.push(record);
    last = row.length;
  }
  if (!text.endsWith("\n") && last < names.length) records.pop();
  return records;
}

/** Splits lines at separators: only those with quotes need a parser, which takes 10 times as long. */
function* cellsOf(text: string, separator: string, name: string): Generator<string[], undefined> {
  const open: string[] = [];
  const parseOpen = () => {
    try {
      return parse(open.splice(0).join("\n"), { separator });
    } catch (error) {
      throw new InputError({
        place: name,
        found: errorMessage(error),
        expected: "CSV with a header, or JSON lines",
      });
    }
  };
  for (const line of linesOf(text)) {
    if (open.length === 0 && !line.includes('"')) {
      if (line !== "" && line !== "\r") yield line.split(separator);
      continue;
    }
    open.push(line);
    // A cell in quotes may have several lines.
    const quotes = line.split('"').length - 1;
    if (quotes % 2 === (open.length === 1 ? 0 : 1)) yield* parseOpen();
  }
  if (open.length > 0) yield* parseOpen();
}

function* linesOf(text: string): Generator<string> {
  for (let start = 0; start < text.length;) {
    const end = text.indexOf("\n", start);
    yield text.slice(start, end === -1 ? text.length : end);
    start = end === -1 ? text.length : end + 1;
  }
}

function rowOf(
  record: Record<string, unknown>,
  { name, place, signals }: { name: string; place: number; signals: ReadonlyMap<string, string> },
): TrainingStep {
  const row: Record<string, unknown> = { step: place };
  for (const column in record) {
    const signal = signals.get(column);
    if (signal === undefined) continue;
    const value = record[column];
    const read = numberOf(value);
    if (read === undefined || signal === "step" && read !== null && !Number.isFinite(read)) {
      throw new InputError({
        place: `${name}, row ${place}: ${column}`,
        found: showValue(read ?? value),
        expected: "a number",
      });
    }
    row[signal] = signal === "step" ? read ?? place : row[signal] ?? read;
  }
  return Object.assign(row, structuresOf(record)) as unknown as TrainingStep;
}

/** Cells without a value: Keras writes NA. */
const EMPTY = ["", "na", "n/a", "none", "null"];

/** Returns a number, `null` for an empty cell, or `undefined` for what is neither. */
function numberOf(value: unknown): number | null | undefined {
  if (value === null) return null;
  if (typeof value === "number") return value;
  if (typeof value !== "string") return undefined;
  if (value !== "") {
    const number = Number(value);
    if (!Number.isNaN(number)) return number;
  }
  const word = value.toLowerCase();
  if (EMPTY.includes(word)) return null;
  return Object.hasOwn(NUMBERS, word) ? NUMBERS[word] : undefined;
}

/** Returns the parts of a row that only JSON lines have. */
function structuresOf(row: Record<string, unknown>): object {
  const { layers, nonFinite, badExamples, failedExamples } = row;
  if (!layers && !nonFinite && !badExamples && !failedExamples) return {};
  const entries = Object.entries({
    layers: Array.isArray(layers) ? layers.filter(isObject).map(layerOf) : undefined,
    nonFinite: isObject(nonFinite) && typeof nonFinite.layer === "string" ? nonFinite : undefined,
    badExamples: Array.isArray(badExamples) ? badExamples.map(Number) : undefined,
    failedExamples: Array.isArray(failedExamples) ? failedExamples.map(Number) : undefined,
  });
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
}

function layerOf({ layer, ...signals }: Record<string, unknown>): object {
  const read = Object.entries(signals).map(([key, value]) => [key, numberOf(value) ?? null]);
  return Object.assign(Object.fromEntries(read), { layer: String(layer) });
}
