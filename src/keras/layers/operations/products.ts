import { InputError } from "../../../words/input_error.ts";
import type { OpenShape } from "../keras_layer.ts";
import { broadcastShape, type Operation, showOpen } from "./operation.ts";

/** Returns the letters of an Einstein sum: those of each operand, and of the result. */
function lettersOf(subscripts: unknown, shapes: OpenShape[]): [operands: string[], result: string] {
  const text = typeof subscripts === "string" ? subscripts : JSON.stringify(subscripts) ?? "";
  const [left, result] = text.replaceAll(" ", "").split("->");
  const operands = left.split(",");
  const fits = operands.length === shapes.length &&
    operands.every((letters, i) => letters.length === shapes[i].length);
  if (!fits || result === undefined || [...operands, result].some((one) => one[0] !== left[0])) {
    throw new InputError({
      place: "The operation",
      found: `the Einstein sum ${text} of ${shapes.map(showOpen).join(" and ")}`,
      expected: 'a letter for each axis, that of the batch first in all, and "->"',
    });
  }
  return [operands, result];
}

/** Products of matrices and of tensors. */
export const PRODUCTS: Readonly<Record<string, Operation>> = {
  Dot: {
    shape([a, b]) {
      if (b.length !== 2 || a.length < 2) {
        throw new InputError(
          `The operation multiplies ${showOpen(a)} by ${showOpen(b)}, expected a tensor and a ` +
            `matrix: use ops.matmul for two tensors`,
        );
      }
      return [...a.slice(0, -1), b[1]];
    },
    run: (tf, [a, b]) => {
      const rows = tf.reshape(a, [-1, a.shape.at(-1)!]);
      return tf.reshape(tf.matMul(rows, b), [...a.shape.slice(0, -1), b.shape[1]!]);
    },
  },
  Einsum: {
    shape(shapes, { subscripts }) {
      const [operands, result] = lettersOf(subscripts, shapes);
      const sizes = new Map(
        operands.flatMap((letters, i) => [...letters].map((one, axis) => [one, shapes[i][axis]])),
      );
      return [...result].map((letter) => sizes.get(letter) ?? null);
    },
    run: (tf, operands, { subscripts }) => tf.einsum(String(subscripts), ...operands),
  },
  Matmul: {
    shape([a, b]) {
      const inner = [a.at(-1), b.at(-2)];
      const fits = inner.includes(null) || inner[0] === inner[1];
      if (a.length < 2 || b.length < 2 || !fits) {
        throw new InputError(`The operation multiplies ${showOpen(a)} by ${showOpen(b)}`);
      }
      const outer = broadcastShape([a.slice(0, -2), b.slice(0, -2)]);
      return [...outer, a.at(-2)!, b.at(-1)!];
    },
    run: (tf, [a, b]) => tf.matMul(a, b),
  },
};
