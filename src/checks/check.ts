import type { Measurements } from "../measure/measurements.ts";
import type { CheckOptions } from "./check_options.ts";
import type { Finding } from "./finding.ts";

/**
 * A check is a pure rule: measurements and options in, findings out, in the order of the layers.
 *
 * @param measurements What `measure()` returned.
 * @param options Thresholds other than the default ones, and which layers to judge.
 * @param trained Whether the network has been trained: advice is then not to draw its weights again.
 * Default: as its biases look.
 * @returns The findings; empty when there is nothing to say.
 * @throws {TypeError} If the measurements or the options are not what they must be.
 * @throws {RangeError} If a threshold is out of range or a layer filter matches no layer.
 */
export type Check = (
  measurements: Measurements,
  options?: CheckOptions,
  trained?: boolean,
) => Finding[];
