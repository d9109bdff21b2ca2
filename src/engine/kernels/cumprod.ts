import { cumulative } from "./cumulative.ts";

/**
 * `Cumprod`: like the stock `Cumsum` this one writes outside of its output where the axis is negative.
 * Here it multiplies in float64, along any axis.
 */
export const cumprodKernel = cumulative("Cumprod", 1, (product, entry) => product * entry);
