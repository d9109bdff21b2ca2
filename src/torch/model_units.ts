import type { Layer, LayersModel } from "../engine/tensorflow.ts";
import { kernelLayoutOf, leafLayers } from "../core/model/layers/leaf_layers.ts";
import { ModelError } from "../core/model/model_error.ts";
import { automaticName } from "../core/model/names.ts";
import { modelWeights } from "../core/model/weights/model_weights.ts";
import { fans } from "../ground/theory/initializers.ts";
import { isEinsumLayout } from "../ground/traits/layers.ts";
import { layerTraits } from "../ground/traits/layer_traits.ts";
import { showValue } from "../ground/words/show_value.ts";
import { refusal } from "../ground/words/input_error.ts";

/** Layer of a model with weights, in the form in which PyTorch's layers are compared with it. */
export interface Unit {
  /** Path of the layer. */
  path: string;
  /** True if a program or a file gave it its name. */
  isNamed: boolean;
  /** Signature of the PyTorch layers that can fill it: `dense [64, 32] + bias`. */
  signature: string;
  /** Names of its weights in the model by their own: `kernel` is `dense_1/kernel`. */
  weights: ReadonlyMap<string, string>;
  /**
   * Shape, channels last, of a map that the layer reads flattened. PyTorch flattens with the
   * channels first, so the rows of a kernel have another order.
   */
  flattened: number[] | null;
}

/**
 * Classes of layers whose weights have a known layout in PyTorch, with the names of their kernels.
 */
const FAMILIES: Readonly<Record<string, [family: string, ...kernels: string[]]>> = {
  Dense: ["dense", "kernel"],
  Conv1D: ["convolution", "kernel"],
  Conv2D: ["convolution", "kernel"],
  Conv3D: ["convolution", "kernel"],
  DepthwiseConv1D: ["depthwise", "depthwise_kernel"],
  DepthwiseConv2D: ["depthwise", "depthwise_kernel"],
  Conv1DTranspose: ["transposed", "kernel"],
  Conv2DTranspose: ["transposed", "kernel"],
  Conv3DTranspose: ["transposed", "kernel"],
  // Its kernel is that of a Dense with separate axes.
  EinsumDense: ["dense", "kernel"],
  Embedding: ["embedding", "embeddings"],
  BatchNormalization: ["batch norm", "moving_mean"],
  // Normalisations within an example have the same weights: the model tells which one it is.
  LayerNormalization: ["layer norm", "gamma"],
  GroupNormalization: ["layer norm", "gamma"],
  RMSNormalization: ["layer norm", "scale"],
  LSTM: ["lstm", "kernel"],
  SimpleRNN: ["rnn", "kernel"],
  GRU: ["gru", "kernel"],
  PReLU: ["prelu", "alpha"],
};

/**
 * Returns the signature of a layer: two layers of one signature can take each other's weights.
 *
 * @param family Kind of layer.
 * @param shape Shape of its kernel in Keras; the last two axes of a depthwise one joined.
 * @param more Names of its other weights.
 */
export function signatureOf(
  family: string,
  shape: readonly number[],
  more: readonly string[],
): string {
  return [`${family} [${shape.join(", ")}]`, ...more].join(" + ");
}

/**
 * Returns the layers of a model with weights, in its order.
 *
 * @throws {ModelError} If PyTorch has no layer for the weights of one of them.
 */
export function modelUnits(model: LayersModel): Unit[] {
  const weights = Map.groupBy(modelWeights(model), ({ layerPath }) => layerPath);
  const hasFlatten = leafLayers(model).some(({ layer }) => layer.getClassName() === "Flatten");
  return leafLayers(model).flatMap(({ path, layer }) => {
    const own = weights.get(path);
    if (own === undefined) return [];
    const className = layer.getClassName();
    if (!Object.hasOwn(FAMILIES, className)) {
      throw new ModelError(
        refusal`Layer ${showValue(path)} is a ${className}, expected layers that PyTorch has too: ${
          Object.keys(FAMILIES).join(", ")
        }`,
      );
    }
    requireGates(path, layer);
    const names = new Map(own.map(({ weightName, variable }) => [
      variable.originalName.slice(variable.originalName.lastIndexOf("/") + 1),
      weightName,
    ]));
    const [family, kernelName] = FAMILIES[className];
    const kernel = own.find(({ weightName }) => weightName === names.get(kernelName));
    const shape = (kernel?.variable.shape ?? []) as number[];
    const joined = joinedShape(path, layer, family, shape);
    const more = ["gamma", "beta", "bias"].filter((name) => name !== kernelName && names.has(name));
    return [{
      path,
      isNamed: automaticName(layer) === null,
      signature: signatureOf(family, joined, more),
      weights: names,
      flattened: flattenedShape(path, layer, { hasFlatten }),
    }];
  });
}

