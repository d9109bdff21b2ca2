import { closestString } from "@std/text/closest-string";
import { levenshteinDistance } from "@std/text/levenshtein-distance";
import { failure, NotAFile, oneLine } from "./failure.ts";
import { showValue } from "./show_value.ts";
import { isFileProblem } from "../../platform/file_problems.ts";

/** Parts of the message about a rejected value. */
export interface Refusal {
  /** Place of the value: `options.seed`, `batch.inputs[0]`, `net.keras: config.layers[2]`. */
  place: string;
  /** The value in words: `-1`, `an array of 2 items`, `missing`. */
  found: string;
  /** Accepted values, in words. */
  expected: string;
  /** Verb between place and found. Default: `is`. */
  verb?: string;
  /** End of the message, with its own semicolon or colon. Default: nothing. */
  hint?: string;
  /** Text of the message in place of `expected`: a suggestion for a long list (`nearest()`), or what to do. */
  meant?: string;
}

/**
 * Error for bad input: an argument, an option, a file or a command line. Its message is one
 * sentence, `options.seed is -1, expected a whole number`; its fields have the parts.
 *
 * @example The parts of a refusal
 * ```ts
 * import { InputError } from "@gradient-health/gradient-health";
 * import { wilsonInterval } from "@gradient-health/gradient-health/theory";
 * import { assertEquals, assertThrows } from "@std/assert";
 *
 * const error = assertThrows(() => wilsonInterval(0, -1), InputError);
 * assertEquals(error.place, "trials");
 * assertEquals(error.found, "-1");
 * assertEquals(error.expected, "a whole number of at least 1");
 * ```
 */
export class InputError extends TypeError {
  /** Name of the class, for code that cannot use `instanceof`. */
  override readonly name: string = "InputError";
  /** Place of the value; empty if the message names none. */
  place: string;
  /** Value found, in words; the whole message if it names no place. */
  found: string;
  /** Accepted values, in words; empty if the message does not say. */
  expected: string;

  /**
   * Creates the error.
   *
   * @param refusal Place, found and expected, or a whole sentence. Quotes from a file are made
   * visible and kept on one line.
   * @param options Its cause. If the sentence ends with that of an `InputError`, the parts are those
   * of the cause.
   */
  constructor(refusal: Refusal | string = "", options?: ErrorOptions) {
    super(oneLine(typeof refusal === "string" ? refusal : sentenceOf(refusal)), options);
    const { place, found, expected } = typeof refusal === "string"
      ? partsOf(this.message, options?.cause)
      : refusal;
    this.place = oneLine(place);
    this.found = oneLine(found);
    this.expected = oneLine(expected);
  }

  /** Puts a file before the place, unless the message begins with it. */
  within(file: string): this {
    if (this.message.startsWith(`${file}: `)) return this;
    this.message = `${file}: ${this.message}`;
    this.place = this.place === "" ? file : `${file}: ${this.place}`;
    return this;
  }
}

/** Returns the parts of a sentence that passes an error on, or one whose parts nobody knows. */
function partsOf(message: string, cause: unknown): Pick<Refusal, "place" | "found" | "expected"> {
  if (!isInputError(cause) || !message.endsWith(cause.message)) {
    return { place: "", found: message, expected: "" };
  }
  const { place, found, expected } = cause;
  const whole = message.slice(0, -cause.message.length) + place;
  return { place: whole.replace(/: $/, ""), found, expected };
}

/** Returns false for what a user's code threw, even if it cannot be inspected. */
function isInputError(cause: unknown): cause is InputError {
  try {
    return cause instanceof InputError;
  } catch {
    return false;
  }
}

function sentenceOf({ place, verb = "is", found, expected, hint = "", meant = "" }: Refusal) {
  return `${place} ${verb} ${found}${meant || `, expected ${expected}`}${hint}`;
}

/**
 * Returns the parts of a refusal whose verb and value are one text.
 *
 * @param said Verb and value found: `has version 4`.
 */
export function refusalAt(place: string, said: string, expected: string): Refusal {
  const [verb] = said.split(" ", 1);
  return { place, verb, found: said.slice(verb.length + 1), expected };
}

const VERB =
  "is about|is|are|has|have|holds|names|needs|covers?|begins? (?:at|with)|ends? (?:at|in)|" +
  "answered|belongs to|calls|changes|computes|depends on|lists|makes|multiplies|reads|" +
  "redirects(?: to)?|returned|sends|sent|splits|takes|tends to|works|would be written to";

/** Text of a refusal: its verb and its comma divide place, found and expected. */
export const REFUSAL = new RegExp(`^([^]+?) (${VERB}) ([^]+?), expected ([^]+)$`);

/**
 * Returns the parts of a refusal that is written as a sentence, such as
 * `${place} is ${found}, expected a whole number`. Only the text of the template divides it, not the
 * values.
 */
export function refusal(texts: TemplateStringsArray, ...values: unknown[]): Refusal {
  const [, place, verb, found, expected] = REFUSAL.exec(texts.join("\0"))!;
  const rest = values.values();
  const filled = (part: string) => part.replaceAll("\0", () => `${rest.next().value}`);
  return { place: filled(place), verb, found: filled(found), expected: filled(expected) };
}

/**
 * Returns the parts of an error about a file that is a folder or a device; of any other error the
 * sentence of {@linkcode failure}.
 */
export function fileRefusal(error: unknown): Refusal | string {
  const said = failure(error);
  if (!(isFileProblem(error, "IsADirectory") || error instanceof NotAFile)) return said;
  const [, place, verb, found, expected] = REFUSAL.exec(said)!;
  return { place, verb, found, expected };
}

/**
 * Suggests the name that was probably meant, worded to end an error message.
 *
 * @param name Name that was not found.
 * @returns `"; did you mean ...?"`, or an empty string if no name is close.
 */
export function nearest(name: string, names: readonly string[]): string {
  if (names.length === 0) return "";
  const closest = closestString(name, names);
  // Two letters are half of a short word.
  const most = name.length < 5 ? 1 : Math.max(2, name.length / 3);
  const away = levenshteinDistance(name.toLowerCase(), closest.toLowerCase());
  if (away <= most || lettersOf(name) === lettersOf(closest)) return offer(closest);
  // Part of exactly one name, such as `vanishing`. A short part, or one of several names, would be
  // a guess.
  const whole = names.filter((candidate) => candidate.includes(name));
  return name.length > 4 && whole.length === 1 ? offer(whole[0]) : "";
}

/** Returns the letters of a word in order: letters that were exchanged are one slip, not two. */
const lettersOf = (word: string) => [...word].sort().join("");

const offer = (name: string) => `; did you mean ${showValue(name)}?`;
