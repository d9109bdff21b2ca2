import { jsonFailure } from "./failure.ts";
import { InputError, nearest, type Refusal } from "./input_error.ts";
import { anyOf, showValue } from "./show_value.ts";

/** Fault of a part of a value, and the keys and indices that lead to the part. */
export interface Mismatch extends Omit<Refusal, "place"> {
  /** Keys and indices from the whole value to the part. */
  path: (string | number)[];
  /** Key of the part that is not known, if that is what is wrong. */
  unknownKey?: string;
}

export type JsonSchema = Readonly<Record<string, unknown>>;

/**
 * Description of plain data. Writing, reading and validating a document, validating an argument,
 * and a JSON Schema for editors are derived from it.
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
   * @param place Its path in the document; empty at the top.
   * @throws {InputError} If it has a wrong type: place, found, expected.
   */
  decode(json: unknown, place: string): T;
  /**
   * Returns the first mismatch in data from a program, or `null`. The path is built only for a
   * mismatch: for thousands of records it would take most of the time.
   */
  mismatch(value: unknown): Mismatch | null;
  /** Returns the JSON Schema of the data. */
  schema(): JsonSchema;
}

/** Rejects an argument that does not have its shape, for callers without a type checker. */
export function requireValue(name: string, value: unknown, shape: Shape<unknown>): void {
  const wrong = shape.mismatch(value);
  if (wrong !== null) throw new InputError(refusalAt(placeOf(name, wrong.path), wrong));
}

/**
 * Rejects an option that a function does not have: a misspelt one would be ignored silently.
 *
 * @param known Names of its options.
 */
export function requireKnownOptions(
  caller: string,
  options: object,
  known: readonly string[],
): void {
  const unknown = Object.keys(options).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  throw new InputError({
    place: caller,
    verb: "has no option",
    found: showValue(unknown),
    expected: oneOfNames(known),
    meant: nearest(unknown, known),
  });
}

/** Lists names that a misspelt one can be replaced by. */
export const oneOfNames = (names: readonly string[]): string =>
  names.length === 0 ? "none" : `one of ${names.join(", ")}`;

/** Returns the refusal of a value at a place. */
export function refusalAt(place: string, { path: _, unknownKey: __, ...wrong }: Mismatch): Refusal {
  return Object.assign({ place }, wrong);
}

/** Writes a path behind the name of the whole: `options.models[0].path`, `rules["dead-units"]`. */
export function placeOf(name: string, path: readonly (string | number)[]): string {
  return path.reduce<string>((place, step) => {
    if (typeof step === "number") return `${place}[${step}]`;
    if (!/^[A-Za-z_$][\w$]*$/.test(step)) return `${place}[${showValue(step)}]`;
    return place === "" ? step : `${place}.${step}`;
  }, name);
}

/** Puts a step before the path of a mismatch. */
function under(step: string | number, wrong: Mismatch | null): Mismatch | null {
  wrong?.path.unshift(step);
  return wrong;
}

/** Returns an error that says in one sentence what is wrong with a document. */
function unreadable(place: string, expected: string, json: unknown): InputError {
  const found = json === undefined ? "missing" : showValue(json);
  return new InputError({ place: place || "The JSON", found, expected });
}

/**
 * Reads a document, or a self-contained part of one.
 *
 * @param where The beginning of an error: the file, and the line.
 * @throws {SyntaxError} If it is not JSON.
 * @throws {InputError} If something in it is missing or has a wrong type.
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
    throw error instanceof InputError ? error.within(where) : error;
  }
}

/** Settings of a shape that one test recognises. */
interface PrimitiveOptions {
  /** Its JSON Schema, if it is part of a document for editors. */
  schema?: JsonSchema;
  /** Suggests the probably intended value, worded to end the error message. */
  suggest?: (value: unknown) => string;
}

/** Longest list of accepted values, in letters, that a message with a suggestion repeats. */
const MAX_EXPECTED = 60;

/** Returns the shape of a value that JSON has itself, and that one test recognises. */
export function primitive<T>(
  expected: string,
  is: (value: unknown) => boolean,
  { schema = {}, suggest = () => "" }: PrimitiveOptions = {},
): Shape<T> {
  const end = expected.length > MAX_EXPECTED ? "meant" : "hint";
  return {
    encode: (value) => value,
    decode(json, place) {
      if (!is(json)) throw unreadable(place, expected, json);
      return json as T;
    },
    mismatch: (value) =>
      is(value) ? null : { path: [], found: showValue(value), expected, [end]: suggest(value) },
    schema: () => schema,
  };
}

/** Returns true if a value is an object with keys: neither an array nor `null`. */
export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Shape of an object with any keys. */
export const anyObject: Shape<object> = primitive("an object", isObject, {
  schema: { type: "object" },
});

