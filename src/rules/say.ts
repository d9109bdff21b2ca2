import { list, object, primitive, requireValue, string } from "../words/shape.ts";
import { showValue } from "../words/show_value.ts";
import { type Expected, expectedParts } from "./expected.ts";
import { type FindingFigure, isRun, type Sentence, type Slot } from "./sentence.ts";

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
