import type { LeafLayer } from "../model/leaf_layers.ts";

/** Bytes of a float32. */
const FLOAT = 4;

/**
 * Copies of a layer's output that are alive at the end of the forward pass, when most are: z before and
 * after the bias, and a. The backward pass frees them as it goes. Measured on WASM with dense and
 * convolutional nets of tanh, sigmoid, relu and selu: 2.1 to 3.6.
 */
const COPIES = 2.5;

/** The same for one step of a recurrent cell, gates included; measured with LSTM layers: 35. */
const COPIES_IN_CELL = 35;

/** Layers whose output shares the data of their input. */
const VIEWS = new Set(["Flatten", "Reshape", "Dropout", "InputLayer"]);

/**
 * Estimates the most memory that a pass takes on the WASM heap: the weights, the gradient of the largest,
 * and of every layer's output all that is kept for the backward pass.
 *
 * @param leaves The leaf layers of a built model.
 * @param examples Examples in the batch.
 * @returns Bytes. Convolutions, dense and recurrent layers are estimated to some 20 %; activations
 * that are made of many operations (gelu, mish) and custom layers take up to 4 times as much.
 */
export function estimateMemory(leaves: readonly LeafLayer[], examples: number): number {
  let weights = 0, largest = 0, outputs = 0;
  for (const { layer } of leaves) {
    for (const weight of layer.weights) {
      const size = product(weight.shape);
      weights += size;
      largest = Math.max(largest, size);
    }
    if (VIEWS.has(layer.getClassName())) continue;
    const node = layer.inboundNodes[0];
    const output = shapeOf(node?.outputTensors);
    if ("cell" in layer) {
      const steps = shapeOf(node?.inputTensors)[1] ?? 1;
      outputs += COPIES_IN_CELL * examples * steps * (output.at(-1) ?? 1);
    } else {
      outputs += COPIES * examples * product(output, 1);
    }
  }
  return FLOAT * (weights + largest + outputs);
}

/** The number of entries along the axes from `first` on; an axis of any size counts as one. */
function product(shape: readonly (number | null)[], first = 0): number {
  let total = 1;
  for (let axis = first; axis < shape.length; axis++) total *= shape[axis] ?? 1;
  return total;
}

type Shaped = { shape: readonly (number | null)[] };

/** The shape of what a layer took or gave at its first use; TensorFlow.js names no one of several. */
function shapeOf(tensors: Shaped | Shaped[] | undefined): readonly (number | null)[] {
  return (Array.isArray(tensors) ? tensors[0] : tensors)?.shape ?? [];
}
