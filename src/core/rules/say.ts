import type { LayerMeasurements } from "../measure/measurements.ts";
import {
  formatCount,
  formatFactor,
  formatNumber,
  formatPercent,
} from "../../ground/words/numbers.ts";
import {
  list,
  number as numberShape,
  object,
  optional,
  primitive,
  requireValue,
  string,
} from "../../ground/words/shape.ts";
import { showValue } from "../../ground/words/show_value.ts";

/**
 * Value allowed in a template of {@linkcode say}: a string is a word, and a sentence becomes part
 * of the new one.
 */
export type Sayable = string | Slot | Sentence | Expected;

/**
 * Creates a sentence from a template. Its literal texts identify the kind of the sentence; the
 * values become slots. A line break and the indentation after it become a space.
 *
 * @example A sentence as data: `dense_1 has 12 units.`
 * ```ts
 * import { figure, layerName, say } from "@gradient-health/gradient-health/rules";
 * import { assertEquals } from "@std/assert";
 *
 * const sentence = say`${layerName("dense_1")} has ${figure(12, "units")} units.`;
 * assertEquals(sentence, [{ layer: "dense_1" }, " has ", { value: 12, unit: "units" }, " units."]);
 * ```
 */
export function say(texts: TemplateStringsArray, ...values: Sayable[]): Sentence {
  requireValue("texts", texts, list(string));
  requireValue("values", values, list(sayable));
  const parts: (string | Slot)[] = [];
  const add = (part: string | Slot) => {
    const last = parts.length - 1;
    if (part === "") return;
    if (typeof part === "string" && typeof parts[last] === "string") parts[last] += part;
    else parts.push(part);
  };
  texts.forEach((text, index) => {
    add(text.replace(/\s*\n\s*/g, " "));
    if (index < values.length) partsOf(values[index]).forEach(add);
  });
  return parts;
}

const sayable = primitive(
  "text, a name, a figure or a sentence",
  (value) => typeof value === "string" || typeof value === "object" && value !== null,
);

function partsOf(value: Sayable): Sentence {
  if (typeof value === "string") return [{ word: value }];
  if ("text" in value) return expectedParts(value);
  return isSentence(value) ? value : [value];
}

/** Returns true for a sentence. `Array.isArray` does not narrow readonly arrays. */
function isSentence(value: Slot | Sentence): value is Sentence {
  return Array.isArray(value);
}

/** Empty sentence, for a part with nothing to say. */
export const NOTHING: Sentence = [];

/** Joins sentences, or parts of one, with a separator. */
export function joined(sentences: readonly Sentence[], between: string): Sentence {
  return sentences.flatMap((sentence, index) => index === 0 ? sentence : [between, ...sentence]);
}

/** Returns a slot with the name of a layer, for {@linkcode say}. */
export const layerName = (layer: string): Slot => ({ layer });

/**
 * Returns a slot with the names of several layers, for {@linkcode say}. More than three are shown
 * as a run, `dense_2 ... dense_10`, if they are neighbours within their kind, else as the first
 * three and the number of the rest.
 *
 * @param layers The names, in the order of `among`.
 * @param among The layers that the rule could have named.
 */
export function layerNames(
  layers: readonly string[],
  among: readonly { name: string; className: string }[],
): Slot {
  requireValue("layers", layers, list(string));
  requireValue("among", among, list(object({ name: string, className: string })));
  return layers.length === 1 ? layerName(layers[0]) : { layers, run: isRun(layers, among) };
}

/** Returns a slot with the name of a layer's weight, for {@linkcode say}. */
export const weightName = (weight: string, layer: string): Slot => ({ weight, layer });

/**
 * Returns a figure shown with three significant digits, for {@linkcode say} and for the `figures`
 * of a finding.
 */
export const figure = (value: number, unit: string): FindingFigure => ({ value, unit });

/** Returns a figure shown with all digits, such as a count. */
export const exactFigure = (value: number, unit: string): FindingFigure => ({
  value,
  unit,
  as: "exact",
});

/** Returns a share shown as a percentage. */
export const shareFigure = (value: number, unit: string): FindingFigure => ({
  value,
  unit,
  as: "percent",
});

/**
 * Returns a number without a unit, such as the limit of a figure that the sentence has just named.
 */
export const number = (value: number, as?: FindingFigure["as"]): Slot =>
  as === undefined ? { value } : { value, as };

