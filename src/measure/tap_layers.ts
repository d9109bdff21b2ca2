import type { Layer } from "../engine/tensorflow.ts";
import type { LeafLayer } from "../model/leaf_layers.ts";
import type { Flow } from "./flow.ts";
import type { LayerRecord } from "./layer_record.ts";
import { LayerTap, type TapOptions } from "./layer_tap.ts";
import { repeatedOutputs } from "./repeated_outputs.ts";
import { runOnce } from "./run_once.ts";
import { wrapCall } from "./tap.ts";

/** Result of {@linkcode tapLayers}. */
export interface TappedLayers {
  /** Rows in the order of the model, parts after the layer they belong to. */
  records: LayerRecord[];
  /** Removes all taps. */
  restore(): void;
}

/**
 * Taps every layer for the duration of a pass.
 *
 * @param leaves Layers to measure.
 * @param containers Layers that only call others.
 * @param options The tap and other options of the pass.
 */
export function tapLayers(
  leaves: LeafLayer[],
  containers: Layer[],
  options: TapOptions,
): TappedLayers {
  const restore: (() => void)[] = [];
  const records: LayerRecord[] = [];
  const undo = () => {
    for (const step of restore.reverse()) step();
  };
  try {
    for (const container of containers) restore.push(followContainer(container, options.flow));
    for (const leaf of leaves) {
      const tap = new LayerTap(leaf, options);
      restore.push(() => tap.remove());
      records.push(...tap.put());
    }
    restore.push(runOnce([...containers, ...leaves.map(({ layer }) => layer)]));
  } catch (error) {
    undo();
    throw error;
  }
  return { records, restore: undo };
}

function followContainer(container: Layer, flow: Flow): () => void {
  return wrapCall(container, (call, inputs, kwargs) => {
    flow.enter([inputs].flat());
    const outputs = repeatedOutputs(container, call(inputs, kwargs));
    flow.leave([outputs].flat());
    return outputs;
  });
}
