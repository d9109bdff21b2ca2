import { jsonFailure } from "./failure.ts";
import {
  arrayOf,
  flag,
  must,
  number as aNumber,
  objectWith,
  optional as orNothing,
  orNull,
  recordOf,
  type Requirement,
  text,
} from "./requirements.ts";
import { showValue } from "./show_value.ts";

/**
 * Description of plain data. Writing, reading and validating a document are derived from it.
 *
 * @typeParam T The type of the data.
 */
export interface Shape<T> {
  /**
   * Converts the data for JSON.stringify: keys in a fixed order, and strings for numbers that JSON
   * lacks.
   */
  encode(value: T): unknown;
  /**
   * Converts the result of JSON.parse to the data.
   *
   * @param json The parsed JSON.
   * @param place Its path in the document; empty at the top.
   * @throws {TypeError} If it has a wrong type: place, expected, found.
   */
  decode(json: unknown, place: string): T;
  /** Requirement for data from a program. */
  given: Requirement;
}

/** Returns an error that says in one sentence what is wrong with a document. */
function mismatch(place: string, expected: string, found: unknown): TypeError {
  const what = found === undefined ? "missing" : showValue(found);
  return new TypeError(`${place || "The JSON"} is ${what}, expected ${expected}`);
}

/**
 * Reads a document, or a self-contained part of one.
 *
 * @param text The JSON.
 * @param shape Its shape.
 * @param where The beginning of an error: the file, and the line.
 * @throws {SyntaxError} If it is not JSON.
 * @throws {TypeError} If something in it is missing or has a wrong type.
 */
export function readShape<T>(text: string, shape: Shape<T>, where: string): T {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new SyntaxError(`${where}: it is not JSON: ${jsonFailure(error)}`);
  }
  try {
    return shape.decode(json, "");
  } catch (error) {
    throw new TypeError(`${where}: ${(error as Error).message}`);
  }
}

/** Returns the shape of a value that JSON has itself, and that one test recognises. */
export function primitive<T>(
  expected: string,
  is: (json: unknown) => boolean,
  given: Requirement = must(expected, is),
): Shape<T> {
  return {
    encode: (value) => value,
    decode(json, place) {
      if (!is(json)) throw mismatch(place, expected, json);
      return json as T;
    },
    given,
  };
}

/** Shape of a text. */
export const string: Shape<string> = primitive(
  "a text",
  (json) => typeof json === "string",
  text,
);

/** Shape of `true` or `false`. */
export const boolean: Shape<boolean> = primitive(
  "true or false",
  (json) => typeof json === "boolean",
  flag,
);

/** Shape of a whole number from 0. */
export const count: Shape<number> = primitive(
  "a whole number from 0",
  (json) => Number.isSafeInteger(json) && (json as number) >= 0,
);

/** Returns the shape of one of the given texts or numbers. */
export function oneOf<T extends string | number>(...values: readonly T[]): Shape<T> {
  const names = values.map((value) => JSON.stringify(value));
  const expected = names.length === 1
    ? names[0]
    : `${names.slice(0, -1).join(", ")} or ${names.at(-1)}`;
  return primitive(expected, (json) => values.includes(json as T));
}

/** Shape of a number; NaN and the infinities are written as strings. */
export const number: Shape<number> = {
  encode: (value) => Number.isFinite(value) ? value : String(value),
  decode(json, place) {
    if (typeof json === "number") return json;
    if (json === "NaN" || json === "Infinity" || json === "-Infinity") return Number(json);
    throw mismatch(place, 'a number, "NaN", "Infinity" or "-Infinity"', json);
  },
  given: aNumber,
};

/** Allows `null` as well. */
export function nullable<T>(shape: Shape<T>): Shape<T | null> {
  return {
    encode: (value) => value === null ? null : shape.encode(value),
    decode: (json, place) => json === null ? null : shape.decode(json, place),
    given: orNull(shape.given),
  };
}

/** Allows the value to be left out. */
export function optional<T>(shape: Shape<T>): Shape<T | undefined> {
  return {
    encode: (value) => value === undefined ? undefined : shape.encode(value),
    decode: (json, place) => json === undefined ? undefined : shape.decode(json, place),
    given: orNothing(shape.given),
  };
}

