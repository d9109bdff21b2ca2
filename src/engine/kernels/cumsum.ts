import { cumulative } from "./cumulative.ts";

/**
 * `Cumsum`: the stock kernel adds in float32, which puts the last of 2^20 sums of 0.1 off by 1 %, and
 * writes outside of its output where the axis is negative: the backend dies of it. Here it adds in
 * float64, along any axis.
 */
export const cumsumKernel = cumulative("Cumsum", 0, (sum, entry) => sum + entry);
