import type { AttentionRows } from "../../measure/attention_rows.ts";
import type { LayerMeasurements, WeightMeasurements } from "../../measure/measurements.ts";
import { isKernel } from "../../theory/weight_kinds.ts";
import type { Graph } from "./graph.ts";

/** An attention whose weights were seen, and the kernels that decide about them. */
export interface Attention {
  /** The layer whose outputs are the weights. */
  layer: LayerMeasurements;
  /** How its rows are spread. */
  rows: AttentionRows;
  /** The kernels of queries and keys, with the layers that have them; none where a query or a key has no kernel. */
  asking: readonly AttentionKernel[];
  /** The kernel of the values; `null` where they have none. */
  value: AttentionKernel | null;
}

/** A kernel of an attention. */
export interface AttentionKernel {
  /** The layer that has it. */
  layer: LayerMeasurements;
  /** The kernel, and its gradient. */
  kernel: WeightMeasurements;
}

/** What stands between the scores and the weights, or the weights and what is made of them. */
const BETWEEN = new Set(["addition", "rescaling", "passesOn"]);

/** The attentions among layers: those whose rows were measured. */
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

/** The first layers on the way that do more than pass on, rescale or add. */
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
 * The gradient of the kernels of queries and keys beside that of the values: rms over both / rms. It vanishes where
 * the scores are all alike, or the values (Noci et al. 2022). `null` where it is not known.
 */
export function askingShare({ asking, value }: Attention): number | null {
  const gradients = asking.map(({ kernel }) => kernel.gradients);
  const own = value?.kernel.gradients ?? null;
  if (gradients.length === 0 || own === null || !(own.rms > 0)) return null;
  let [sum, count] = [0, 0];
  for (const gradient of gradients) {
    if (gradient === null || gradient.nonFinite > 0) return null;
    sum += gradient.l2 ** 2;
    count += gradient.count;
  }
  return Math.sqrt(sum / count) / own.rms;
}
