import type { LayerMeasurements } from "../../measure/measurements.ts";
import { isKernel } from "../../../ground/theory/weight_kinds.ts";
import { figure, layerName, say, type Sentence } from "../say.ts";

/** Layer on the path of back-propagation, and the signal that it receives. */
export interface SignalStep {
  /** The layer. */
  layer: LayerMeasurements;
  /**
   * l2 norm of its delta. The rms would mislead: an initialisation scaled by fan-in preserves the
   * norm when the width changes, and pooling or strides spread one delta over many positions, which
   * reduces the rms without any loss of signal. It is divided by `scale`.
   */
  signal: number;
  /** Factor of the trained scales of its branch, as in LayerScale; 1 if it has none. */
  scale: number;
}

export function hasKernel(layer: LayerMeasurements): boolean {
  return layer.weights.some(isKernel);
}

/**
 * Returns the hidden layers with a kernel and a measured delta, ordered by depth.
 *
 * @param scales Factors of the trained scales of branches.
 */
export function signalPath(
  layers: readonly LayerMeasurements[],
  scales: ReadonlyMap<LayerMeasurements, number>,
): SignalStep[] {
  return layers
    .filter((layer) => layer.role === "hidden" && hasKernel(layer))
    .filter((layer) => layer.preActivationGradients !== null)
    .toSorted((a, b) => a.depth - b.depth)
    .map((layer) => {
      const scale = scales.get(layer) ?? 1;
      return { layer, signal: layer.preActivationGradients!.l2 / scale, scale };
    });
}

/**
 * Returns the paths of two or more layers along which a signal arrives. A network with one head has
 * one. Several heads send signals of different sizes: there is one path from the first layer that
 * all of them reach up to the head with the strongest signal, and one per branch, because a branch
 * may lose its signal while the layers before it get theirs from another.
 *
 * @param path Their {@linkcode signalPath}.
 */
export function signalPaths(
  layers: readonly LayerMeasurements[],
  path: readonly SignalStep[],
): SignalStep[][] {
  const whole = path.filter(({ signal }) => signal > 0);
  const all = [...new Set(layers.flatMap(({ heads = [] }) => heads))].toSorted();
  if (all.length === 0) return whole.length >= 2 ? [whole] : [];
  const known = new Map(whole.map((step) => {
    const { heads = [] } = step.layer;
    return [step, new Set(heads.length === 0 ? all : heads.toSorted())];
  }));
  const headsOf = (step: SignalStep) => known.get(step)!;
  return [...Map.groupBy(whole, (step) => [...headsOf(step)].join("\n")).values()]
    .map((alike) => {
      const [first] = alike;
      const own = headsOf(first);
      const same = new Set(alike);
      const above = whole.filter((step) =>
        same.has(step) ||
        step.layer.depth > first.layer.depth && headsOf(step).isSubsetOf(own)
      );
      return [...own]
        .map((head) => above.filter((step) => headsOf(step).has(head)))
        .reduce((most, way) => way.at(-1)!.signal > most.at(-1)!.signal ? way : most);
    })
    .filter((path) => path.length >= 2);
}

/** Unit of the change per layer. */
const PER_LAYER = "signal / signal above";

/** Describes how the signal changes from the last layer down to the first. */
export function describePath(path: SignalStep[]): Sentence {
  const steps = path.slice(1).map((upper, index) => ({
    from: upper.layer.name,
    to: path[index].layer.name,
    factor: path[index].signal / upper.signal,
  }));
  const total = path[0].signal / path[path.length - 1].signal;
  const mean = say`a factor of ${figure(total ** (1 / steps.length), PER_LAYER)} per layer`;
  const share = (factor: number) => Math.log(factor) / Math.log(total);
  const worst = steps.reduce((a, b) => share(b.factor) > share(a.factor) ? b : a);
  if (steps.length < 3 || share(worst.factor) <= 0.5) return mean;
  const { from, to, factor } = worst;
  return say`${mean}, most of it from ${layerName(from)} down to ${layerName(to)} (a factor of
    ${figure(factor, PER_LAYER)})`;
}
