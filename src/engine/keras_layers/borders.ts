import { showValue } from "../../words/show_value.ts";

/** How much is cut off or put at the start and the end of an axis. */
export type Border = [start: number, end: number];

/** Borders as Keras takes them: one number for all, one for each axis, or a pair for each. */
export type Borders = number | readonly (number | readonly [number, number])[];

/**
 * A pair for each axis.
 *
 * @param value What was given.
 * @param axes How many axes there are; with one, `[1, 2]` is its pair.
 * @param place Name of the setting, for messages.
 * @throws {RangeError} If it is nothing of the kind.
 */
export function bordersOf(value: Borders, axes: number, place: string): Border[] {
  const list = typeof value === "number" ? Array(axes).fill(value) : axes === 1 ? [value] : value;
  const pairs = list.map((one) => typeof one === "number" ? [one, one] : one);
  const isSound = pairs.length === axes && pairs.every((pair) =>
    pair.length === 2 &&
    pair.every((size: unknown) => Number.isInteger(size) && (size as number) >= 0)
  );
  if (isSound) return pairs as Border[];
  throw new RangeError(
    `${place} is ${showValue(value)}, expected a whole number from 0, or ${
      axes === 1 ? "two of them" : `one or two of them for each of the ${axes} axes`
    }`,
  );
}

/** The borders as a configuration has them: of one axis its pair, else a pair for each. */
export function writtenBorders(borders: readonly Border[]): Border | Border[] {
  return borders.length === 1 ? borders[0] : [...borders];
}
