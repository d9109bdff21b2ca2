import type { Layer, LayersModel } from "../../engine/tensorflow.ts";
import { einsumTerms } from "../../engine/ops/einsum.ts";
import { isSwept } from "../../engine/repairs/recurrent.ts";
import { containerLayers, leafLayers } from "../model/layers/leaf_layers.ts";
import { sizeOf } from "../model/layers/shapes.ts";
import { isKernel } from "../../ground/theory/weight_kinds.ts";
import { activationTraits } from "../../ground/traits/activation_traits.ts";
import { layerTraits } from "../../ground/traits/layer_traits.ts";
import { type ActivationHolder, activationObject } from "./activation_region.ts";
import { type LayerUse, layerUses, type Shape } from "./layer_uses.ts";

/**
 * Tensors over all sums that an attention which adds queries to keys keeps: the outputs of tanh and
 * of a scale.
 */
const SUMS_KEPT = 2;

/** Returns the number of entries that a pass keeps for the backward pass of one use of a layer. */
export function keptEntries({ layer, input, output, times, isStacked }: LayerUse): number {
  if ("cell" in layer) return times * copiesInCell(layer) * entriesOfSteps(layer, input, output);
  const { inputCopies = 0 } = layerTraits(layer.getClassName());
  const copies = copiesOf(layer) + (isStacked ? 1 : 0);
  return times * (
    copies * sizeOf(output) + inputCopies * sizeOf(input) +
    sumsOf(layer) * sizeOf(output) * input.at(-1)!
  );
}

/**
 * Returns the number of entries that the backward pass through one use takes temporarily: the
 * gradients of output and input, and for a swept sequence as many as it keeps, plus one copy.
 */
function passingEntries({ layer, input, output, times, isStacked }: LayerUse): number {
  const own = sizeOf(output) + copiesOfInputGradient(layer) * sizeOf(input);
  if (!("cell" in layer)) return isStacked ? times * own : own;
  const { cell } = layer as unknown as { cell: Cell };
  return isSwept(cell)
    ? own + (copiesInCell(layer) + 1) * entriesOfSteps(layer, input, output)
    : own;
}

/** Returns the copies that computing the gradient of a layer's input takes, itself included. */
function copiesOfInputGradient(layer: Layer): number {
  // TensorFlow.js multiplies by ones and divides by their number.
  return layerTraits(layer.getClassName()).operation === "globalMean" ? 3 : 1;
}

/** Returns the number of entries of the states after all steps. */
function entriesOfSteps(
  layer: Layer,
  [examples, steps]: readonly number[],
  output: readonly number[],
): number {
  const { returnSequences } = layer as unknown as { returnSequences: boolean };
  return examples * steps * sizeOf(output.slice(returnSequences ? 2 : 1));
}

/**
 * Returns the number of copies of its output that a layer keeps, including those of its activation.
 */
function copiesOf(layer: Layer): number {
  const { memoryCopies, activatedCopies, biasCopies = 0 } = layerTraits(layer.getClassName());
  const { useBias } = layer as unknown as { useBias?: boolean };
  const name = activationObject(layer as unknown as ActivationHolder, "activation")?.getClassName();
  const activation = activationTraits(name ?? "linear");
  const ofBias = useBias === false ? 0 : biasCopies;
  if (activation === null || activation.memoryCopies === 0) return memoryCopies + ofBias;
  // The output before the activation is freed if it is no longer needed.
  const own = activatedCopies ?? Math.max(0, memoryCopies - (activation.keepsInput ? 0 : 1));
  return own + ofBias + activation.memoryCopies;
}

/** Cell, which may be a stack of cells. */
type Cell = Layer & { cells?: Layer[] };

