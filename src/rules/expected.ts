import { list, number, object, optional, requireValue, string } from "../words/shape.ts";
import { type FigureFormat, sayPlain, type Sentence } from "./sentence.ts";

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
  requireValue("bounds", bounds, list(number));
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
export function expectedParts({ text, operator, bounds = [], unit, of }: Expected): Sentence {
  if (operator === undefined) return [text];
  // Counts are written with all digits.
  const as: FigureFormat | undefined = unit === undefined ? undefined : "exact";
  const [low, high] = bounds.map((value) => as === undefined ? { value } : { value, as });
  const what = of === undefined ? "" : `${of} `;
  const after = unit === undefined ? "" : ` ${unit}`;
  if (operator === "between") return [what, low, " .. ", high, after];
  return [operator === "==" ? what : `${what}${operator} `, low, after];
}
