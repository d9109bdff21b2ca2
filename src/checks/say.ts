import { arrayOf, must, objectWith, requireValue, text } from "../words/requirements.ts";
import { type Expected, expectedParts } from "./expected.ts";
import { isRun } from "./list_layers.ts";
import type { FindingFigure, Sentence, Slot } from "./sentence.ts";

/** What may stand in a template of {@linkcode say}: a string is a word, and a sentence becomes part of this one. */
export type Sayable = string | Slot | Sentence | Expected;

/**
 * A template that makes a sentence. What the template spells out are its texts, by which sentences of one
 * kind are known; what it fills in are slots. A line break in it, with the indentation after it, is a space.
 *
 * @example A sentence as data: `dense_1 has 12 units.`
 * ```ts
 * import { figure, layerName, say } from "@gradient-health/gradient-health/checks";
 * import { assertEquals } from "@std/assert";
 *
 * const sentence = say`${layerName("dense_1")} has ${figure(12, "units")} units.`;
 * assertEquals(sentence, [{ layer: "dense_1" }, " has ", { value: 12, unit: "units" }, " units."]);
 * ```
 */
export function say(texts: TemplateStringsArray, ...values: Sayable[]): Sentence {
  requireValue("texts", texts, arrayOf(text));
  requireValue("values", values, arrayOf(sayable));
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

const sayable = must(
  "text, a name, a figure or a sentence",
  (value) => typeof value === "string" || typeof value === "object" && value !== null,
);

function partsOf(value: Sayable): Sentence {
  if (typeof value === "string") return [{ word: value }];
  if ("text" in value) return expectedParts(value);
  return isSentence(value) ? value : [value];
}

/** Whether something to say is a sentence: `Array.isArray` does not tell readonly ones. */
function isSentence(value: Slot | Sentence): value is Sentence {
  return Array.isArray(value);
}

/** No sentence, for a part that has nothing to say. */
export const NOTHING: Sentence = [];

/** Sentences, or parts of one, one after the other with something between them. */
export function joined(sentences: readonly Sentence[], between: string): Sentence {
  return sentences.flatMap((sentence, index) => index === 0 ? sentence : [between, ...sentence]);
}

/** The name of a layer, for {@linkcode say}. */
export const layerName = (layer: string): Slot => ({ layer });

/**
 * The names of several layers, for {@linkcode say}: more than three are shown as a run, `dense_2 ... dense_10`, where
 * they are neighbours among layers of their kind, else as the first three and how many more.
 *
 * @param layers The names, in the order of `among`.
 * @param among The layers that the rule could have named.
 */
export function layerNames(
  layers: readonly string[],
  among: readonly { name: string; className: string }[],
): Slot {
  requireValue("layers", layers, arrayOf(text));
  requireValue("among", among, arrayOf(objectWith({ name: text, className: text })));
  return layers.length === 1 ? layerName(layers[0]) : { layers, run: isRun(layers, among) };
}

/** The name of a weight of a layer, for {@linkcode say}. */
export const weightName = (weight: string, layer: string): Slot => ({ weight, layer });

/** A figure of three significant digits, for {@linkcode say} and for a finding's `figures`. */
export const figure = (value: number, unit: string): FindingFigure => ({ value, unit });

/** A figure that is written with all its digits, a count for instance. */
export const exactFigure = (value: number, unit: string): FindingFigure => ({
  value,
  unit,
  as: "exact",
});

/** A share, which is written as a percentage. */
export const shareFigure = (value: number, unit: string): FindingFigure => ({
  value,
  unit,
  as: "percent",
});

/** A number that needs no unit, a limit of a figure that the sentence has just named for instance. */
export const number = (value: number, as?: FindingFigure["as"]): Slot =>
  as === undefined ? { value } : { value, as };

/** A number with its noun, in the singular: `1 example`, `32 examples`. */
export const counted = (count: number, noun: string): Slot => ({ count, noun });
