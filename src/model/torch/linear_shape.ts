/**
 * Inputs and outputs of an EinsumDense that computes what a Linear does: it sums over the last axes of its input, and its
 * kernel has those axes first and the new ones after them, `"abc,cde->abde"`. The entries of the kernel then lie as those
 * of a Dense do.
 *
 * @param equation Its equation.
 * @param shape Shape of its kernel.
 * @returns `null` if it computes something else.
 */
export function linearShape(equation: string, shape: readonly number[]): number[] | null {
  const [, input, kernel, output] = /^(\w+),(\w+)->(\w+)$/.exec(equation) ?? [];
  if (input === undefined) return null;
  const summed = [...input].filter((letter) => !output.includes(letter)).join("");
  const made = [...output].filter((letter) => !input.includes(letter)).join("");
  const kept = input.slice(0, input.length - summed.length);
  if (input !== kept + summed || kernel !== summed + made || output !== kept + made) return null;
  const count = (sizes: readonly number[]) => sizes.reduce((a, b) => a * b, 1);
  return [count(shape.slice(0, summed.length)), count(shape.slice(summed.length))];
}
