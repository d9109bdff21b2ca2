import type { GridPoint } from "./grid_point.ts";

/** What a study keeps of one layer at one point. NaN where any entry was NaN or infinite. */
export interface StudyLayer {
  /** Name of the layer. */
  name: string;
  /** `output`: no layer with a kernel comes after it. */
  role: "hidden" | "output";
  /** The activation that its outputs go through, or `null` for none. */
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
  /** Share of units that are off on the whole batch; `null` unless the activation is one-sided. */
  dead: number | null;
  /** Share of exact zeros in the kernel's gradient. */
  zeroGradients: number | null;
  /** Share of exact zeros in delta. */
  zeroDeltas: number | null;
  /** Share of exact zeros in a. */
  zeroActivations: number | null;
}

/** What a study keeps of one point. */
export interface StudyPoint extends GridPoint {
  /** J on the batch. */
  objective: number;
  /**
   * l2(delta) of the first hidden layer with a kernel over that of the last: below 1 the signal
   * fades on its way down, above 1 it grows. `null` if it cannot be computed.
   */
  deltaRatio: number | null;
  /** Root mean square of the inputs. */
  inputRms: number;
  /** Whether mean-field theory describes the model: dense and convolutional layers in a row. */
  plain: boolean;
  /** Whether no rule of the study found an error. */
  healthy: boolean;
  /** The rules that did. */
  failed: string[];
  /** One entry per layer, in the order of the forward pass. */
  layers: StudyLayer[];
}
