import type { Chance } from "../chance.ts";
import { sizeOf } from "./case.ts";

export function drawShape(chance: Chance, least: number, most: number, entries = 2000): number[] {
  const shape = chance.list(
    least,
    most,
    () => chance.happens(0.03) ? 0 : chance.one([1, 2, 3, 4, 5, 7, 8, 9, 17]),
  );
  return sizeOf(shape) <= entries ? shape : drawShape(chance, least, most, entries);
}
