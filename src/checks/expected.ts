import {
  arrayOf,
  number,
  objectWith,
  optional,
  requireValue,
  text,
} from "../words/requirements.ts";
import { type FigureFormat, sayPlain, type Sentence } from "./sentence.ts";

/** How a figure is compared with its bounds. */
export type Operator = ">=" | "<=" | ">" | "<" | "==" | "between";

/** What a rule expected: a comparison, or where nothing is compared words alone. */
export interface Expected {
  /** As it is written: `<= 0.5`, `0.001 .. 1000`, `a finite J`. */
  text: string;
  /** How the figure is compared; absent where nothing is. */
  operator?: Operator;
  /** What it is compared with: two bounds of `between`, else one. */
  bounds?: number[];
  /** What the bounds are counted in, where it is written: `examples`. */
  unit?: string;
  /** What is compared, where that is not the measured figure: `max |dJ/dw|`. */
  of?: string;
}

/** How an expectation is written where it is not the bounds alone. */
type Written = Pick<Expected, "unit" | "of">;

const writtenShape = objectWith({ unit: optional(text), of: optional(text) });

const compared = (operator: Operator, bounds: number[], written: Written = {}): Expected => {
  requireValue("bounds", bounds, arrayOf(number));
  requireValue("written", written, writtenShape);
  const expected = { text: "", operator, bounds, ...written };
  return { ...expected, text: sayPlain(expectedParts(expected)) };
};

/** At least that much. */
export const atLeast = (bound: number, written?: Written): Expected =>
  compared(">=", [bound], written);
/** That much or less. */
export const atMost = (bound: number, written?: Written): Expected =>
  compared("<=", [bound], written);
/** More than that. */
export const moreThan = (bound: number, written?: Written): Expected =>
  compared(">", [bound], written);
/** Less than that. */
export const lessThan = (bound: number, written?: Written): Expected =>
  compared("<", [bound], written);
/** Just that. */
export const exactly = (bound: number, written?: Written): Expected =>
  compared("==", [bound], written);
/** From one bound to the other, both included. */
export const between = (low: number, high: number): Expected => compared("between", [low, high]);
/** What no comparison says. */
export const inWords = (text: string): Expected => ({ text });

/** What was expected as it stands in a sentence, its bounds as slots. */
export function expectedParts({ text, operator, bounds = [], unit, of }: Expected): Sentence {
  if (operator === undefined) return [text];
  // A count is written with all its digits.
  const as: FigureFormat | undefined = unit === undefined ? undefined : "exact";
  const [low, high] = bounds.map((value) => as === undefined ? { value } : { value, as });
  const what = of === undefined ? "" : `${of} `;
  const after = unit === undefined ? "" : ` ${unit}`;
  if (operator === "between") return [what, low, " .. ", high, after];
  return [operator === "==" ? what : `${what}${operator} `, low, after];
}
