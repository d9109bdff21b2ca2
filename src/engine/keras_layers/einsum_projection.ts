type Shape = readonly (number | null)[];

/** Shapes of an EinsumDense for a given input shape. */
export interface EinsumProjection {
  output: (number | null)[];
  kernel: number[];
  /** `null` if there is none. */
  bias: number[] | null;
  /** Axes of the kernel that are summed over, and the others. */
  inputAxes: number[];
  outputAxes: number[];
}

/** Configuration of an EinsumDense. */
export interface EinsumSettings {
  /** Input, kernel and output: `"abc,cd->abd"`, `"...x,xy->...y"` or `"ab...,bc->ac..."`. */
  equation: string;
  /**
   * Axes of the output after the first, without those that `...` stands for: `null` takes the size
   * from the input. A single number stands for one axis.
   */
  outputShape: number | readonly (number | null)[];
  /** Letters of the output that have a bias each. Default: no bias. */
  biasAxes?: string | null;
}

const FORMS =
  /^(?:([a-z]+),([a-z]+)->([a-z]+)|(\.\.\.)([a-z]+),([a-z]+)->\.\.\.([a-z]+)|([a-z]{2,})\.\.\.,([a-z]+)->([a-z]+)\.\.\.)$/i;

/**
 * Returns the shapes of an EinsumDense.
 *
 * @param settings Its configuration.
 * @param input The shape of its input.
 * @throws {Error} If the equation is of another form, or does not fit the shapes.
 */
export function einsumProjection(
  { equation, outputShape, biasAxes }: EinsumSettings,
  input: Shape,
): EinsumProjection {
  const groups = equation.replace(/\s/g, "").match(FORMS)?.slice(1);
  if (groups === undefined) {
    throw new Error(
      `equation is "${equation}", expected the form "abc,cd->abd", "...x,xy->...y" or "ab...,bc->ac..."`,
    );
  }
  const isLeft = groups[3] !== undefined;
  const [from, by, to] = groups.filter((one) => one !== undefined && one !== "...");
  const elided = Array.from(
    { length: Math.max(0, input.length - from.length) },
    (_, i) => `...${i}`,
  );
  const around = (letters: string) => isLeft ? [...elided, ...letters] : [...letters, ...elided];
  const hasDots = equation.includes("...");
  const read = hasDots ? around(from) : [...from];
  const made = hasDots ? around(to) : [...to];
  if (read.length !== input.length) {
    throw new Error(
      `equation is "${equation}", which does not fit an input of ${input.length} axes`,
    );
  }
  const sizes = new Map(read.map((label, axis) => [label, input[axis]]));
  const given = typeof outputShape === "number" ? [outputShape] : outputShape;
  const told = made.slice(1).filter((label) => !elided.includes(label));
  if (told.length !== given.length) {
    throw new Error(
      `outputShape has ${given.length} sizes, expected the ${told.length} after the first of "${to}"`,
    );
  }
  told.forEach((label, i) => {
    const size = given[i];
    const known = sizes.get(label) ?? null;
    if (size !== null && known !== null && size !== known) {
      throw new Error(`outputShape has ${size} for ${label}, which is ${known} in the input`);
    }
    sizes.set(label, size ?? known);
  });
  const kernel = [...by].map((label) => {
    const size = sizes.get(label) ?? null;
    if (size !== null) return size;
    throw new Error(`equation is "${equation}", expected a size for ${label} of the kernel`);
  });
  const lost = made.find((label) => !sizes.has(label));
  if (lost !== undefined) {
    throw new Error(`equation is "${equation}", expected ${lost} in the input or the kernel, too`);
  }
  const isOut = [...by].map((label) => made.includes(label));
  return {
    output: made.map((label) => sizes.get(label)!),
    kernel,
    bias: biasAxes == null ? null : biasShape(to, biasAxes, sizes, isLeft ? 0 : elided.length),
    inputAxes: isOut.flatMap((out, axis) => out ? [] : [axis]),
    outputAxes: isOut.flatMap((out, axis) => out ? [axis] : []),
  };
}

/**
 * Returns the shape of the bias from its first axis on, with size 1 for every axis without biases.
 */
function biasShape(
  to: string,
  biasAxes: string,
  sizes: ReadonlyMap<string, number | null>,
  after: number,
): number[] {
  const strange = [...biasAxes].find((letter) => !to.includes(letter));
  if (strange !== undefined || biasAxes === "") {
    throw new Error(`biasAxes is "${biasAxes}", expected letters of the output "${to}"`);
  }
  const first = Math.min(...[...biasAxes].map((letter) => to.indexOf(letter)));
  const shape = [...to.slice(first)].map((letter) => {
    const size = biasAxes.includes(letter) ? sizes.get(letter)! : 1;
    if (size !== null) return size;
    throw new Error(`biasAxes is "${biasAxes}", expected a size for ${letter}`);
  });
  return [...shape, ...new Array(after).fill(1)];
}
