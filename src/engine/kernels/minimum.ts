import { extremum } from "./extremum.ts";

/** `Minimum`: the stock kernel gives `b` when `a` is NaN and hides it. Here NaN in either gives NaN. */
export const minimumKernel = extremum("Minimum", -1);
