import type { Objective } from "./objective.ts";

/** Whether a tensor has a shape, `null` being any size. */
export function hasShape(shape: readonly number[], expected: readonly (number | null)[]): boolean {
  return shape.length === expected.length &&
    expected.every((size, axis) => size === null || size === shape[axis]);
}

/** A shape as an error message has it. */
export function showShape(shape: readonly (number | null)[]): string {
  return `[${shape.map((size) => size ?? "any").join(", ")}]`;
}

type Shape = readonly (number | null)[];

/**
 * The shapes that the targets of an output may have; any other would be broadcast against the output,
 * and another loss measured. An axis of size 1 at the end may be left out.
 *
 * @param output Shape of the output, `null` for a size that is left open.
 * @param objective What the targets are for. `"sum"`, which has no use for them, and `undefined`: any
 *   loss, so that class numbers are as good as the output's own shape. A function takes what it likes.
 * @returns The shapes, the one to ask for first; `null` where anything goes.
 */
export function targetShapes(
  output: Shape,
  objective?: Objective,
): Shape[] | null {
  if (typeof objective === "function") return null;
  const classNumbers = [...output.slice(0, -1), 1];
  const shapes = objective === "sparseCategoricalCrossentropy"
    ? [classNumbers]
    : objective === undefined || objective === "sum"
    ? [output, classNumbers]
    : [output];
  return shapes.flatMap((shape) => shape.at(-1) === 1 ? [shape, shape.slice(0, -1)] : [shape]);
}
