import { einsum } from "../reference/mod.ts";
import type { Row } from "../row.ts";
import { operation } from "./operation.ts";

/** An Einstein sum over operands of these shapes. */
export function einsumRow(equation: string, ...shapes: number[][]): Row {
  return operation(
    "einsum",
    `${equation} of ${shapes.map((shape) => `[${shape}]`).join(" and ")}`,
    shapes.map((shape) => ({ shape })),
    (tf, operands) => tf.einsum(equation, ...operands),
    (operands) => einsum(equation, ...operands),
  );
}

/** Einstein sums: products, batches of them, transposed results, what attention asks for, and one operand. */
export const EINSUMS: Row[] = [
  einsumRow("ab,bc->ac", [3, 4], [4, 5]),
  einsumRow("ab,bc->ca", [3, 4], [4, 5]),
  einsumRow("ab,ab->a", [3, 4], [3, 4]),
  einsumRow("a,b->ab", [3], [4]),
  einsumRow("abc,cde->abde", [2, 3, 4], [4, 2, 3]),
  einsumRow("abde,dec->abc", [2, 3, 2, 3], [2, 3, 4]),
  einsumRow("abcd,aecd->acbe", [2, 3, 2, 4], [2, 5, 2, 4]),
  einsumRow("acbe,aecd->abcd", [2, 2, 3, 5], [2, 5, 2, 4]),
  einsumRow("ab->ba", [3, 4]),
  einsumRow("abc->b", [2, 3, 4]),
];
