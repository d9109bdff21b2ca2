import { type NdArray, ndArray, sizeOf } from "../../conformance/reference/mod.ts";

/** An Einstein sum as it is defined: for every value of every letter, the product of the entries. */
export function naiveEinsum(equation: string, operands: readonly NdArray[]): NdArray {
  const [left, right] = equation.split("->");
  const terms = left.split(",");
  const open = Math.max(
    ...terms.map((term, i) =>
      term.includes("...") ? operands[i].shape.length - term.replace("...", "").length : 0
    ),
  );
  const letters = (term: string, rank: number) => {
    const count = rank - term.replace("...", "").length;
    // Digits count the axes of "..." from the last one.
    const dots = Array.from({ length: count }, (_, i) => `${count - 1 - i}`).join("");
    return [...term.replace("...", dots)];
  };
  const inputs = terms.map((term, i) => letters(term, operands[i].shape.length));
  const output = letters(
    right,
    right.replace("...", "").length + (right.includes("...") ? open : 0),
  );
  const sizes = new Map<string, number>();
  inputs.forEach((term, i) =>
    term.forEach((label, axis) =>
      sizes.set(label, Math.max(sizes.get(label) ?? 1, operands[i].shape[axis]))
    )
  );
  const labels = [...sizes.keys()];
  const result = ndArray(output.map((label) => sizes.get(label)!));
  const offset = (shape: readonly number[], term: string[], at: Map<string, number>) =>
    term.reduce((sum, label, i) => sum * shape[i] + (shape[i] === 1 ? 0 : at.get(label)!), 0);
  const all = labels.map((label) => sizes.get(label)!);
  for (let flat = 0; flat < sizeOf(all); flat++) {
    const at = new Map<string, number>();
    let rest = flat;
    labels.forEach((label, i) => {
      at.set(label, rest % all[i]);
      rest = Math.floor(rest / all[i]);
    });
    const product = operands.reduce(
      (value, { shape, data }, i) => value * data[offset(shape, inputs[i], at)],
      1,
    );
    result.data[offset(result.shape, output, at)] += product;
  }
  return result;
}
