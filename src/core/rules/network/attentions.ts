import type { AttentionRows } from "../../measure/attention_rows.ts";
import type { LayerMeasurements, WeightMeasurements } from "../../measure/measurements.ts";
import { isKernel } from "../../../ground/theory/weight_kinds.ts";
import type { Graph } from "./graph.ts";

/** Attention with measured weights, and the kernels that produce them. */
export interface Attention {
  /** Layer whose outputs are the attention weights. */
  layer: LayerMeasurements;
  /** Spread of its rows. */
  rows: AttentionRows;
  /** Kernels of queries and keys, with their layers. Empty if a query or a key has no kernel. */
  asking: readonly AttentionKernel[];
  /** Kernel of the values, or `null` if they have none. */
  value: AttentionKernel | null;
}

/** Kernel of an attention. */
export interface AttentionKernel {
  /** Layer of the kernel. */
  layer: LayerMeasurements;
  /** The kernel and its gradient. */
  kernel: WeightMeasurements;
}

/** Kinds of layers between the scores and the weights, or between the weights and their use. */
const BETWEEN = new Set(["addition", "rescaling", "passesOn"]);

/** Returns the attentions: layers whose rows were measured. */
export function attentionsOf(layers: readonly LayerMeasurements[], graph: Graph): Attention[] {
  return layers.flatMap((layer): Attention[] => {
    const { attention } = layer;
    if (attention === undefined) return [];
    const [scores] = through([layer], (one) => graph.inputsOf(one));
    const compared = scores === undefined ? [] : graph.inputsOf(scores);
    const kernels = compared.flatMap(kernelOf);
    const [context] = through([layer], (one) => graph.outputsOf(one));
    const value = context === undefined
      ? undefined
      : graph.inputsOf(context).find((one) => one !== layer && !graph.isBelow(layer, one));
    return [{
      layer,
      rows: attention,
      asking: kernels.length === compared.length ? kernels : [],
      value: value === undefined ? null : kernelOf(value)[0] ?? null,
    }];
  });
}

/** Returns the first layers on each path that do more than pass on, rescale or add. */
function through(
  from: readonly LayerMeasurements[],
  next: (layer: LayerMeasurements) => readonly LayerMeasurements[],
): LayerMeasurements[] {
  return from.flatMap((layer) =>
    next(layer).flatMap((one) => BETWEEN.has(one.kind) ? through([one], next) : [one])
  );
}

function kernelOf(layer: LayerMeasurements): AttentionKernel[] {
  const kernel = layer.weights.find(isKernel);
  return kernel === undefined ? [] : [{ layer, kernel }];
}

/**
 * Returns the rms of the gradient of the query and key kernels over that of the value kernel. It
 * vanishes if all scores or all values are alike (Noci et al. 2022). `null` if it is not known.
 */
export function askingShare({ asking, value }: Attention): number | null {
  const gradients = asking.map(({ kernel }) => kernel.gradients);
  const own = value?.kernel.gradients ?? null;
  if (gradients.length === 0 || own === null || !(own.rms > 0)) return null;
  let sum = 0;
  let count = 0;
  for (const gradient of gradients) {
    if (gradient === null || gradient.nonFinite > 0) return null;
    sum += gradient.l2 ** 2;
    count += gradient.count;
  }
  return Math.sqrt(sum / count) / own.rms;
}
