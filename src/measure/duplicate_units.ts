import type { Layer } from "../engine/tensorflow.ts";
import { countDuplicateUnits } from "./count_duplicate_units.ts";

const TRANSPOSED = new Set(["Conv2DTranspose", "Conv3DTranspose"]);

/**
 * How many units of a kernel have exactly the incoming weights of an earlier one.
 *
 * Units lie on the last axis; on the last but one in a transposed convolution; on the last two
 * together in a depthwise one.
 *
 * @param layer The layer that the kernel belongs to.
 * @param name The weight's own name.
 * @param shape The kernel's shape.
 * @param read Gives the kernel, row-major; not called for another weight.
 * @returns The number, or `null` for a weight that is no kernel: of rank 0 or 1, or an embedding.
 */
export function duplicateUnits(
  layer: Layer,
  name: string,
  shape: number[],
  read: () => ArrayLike<number>,
): number | null {
  if (shape.length < 2 || layer.getClassName() === "Embedding") return null;
  const values = read();
  const last = shape.at(-1)!, before = shape.at(-2)!;
  const size = shape.reduce((a, b) => a * b, 1);
  if (name.includes("depthwise_kernel")) {
    const units = last * before;
    return countDuplicateUnits(values, units, (unit, n) => n * units + unit, size / units);
  }
  if (TRANSPOSED.has(layer.getClassName())) {
    // The incoming weights of a unit: every position of the kernel, every input channel.
    const at = (unit: number, n: number) =>
      Math.floor(n / last) * before * last + unit * last + n % last;
    return countDuplicateUnits(values, before, at, size / before);
  }
  return countDuplicateUnits(values, last, (unit, n) => n * last + unit, size / last);
}
