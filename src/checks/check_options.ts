import type { Thresholds } from "./thresholds.ts";

/** A layer whose findings do not count, and why. */
export interface IgnoredLayer {
  /** The layer's name, or a pattern that matches the names of several. */
  layer: string | RegExp;
  /** Why it is ignored. The reason stands in the report, so it must not be empty. */
  reason: string;
}

/** Options of every check and of every assertion: any threshold, and which layers to judge. */
export interface CheckOptions extends Partial<Thresholds> {
  /** Judge these layers only: their names, or a pattern that matches their names. All by default. */
  layers?: RegExp | string[];
  /** Layers whose findings are turned into notes that give the reason. None by default. */
  ignore?: IgnoredLayer[];
}
