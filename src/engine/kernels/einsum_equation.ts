/** Einstein sum over tensors of known shapes, with a label for each axis. */
export interface EinsumTerms {
  /** Axis labels of each operand; a repeated label means the diagonal. */
  inputs: string[][];
  /** Axis labels of the result, each once. */
  output: string[];
  /** Length of the axes of each label. */
  sizes: Map<string, number>;
}

/** Returns the label of an axis covered by `...`, counted from the last one. */
const elided = (fromLast: number) => `...${fromLast}`;

const isElided = (label: string) => label.startsWith("...");

/**
 * Parses an Einstein sum in NumPy's notation: `"abc,cd->abd"`, `"...x,xy->...y"`. Without an arrow,
 * the result has the axes whose letters occur once, in alphabetical order. Axes covered by `...`
 * broadcast; axes of a letter must have equal length.
 *
 * @param equation The equation.
 * @param shapes The shapes of the operands.
 * @throws {Error} If the equation is invalid, or the shapes do not fit.
 */
export function einsumTerms(equation: string, shapes: readonly number[][]): EinsumTerms {
  const [left, right, ...more] = equation.replace(/\s/g, "").split("->");
  const sides = [...left.split(","), ...right === undefined ? [] : [right]];
  if (more.length > 0 || !sides.every((side) => /^[a-z]*(\.\.\.)?[a-z]*$/i.test(side))) {
    throw new Error(`equation is "${equation}", expected letters such as "abc,cd->abd"`);
  }
  const operands = left.split(",");
  if (operands.length !== shapes.length) {
    throw new Error(
      `equation is "${equation}", which has ${operands.length} operands, expected the ` +
        `${shapes.length} that are given`,
    );
  }
  const sizes = new Map<string, number>();
  const inputs = operands.map((operand, i) => {
    const labels = labelsOf(operand, shapes[i].length);
    const axes = `shape [${shapes[i].join(", ")}], expected axes as "${equation}" has them`;
    if (labels.length !== shapes[i].length) throw new Error(`operand ${i} has the ${axes}`);
    labels.forEach((label, axis) => {
      const size = shapes[i][axis];
      const known = sizes.get(label) ?? 1;
      const fits = !sizes.has(label) || known === size ||
        isElided(label) && (known === 1 || size === 1);
      if (!fits) throw new Error(`operand ${i} has the ${axes}: ${label} is ${known} elsewhere`);
      sizes.set(label, isElided(label) ? Math.max(known, size) : size);
    });
    return labels;
  });
  const open = [...sizes.keys()].filter(isElided).toSorted((a, b) =>
    Number(b.slice(3)) - Number(a.slice(3))
  );
  const output = right === undefined
    ? [...open, ...onceIn(inputs)]
    : labelsOf(right, right.replace("...", "").length + open.length);
  if (
    right !== undefined && !right.includes("...") && open.some((label) => sizes.get(label)! > 1)
  ) {
    throw new Error(`equation is "${equation}", expected "..." in the result, too`);
  }
  const unknown = output.find((label, i) => !sizes.has(label) || output.indexOf(label) !== i);
  if (unknown !== undefined) {
    throw new Error(
      `equation is "${equation}", expected a result of letters that operands have, each once`,
    );
  }
  return { inputs, output, sizes };
}

/** Returns the axis labels of one operand. */
function labelsOf(letters: string, rank: number): string[] {
  const [before, after] = letters.split("...");
  if (after === undefined) return [...letters];
  const count = Math.max(rank - before.length - after.length, 0);
  const open = Array.from({ length: count }, (_, i) => elided(count - 1 - i));
  return [...before, ...open, ...after];
}

function onceIn(inputs: string[][]): string[] {
  const all = inputs.flat().filter((label) => !isElided(label)).toSorted();
  return all.filter((label, i) => label !== all[i - 1] && label !== all[i + 1]);
}
