import type { Layer } from "../engine/tensorflow.ts";
import { sizeOf } from "../model/shapes.ts";
import { keptEntries, passingEntries } from "./kept_entries.ts";
import type { LayerUse } from "./layer_uses.ts";

/** Bytes of a float32. */
const FLOAT = 4;

/** How much more than what is kept is taken: kernels work on copies, and the allocator leaves gaps. */
const SLACK = 1.15;

/**
 * Estimates the most memory that a pass takes on the WASM heap: the weights, the gradient of the largest, and what the
 * layers keep of their outputs for the backward pass. That pass begins where all of it is kept, and frees what it has
 * gone through; a layer that it is at needs the gradients of its output and its input besides.
 *
 * @param layers The layers of a built model that compute something themselves.
 * @param uses Where the pass uses them.
 * @returns Bytes; `bench/memory_estimate.ts` holds it against what networks of every kind take. Custom layers may take
 * several times as much.
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
    // Of a view, gradients are views, too.
    if (own === 0) continue;
    kept += own;
    most = Math.max(most, kept + passingEntries(use));
  }
  return FLOAT * (weights + largest + most);
}

/**
 * Estimates the least that a pass needs on the heap while tensors that are not needed soon lie elsewhere: the weights,
 * the gradient of the largest, and what the most demanding layer reads and writes on its way back.
 *
 * @param layers The layers of a built model that compute something themselves.
 * @param uses Where the pass uses them.
 * @returns Bytes.
 */
export function estimateLeast(layers: readonly Layer[], uses: readonly LayerUse[]): number {
  // Its input, its output, and the gradients of both.
  const own = uses.map(({ input, output }) => 2 * FLOAT * (sizeOf(input) + sizeOf(output)));
  return estimateMemory(layers, []) + own.reduce((most, bytes) => Math.max(most, bytes), 0);
}
