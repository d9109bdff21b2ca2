import { escapeControls } from "../words/escape_controls.ts";
import { showValue } from "../words/show_value.ts";
/**
 * A description of plain data that both ways share: it writes keys in one fixed order and numbers
 * that JSON has no word for as strings, and reads them back, or says what is wrong and where.
 *
 * @typeParam T The type of the data.
 */
export interface Shape<T> {
  /** What JSON.stringify is to be given. */
  encode(value: T): unknown;
  /** The data, from what JSON.parse gave. `place` is the path of the value, for the message. */
  decode(json: unknown, place: string): T;
}

/** Says in one sentence what is wrong with a report. */
function mismatch(place: string, expected: string, found: unknown): TypeError {
  return new TypeError(
    `The report is not as it should be at ${
      escapeControls(place) || "its top"
    }: expected ${expected}, found ${found === undefined ? "nothing" : showValue(found)}`,
  );
}

function primitive<T>(expected: string, is: (json: unknown) => boolean): Shape<T> {
  return {
    encode: (value) => value,
    decode(json, place) {
      if (!is(json)) throw mismatch(place, expected, json);
      return json as T;
    },
  };
}

/** A text. */
export const string: Shape<string> = primitive("a string", (json) => typeof json === "string");

/** `true` or `false`. */
export const boolean: Shape<boolean> = primitive(
  "true or false",
  (json) => typeof json === "boolean",
);

/** A whole number from 0. */
export const count: Shape<number> = primitive(
  "a whole number from 0",
  (json) => Number.isSafeInteger(json) && (json as number) >= 0,
);

/** One of the given texts or numbers. */
export function oneOf<T extends string | number>(...values: T[]): Shape<T> {
  const expected = values.map((value) => JSON.stringify(value)).join(" or ");
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
};

/** Either that or `null`. */
export function nullable<T>(shape: Shape<T>): Shape<T | null> {
  return {
    encode: (value) => value === null ? null : shape.encode(value),
    decode: (json, place) => json === null ? null : shape.decode(json, place),
  };
}

/** Either that or left out. */
export function optional<T>(shape: Shape<T>): Shape<T | undefined> {
  return {
    encode: (value) => value === undefined ? undefined : shape.encode(value),
    decode: (json, place) => json === undefined ? undefined : shape.decode(json, place),
  };
}

/** A list of those. */
export function list<T>(shape: Shape<T>): Shape<T[]> {
  return {
    encode: (values) => values.map((value) => shape.encode(value)),
    decode(json, place) {
      if (!Array.isArray(json)) throw mismatch(place, "an array", json);
      return json.map((value, index) => shape.decode(value, `${place}[${index}]`));
    },
  };
}

/** Texts by any name, written in the order of the names. */
export const texts: Shape<Record<string, string>> = {
  encode: (value) => Object.fromEntries(Object.entries(value).sort(([a], [b]) => a < b ? -1 : 1)),
  decode: (json, place) =>
    Object.fromEntries(
      entriesOf(json, place).map(([key, value]) => [key, string.decode(value, `${place}.${key}`)]),
    ),
};

/** An object with these keys, written in this order. Keys that are not known are passed over. */
export function object<T extends object>(shapes: { [K in keyof T]-?: Shape<T[K]> }): Shape<T> {
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
  };
}

function entriesOf(json: unknown, place: string): [string, unknown][] {
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    throw mismatch(place, "an object", json);
  }
  return Object.entries(json);
}