/** Returns a count with its singular noun: `1 example`, `32 examples`. */
export const counted = (count: number, noun: string): Slot => ({ count, noun });

/** Returns a name for the error message, quoted if it is invisible or breaks the line. */
export function showName(name: string): string {
  return /^$|[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u.test(name) ? showValue(name) : name;
}

/** Comparison of a figure with its bounds. */
export type Operator = ">=" | "<=" | ">" | "<" | "==" | "between";

/** Expectation of a rule: a comparison, or only words if nothing is compared. */
export interface Expected {
  /** Text of the expectation: `<= 0.5`, `0.001 .. 1000`, `a finite J`. */
  text: string;
  /** Comparison with the bounds. Absent if nothing is compared. */
  operator?: Operator;
  /** Bounds: two for `between`, else one. */
  bounds?: number[];
  /** Unit of the bounds, if the text shows it: `examples`. */
  unit?: string;
  /** Quantity that is compared, if it is not the measured figure: `max |dJ/dw|`. */
  of?: string;
}

/** Parts of an expectation's text besides its bounds. */
type Written = Pick<Expected, "unit" | "of">;

const writtenShape = object({ unit: optional(string), of: optional(string) });

const compared = (operator: Operator, bounds: number[], written: Written = {}): Expected => {
  requireValue("bounds", bounds, list(numberShape));
  requireValue("written", written, writtenShape);
  const expected = { text: "", operator, bounds, ...written };
  return { ...expected, text: sayPlain(expectedParts(expected)) };
};

/** Expects a figure of at least `bound`. */
export const atLeast = (bound: number, written?: Written): Expected =>
  compared(">=", [bound], written);
/** Expects a figure of at most `bound`. */
export const atMost = (bound: number, written?: Written): Expected =>
  compared("<=", [bound], written);
/** Expects a figure above `bound`. */
export const moreThan = (bound: number, written?: Written): Expected =>
  compared(">", [bound], written);
/** Expects a figure below `bound`. */
export const lessThan = (bound: number, written?: Written): Expected =>
  compared("<", [bound], written);
/** Expects a figure equal to `bound`. */
export const exactly = (bound: number, written?: Written): Expected =>
  compared("==", [bound], written);
/** Expects a figure from `low` to `high`, both included. */
export const between = (low: number, high: number): Expected => compared("between", [low, high]);
/** States an expectation that is not a comparison. */
export const inWords = (text: string): Expected => ({ text });

/** Returns an expectation as part of a sentence, with its bounds as slots. */
function expectedParts({ text, operator, bounds = [], unit, of }: Expected): Sentence {
  if (operator === undefined) return [text];
  // Counts are written with all digits.
  const as: FigureFormat | undefined = unit === undefined ? undefined : "exact";
  const [low, high] = bounds.map((value) => as === undefined ? { value } : { value, as });
  const what = of === undefined ? "" : `${of} `;
  const after = unit === undefined ? "" : ` ${unit}`;
  if (operator === "between") return [what, low, " .. ", high, after];
  return [operator === "==" ? what : `${what}${operator} `, low, after];
}

/** Figure with its unit. */
export interface FindingFigure {
  /** Value of the figure. */
  value: number;
  /** Unit or definition of the figure: `l2 of delta`, `rms(bias) / rms(z)`, `entries`. */
  unit: string;
  /** Format in a sentence: all digits, a percentage or a factor. Default: three digits. */
  as?: FigureFormat;
}

/** Format of a figure in a sentence. */
export type FigureFormat = "exact" | "percent" | "factor";

/** Variable part of a sentence, which differs between sentences of its kind. */
export type Slot =
  /** Name of a layer. */
  | { layer: string }
  /**
   * Names of several layers. If `run` is true they are neighbours, so the first and the last say
   * all.
   */
  | { layers: readonly string[]; run: boolean }
  /** Name of a weight and of its layer, with which the weight's name usually begins. */
  | { weight: string; layer: string }
  /** Figure. A limit has no unit. */
  | Omit<FindingFigure, "unit"> & { unit?: string }
  /** Count with its noun in the singular. */
  | { count: number; noun: string }
  /** Any other name or word: of an activation, a loss, an optimizer. */
  | { word: string };

/**
 * Sentence as plain data: the texts shared by all sentences of its kind, and the slots between
 * them. A judge makes it with {@linkcode say} or returns a string, which is a single text.
 */
export type Sentence = readonly (string | Slot)[];

/**
 * Returns the text of a sentence.
 *
 * @param nameOf Formats the name of a layer. Default: unchanged.
 */
export function sayPlain(
  sentence: Sentence,
  nameOf: (layer: string) => string = (layer) => layer,
): string {
  return sentence.map((part, i) => {
    if (typeof part === "string") return part;
    const before = i > 0 ? sentence[i - 1] : null;
    const after = typeof before === "string" ? before : "";
    const numbered = after.endsWith("`") ? null : numberedLayers(part, nameOf);
    if (numbered === null) return fill(part, nameOf);
    const [noun, names] = numbered;
    if (/layers? $/.test(after)) return names;
    const startsSentence = i === 0 && sentence.length > 1;
    return `${startsSentence ? noun.replace("l", "L") : noun} ${names}`;
  }).join("");
}

/**
 * Returns a noun and the names of layers that are named by numbers, as those of an `nn.Sequential` are: "layers" and
 * "`0`, `2`". A bare 0 would read as a figure. `null` for any other slot.
 */
function numberedLayers(
  slot: Slot,
  nameOf: (layer: string) => string,
): [noun: string, names: string] | null {
  const isNumber = (name: string) => /^\d+$/.test(name);
  const quoted = (name: string) => `\`${nameOf(name)}\``;
  if ("weight" in slot) return null;
  if ("layer" in slot) return isNumber(slot.layer) ? ["layer", quoted(slot.layer)] : null;
  if (!("layers" in slot) || !slot.layers.every(isNumber)) return null;
  return ["layers", listLayers(slot.layers.map(quoted), slot)];
}

function fill(slot: Slot, nameOf: (layer: string) => string): string {
  if ("weight" in slot) {
    const { weight, layer } = slot;
    return weight.startsWith(layer) ? nameOf(layer) + weight.slice(layer.length) : weight;
  }
  if ("layer" in slot) return nameOf(slot.layer);
  if ("layers" in slot) return listLayers(slot.layers.map(nameOf), slot);
  if ("word" in slot) return slot.word;
  if ("count" in slot) return formatCount(slot.count, slot.noun);
  return FORMATS[slot.as ?? "short"](slot.value);
}

const FORMATS = {
  short: formatNumber,
  exact: String,
  percent: formatPercent,
  factor: formatFactor,
};

/** Returns a key of the texts shared by all sentences of a kind. */
export function kindOfSentence(sentence: Sentence): string {
  return JSON.stringify(sentence.map((part) => typeof part === "string" ? part : null));
}

/** Returns a key that is equal for two sentences that say the same about two layers. */
export function apartFromLayer(sentence: Sentence, layer: string | null): string {
  return JSON.stringify(sentence.map((part) => {
    if (typeof part === "string" || !("layer" in part) || part.layer !== layer) return part;
    return "weight" in part && part.weight.startsWith(layer)
      ? { weight: part.weight.slice(layer.length) }
      : null;
  }));
}

/** Returns the slots of a sentence, which are equal if the same is said. */
export function slotsOf(sentence: Sentence): Slot[] {
  return sentence.filter((part) => typeof part !== "string");
}

/**
 * Lists names briefly: up to three in full, a run of neighbours as `dense_2 ... dense_10`, others
 * as the first three and the number of the rest.
 */
export function listLayers(names: readonly string[], { run }: { run: boolean }): string {
  if (names.length <= 3) return names.join(", ");
  if (run) return `${names[0]} ... ${names[names.length - 1]}`;
  return `${names.slice(0, 3).join(", ")} and ${names.length - 3} more`;
}

/**
 * Returns true if layers are neighbours within their own kind: `Dense` layers are, even with
 * activations between them.
 *
 * @param names The names, in the order of `all`.
 * @param all The layers that the rule could have named.
 */
export function isRun(
  names: readonly string[],
  all: readonly Pick<LayerMeasurements, "name" | "className">[],
): boolean {
  const wanted = new Set(names);
  const kinds = new Set(
    all.filter(({ name }) => wanted.has(name)).map(({ className }) => className),
  );
  const alike = all.filter(({ className }) => kinds.has(className));
  const start = alike.findIndex(({ name }) => name === names[0]);
  return names.every((name, index) => alike[start + index]?.name === name);
}

/**
 * Defers a computation until its result is needed, and runs it once. Most rules find nothing, and a
 * study runs them thousands of times.
 */
export function once<T>(compute: () => T): () => T {
  let known: { value: T } | null = null;
  return () => (known ??= { value: compute() }).value;
}
