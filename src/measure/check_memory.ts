import { format } from "@std/fmt/bytes";
import { HEAP_LIMIT } from "../engine/guard_heap.ts";
import type { Layer, LayersModel } from "../engine/tensorflow.ts";
import { estimateMemory } from "./estimate_memory.ts";
import { layerUses, type Shape } from "./layer_uses.ts";

/** By how much an estimate may exceed the heap before a pass is refused: it is no more exact. */
const SLACK = 1.25;

/**
 * Refuses a pass that the WASM heap cannot hold, before it starts. What slips through ends in the
 * error of a full heap, and leaves the engine alive too, but only after some time.
 *
 * @param model A built model.
 * @param layers Its layers that compute something themselves.
 * @param containers Its layers that call others.
 * @param pass Shapes of the batch's inputs, and the normalisations that run on its statistics.
 * @throws {RangeError} If the estimate is beyond the heap's limit.
 */
export function checkMemory(
  model: LayersModel,
  layers: readonly Layer[],
  containers: readonly Layer[],
  { inputs, onBatch }: { inputs: readonly Shape[]; onBatch: ReadonlySet<Layer> },
): void {
  const bytes = estimateMemory(layers, layerUses(model, layers, containers, inputs), onBatch);
  if (bytes <= SLACK * HEAP_LIMIT) return;
  const show = (size: number) => format(size, { binary: true, maximumFractionDigits: 1 });
  throw new RangeError(
    `Cannot measure model ${model.name} on ${inputs[0][0]} examples: the pass would take some ` +
      `${show(bytes)}, and the WASM heap can have ${show(HEAP_LIMIT)}: use fewer examples or a ` +
      "smaller input",
  );
}
