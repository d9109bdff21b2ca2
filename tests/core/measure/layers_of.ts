import type { Measurements } from "../../../src/entry/measure.ts";

/**
 * Returns figures to 12 digits, as sums in the order of the file round otherwise, and without the
 * first entry that is not finite, which is the first of the file.
 */
export const layersOf = ({ layers }: Pick<Measurements, "layers">): unknown =>
  JSON.parse(JSON.stringify(layers, (key, value) => {
    if (key === "first") return undefined;
    return typeof value === "number" ? Number(value.toPrecision(12)) : value;
  }));
