import type { Measurements } from "../../src/measure/measurements.ts";
import { measureDense } from "../rules/dense_network.ts";
import { normals, randomNetwork, type RandomNetworkOptions } from "../rules/random_network.ts";

const HEALTHY_OPTIONS = { depth: 4, width: 64, activation: "tanh", sigma: 1, seed: 5 };

/** A random network of 4 wide layers on 32 examples, healthy but for what `spoil` does to it. */
export function random(
  spoil: (network: ReturnType<typeof randomNetwork>["layers"], x: Float64Array) => void,
  options: Partial<RandomNetworkOptions> & { targets?: Float64Array } = {},
): Measurements {
  const { targets, ...given } = options;
  const { layers, inputs } = randomNetwork({ ...HEALTHY_OPTIONS, ...given });
  const x = inputs(32);
  spoil(layers, x);
  return measureDense(layers, x, { targets, seed: HEALTHY_OPTIONS.seed });
}

export const healthy = () =>
  random(() => {}, { targets: Float64Array.from({ length: 32 }, normals(1)) });
