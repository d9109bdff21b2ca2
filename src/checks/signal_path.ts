import type { LayerMeasurements } from "../measure/measurements.ts";
import { formatNumber } from "./format.ts";

/** A layer on the way that back-propagation takes, and the signal that it receives. */
export interface SignalStep {
  /** The layer. */
  layer: LayerMeasurements;
  /**
   * l2 norm of its delta. Not the rms: an initialisation scaled by fan-in keeps the norm over a
   * change of width, and pooling or a stride, which spread one delta over many positions, divide
   * the rms by their number while nothing is lost on the way.
   */
  signal: number;
}

/** Whether a layer has a kernel: a weight of rank 2 or more. */
export function hasKernel(layer: LayerMeasurements): boolean {
  return layer.weights.some(({ shape }) => shape.length >= 2);
}

/** The hidden layers with a kernel and a measured delta, from the first to the last by depth. */
export function signalPath(layers: LayerMeasurements[]): SignalStep[] {
  return layers
    .filter((layer) => layer.role === "hidden" && hasKernel(layer))
    .filter((layer) => layer.preActivationGradients !== null)
    .toSorted((a, b) => a.depth - b.depth)
    .map((layer) => ({ layer, signal: layer.preActivationGradients!.l2 }));
}

/** Says how the signal changes on its way from the last layer down to the first. */
export function describePath(path: SignalStep[]): string {
  const steps = path.slice(1).map((upper, index) => ({
    from: upper.layer.name,
    to: path[index].layer.name,
    factor: path[index].signal / upper.signal,
  }));
  const total = path[0].signal / path[path.length - 1].signal;
  const mean = `a factor of ${formatNumber(total ** (1 / steps.length))} a layer`;
  const share = (factor: number) => Math.log(factor) / Math.log(total);
  const worst = steps.reduce((a, b) => share(b.factor) > share(a.factor) ? b : a);
  if (steps.length < 3 || share(worst.factor) <= 0.5) return mean;
  const { from, to, factor } = worst;
  return `${mean}, most of it from ${from} down to ${to} (a factor of ${formatNumber(factor)})`;
}
