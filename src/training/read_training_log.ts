import { writeJson } from "../words/document.ts";
import { errorMessage } from "../words/failure.ts";
import { InputError } from "../words/input_error.ts";
import { isObject, requireValue, string } from "../words/shape.ts";
import { showValue } from "../words/show_value.ts";
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

/** Columns of a log: the name of the signal, and how Keras, Lightning and Hugging Face call it. */
const COLUMNS: Readonly<Record<string, readonly string[]>> = {
  step: ["global_step", "iteration", "iter", "batches"],
  epoch: [],
  loss: ["train_loss", "training_loss", "train/loss"],
  gradientNorm: ["grad_norm", "gradient_norm", "train/grad_norm"],
  updateRatio: ["update_ratio"],
  decreaseRatio: ["decrease_ratio"],
  growth: ["kernel_growth"],
  shrinkage: ["kernel_shrinkage"],
  penalty: [],
  validationLoss: ["val_loss", "validation_loss", "eval_loss", "val/loss", "eval/loss"],
  learningRate: ["lr", "learning_rate", "train/learning_rate"],
  secondMomentRatio: ["second_moment_ratio"],
  batch: [],
  largestInput: ["largest_input"],
};

const SIGNALS = new Map(
  Object.entries(COLUMNS).flatMap(([name, others]) => [name, ...others].map((key) => [key, name])),
);

/** Texts of numbers that JSON lacks, as Python, JavaScript and this package write them. */
const NUMBERS: Readonly<Record<string, number>> = {
  nan: NaN,
  inf: Infinity,
  infinity: Infinity,
  "+inf": Infinity,
  "-inf": -Infinity,
  "-infinity": -Infinity,
};

/**
 * Reads the log of a training: CSV with a header, or JSON lines with an object for each step. The
 * columns are those of {@linkcode TrainingStep}, or the names that Keras, Lightning and Hugging
 * Face use: `step`, `loss`, `grad_norm`, `lr`, `val_loss`. Without steps the rows are counted from
 * 1. Other columns are ignored.
 *
 * @param text The file.
 * @param name Name of the file, for errors.
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
export function readTrainingLog(text: string, name = "log"): TrainingStep[] {
  requireValue("text", text, string);
  requireValue("name", name, string);
  const unmarked = text.replace(/^\uFEFF/, "");
  const isJson = unmarked.trimStart().startsWith("{");
  const records = isJson ? readLines(unmarked, name) : readCsv(unmarked, name);
  const rows = records.map((record, i) => rowOf(record, { name, place: i + 1 }));
  if (!rows.some(({ loss }) => typeof loss === "number")) {
    throw new InputError({
      place: `${name}: loss`,
      found: "missing",
      expected: `a column named ${["loss", ...COLUMNS.loss].join(", ")}`,
    });
  }
  return rows.toSorted((a, b) => a.step - b.step);
}

function readLines(text: string, name: string): Record<string, unknown>[] {
  // Python writes NaN and Infinity, which JSON lacks.
  const quoted = (line: string) =>
    line.replace(/(?<=[:,[]\s*)(-?Infinity|NaN)(?=\s*[,}\]])/g, '"$1"');
  return text.split("\n").flatMap((line, i) => {
    if (line.trim() === "") return [];
    let record: unknown;
    try {
      record = JSON.parse(quoted(line));
    } catch (error) {
      throw new InputError({
        place: `${name}, line ${i + 1}`,
        found: errorMessage(error),
        expected: "an object of JSON",
      });
    }
    if (isObject(record)) return [record];
    const place = `${name}, line ${i + 1}`;
    throw new InputError({ place, found: showValue(record), expected: "an object of JSON" });
  });
}

function readCsv(text: string, name: string): Record<string, unknown>[] {
  const [head] = text.split("\n", 1);
  const separator = ["\t", ";"].find((mark) => head.includes(mark)) ?? ",";
  let cells: string[][];
  try {
    cells = parse(text, { separator });
  } catch (error) {
    throw new InputError({
      place: name,
      found: errorMessage(error),
      expected: "CSV with a header, or JSON lines",
    });
  }
  const [header = [], ...rows] = cells;
  // Between semicolons a comma is a decimal point.
  const valueOf = (cell = "") => separator === ";" ? cell.trim().replace(",", ".") : cell.trim();
  return rows.map((row) =>
    Object.fromEntries(header.map((column, i) => [column.trim(), valueOf(row[i])]))
  );
}

function rowOf(
  record: Record<string, unknown>,
  { name, place }: { name: string; place: number },
): TrainingStep {
  const row: Record<string, unknown> = { step: place };
  for (const [column, value] of Object.entries(record)) {
    const signal = SIGNALS.get(column);
    if (signal === undefined) continue;
    const read = numberOf(value);
    if (read === undefined) {
      throw new InputError({
        place: `${name}, row ${place}: ${column}`,
        found: showValue(value),
        expected: "a number",
      });
    }
    row[signal] ??= read;
    if (signal === "step" && read !== null) row.step = read;
  }
  if (!Number.isFinite(row.step)) {
    throw new InputError({
      place: `${name}, row ${place}: step`,
      found: showValue(row.step),
      expected: "a number",
    });
  }
  return Object.assign(row, structuresOf(record)) as unknown as TrainingStep;
}

/** Returns a number, `null` for an empty cell, or `undefined` for what is neither. */
function numberOf(value: unknown): number | null | undefined {
  if (value === null || value === "") return null;
  if (typeof value === "number") return value;
  if (typeof value !== "string") return undefined;
  const word = value.toLowerCase();
  if (Object.hasOwn(NUMBERS, word)) return NUMBERS[word];
  const number = Number(value);
  return Number.isNaN(number) ? undefined : number;
}

/** Returns the parts of a row that only JSON lines have. */
function structuresOf(row: Record<string, unknown>): object {
  const { layers, nonFinite, badExamples, failedExamples } = row;
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
