import { isSwept } from "../engine/repairs/recurrent.ts";
import type { Layer } from "../engine/tensorflow.ts";
import { sizeOf } from "../model/layers/shapes.ts";
import { activationTraits } from "../traits/activation_traits.ts";
import { layerTraits } from "../traits/layer_traits.ts";
import { type ActivationHolder, activationObject } from "./activation_region.ts";
import type { LayerUse } from "./layer_uses.ts";

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
export function passingEntries({ layer, input, output, times, isStacked }: LayerUse): number {
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
  if (layer.getClassName() !== "AttentionSimilarity") return 0;
  return (layer as unknown as { mode: string }).mode === "dot" ? 0 : SUMS_KEPT;
}
