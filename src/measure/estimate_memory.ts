import { format } from "@std/fmt/bytes";
import { HEAP_LIMIT } from "../engine/guard_heap.ts";
import type { Layer, LayersModel } from "../engine/tensorflow.ts";
import { activationTraits } from "../traits/activation_traits.ts";
import { layerTraits } from "../traits/layer_traits.ts";
import { type ActivationHolder, activationObject } from "./activation_region.ts";
import { type LayerUse, layerUses, type Shape } from "./layer_uses.ts";

/** Bytes of a float32. */
const FLOAT = 4;

/** Copies of its output that a batch normalisation keeps when it runs on the statistics of the batch. */
const COPIES_ON_BATCH = 6;

/**
 * Estimates the most memory that a pass takes on the WASM heap: the weights, the gradient of the largest,
 * and of every layer's output all that is kept for the backward pass.
 *
 * @param layers The layers of a built model that compute something themselves.
 * @param uses Where the pass uses them.
 * @param onBatch The batch normalisations that run on the statistics of the batch.
 * @returns Bytes, 0.6 to 1.2 times what real models take; custom layers may take several times as much.
 */
export function estimateMemory(
  layers: readonly Layer[],
  uses: readonly LayerUse[],
  onBatch: ReadonlySet<Layer> = new Set(),
): number {
  let weights = 0, largest = 0, outputs = 0;
  for (const { shape } of layers.flatMap((layer) => layer.weights)) {
    const size = product(shape as number[]);
    weights += size;
    largest = Math.max(largest, size);
  }
  for (const { layer, input, output, times } of uses) {
    if ("cell" in layer) {
      const { returnSequences } = layer as unknown as { returnSequences: boolean };
      const [examples, steps] = input;
      const entries = product(output.slice(returnSequences ? 2 : 1));
      outputs += copiesInCell(layer) * times * examples * steps * entries;
    } else {
      const copies = onBatch.has(layer) ? COPIES_ON_BATCH : copiesOf(layer);
      outputs += copies * times * product(output);
    }
  }
  return FLOAT * (weights + largest + outputs);
}

function copiesOf(layer: Layer): number {
  const activation = activationObject(layer as unknown as ActivationHolder, "activation");
  return layerTraits(layer.getClassName()).memoryCopies +
    (activationTraits(activation?.getClassName() ?? "linear")?.memoryCopies ?? 0);
}

function copiesInCell(layer: Layer): number {
  const { cell } = layer as unknown as { cell: Layer };
  const { kind, memoryCopies } = layerTraits(cell.getClassName());
  return kind === "cell" ? memoryCopies : layerTraits("LSTMCell").memoryCopies;
}

/** The number of entries. */
function product(shape: Shape): number {
  return shape.reduce((size, length) => size * length, 1);
}

/** By how much an estimate may exceed the heap before a pass is refused: it is no more exact than that. */
const SLACK = 1.25;

/**
 * Refuses a pass that the WASM heap cannot hold, before it starts. A pass that slips through ends with
 * the error of a full heap, which the engine also survives, but only after some time.
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
    `batch.inputs has the shapes ${inputs.map((shape) => `[${shape.join(", ")}]`).join(", ")}, ` +
      `with which a pass of model ${model.name} would take some ${
        show(bytes)
      }, expected less than ` +
      `the ${show(HEAP_LIMIT)} of the WASM heap: use fewer examples or a smaller input`,
  );
}
