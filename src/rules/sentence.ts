import type { LayerMeasurements } from "../measure/measurements.ts";
import { formatCount, formatFactor, formatNumber, formatPercent } from "../words/numbers.ts";

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
