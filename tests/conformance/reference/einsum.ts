import { at, eachIndex, type NdArray, ndArray } from "./nd_array.ts";

/** The sum over all letters of an equation that its result does not have, of the product of the operands. */
export function einsum(equation: string, ...operands: readonly NdArray[]): NdArray {
  const [left, result] = equation.split("->");
  const terms = left.split(",");
  const letters = [...new Set([...result, ...terms.join("")])];
  const sizes = letters.map((letter) => {
    const term = terms.findIndex((term) => term.includes(letter));
    return operands[term].shape[terms[term].indexOf(letter)];
  });
  const places = (term: string) => [...term].map((letter) => letters.indexOf(letter));
  const read = terms.map(places), write = places(result);
  const sum = ndArray(write.map((place) => sizes[place]));
  const inner = sizes.slice(write.length);
  eachIndex(sum.shape, (outer, flat) => {
    eachIndex(inner, (rest) => {
      const index = [...outer, ...rest];
      sum.data[flat] += operands.reduce(
        (product, operand, i) => product * at(operand, ...read[i].map((place) => index[place])),
        1,
      );
    });
  });
  return sum;
}