export const unknown: Shape<unknown> = primitive("a value", () => true);

/** Shape of a function; only arguments can be functions. */
export const callable: Shape<unknown> = primitive(
  "a function",
  (value) => typeof value === "function",
);

export const string: Shape<string> = primitive("a text", (json) => typeof json === "string", {
  schema: { type: "string" },
});

/** Shape of a text with a character that is not a space. */
export const filledString: Shape<string> = matching(/\S/, "a text that is not empty");

export function matching(
  pattern: RegExp,
  expected: string,
  suggest?: (value: unknown) => string,
): Shape<string> {
  const fits = (value: unknown) => typeof value === "string" && pattern.test(value);
  const schema = { type: "string", pattern: pattern.source };
  return primitive(expected, fits, { schema, suggest });
}

/** Shape of `true` or `false`. */
export const boolean: Shape<boolean> = primitive(
  "true or false",
  (json) => typeof json === "boolean",
  { schema: { type: "boolean" } },
);

/** Returns the shape of a whole number. */
export function whole(least: number, most = Number.MAX_SAFE_INTEGER): Shape<number> {
  const to = most === Number.MAX_SAFE_INTEGER ? null : most;
  const range = to === null ? `of at least ${least}` : `from ${least} to ${most}`;
  return primitive(
    `a whole number ${range}`,
    (value) => Number.isSafeInteger(value) && value as number >= least && value as number <= most,
    { schema: bounded("integer", least, to) },
  );
}

/** Returns the shape of a number, which is not NaN; without a largest one, of a finite one too. */
export function numberFrom(least: number, most = Infinity): Shape<number> {
  const range = most === Infinity ? `of at least ${least}` : `from ${least} to ${most}`;
  return primitive(
    `a number ${range}`,
    (value) => typeof value === "number" && value >= least && value <= most && value < Infinity,
    { schema: bounded("number", least, most === Infinity ? null : most) },
  );
}

/** Returns the shape of a finite number above another one. */
export function numberAbove(limit: number, most = Infinity): Shape<number> {
  const schema: Record<string, unknown> = { type: "number", exclusiveMinimum: limit };
  if (most < Infinity) schema.maximum = most;
  return primitive(
    `a number above ${limit}${most < Infinity ? ` and up to ${most}` : ""}`,
    (value) => typeof value === "number" && value > limit && value <= most && value < Infinity,
    { schema },
  );
}

function bounded(type: string, minimum: number, maximum: number | null): JsonSchema {
  return maximum === null ? { type, minimum } : { type, minimum, maximum };
}

export const count: Shape<number> = whole(0);

/** Shape of a whole number from 1. */
export const positive: Shape<number> = whole(1);

/** Shape of any whole number. */
export const integer: Shape<number> = primitive("a whole number", Number.isSafeInteger, {
  schema: { type: "integer" },
});

export function oneOf<T extends string | number>(...values: readonly T[]): Shape<T> {
  return named(values);
}

/** Returns the shape of one of the given names, with another way to suggest a name. */
export function named<T extends string | number>(
  values: readonly T[],
  suggest: (name: string, names: readonly string[]) => string = nearest,
): Shape<T> {
  const expected = anyOf(values.map((value) => JSON.stringify(value)));
  return primitive(expected, (json) => values.includes(json as T), {
    schema: { enum: values },
    suggest: (value) => typeof value === "string" ? suggest(value, values.map(String)) : "",
  });
}

/** Shape of a number; NaN and the infinities are written as strings. */
export const number: Shape<number> = {
  encode: (value) => Number.isFinite(value) ? value : String(value),
  decode(json, place) {
    if (typeof json === "number") return json;
    if (json === "NaN" || json === "Infinity" || json === "-Infinity") return Number(json);
    throw unreadable(place, 'a number, "NaN", "Infinity" or "-Infinity"', json);
  },
  mismatch: (value) =>
    typeof value === "number" ? null : { path: [], found: showValue(value), expected: "a number" },
  schema: () => ({ type: "number" }),
};

/** Allows `null` as well. */
export function nullable<T>(shape: Shape<T>): Shape<T | null> {
  return {
    encode: (value) => value === null ? null : shape.encode(value),
    decode: (json, place) => json === null ? null : shape.decode(json, place),
    mismatch: (value) => value === null ? null : shape.mismatch(value),
    schema: () => ({ anyOf: [{ type: "null" }, shape.schema()] }),
  };
}

/** Allows the value to be left out. */
export function optional<T>(shape: Shape<T>): Shape<T | undefined> {
  return {
    encode: (value) => value === undefined ? undefined : shape.encode(value),
    decode: (json, place) => json === undefined ? undefined : shape.decode(json, place),
    mismatch: (value) => value === undefined ? null : shape.mismatch(value),
    schema: () => shape.schema(),
  };
}

