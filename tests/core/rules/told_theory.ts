import type { LayerMeasurements, Measurements } from "../../../src/core/measure/measurements.ts";
import type { Expected } from "../../../src/core/rules/say.ts";
import { networkOf } from "../../../src/core/rules/network/network.ts";
import type { Prediction } from "../../../src/ground/theory/propagate.ts";
import { makeHead, makeLayer, makeMeasurements } from "../../networks/measurements.ts";

/**
 * Prediction of theory for a layer: std(a), its mean, the squared norm of delta, and its
 * uncertainty.
 */
export type Says = { std?: number; mean?: number; delta?: number | null; doubt?: number };

const predict = ({ std = 1, mean = 0, delta = 1, doubt = 0 }: Says): Prediction => ({
  preActivations: 1,
  activations: { meanSquare: std ** 2 + mean ** 2, mean },
  deltas: delta,
  doubt: { activations: doubt, deltas: doubt },
});

const predictAll = (says: Record<string, Says>) =>
  new Map(Object.entries(says).map(([name, one]) => [name, predict(one)]));

/** Predictions that theory is to make, by the names of layers. */
export interface Theory {
  critical?: Record<string, Says>[];
  usual?: Record<string, Says>;
  local?: Record<string, Says>;
  /** Names of the layers in added branches. */
  branches?: string[];
}

/** Layers under a head, and what theory is to say of them. */
export function toldMeasurements(
  layers: Partial<LayerMeasurements>[],
  theory: Theory,
): Measurements {
  const measurements = makeMeasurements([], {
    layers: [...layers.map((layer) => makeLayer(layer)), makeHead()],
  });
  const network = networkOf(measurements);
  const { critical = [], usual = {}, local = {}, branches = [] } = theory;
  const says = {
    critical: critical.map(predictAll),
    usual: predictAll(usual),
    local: predictAll(local),
    branches: new Set(measurements.layers.filter(({ name }) => branches.includes(name))),
  };
  Object.defineProperty(network, "theory", { value: says });
  return measurements;
}

/** Expected values of a verdict, as numbers. */
export const boundsOf = (expected: Expected | string | undefined) => (expected as Expected).bounds;
