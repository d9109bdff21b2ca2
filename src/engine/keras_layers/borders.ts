import { showValue } from "../../words/show_value.ts";

/** Number of entries cut off or added at the start and the end of an axis. */
export type Border = [start: number, end: number];

/** Borders as Keras accepts them: one number for all, one per axis, or one pair per axis. */
export type Borders = number | readonly (number | readonly [number, number])[];

/**
 * Returns one pair per axis.
 *
 * @param value The given borders.
 * @param axes Number of axes; with one, `[1, 2]` is its pair.
 * @param place Name of the setting, for messages.
 * @throws {RangeError} If they are not borders.
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

/** Returns the borders for a configuration: a single pair for one axis, else one pair per axis. */
export function writtenBorders(borders: readonly Border[]): Border | Border[] {
  return borders.length === 1 ? borders[0] : [...borders];
}
