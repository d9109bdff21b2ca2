import { BatchError } from "../core/model/batches/batch.ts";
import { refusal } from "../ground/words/input_error.ts";
import { isObject } from "../ground/words/shape.ts";
import { escapeControls, showValue } from "../ground/words/show_value.ts";

/** Tensor of a file of any kind. */
export interface ParsedTensor {
  /** Place in the file: `"inputs"`, `"targets[1]"`. */
  place: string;
  /** Shape. */
  shape: number[];
  /** Entries, row-major, in double precision: whole numbers stay whole. */
  values: ArrayLike<number>;
}

/** TensorFlow.js has no tensor of a higher rank. */
export const MAX_RANK = 6;

const WORDS: Record<string, number> = { NaN, Infinity, "-Infinity": -Infinity };

/** Parses an entry of a tensor in JSON: a number, or the name of one that JSON does not have. */
function parseEntry(value: unknown, place: string): number {
  const number = typeof value === "string" && Object.hasOwn(WORDS, value) ? WORDS[value] : value;
  if (typeof number !== "number") {
    throw new BatchError({
      place,
      found: showValue(value),
      expected: 'a number (or "NaN", "Infinity", "-Infinity")',
    });
  }
  // Infinity and NaN are written as names, so an infinite number was written as one that is too
  // large.
  if (typeof value === "number" && !Number.isFinite(Math.fround(value))) {
    const found = Number.isFinite(value) ? `${value}` : "too large";
    throw new BatchError(
      refusal`${place} is ${found}, expected a number in the range of float32 (3.4e38)`,
    );
  }
  return number;
}

function parseNested(value: unknown, place: string): ParsedTensor {
  const shape: number[] = [];
  for (let level = value; Array.isArray(level); level = level[0]) shape.push(level.length);
  if (shape.length > MAX_RANK) {
    throw new BatchError(
      refusal`${place} is nested ${shape.length} deep, expected at most ${MAX_RANK}`,
    );
  }
  const values: number[] = [];
  const visit = (part: unknown, axis: number, at: string) => {
    if (axis === shape.length) {
      values.push(parseEntry(part, at));
    } else if (!Array.isArray(part) || part.length !== shape[axis]) {
      throw new BatchError(
        refusal`${at} is ${showValue(part)}, expected an array of ${
          shape[axis]
        } like the first one`,
      );
    } else {
      part.forEach((inner, i) => visit(inner, axis + 1, `${at}[${i}]`));
    }
  };
  visit(value, 0, place);
  return { place, shape, values };
}

function parseFlat(value: { shape?: unknown; values?: unknown }, place: string): ParsedTensor {
  const { shape, values } = value;
  const isShape = Array.isArray(shape) && shape.length <= MAX_RANK &&
    shape.every((size) => Number.isSafeInteger(size) && size >= 0);
  if (!isShape) {
    const found = shape === undefined ? "missing" : showShapeOf(shape);
    throw new BatchError(
      refusal`${place}.shape is ${found}, expected an array of at most ${MAX_RANK} whole numbers`,
    );
  }
  const count = shape.reduce((product, size) => product * size, 1);
  if (!Array.isArray(values) || values.length !== count) {
    throw new BatchError({
      place: `${place}.values`,
      found: values === undefined ? "missing" : showValue(values),
      expected: `an array of ${count} numbers for shape [${shape.join(", ")}]`,
    });
  }
  return {
    place,
    shape,
    values: values.map((entry, i) => parseEntry(entry, `${place}.values[${i}]`)),
  };
}

/** Describes the value in place of a shape, with its sizes if they are few. */
function showShapeOf(value: unknown): string {
  const text = JSON.stringify(value);
  return Array.isArray(value) && text.length <= 60 ? escapeControls(text) : showValue(value);
}

/** Returns true if a piece of JSON is a tensor in the form `{"shape", "values"}`. */
export function isFlatTensor(value: unknown): value is { shape?: unknown; values?: unknown } {
  return isObject(value) && (Object.hasOwn(value, "shape") || Object.hasOwn(value, "values"));
}

/**
 * Parses a tensor: a nested array, or `{"shape", "values"}` with the entries in one row.
 *
 * @param value The piece of JSON.
 * @throws {BatchError} If it is not a tensor; the message starts with the place.
 */
export function parseTensor(value: unknown, place: string): ParsedTensor {
  if (isFlatTensor(value)) return parseFlat(value, place);
  if (Array.isArray(value)) return parseNested(value, place);
  throw new BatchError(
    refusal`${place} is ${showValue(value)}, expected a nested array or {"shape", "values"}`,
  );
}
