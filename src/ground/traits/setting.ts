/** Values that the configuration of a layer may hold under one key. */
export interface Setting {
  /** Expected value, for messages. */
  what: string;
  /** Returns true if a value is valid. */
  is?: (value: unknown) => boolean;
  /** Items of a list of that length (`null`: any). */
  items?: { count: number | null; each: Setting };
  /**
   * True if the key is required. Otherwise a missing key, or null, means TensorFlow.js's default.
   */
  required?: boolean;
}

/** Settings that a class's configuration may hold, by keys in camel case. */
export type Settings = Readonly<Record<string, Setting>>;

/** Converts a key or name of Keras to TensorFlow.js's spelling. */
export const camelCase = (text: string): string =>
  text.length <= 1 ? text : text.replace(/_+(\w|$)/g, (_, letter) => letter.toUpperCase());

/** Converts a key or name of TensorFlow.js to the spelling of Keras, and so of the file. */
export const snakeCase = (key: string): string =>
  key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** TensorFlow.js's WASM ops take sizes as int32. */
const LARGEST = 2 ** 31 - 1;

const isWhole = (value: unknown, low: number) =>
  Number.isSafeInteger(value) && value as number >= low && value as number <= LARGEST;

const whole = (low: number): Setting => ({
  what: `a whole number from ${low} to ${LARGEST}`,
  is: (value) => isWhole(value, low),
});

const listOf = (count: number, each: Setting): Setting => ({
  what: `an array of ${count}, each ${each.what}`,
  items: { count, each },
});

const perAxis = (axes: number, each: Setting): Setting => ({
  ...each,
  what: `${each.what}, or an array of ${axes === 1 ? "one" : `${axes} of them`}`,
  items: { count: axes, each },
});

const border = whole(0);

/**
 * Returns the setting of a border: an amount for all axes, one for each, or one for each side of
 * each.
 */
const bordersOf = (axes: 1 | 2 | 3): Setting =>
  axes === 1 ? perAxis(2, border) : {
    ...border,
    what: `${border.what}, or an array of ${axes} of them, or of ${axes} pairs`,
    items: { count: axes, each: perAxis(2, border) },
  };

const number: Setting = { what: "a number", is: (value) => Number.isFinite(value) };

const size: Setting = {
  what: `null or ${whole(1).what}`,
  is: (value) => value === null || isWhole(value, 1),
};

const integer: Setting = {
  what: "a whole number",
  is: (value) => Number.isInteger(value) && Math.abs(value as number) <= LARGEST,
};

const isOpen = (value: unknown) => value === null || value === -1;

const isPermutation = (value: unknown) =>
  Array.isArray(value) && value.every(Number.isInteger) &&
  value.toSorted((a, b) => a - b).every((axis, i) => axis === i + 1);

/** Kinds of settings that layers have. */
export const KINDS = {
  axes: {
    ...integer,
    what: "a whole number or an array of them",
    items: { count: null, each: integer },
  },
  axesOrNone: {
    ...integer,
    what: "a whole number or an array of them, or of none",
    items: { count: null, each: integer },
    is: (value: unknown) => integer.is!(value) || Array.isArray(value) && value.length === 0,
  },
  axis: integer,
  bordersOf,
  choice: (...names: string[]): Setting => ({
    what: names.map((name) => JSON.stringify(snakeCase(name))).join(", ").replace(
      /, ("\w+")$/,
      " or $1",
    ),
    is: (value) => typeof value === "string" && names.includes(camelCase(value)),
  }),
  count: whole(1),
  counts: (axes: number) => perAxis(axes, whole(1)),
  flag: { what: "true or false", is: (value: unknown) => typeof value === "boolean" },
  fraction: {
    what: "a number from 0 to 1",
    is: (value: unknown) => typeof value === "number" && value >= 0 && value <= 1,
  },
  number,
  numbers: {
    ...number,
    what: "a number or an array of them",
    items: { count: null, each: number },
  },
  only: (value: unknown, why: string): Setting => ({
    what: `${value}: ${why}`,
    is: (found) => found === value,
  }),
  pair: (each: "count" | "axis" | "number"): Setting => listOf(2, KINDS[each]),
  permutation: { what: "an array of the axes 1, 2, ... in some order", is: isPermutation },
  range: {
    what: "a number above 0, or an array of 2 numbers above -1 that rise",
    is: (value: unknown) =>
      Array.isArray(value)
        ? value.length === 2 && value.every(Number.isFinite) && value[0] >= -1 &&
          value[1] >= value[0]
        : Number.isFinite(value) && value as number > 0,
  },
  batchShape: {
    what: "an array of sizes, that of the batch first",
    items: { count: null, each: size },
  },
  shape: {
    what: "an array of sizes",
    // An input of a single number per example has no axis.
    is: (value: unknown) => Array.isArray(value) && value.length === 0,
    items: { count: null, each: size },
  },
  sizes: {
    ...whole(1),
    what: `${size.what}, or an array of them`,
    items: { count: null, each: size },
  },
  target: {
    what: "an array of sizes of which -1 leaves one open",
    is: (value: unknown) =>
      Array.isArray(value) && value.filter(isOpen).length < 2 &&
      value.every((length) => isOpen(length) || isWhole(length, 1)),
  },
  text: { what: "a text", is: (value: unknown) => typeof value === "string" && value !== "" },
} satisfies Record<string, Setting | ((...args: never[]) => Setting)>;

export const required = (setting: Setting): Setting => ({ ...setting, required: true });
