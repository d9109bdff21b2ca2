import { ModelError } from "../model/model_error.ts";
import { showValue } from "../words/show_value.ts";
import { signatureOf, type Unit } from "./model_units.ts";
import type { TensorRole, TorchLayer, TorchTensor } from "./torch_layers.ts";

/** Weights that a layer of PyTorch offers to layers of one signature, in their layout. */
export interface Offer {
  signature: string;
  /** Returns the weights by their names in TensorFlow.js. */
  give(unit: Unit): Record<string, Float32Array>;
}

/**
 * Returns the offers of a layer of a state dict; more than one if shapes are ambiguous.
 *
 * @throws {ModelError} If TensorFlow.js has no layer for its class.
 */
export function offersOf(layer: TorchLayer): Offer[] {
  const { name, className } = layer;
  switch (className) {
    case "Linear":
    case "Conv1D":
      return ofMatrix(layer);
    case "Embedding":
      return [ofTable(tensorOf(layer, "kernel")!)];
    case "LSTM":
    case "RNN":
      return [ofRecurrent(layer)];
    case "GRU":
      return [ofGru(layer)];
    case "PReLU":
      return [ofSlopes(layer.tensors[0])];
    case "BatchNorm":
    case "LayerNorm":
    case "RMSNorm":
      return [ofNormalization(layer)];
    case "Parameter": {
      // In an nn.Sequential, no name tells if a lone vector scales a normalisation or holds the
      // slopes of a PReLU.
      const [alone] = layer.tensors;
      if (alone.own !== "weight" || alone.shape.length !== 1) break;
      return [
        ofNormalization({ ...layer, tensors: [{ ...alone, role: "scale" }] }),
        ofSlopes(alone),
      ];
    }
  }
  if (/^Conv/.test(className)) return ofConvolution(layer);
  throw new ModelError({
    place: `${showValue(name)} of shape [${layer.tensors[0].shape.join(", ")}]`,
    found: "of no class that is known",
    expected: "layers that TensorFlow.js has too",
  });
}

function tensorOf({ tensors }: TorchLayer, role: TensorRole): TorchTensor | undefined {
  return tensors.find((one) => one.role === role);
}

/** Returns the names of the non-kernel weights. */
const biasOf = (layer: TorchLayer) => tensorOf(layer, "bias") === undefined ? [] : ["bias"];

/** Offers a kernel of this shape, with the bias of the layer if it has one. */
function ofKernel(
  layer: TorchLayer,
  family: string,
  shape: number[],
  give: Offer["give"],
): Offer {
  return {
    signature: signatureOf(family, shape, biasOf(layer)),
    give: (unit) => ({ ...give(unit), ...withBias(tensorOf(layer, "bias")) }),
  };
}

function ofMatrix(layer: TorchLayer): Offer[] {
  const kernel = tensorOf(layer, "kernel")!;
  const shape = kerasShape(kernel);
  const dense = ofKernel(layer, "dense", shape, ({ flattened }) => ({
    kernel: reordered(turned(kernel), shape, flattened),
  }));
  // In an nn.Sequential, no name distinguishes a table from a Linear without a bias.
  const mayBeTable = tensorOf(layer, "bias") === undefined && layer.className === "Linear";
  return mayBeTable ? [dense, ofTable(kernel)] : [dense];
}

/**
 * Offers the weights of a simple layer or an LSTM. The gates have the same order in both: input,
 * forget, cell, output. TensorFlow.js has one bias for both kernels.
 */
function ofRecurrent(layer: TorchLayer): Offer {
  const kernel = tensorOf(layer, "kernel")!, recurrent = tensorOf(layer, "recurrentKernel")!;
  const first = tensorOf(layer, "bias"), second = tensorOf(layer, "recurrentBias");
  const own = { kernel: turned(kernel), recurrent_kernel: turned(recurrent) };
  return {
    signature: signatureOf(layer.className.toLowerCase(), kerasShape(kernel), biasOf(layer)),
    give: () => first === undefined ? own : { ...own, bias: sum(first.read(), second!.read()) },
  };
}

function ofGru(layer: TorchLayer): Offer {
  const kernel = tensorOf(layer, "kernel")!, recurrent = tensorOf(layer, "recurrentKernel")!;
  const biases = [tensorOf(layer, "bias"), tensorOf(layer, "recurrentBias")]
    .filter((one) => one !== undefined);
  const hasBias = tensorOf(layer, "bias") !== undefined;
  const gates = (matrix: TorchTensor) => updateFirst(turned(matrix), matrix.shape[0]);
  const bias = () =>
    Float32Array.from(biases.flatMap((one) => [...updateFirst(one.read(), one.shape[0])]));
  return {
    signature: signatureOf("gru", kerasShape(kernel), biasOf(layer)),
    give: () => ({
      kernel: gates(kernel),
      recurrent_kernel: gates(recurrent),
      ...hasBias ? { bias: bias() } : {},
    }),
  };
}

