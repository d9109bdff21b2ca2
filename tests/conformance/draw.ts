import { type NdArray, ndArray, randomNormal } from "./reference/mod.ts";
import type { RowInput } from "./row.ts";

/** Draws an input as its row asks. */
export function drawInput(input: RowInput, next: () => number): NdArray {
  const { shape, draw = "normal", below = 2, values } = input;
  if (values) return ndArray(shape, values);
  const normal = randomNormal(shape, next);
  const each = (f: (x: number) => number) => ndArray(shape, normal.data.map(f));
  switch (draw) {
    case "normal":
      return normal;
    case "negative":
      return each((x) => Math.fround(-Math.abs(x) - 0.1));
    case "positive":
      return each((x) => Math.fround(Math.abs(x) + 0.1));
    case "unit":
      return each(() => Math.fround(0.05 + 0.9 * next()));
    case "integer":
      return each(() => Math.floor(next() * below));
    case "sign":
      return each(Math.sign);
    case "distribution": {
      const width = shape.at(-1)!;
      const powers = normal.data.map(Math.exp);
      const total = (row: number) =>
        powers.subarray(row * width, (row + 1) * width).reduce((a, b) => a + b);
      return ndArray(shape, powers.map((p, i) => Math.fround(p / total(Math.floor(i / width)))));
    }
  }
}

/** Random weights that suit their role: variances are positive, scales lie around 1. */
export function drawWeight(name: string, shape: number[], next: () => number): NdArray {
  const role = (x: number) =>
    name.includes("variance") ? 0.5 + Math.abs(x) : name.includes("gamma") ? 1 + x / 2 : x / 2;
  return ndArray(shape, randomNormal(shape, next).data.map((x) => Math.fround(role(x))));
}
