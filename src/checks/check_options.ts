import type { Thresholds } from "./thresholds.ts";

/** Layer whose findings do not count, and the reason. */
export interface IgnoredLayer {
  /** Name of the layer, or a pattern that matches several names. */
  layer: string | RegExp;
  /** Reason for ignoring it. The report shows it, so it must not be empty. */
  reason: string;
}

/** Options that select the layers to judge. */
export interface LayerOptions {
  /** Layers to judge: their names, or a pattern that matches their names. Default: all. */
  layers?: RegExp | string[];
  /** Layers whose findings become notes that give the reason. Default: none. */
  ignore?: IgnoredLayer[];
}

/** Some thresholds by name, all optional. */
export type ThresholdOptions<Name extends string> =
  & Partial<Pick<Thresholds, Extract<Name, keyof Thresholds>>>
  & { [Own in Exclude<Name, keyof Thresholds>]?: number };

/** Options of a rule or an assertion: thresholds and the layers to judge. */
export type CheckOptions<Name extends string = keyof Thresholds> =
  & LayerOptions
  & ThresholdOptions<Name>;