/** Returns the shape of a kernel, with those axes joined that are one in PyTorch. */
function joinedShape(
  path: string,
  layer: Layer,
  family: string,
  shape: readonly number[],
): readonly number[] {
  if (family === "depthwise") {
    const [channels, multiplier] = shape.slice(-2);
    return [...shape.slice(0, -2), channels * multiplier];
  }
  if (family === "prelu") return [shape.reduce((a, b) => a * b, 1)];
  const layout = kernelLayoutOf(layer);
  if (!isEinsumLayout(layout)) return shape;
  if (/^einsum i+o+$/.test(layout)) {
    const { fanIn, fanOut } = fans(shape, layout);
    return [fanIn, fanOut];
  }
  throw new ModelError({
    place: `Layer ${showValue(path)}`,
    verb: "has",
    found: `a kernel of shape [${shape.join(", ")}] that is summed over other axes than the first`,
    expected: "a kernel that is a matrix in PyTorch",
  });
}

/**
 * Rejects gates that differ from PyTorch's: its LSTM and GRU use sigmoid for gates and tanh, and a
 * GRU resets its state after the matrix product.
 */
function requireGates(path: string, layer: Layer): void {
  const className = layer.getClassName();
  if (className !== "LSTM" && className !== "GRU") return;
  const { activation, recurrentActivation, resetAfter } = layer.getConfig();
  const gates = String(recurrentActivation), inner = String(activation);
  if (gates !== "sigmoid" || inner !== "tanh") {
    throw new ModelError({
      place: `Layer ${showValue(path)}`,
      verb: "has",
      found: `the activations ${inner} and ${gates} (recurrentActivation)`,
      expected: `tanh and sigmoid as PyTorch's ${className} has`,
    });
  }
  if (className === "GRU" && resetAfter !== true) {
    throw new ModelError({
      place: `Layer ${showValue(path)}`,
      found: "a GRU that resets its state before the matrix product, and PyTorch's resets after it",
      expected: "one with resetAfter, as Keras makes it",
    });
  }
}

/**
 * Returns the shape of the map that a layer reads flattened, or `null` if there is none, or if both
 * orders are the same.
 */
function flattenedShape(
  path: string,
  layer: Layer,
  { hasFlatten }: { hasFlatten: boolean },
): number[] | null {
  let tensor = firstInput(layer, 0);
  while (tensor !== undefined && tensor.shape.length === 2) {
    const source = tensor.sourceLayer;
    const before = firstInput(source, tensor.nodeIndex);
    const className = source.getClassName();
    if (className === "InputLayer" && path.includes("/") && hasFlatten) {
      throw new ModelError({
        place: `Layer ${showValue(path)}`,
        verb: "reads",
        found: "the input of a nested model, which may be a flattened map",
        expected: "the layer and its Flatten in one model",
      });
    }
    if (before === undefined) return null;
    const rank = before.shape.length;
    if (rank > 2) {
      if (className !== "Flatten" && className !== "Reshape") return null;
      const shape = before.shape.slice(1) as number[];
      return rank > 3 || comesFromConvolution(source) ? shape : null;
    }
    const { kind } = layerTraits(source.getClassName());
    if (kind !== "activation" && kind !== "passesOn" && kind !== "normalization") return null;
    tensor = before;
  }
  return null;
}

/**
 * Returns true if the last layer with a kernel before this one is a convolution: both flatten a
 * sequence of steps in the same way.
 */
function comesFromConvolution(layer: Layer): boolean {
  for (let at: Layer | undefined = layer; at !== undefined;) {
    const { kind } = layerTraits(at.getClassName());
    if (kind === "convolution") return true;
    if (kind === "recurrent" || kind === "dense" || kind === "embedding") return false;
    at = firstInput(at, 0)?.sourceLayer;
  }
  return false;
}

type SymbolicTensor = LayersModel["inputs"][number];

const firstInput = (layer: Layer, node: number): SymbolicTensor | undefined =>
  layer.getClassName() === "InputLayer"
    ? undefined
    : (layer.inboundNodes[node] ?? layer.inboundNodes[0])?.inputTensors[0];
