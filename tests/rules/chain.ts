import type { Measurements } from "../../src/measure/measurements.ts";
import { flat, makeMeasurements } from "./make_measurements.ts";

/** A chain of tanh layers whose delta has the given sizes, first layer first. */
export function chain(...sizes: number[]): Measurements {
  return makeMeasurements(sizes.map((size) => ({
    preActivationGradients: flat(size, 640),
    activationGradients: flat(size, 640),
  })));
}