/** Adds the description that an editor shows. */
export function described<T>(description: string, shape: Shape<T>): Shape<T> {
  return { ...shape, schema: () => Object.assign({ description }, shape.schema()) };
}

/** Number of items of a list. */
interface ListOptions {
  /** Words for such a list. */
  expected?: string;
  /** Smallest number of items. Default: 0. */
  least?: number;
  /** Largest number of items. Default: any. */
  most?: number;
  /** True if no item may be there twice. */
  unique?: boolean;
}

/** Returns the shape of a list of `least` to `most` items. */
export function list<T>(
  shape: Shape<T>,
  { expected = "an array", least = 0, most = Infinity, unique = false }: ListOptions = {},
): Shape<T[]> {
  const fits = (value: unknown) =>
    Array.isArray(value) && value.length >= least && value.length <= most &&
    (!unique || new Set(value).size === value.length);
  return {
    encode: (values) => values.map((value) => shape.encode(value)),
    decode(json, place) {
      if (!fits(json)) throw unreadable(place, expected, json);
      return (json as unknown[]).map((value, i) => shape.decode(value, `${place}[${i}]`));
    },
    mismatch(value) {
      if (!fits(value)) return { path: [], found: showValue(value), expected };
      const items = value as unknown[];
      // Unlike a method of arrays, this does not skip holes.
      for (let i = 0; i < items.length; i++) {
        const wrong = shape.mismatch(items[i]);
        if (wrong !== null) return under(i, wrong);
      }
      return null;
    },
    schema() {
      const schema: Record<string, unknown> = { type: "array", items: shape.schema() };
      if (least > 0) schema.minItems = least;
      if (most < Infinity) schema.maxItems = most;
      if (unique) schema.uniqueItems = true;
      return schema;
    },
  };
}

/** Returns the shape of an object with any keys, written in the order of the keys. */
export function record<T>(shape: Shape<T>): Shape<Record<string, T>> {
  return {
    encode: (value) =>
      Object.fromEntries(byName(value).map(([key, entry]) => [key, shape.encode(entry)])),
    decode: (json, place) =>
      Object.fromEntries(
        entriesOf(json, place).map(([key, value]) => [
          key,
          shape.decode(value, `${place}[${showValue(key)}]`),
        ]),
      ),
    mismatch(value) {
      if (!isObject(value)) return anyObject.mismatch(value);
      for (const [key, item] of Object.entries(value)) {
        const wrong = shape.mismatch(item);
        if (wrong !== null) return under(key, wrong);
      }
      return null;
    },
    schema: () => ({ type: "object", additionalProperties: shape.schema() }),
  };
}

/** Allows a text as well; `expected` describes both in a few words. */
export function textOr<T extends object>(
  shape: Shape<T>,
  expected = "a text or an object",
): Shape<string | T> {
  return {
    encode: (value) => typeof value === "string" ? value : shape.encode(value),
    decode: (json, place) => typeof json === "string" ? json : shape.decode(json, place),
    mismatch(value) {
      if (typeof value === "string") return null;
      if (typeof value === "object" && value !== null) return shape.mismatch(value);
      return { path: [], found: showValue(value), expected };
    },
    schema: () => ({ if: { type: "string" }, else: shape.schema() }),
  };
}

