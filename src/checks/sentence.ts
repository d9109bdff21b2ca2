import { formatCount, formatFactor, formatNumber, formatPercent } from "../words/numbers.ts";
import { listLayers } from "./list_layers.ts";

/** A figure, and what it is of. */
export interface FindingFigure {
  /** Its value. */
  value: number;
  /** What it is counted in, or which quotient it is: `l2 of delta`, `rms(bias) / rms(z)`, `entries`. */
  unit: string;
  /** How a sentence writes it: with all its digits, as a percentage or as a factor. Default: with three digits. */
  as?: FigureFormat;
}

/** How a sentence writes a figure. */
export type FigureFormat = "exact" | "percent" | "factor";

/** What stands in a sentence where another one of its kind has something else. */
export type Slot =
  /** The name of a layer. */
  | { layer: string }
  /** The names of several; `run` where they are neighbours, so that the first and the last tell all. */
  | { layers: readonly string[]; run: boolean }
  /** The name of a weight, and of its layer, with which it begins as a rule. */
  | { weight: string; layer: string }
  /** A figure; one that is a limit has no unit of its own. */
  | Omit<FindingFigure, "unit"> & { unit?: string }
  /** How many there are of what the noun, in the singular, says. */
  | { count: number; noun: string }
  /** Any other name or word: of an activation, a loss, an optimizer. */
  | { word: string };

/**
 * A sentence as plain data: the texts that all sentences of its kind share, and what stands between them.
 * A rule's judge makes it with {@linkcode say}, or hands over a string, which is one text.
 */
export type Sentence = readonly (string | Slot)[];

/**
 * The text of a sentence.
 *
 * @param sentence The sentence.
 * @param nameOf How to write the name of a layer. Default: as it is.
 */
export function sayPlain(
  sentence: Sentence,
  nameOf: (layer: string) => string = (layer) => layer,
): string {
  return sentence.map((part) => typeof part === "string" ? part : fill(part, nameOf)).join("");
}

function fill(slot: Slot, nameOf: (layer: string) => string): string {
  if ("weight" in slot) {
    const { weight, layer } = slot;
    return weight.startsWith(layer) ? nameOf(layer) + weight.slice(layer.length) : weight;
  }
  if ("layer" in slot) return nameOf(slot.layer);
  if ("layers" in slot) return listLayers(slot.layers.map(nameOf), slot.run);
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

/** What all sentences of a kind share, as a key. */
export function kindOfSentence(sentence: Sentence): string {
  return JSON.stringify(sentence.map((part) => typeof part === "string" ? part : null));
}

/** What two sentences share that say the same of two layers, as a key. */
export function apartFromLayer(sentence: Sentence, layer: string | null): string {
  return JSON.stringify(sentence.map((part) => {
    if (typeof part === "string" || !("layer" in part) || part.layer !== layer) return part;
    return "weight" in part && part.weight.startsWith(layer)
      ? { weight: part.weight.slice(layer.length) }
      : null;
  }));
}

/** Whatever stands between the texts of a sentence: it is the same where the same is said. */
export function slotsOf(sentence: Sentence): Slot[] {
  return sentence.filter((part) => typeof part !== "string");
}
