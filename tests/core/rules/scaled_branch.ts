import type { Measurements } from "../../../src/core/measure/measurements.ts";
import {
  flat,
  makeHead,
  makeLayer,
  makeMeasurements,
  makeWeight,
} from "../../networks/measurements.ts";

/** Differences between networks of {@linkcode scaledBranch}. */
interface ScaledBranch {
  /** Inputs of the sum. Default: the stem, which bypasses the branch, and the scale. */
  ends?: string[];
  /** False for a scale that training leaves alone. Default: true. */
  trainable?: boolean;
  /** Size of the gradient of the branch's kernel. Default: 1e-3. */
  gradient?: number;
}

/** Returns a network of a stem and a branch, 1e5 times less delta in it, behind a scale of this size. */
export function scaledBranch(
  factor: number,
  { ends = ["stem", "scale"], trainable = true, gradient = 1e-3 }: ScaledBranch = {},
): Measurements {
  return makeMeasurements([], {
    layers: [
      makeLayer({ name: "stem", inputs: [], depth: 1, preActivationGradients: flat(2, 640) }),
      makeLayer({
        name: "branch",
        inputs: ["stem"],
        depth: 2,
        preActivationGradients: flat(2e-5, 640),
        weights: [makeWeight({ name: "branch/kernel", gradients: flat(gradient, 400) })],
      }),
      makeLayer({
        name: "scale",
        className: "LayerScale",
        kind: "rescaling",
        inputs: ["branch"],
        depth: 2,
        activation: null,
        weights: [makeWeight({ name: "gamma", shape: [5], values: flat(factor, 5), trainable })],
      }),
      makeLayer({
        name: "sum",
        className: "Add",
        kind: "addition",
        inputs: ends,
        depth: 2,
        activation: null,
        weights: [],
      }),
      makeHead({ inputs: ["sum"], depth: 3 }),
    ],
  });
}
