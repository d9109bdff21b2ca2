import type { GridPoint } from "./grid_point.ts";

/** Figures of a layer at a point of a study. NaN if any entry was NaN or infinite. */
export interface StudyLayer {
  /** Name of the layer. */
  name: string;
  /** Role; a layer is `output` if no layer with a kernel comes after it. */
  role: "hidden" | "output";
  /** Activation of its outputs, or `null` for none. */
  activation: string | null;
  /** sigma_w: rms of the kernel times the root of the fan-in; `null` without a plain kernel. */
  sigma: number | null;
  /** Mean |dJ/dkernel|, of its first kernel; `null` without one. */
  gradient: number | null;
  /** Mean |delta|, delta = dJ/dz. */
  delta: number | null;
  /** l2 norm of delta. */
  deltaNorm: number | null;
  /** Mean |a|. */
  meanActivation: number | null;
  /** Share of saturated entries; `null` unless the activation is bounded. */
  saturated: number | null;
  /** Share of units that are off for the whole batch; `null` unless the activation is one-sided. */
  dead: number | null;
  /** Share of exact zeros in the kernel's gradient. */
  zeroGradients: number | null;
  /** Share of exact zeros in delta. */
  zeroDeltas: number | null;
  /** Share of exact zeros in a. */
  zeroActivations: number | null;
}

/** Figures of a point of a study. */
export interface StudyPoint extends GridPoint {
  /** Value of J on the batch. */
  objective: number;
  /**
   * l2(delta) of the first hidden layer with a kernel over that of the last: below 1 the signal
   * fades on its way back, above 1 it grows. `null` if it cannot be computed.
   */
  deltaRatio: number | null;
  /** Root mean square of the inputs. */
  inputRms: number;
  /** True if mean-field theory describes the model: dense and convolutional layers in a row. */
  plain: boolean;
  /** True if no rule of the study found an error. */
  healthy: boolean;
  /** Names of the rules that found an error. */
  failed: string[];
  /** Layers in the order of the forward pass. */
  layers: StudyLayer[];
}
