import { format } from "@std/fmt/bytes";
import { HEAP_LIMIT } from "../engine/guard_heap.ts";
import type { LayersModel } from "../engine/tensorflow.ts";
import type { LeafLayer } from "../model/leaf_layers.ts";
import { estimateMemory } from "./estimate_memory.ts";

/** By how much an estimate may exceed the heap before a pass is refused: it is no more exact. */
const SLACK = 1.25;

/**
 * Refuses a pass that the WASM heap cannot hold, before it starts. What slips through ends in the
 * error of a full heap, and leaves the engine alive too, but only after some time.
 *
 * @throws {RangeError} If the estimate is beyond the heap's limit.
 */
export function checkMemory(
  model: LayersModel,
  leaves: readonly LeafLayer[],
  examples: number,
): void {
  const bytes = estimateMemory(leaves, examples);
  if (bytes <= SLACK * HEAP_LIMIT) return;
  const show = (size: number) => format(size, { binary: true, maximumFractionDigits: 1 });
  throw new RangeError(
    `Cannot measure model ${model.name} on ${examples} examples: the pass would take some ` +
      `${show(bytes)}, and the WASM heap can have ${show(HEAP_LIMIT)}: use fewer examples or a ` +
      "smaller input",
  );
}
