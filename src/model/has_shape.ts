/** Whether a tensor has a shape, `null` being any size. */
export function hasShape(shape: readonly number[], expected: readonly (number | null)[]): boolean {
  return shape.length === expected.length &&
    expected.every((size, axis) => size === null || size === shape[axis]);
}