/** Returns the shape of a list of `least` to `most` items. */
export function list<T>(
  shape: Shape<T>,
  { expected = "an array", least = 0, most = Infinity } = {},
): Shape<T[]> {
  const fits = (value: unknown) =>
    Array.isArray(value) && value.length >= least && value.length <= most;
  const array = must(expected, fits);
  const items = arrayOf(shape.given);
  return {
    encode: (values) => values.map((value) => shape.encode(value)),
    decode(json, place) {
      if (!fits(json)) throw mismatch(place, expected, json);
      return (json as unknown[]).map((value, i) => shape.decode(value, `${place}[${i}]`));
    },
    given: (value, place) => array(value, place) ?? items(value, place),
  };
}

/** Returns the shape of an object with any keys, written in the order of the keys. */
export function record<T>(shape: Shape<T>): Shape<Record<string, T>> {
  return {
    encode: (value) =>
      Object.fromEntries(
        byName(value).map(([key, entry]) => [key, shape.encode(entry)]),
      ),
    decode: (json, place) =>
      Object.fromEntries(
        entriesOf(json, place).map(([key, value]) => [
          key,
          shape.decode(value, `${place}[${showValue(key)}]`),
        ]),
      ),
    given: recordOf(shape.given),
  };
}

/** Allows a text as well; `expected` describes both in a few words. */
export function textOr<T extends object>(
  shape: Shape<T>,
  expected = "a text or an object",
): Shape<string | T> {
  const either = must(expected, (value) => typeof value === "object" && value !== null);
  return {
    encode: (value) => typeof value === "string" ? value : shape.encode(value),
    decode: (json, place) => typeof json === "string" ? json : shape.decode(json, place),
    given: (value, place) =>
      typeof value === "string" ? null : either(value, place) ?? shape.given(value, place),
  };
}

/**
 * Returns the shape of an object of one of several kinds, recognised by the first of these keys
 * that it has.
 */
export function byKey<Kinds extends object>(
  shapes: { [Key in keyof Kinds]: Shape<Kinds[Key] & object> },
): Shape<Kinds[keyof Kinds] & object> {
  const keys = Object.keys(shapes) as (keyof Kinds)[];
  const expected = `an object with ${keys.join(" or ")}`;
  const keyOf = (value: unknown) =>
    typeof value === "object" && value !== null ? keys.find((key) => key in value) : undefined;
  const known = must(expected, (value) => keyOf(value) !== undefined);
  return {
    encode: (value) => shapes[keyOf(value)!].encode(value),
    decode(json, place) {
      const key = keyOf(json);
      if (key === undefined) throw mismatch(place, expected, json);
      return shapes[key].decode(json, place);
    },
    given: (value, place) => known(value, place) ?? shapes[keyOf(value)!].given(value, place),
  };
}

/** Sorts the entries by name, code unit by code unit. */
export function byName<T>(value: Record<string, T>): [string, T][] {
  return Object.entries(value).sort(([a], [b]) => a < b ? -1 : 1);
}

/** Shape for every key of an object. */
export type Keys<T> = { [K in keyof T]-?: Shape<T[K]> };

/**
 * Returns the shape of an object with these keys, written in this order. Unknown keys are ignored.
 */
export function object<T extends object>(shapes: Keys<T>): Shape<T> {
  const keys = Object.keys(shapes) as (keyof T & string)[];
  const each = (value: (key: keyof T & string) => unknown) =>
    Object.fromEntries(
      keys.map((key) => [key, value(key)]).filter(([, value]) => value !== undefined),
    );
  return {
    encode: (value) => each((key) => shapes[key].encode(value[key])),
    decode(json, place) {
      const found = new Map(entriesOf(json, place));
      const path = place === "" ? "" : `${place}.`;
      return each((key) => shapes[key].decode(found.get(key), `${path}${key}`)) as T;
    },
    given: objectWith(Object.fromEntries(keys.map((key) => [key, shapes[key].given]))),
  };
}

function entriesOf(json: unknown, place: string): [string, unknown][] {
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    throw mismatch(place, "an object", json);
  }
  return Object.entries(json);
}