function copiesInCell(layer: Layer): number {
  const { cell } = layer as unknown as { cell: Cell };
  const traitsOf = (cell: Layer) => {
    const traits = layerTraits(cell.getClassName());
    // A custom cell is estimated as an LSTM cell.
    return traits.kind === "cell" ? traits : layerTraits("LSTMCell");
  };
  if (cell.cells !== undefined) {
    return cell.cells.reduce((sum, one) => sum + traitsOf(one).memoryCopies, 0);
  }
  const { memoryCopies, sweptCopies = memoryCopies } = traitsOf(cell);
  return isSwept(cell) ? sweptCopies : memoryCopies;
}

/** Returns the number of values that an attention keeps for each entry of each sum of a query and a key. */
function sumsOf(layer: Layer): number {
  const { mode } = layer as { mode?: string };
  return mode === "concat" || mode === "additive" ? SUMS_KEPT : 0;
}

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
 * @returns Bytes; `bench/memory_estimate.ts` compares it with the real peak of networks of every
 * kind. Custom layers may take several times as much.
 */
export function estimateMemory(layers: readonly Layer[], uses: readonly LayerUse[]): number {
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
 * @returns Bytes.
 */
export function estimateLeast(layers: readonly Layer[], uses: readonly LayerUse[]): number {
  // Input, output, and the gradients of both.
  const own = uses.map(({ input, output }) => 2 * FLOAT * (sizeOf(input) + sizeOf(output)));
  return estimateMemory(layers, []) + own.reduce((most, bytes) => Math.max(most, bytes), 0);
}

/**
 * Estimates the floating-point operations of one forward and one backward pass.
 *
 * A kernel is multiplied into its input once for every example and every position (pixel, time
 * step) of the layer's output, except for an embedding, which is looked up. The two products of the
 * backward pass (gradients of the weight and of the input) cost the same again each. A
 * multiplication and an addition count as two. Everything else is left out as small in comparison.
 *
 * @param inputs Shapes of the batch's inputs.
 * @returns The number of operations; 0 for a model without such weights.
 */
export function estimateWorkload(model: LayersModel, inputs: readonly Shape[]): number {
  return layerWorkloads(model, inputs).values().reduce((sum, operations) => sum + operations, 0);
}

/**
 * Counts the operations of one forward and one backward pass by layer, as
 * {@linkcode estimateWorkload} does.
 *
 * @param inputs Shapes of the batch's inputs.
 */
export function layerWorkloads(model: LayersModel, inputs: readonly Shape[]): Map<Layer, number> {
  const leaves = leafLayers(model).map(({ layer }) => layer);
  const operations = new Map<Layer, number>();
  for (const use of layerUses(model, leaves, containerLayers(model), inputs)) {
    const { layer, times } = use;
    if (layerTraits(layer.getClassName()).kind === "embedding") continue;
    const entries = layer.weights
      .filter(({ originalName, shape }) => isKernel({ name: originalName, shape }))
      .reduce((sum, { shape }) => sum + sizeOf(shape as Shape), 0);
    const own = 2 * 3 * times * positionsOf(use) * entries;
    operations.set(layer, (operations.get(layer) ?? 0) + own);
  }
  return operations;
}

/**
 * Returns the number of positions at which the weights are multiplied: all axes except channels.
 */
function positionsOf({ layer, input, output }: LayerUse): number {
  const { equation } = layer as unknown as { equation?: unknown };
  const hasEinsum = layerTraits(layer.getClassName()).kernel === "einsum";
  if (hasEinsum && typeof equation === "string") {
    // Several axes of the output can be channels, as the heads of an attention are.
    const kernel = layer.weights[0].shape as number[];
    const { sizes } = einsumTerms(equation, [[...input], kernel]);
    return sizeOf([...sizes.values()]) / sizeOf(kernel);
  }
  const isRecurrent = "cell" in layer;
  const isTransposed = layerTraits(layer.getClassName()).kernel === "transposed";
  const shape = isRecurrent || isTransposed ? input : output;
  const { dataFormat } = layer as unknown as { dataFormat?: string };
  const channels = dataFormat === "channelsFirst" ? 1 : shape.length - 1;
  return sizeOf(shape.filter((_, axis) => axis !== channels));
}