/** Returns the shape of a value that has one shape if a test holds, and another one if not. */
export function either<A, B>(
  { test, schema, yes, no }: {
    /** Tells which of the two it is meant to be. */
    test: (value: unknown) => boolean;
    /** JSON Schema of the same test. */
    schema: JsonSchema;
    /** Shape if the test holds. */
    yes: Shape<A>;
    /** Shape if it does not. */
    no: Shape<B>;
  },
): Shape<A | B> {
  const shapeOf = (value: unknown) => (test(value) ? yes : no) as Shape<A | B>;
  return {
    encode: (value) => shapeOf(value).encode(value),
    decode: (json, place) => shapeOf(json).decode(json, place),
    mismatch: (value) => shapeOf(value).mismatch(value),
    schema: () => ({ if: schema, then: yes.schema(), else: no.schema() }),
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
  return {
    encode: (value) => shapes[keyOf(value)!].encode(value),
    decode(json, place) {
      const key = keyOf(json);
      if (key === undefined) throw unreadable(place, expected, json);
      return shapes[key].decode(json, place);
    },
    mismatch(value) {
      const key = keyOf(value);
      if (key !== undefined) return shapes[key].mismatch(value);
      return { path: [], found: showValue(value), expected };
    },
    schema: () => ({ anyOf: keys.map((key) => shapes[key].schema()) }),
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
    mismatch(value) {
      if (!isObject(value)) return anyObject.mismatch(value);
      for (const key of keys) {
        const wrong = shapes[key].mismatch(value[key]);
        if (wrong !== null) return under(key, wrong);
      }
      return null;
    },
    schema() {
      const properties = Object.fromEntries(keys.map((key) => [key, shapes[key].schema()]));
      const required = keys.filter((key) => shapes[key].mismatch(undefined) !== null);
      if (required.length === 0) return { type: "object", properties };
      return { type: "object", properties, required };
    },
  };
}

/** Settings of {@linkcode closed}. */
interface ClosedOptions<T> {
  /** Word for a key, in a message. Default: `key`. */
  noun?: string;
  /** Shape of every other key that matches a pattern. Default: there is none. */
  others?: { pattern: RegExp; shape: Shape<T[keyof T]> };
  /** Suggests a name in place of an unknown one, worded to end a message. Default: the nearest. */
  suggest?: (name: string, names: readonly string[]) => string;
  /** Words for what is expected instead of a value that is not an object. */
  expected?: (value: unknown) => string;
}

/** Returns the shape of an object that must not have other keys: a misspelt one would do nothing. */
export function closed<T extends object>(
  shapes: Keys<T>,
  { noun = "key", others, suggest = nearest, expected = () => "an object" }: ClosedOptions<T> = {},
): Shape<T> {
  const open = object<T>(shapes);
  const names = Object.keys(shapes) as (keyof T & string)[];
  const isOther = (key: string) => others?.pattern.test(key) ?? false;
  return {
    encode: open.encode,
    decode: open.decode,
    mismatch(value) {
      if (!isObject(value)) {
        return { path: [], found: showValue(value), expected: expected(value) };
      }
      for (const key of Object.keys(value)) {
        if (Object.hasOwn(shapes, key)) continue;
        if (!isOther(key)) return unknownKey(key);
        const wrong = others!.shape.mismatch(value[key]);
        if (wrong !== null) return under(key, wrong);
      }
      const missing = names.find((key) =>
        value[key] === undefined && shapes[key].mismatch(undefined) !== null
      );
      if (missing === undefined) return open.mismatch(value);
      return { path: [], verb: "has no", found: showValue(missing), expected: "one" };
    },
    schema() {
      const schema: Record<string, unknown> = { ...open.schema(), additionalProperties: false };
      if (others !== undefined) {
        schema.patternProperties = { [others.pattern.source]: others.shape.schema() };
      }
      return schema;
    },
  };
  function unknownKey(key: string): Mismatch {
    return {
      path: [],
      unknownKey: key,
      verb: `has the unknown ${noun}`,
      found: showValue(key),
      expected: names.length === 0 ? "none" : names.map(showValue).join(", "),
      meant: suggest(key, names),
    };
  }
}

/** Returns the shape of data that has the keys of several shapes, for arguments alone. */
export function allOf(...shapes: Shape<unknown>[]): Shape<unknown> {
  const mismatch = (value: unknown) => {
    for (const shape of shapes) {
      const wrong = shape.mismatch(value);
      if (wrong !== null) return wrong;
    }
    return null;
  };
  return { ...shapes[0], mismatch };
}

/** Returns the shape of an array with a shape for each place; the last ones may be optional. */
export function tuple<T extends unknown[]>(...shapes: { [K in keyof T]: Shape<T[K]> }): Shape<T> {
  const least = shapes.filter((shape) => shape.mismatch(undefined) !== null).length;
  const range = least === shapes.length ? "" : `${least} to `;
  const expected = `an array of ${range}${shapes.length} items`;
  const fits = (value: unknown) =>
    Array.isArray(value) && value.length >= least && value.length <= shapes.length;
  return {
    encode: (values) => shapes.map((shape, i) => shape.encode(values[i])),
    decode(json, place) {
      if (!fits(json)) throw unreadable(place, expected, json);
      return shapes.map((shape, i) => shape.decode((json as unknown[])[i], `${place}[${i}]`)) as T;
    },
    mismatch(value) {
      if (!fits(value)) return { path: [], found: showValue(value), expected };
      for (let i = 0; i < shapes.length; i++) {
        const wrong = shapes[i].mismatch((value as unknown[])[i]);
        if (wrong !== null) return under(i, wrong);
      }
      return null;
    },
    schema: () => ({
      type: "array",
      minItems: least,
      maxItems: shapes.length,
      items: shapes.map((shape) => shape.schema()),
      additionalItems: false,
    }),
  };
}

function entriesOf(json: unknown, place: string): [string, unknown][] {
  if (!isObject(json)) throw unreadable(place, "an object", json);
  return Object.entries(json);
}
