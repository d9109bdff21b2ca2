import { jsonFailure } from "../words/json_failure.ts";
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
} from "../words/requirements.ts";
import { showValue } from "../words/show_value.ts";

/**
 * A description of plain data from which all that is done with a document follows: what is written, what
 * is read, and what a program must give to have it written.
 *
 * @typeParam T The type of the data.
 */
export interface Shape<T> {
  /** What JSON.stringify is to be given: keys in one order, and strings for what JSON has no number. */
  encode(value: T): unknown;
  /**
   * The data, from what JSON.parse gave.
   *
   * @param json What was read.
   * @param place The path of it in the document; empty at the top.
   * @throws {TypeError} If it is something else: place, expected, found.
   */
  decode(json: unknown, place: string): T;
  /** What the data must be when a program gives it. */
  given: Requirement;
}

/** Says in one sentence what is wrong with a document. */
function mismatch(place: string, expected: string, found: unknown): TypeError {
  const what = found === undefined ? "missing" : showValue(found);
  return new TypeError(`${place || "The JSON"} is ${what}, expected ${expected}`);
}

/**
 * Reads a document, or a part of one that stands by itself.
 *
 * @param text The JSON.
 * @param shape What it must hold.
 * @param where What the sentence begins with if it does not: the file, and the line.
 * @throws {SyntaxError} If it is no JSON.
 * @throws {TypeError} If something in it is missing or of another kind.
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

/** A value that JSON has itself, and that one test tells. */
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

/** A text. */
export const string: Shape<string> = primitive(
  "a text",
  (json) => typeof json === "string",
  text,
);

/** `true` or `false`. */
export const boolean: Shape<boolean> = primitive(
  "true or false",
  (json) => typeof json === "boolean",
  flag,
);

/** A whole number from 0. */
export const count: Shape<number> = primitive(
  "a whole number from 0",
  (json) => Number.isSafeInteger(json) && (json as number) >= 0,
);

/** One of the given texts or numbers. */
export function oneOf<T extends string | number>(...values: readonly T[]): Shape<T> {
  const names = values.map((value) => JSON.stringify(value));
  const expected = names.length === 1
    ? names[0]
    : `${names.slice(0, -1).join(", ")} or ${names.at(-1)}`;
  return primitive(expected, (json) => values.includes(json as T));
}

/** A number; NaN and the infinities are written as strings. */
export const number: Shape<number> = {
  encode: (value) => Number.isFinite(value) ? value : String(value),
  decode(json, place) {
    if (typeof json === "number") return json;
    if (json === "NaN" || json === "Infinity" || json === "-Infinity") return Number(json);
    throw mismatch(place, 'a number, "NaN", "Infinity" or "-Infinity"', json);
  },
  given: aNumber,
};

/** Either that or `null`. */
export function nullable<T>(shape: Shape<T>): Shape<T | null> {
  return {
    encode: (value) => value === null ? null : shape.encode(value),
    decode: (json, place) => json === null ? null : shape.decode(json, place),
    given: orNull(shape.given),
  };
}

/** Either that or left out. */
export function optional<T>(shape: Shape<T>): Shape<T | undefined> {
  return {
    encode: (value) => value === undefined ? undefined : shape.encode(value),
    decode: (json, place) => json === undefined ? undefined : shape.decode(json, place),
    given: orNothing(shape.given),
  };
}

/** A list of those, of `least` to `most` items. */
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

/** Those by any name, written in the order of the names. */
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

/** Either a text or that; `expected` says both in a few words. */
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

/** An object of one of several kinds, each known by a key: the first of these that it has. */
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

/** The entries in the order of their names, code unit by code unit. */
export function byName<T>(value: Record<string, T>): [string, T][] {
  return Object.entries(value).sort(([a], [b]) => a < b ? -1 : 1);
}

/** A shape for every key of an object. */
export type Keys<T> = { [K in keyof T]-?: Shape<T[K]> };

/** An object with these keys, written in this order. Keys that are not known are passed over. */
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
