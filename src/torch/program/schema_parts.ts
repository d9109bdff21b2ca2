import { unexpected } from "../../core/model/model_error.ts";
import type { FileType } from "../../ground/traits/number_types.ts";
import { isObject } from "../../ground/words/shape.ts";
import type { ValueMeta } from "./program.ts";
import { MAX_FORMULA, parseSize, shapeOf, type SizeExpression } from "./size_expression.ts";

/** Dtypes by their numbers in `torch/_export/serde/schema.py`, `ScalarType`. */
export const SCALAR_TYPES: Readonly<Record<number, FileType>> = {
  1: "uint8",
  2: "int8",
  3: "int16",
  4: "int32",
  5: "int64",
  6: "float16",
  7: "float32",
  8: "float64",
  9: "complex64",
  10: "complex64",
  11: "complex128",
  12: "bool",
  13: "bfloat16",
  28: "uint16",
  29: "float8_e4m3",
  30: "float8_e5m2",
  31: "float8_e4m3fnuz",
  32: "float8_e5m2fnuz",
  33: "float8",
  34: "uint32",
  35: "uint64",
};

/** Returns an object of the JSON. */
export function objectAt(value: unknown, place: string): Record<string, unknown> {
  if (isObject(value) && !Array.isArray(value)) return value;
  throw unexpected(place, value, "an object");
}

/** Returns a list of the JSON. */
export function listAt(value: unknown, place: string): unknown[] {
  if (Array.isArray(value)) return value;
  throw unexpected(place, value, "a list");
}

/** Largest number of letters of a name, as messages quote it. */
export const MAX_NAME = 400;

/** Returns a text of the JSON: mostly a name. */
export function textAt(value: unknown, place: string, longest = MAX_NAME): string {
  if (typeof value !== "string") throw unexpected(place, value, "a text");
  if (value.length <= longest) return value;
  throw unexpected(place, value, `at most ${longest} letters`);
}

/** Returns the one kind of a union, `{"as_int": 3}`, and its value. */
export function unionAt(value: unknown, place: string): [kind: string, value: unknown] {
  const entries = Object.entries(objectAt(value, place)).filter(([, one]) => one !== null);
  if (entries.length === 1) return entries[0];
  throw unexpected(place, value, "an object with one key, which says what it is");
}

/** Returns a size: `{"as_int": 3}`, or `{"as_expr": {"expr_str": "s77"}}`. */
export function readSize(value: unknown, place: string): SizeExpression {
  const [kind, own] = unionAt(value, place);
  if (kind === "as_expr") {
    return parseSize(textAt(objectAt(own, place).expr_str, `${place}.expr_str`, MAX_FORMULA));
  }
  if (typeof own === "boolean") return Number(own);
  if (typeof own !== "number") throw unexpected(place, own, "a number");
  return own;
}

/** Reads the dtype and the sizes of a tensor. */
export function readMeta(value: unknown, place: string): ValueMeta {
  const { dtype, sizes } = objectAt(value, place);
  if (typeof dtype !== "number" || !Object.hasOwn(SCALAR_TYPES, dtype)) {
    throw unexpected(`${place}.dtype`, dtype, "the number of a dtype");
  }
  const declared = listAt(sizes, `${place}.sizes`).map((size) => readSize(size, `${place}.sizes`));
  shapeOf(declared, new Map(), `${place}.sizes`);
  return { type: SCALAR_TYPES[dtype], sizes: declared };
}
