import { type NdArray, ndArray } from "./reference/mod.ts";

/**
 * The derivative of a float64 function with respect to every entry of an array that it reads:
 * `(f(x + h) - f(x - h)) / 2h` with `h = 1e-6`, right to some 1e-9 where f is smooth.
 *
 * @param f Computes the objective from what the array holds at the time.
 * @param x The array; its entries are moved one at a time and put back.
 */
export function centralDifference(f: () => number, x: NdArray): NdArray {
  return ndArray(
    x.shape,
    x.data.map((value, i) => {
      const h = 1e-6 * Math.max(1, Math.abs(value));
      x.data[i] = value + h;
      const above = f();
      x.data[i] = value - h;
      const below = f();
      x.data[i] = value;
      return (above - below) / (2 * h);
    }),
  );
}