const ofTable = ({ shape, read }: TorchTensor): Offer => ({
  signature: signatureOf("embedding", shape, []),
  give: () => ({ embeddings: read() }),
});

const ofSlopes = ({ shape, read }: TorchTensor): Offer => ({
  signature: signatureOf("prelu", shape, []),
  give: () => ({ alpha: read() }),
});

/**
 * Reorders the rows of a GRU, one entry for each unit of each gate: PyTorch has reset, update, new,
 * and Keras update, reset, new.
 */
function updateFirst(rows: Float32Array, length: number): Float32Array {
  const units = length / 3;
  const moves = [units, -units, 0];
  return rows.map((_, i) => {
    const gate = Math.floor(i % length / units);
    return rows[i + moves[gate]];
  });
}

function ofConvolution(layer: TorchLayer): Offer[] {
  const kernel = tensorOf(layer, "kernel")!;
  const shape = kerasShape(kernel);
  const give = () => ({ kernel: turned(kernel) });
  const transposed = ofKernel(layer, "transposed", shape, give);
  if (layer.layout === "transposed") return [transposed];
  const [outputs, inputs, ...window] = kernel.shape;
  const offers = [ofKernel(layer, "convolution", shape, give)];
  // With one input per group, the channels may be groups: output i * multiplier + m belongs to
  // input i, in both.
  if (inputs === 1 && window.length <= 2) {
    offers.push(
      ofKernel(layer, "depthwise", [...window, outputs], () => ({
        depthwise_kernel: turned(kernel),
      })),
    );
  }
  return [...offers, transposed];
}

function ofNormalization({ className, tensors }: TorchLayer): Offer {
  const names: Partial<Record<TensorRole, string>> = {
    scale: "gamma",
    shift: "beta",
    mean: "moving_mean",
    variance: "moving_variance",
  };
  const own = tensors.filter(({ role }) => names[role] !== undefined);
  const has = (role: TensorRole) => own.some((one) => one.role === role);
  const isBatch = className === "BatchNorm";
  const more = [...isBatch && has("scale") ? ["gamma"] : [], ...has("shift") ? ["beta"] : []];
  return {
    signature: signatureOf(isBatch ? "batch norm" : "layer norm", own[0].shape, more),
    give: ({ flattened, weights }) =>
      Object.fromEntries(
        own.map((tensor) => [
          // Name in an RMSNormalization.
          tensor.role === "scale" && weights.has("scale") ? "scale" : names[tensor.role]!,
          reordered(tensor.read(), tensor.shape, flattened),
        ]),
      ),
  };
}

function withBias(bias: TorchTensor | undefined): Record<string, Float32Array> {
  return bias === undefined ? {} : { bias: bias.read() };
}

const kerasShape = ({ shape, axes }: TorchTensor) => axes.map((axis) => shape[axis]);

const sum = (one: Float32Array, other: Float32Array) => one.map((value, i) => value + other[i]);

/** Returns the entries with the axes in Keras's order. */
function turned({ shape, axes, read }: TorchTensor): Float32Array {
  const values = read();
  const steps = axes.map((axis) => shape.slice(axis + 1).reduce((a, b) => a * b, 1));
  const sizes = axes.map((axis) => shape[axis]);
  const out = new Float32Array(values.length);
  const position = sizes.map(() => 0);
  let at = 0;
  for (let i = 0; i < out.length; i++) {
    out[i] = values[at];
    for (let axis = sizes.length - 1; axis >= 0; axis--) {
      at += steps[axis];
      if (++position[axis] < sizes[axis]) break;
      at -= sizes[axis] * steps[axis];
      position[axis] = 0;
    }
  }
  return out;
}

/**
 * Reorders the rows of a kernel, or the entries of a vector, that read a flattened map: PyTorch
 * flattens it channel by channel, TensorFlow.js place by place.
 */
function reordered(
  values: Float32Array,
  [rows]: readonly number[],
  map: readonly number[] | null,
): Float32Array {
  if (map === null) return values;
  const channels = map.at(-1)!;
  const places = rows / channels;
  const length = values.length / rows;
  const out = new Float32Array(values.length);
  for (let row = 0; row < rows; row++) {
    const from = (row % channels) * places + Math.floor(row / channels);
    out.set(values.subarray(from * length, (from + 1) * length), row * length);
  }
  return out;
}
