import type { Objective } from "./objective.ts";

/** A shape, `null` for a size that is left open. */
type Shape = readonly (number | null)[];

/** Whether a tensor has a shape, `null` being any size. */
export function hasShape(shape: readonly number[], expected: Shape): boolean {
  return shape.length === expected.length &&
    expected.every((size, axis) => size === null || size === shape[axis]);
}

/** A shape as an error message has it. */
export function showShape(shape: Shape): string {
  return `[${shape.map((size) => size ?? "any").join(", ")}]`;
}

/**
 * The shapes that the targets of an output may have; any other would be broadcast against the output,
 * and another loss measured. An axis of size 1 at the end may be left out.
 *
 * @param output Shape of the output, `null` for a size that is left open.
 * @param objective What the targets are for. `"sum"`, which has no use for them, and `undefined`: any
 *   loss, so that class numbers are as good as the output's own shape. A function takes what it likes.
 * @returns The shapes, the one to ask for first; `null` where anything goes.
 */
export function targetShapes(output: Shape, objective?: Objective): Shape[] | null {
  if (typeof objective === "function") return null;
  const classNumbers = [...output.slice(0, -1), 1];
  const shapes = objective === "sparseCategoricalCrossentropy"
    ? [classNumbers]
    : objective === undefined || objective === "sum"
    ? [output, classNumbers]
    : [output];
  return shapes.flatMap((shape) => shape.at(-1) === 1 ? [shape, shape.slice(0, -1)] : [shape]);
}

/**
 * Refuses what is no size: of a batch, a layer or an axis.
 *
 * @param name What the message calls it.
 * @param value The size.
 * @throws {RangeError} If it is no whole number of at least 1.
 */
export function requireCount(name: string, value: number): void {
  if (!Number.isSafeInteger(value) || value < 1) {
    throw new RangeError(`${name} is ${value}, expected a whole number of at least 1`);
  }
}
