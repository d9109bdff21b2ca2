/** A shape as an error message has it. */
export function showShape(shape: readonly (number | null)[]): string {
  return `[${shape.map((size) => size ?? "any").join(", ")}]`;
}
