import type { Thresholds } from "./thresholds.ts";

/** A layer whose findings do not count, and why. */
export interface IgnoredLayer {
  /** The layer's name, or a pattern that matches the names of several. */
  layer: string | RegExp;
  /** Why it is ignored. The reason stands in the report, so it must not be empty. */
  reason: string;
}

/** Which layers a check judges. */
export interface LayerOptions {
  /** Judge these layers only: their names, or a pattern that matches their names. All by default. */
  layers?: RegExp | string[];
  /** Layers whose findings are turned into notes that give the reason. None by default. */
  ignore?: IgnoredLayer[];
}

/** Some thresholds by name, each of which may be left out. */
export type ThresholdOptions<Name extends string> =
  & Partial<Pick<Thresholds, Extract<Name, keyof Thresholds>>>
  & { [Own in Exclude<Name, keyof Thresholds>]?: number };

/** Options of a check and of an assertion: thresholds, and which layers to judge. */
export type CheckOptions<Name extends string = keyof Thresholds> =
  & LayerOptions
  & ThresholdOptions<Name>;
