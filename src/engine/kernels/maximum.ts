import { extremum } from "./extremum.ts";

/** `Maximum`: the stock kernel gives `b` when `a` is NaN and hides it. Here NaN in either gives NaN. */
export const maximumKernel = extremum("Maximum", 1);
