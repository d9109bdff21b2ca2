import { InputError } from "../words/input_error.ts";
import type { EinsumLayout } from "../traits/kernel_layout.ts";

/**
 * Splits the axes of a kernel by its layout.
 *
 * @throws {InputError} If the shape does not match the layout.
 */
export function axesOf(
  shape: readonly number[],
  layout: EinsumLayout,
): { inputs: number[]; outputs: number[] } {
  const letters = [...layout.slice("einsum ".length)];
  if (letters.length !== shape.length) {
    throw new InputError({
      place: "shape",
      found: `[${shape.join(", ")}]`,
      expected: `${letters.length} axes as the layout "${layout}" has`,
    });
  }
  const at = (letter: string) => letters.flatMap((one, axis) => one === letter ? [axis] : []);
  return { inputs: at("i"), outputs: at("o") };
}

/**
 * Returns the offsets of a kernel's entries seen as a matrix: the entry of input n and unit m is at
 * `inputs[n] + outputs[m]`.
 */
export function matrixOffsets(
  shape: readonly number[],
  layout: EinsumLayout,
): { inputs: number[]; outputs: number[] } {
  const strides = shape.map((_, axis) =>
    shape.slice(axis + 1).reduce((all, size) => all * size, 1)
  );
  const offsets = (axes: readonly number[]) =>
    axes.reduce(
      (found, axis) =>
        found.flatMap((offset) =>
          Array.from({ length: shape[axis] }, (_, i) => offset + i * strides[axis])
        ),
      [0],
    );
  const { inputs, outputs } = axesOf(shape, layout);
  return { inputs: offsets(inputs), outputs: offsets(outputs) };
}
