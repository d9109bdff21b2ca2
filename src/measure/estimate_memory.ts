import type { Layer } from "../engine/tensorflow.ts";
import type { LeafLayer } from "../model/leaf_layers.ts";

/** Bytes of a float32. */
const FLOAT = 4;

/**
 * Copies of a layer's output that are alive at the end of a pass: z before and after the bias, a, and
 * the gradients of them, which TensorFlow.js frees only when all of them are computed. Measured on
 * WASM with dense and convolutional nets of relu, tanh and selu: 4.6 to 5.4.
 */
const COPIES = 5;

/** The same for one step of a recurrent cell, gates included; measured with LSTM layers: 71. */
const COPIES_IN_CELL = 70;

/** Layers whose output shares the data of their input. */
const VIEWS = new Set(["Flatten", "Reshape", "Dropout", "InputLayer"]);

/**
 * Estimates the most memory that a pass takes on the WASM heap: the weights, their gradients, and of
 * every layer's output all that is kept for the backward pass.
 *
 * @param leaves The leaf layers of a built model.
 * @param examples Examples in the batch.
 * @returns Bytes. Convolutions, dense and recurrent layers are estimated to some 20 %; activations
 * that are made of many operations (gelu, mish) and custom layers take up to 4 times as much.
 */
export function estimateMemory(leaves: readonly LeafLayer[], examples: number): number {
  let floats = 0;
  for (const { layer } of leaves) {
    for (const weight of layer.weights) floats += 2 * product(weight.shape);
    if (VIEWS.has(layer.getClassName())) continue;
    const output = shapeOf(layer, "output").slice(1);
    if ("cell" in layer) {
      const steps = shapeOf(layer, "input")[1] ?? 1;
      floats += COPIES_IN_CELL * examples * steps * (output.at(-1) ?? 1);
    } else {
      floats += COPIES * examples * product(output);
    }
  }
  return FLOAT * floats;
}

const product = (shape: readonly (number | null)[]): number =>
  shape.reduce<number>((total, size) => total * (size ?? 1), 1);

/** The shape of a layer's first use; it may have several, of which TensorFlow.js names no one. */
function shapeOf(layer: Layer, side: "input" | "output"): readonly (number | null)[] {
  const node = layer.inboundNodes[0];
  if (node === undefined) return [];
  return [node[`${side}Tensors`]].flat()[0].shape;
}
