import { isSwept } from "../engine/layers/fuse_recurrent.ts";
import type { Layer } from "../engine/tensorflow.ts";
import { sizeOf } from "../model/shapes.ts";
import { activationTraits } from "../traits/activation_traits.ts";
import { layerTraits } from "../traits/layer_traits.ts";
import { type ActivationHolder, activationObject } from "./activation_region.ts";
import type { LayerUse } from "./layer_uses.ts";

/** What an attention that adds queries to keys keeps of all sums: what tanh and what a scale make of them. */
const SUMS_KEPT = 2;

/** How many numbers a pass keeps for its way back of what a layer does in one use. */
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
 * How many numbers the way back through one use takes for as long as it lasts: the gradients of output and input, and
 * where a sequence is swept as much as it keeps, and one copy more.
 */
export function passingEntries({ layer, input, output, times, isStacked }: LayerUse): number {
  const own = sizeOf(output) + sizeOf(input);
  if (!("cell" in layer)) return isStacked ? times * own : own;
  const { cell } = layer as unknown as { cell: Cell };
  return isSwept(cell)
    ? own + (copiesInCell(layer) + 1) * entriesOfSteps(layer, input, output)
    : own;
}

/** Entries of the state after every step. */
function entriesOfSteps(
  layer: Layer,
  [examples, steps]: readonly number[],
  output: readonly number[],
): number {
  const { returnSequences } = layer as unknown as { returnSequences: boolean };
  return examples * steps * sizeOf(output.slice(returnSequences ? 2 : 1));
}

/** Copies of its output that a layer keeps, with those of its activation. */
function copiesOf(layer: Layer): number {
  const { memoryCopies, activatedCopies, biasCopies = 0 } = layerTraits(layer.getClassName());
  const { useBias } = layer as unknown as { useBias?: boolean };
  const name = activationObject(layer as unknown as ActivationHolder, "activation")?.getClassName();
  const activation = activationTraits(name ?? "linear");
  const ofBias = useBias === false ? 0 : biasCopies;
  if (activation === null || activation.memoryCopies === 0) return memoryCopies + ofBias;
  // What is no longer needed is freed: the output before its activation.
  const own = activatedCopies ?? Math.max(0, memoryCopies - (activation.keepsInput ? 0 : 1));
  return own + ofBias + activation.memoryCopies;
}

/** A cell as far as it says what its steps keep. */
type Cell = Layer & { cells?: Layer[] };

function copiesInCell(layer: Layer): number {
  const { cell } = layer as unknown as { cell: Cell };
  const traitsOf = (cell: Layer) => {
    const traits = layerTraits(cell.getClassName());
    // Of a custom cell nothing is known but that it is one.
    return traits.kind === "cell" ? traits : layerTraits("LSTMCell");
  };
  if (cell.cells !== undefined) {
    return cell.cells.reduce((sum, one) => sum + traitsOf(one).memoryCopies, 0);
  }
  const { memoryCopies, sweptCopies = memoryCopies } = traitsOf(cell);
  return isSwept(cell) ? sweptCopies : memoryCopies;
}

/** How many numbers an attention keeps for each entry of each sum of a query and a key. */
function sumsOf(layer: Layer): number {
  if (layer.getClassName() !== "AttentionSimilarity") return 0;
  return (layer as unknown as { mode: string }).mode === "dot" ? 0 : SUMS_KEPT;
}
