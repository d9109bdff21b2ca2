import type { Layer } from "../engine/tensorflow.ts";
import { sizeOf } from "../model/shapes.ts";
import { keptEntries, passingEntries } from "./kept_entries.ts";
import type { LayerUse } from "./layer_uses.ts";

/** Bytes of a float32. */
const FLOAT = 4;

/** Factor over the kept tensors: ops work on copies, and the allocator leaves gaps. */
const SLACK = 1.15;

/**
 * Estimates the peak memory of a pass on the WASM heap: the weights, the gradient of the largest,
 * and the outputs that the layers keep for the backward pass. That pass starts with all of these
 * and frees them as it proceeds; the current layer also needs the gradients of its output and its
 * input.
 *
 * @param layers Layers of a built model that compute something themselves.
 * @param uses Uses of the layers in the pass.
 * @returns Bytes; `bench/memory_estimate.ts` compares it with the real peak of networks of every
 * kind. Custom layers may take several times as much.
 */
export function estimateMemory(
  layers: readonly Layer[],
  uses: readonly LayerUse[],
): number {
  let weights = 0, largest = 0, kept = 0, most = 0;
  for (const { shape } of layers.flatMap((layer) => layer.weights)) {
    const size = sizeOf(shape as number[]);
    weights += size;
    largest = Math.max(largest, size);
  }
  for (const use of uses) {
    const own = SLACK * keptEntries(use);
    // The gradients of a view are views, too.
    if (own === 0) continue;
    kept += own;
    most = Math.max(most, kept + passingEntries(use));
  }
  return FLOAT * (weights + largest + most);
}

/**
 * Estimates the least that a pass needs on the heap if tensors that are not needed soon are moved
 * off it: the weights, the gradient of the largest, and the tensors that the most demanding layer
 * reads and writes in the backward pass.
 *
 * @param layers Layers of a built model that compute something themselves.
 * @param uses Uses of the layers in the pass.
 * @returns Bytes.
 */
export function estimateLeast(layers: readonly Layer[], uses: readonly LayerUse[]): number {
  // Input, output, and the gradients of both.
  const own = uses.map(({ input, output }) => 2 * FLOAT * (sizeOf(input) + sizeOf(output)));
  return estimateMemory(layers, []) + own.reduce((most, bytes) => Math.max(most, bytes), 0);
}
