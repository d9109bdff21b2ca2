import { ModelError } from "../core/model/model_error.ts";
import { refusal } from "../ground/words/input_error.ts";
import { formatCount } from "../ground/words/numbers.ts";
import { showValue } from "../ground/words/show_value.ts";
import { signatureOf, type Unit } from "./model_units.ts";
import type { TensorRole, TorchLayer, TorchTensor } from "../files/torch_layers.ts";

/** Weights that a layer of PyTorch offers to layers of one signature, in their layout. */
interface Offer {
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

/** Layer of a model, with the layer of the file whose weights it gets. */
interface Pair {
  unit: Unit;
  layer: TorchLayer;
  offer: Offer;
}

/** Layer of the file with its offers. */
type Filler = { layer: TorchLayer; offers: Offer[] };

/**
 * Pairs the layers of a model with those of a state dict: by their names if each of the model's has
 * the name of one in the file, else by shape, and repeated shapes in their order. If these
 * disagree, it throws: weights in the wrong place are worse than none.
 *
 * @param units Layers of the model.
 * @param file `isOrdered`: true if the file has its layers in the order of the network.
 * @throws {ModelError} If the pairing is ambiguous; the message names both sides.
 */
export function pairLayers(
  units: readonly Unit[],
  layers: readonly TorchLayer[],
  { isOrdered }: { isOrdered: boolean },
): Pair[] {
  const fillers = layers.map((layer): Filler => ({ layer, offers: offersOf(layer) }));
  const byName = pairByName(units, fillers);
  if (byName !== null) return byName;
  if (units.length !== layers.length) {
    const rest = spare(units, fillers);
    throw new ModelError(
      refusal`The file has ${
        formatCount(layers.length, "layer")
      } with weights, expected ${units.length} as the model has${rest}`,
    );
  }
  const numbered = isOrdered ? fillers : inNaturalOrder(fillers);
  const inOrder = units.map((unit, i) => pairOf(unit, numbered[i]));
  if (inOrder.every((pair) => pair !== null)) {
    const repeated = inOrder.find(({ unit }) =>
      units.filter(({ signature }) => signature === unit.signature).length > 1
    );
    if (isOrdered || repeated === undefined || isNumbered(layers)) {
      return withoutNamesakes(inOrder, layers);
    }
    throw new ModelError({
      place: `Layer ${showValue(repeated.unit.path)}`,
      found: `${repeated.unit.signature}, and so are others of the file, which is sorted by name`,
      expected: `layers with the names of the file: ${showValue(repeated.layer.name)} and so on`,
    });
  }
  return withoutNamesakes(pairByShape(units, fillers), layers);
}

/**
 * Returns the pairs, unless a layer would not get the weights of the file's layer with its name.
 */
function withoutNamesakes(pairs: Pair[], layers: readonly TorchLayer[]): Pair[] {
  for (const { unit, layer } of pairs) {
    const name = plainName(unit.path);
    const namesake = unit.isNamed && plainName(layer.name) !== name &&
      layers.find((other) => plainName(other.name) === name);
    if (!namesake) continue;
    throw new ModelError({
      place: `Layer ${showValue(unit.path)}`,
      verb: "would get",
      found: `the weights of ${showValue(layer.name)} by shapes and order`,
      expected: `those of ${showValue(namesake.name)}`,
      hint: ": give all layers the names of the file",
    });
  }
  return pairs;
}

const pairOf = (unit: Unit, { layer, offers }: Filler): Pair | null => {
  const offer = offers.find(({ signature }) => signature === unit.signature);
  return offer === undefined ? null : { unit, layer, offer };
};

/**
 * Returns a name without separators and the prefixes of wrappers: DataParallel, torch.compile,
 * Lightning.
 */
const plainName = (name: string) =>
  name.toLowerCase().replace(/^((module|_orig_mod|model)\.)+/, "").replaceAll(/[^a-z0-9]+/g, "_")
    .replace(/_l0$/, "");

function pairByName(units: readonly Unit[], fillers: readonly Filler[]): Pair[] | null {
  if (units.length !== fillers.length || !units.every(({ isNamed }) => isNamed)) return null;
  const byName = new Map(fillers.map((filler) => [plainName(filler.layer.name), filler]));
  if (byName.size < fillers.length) return null;
  const found = units.map((unit) => ({ unit, filler: byName.get(plainName(unit.path)) }));
  if (found.some(({ filler }) => filler === undefined)) return null;
  return found.map(({ unit, filler }) => {
    const pair = pairOf(unit, filler!);
    if (pair !== null) return pair;
    throw new ModelError({
      place: `${showValue(filler!.layer.name)} of the file`,
      found: filler!.offers[0].signature,
      expected: `${unit.signature} as layer ${showValue(unit.path)} of that name has`,
    });
  });
}

/** Pairs layers by shape, which is only possible if each signature occurs once on either side. */
function pairByShape(units: readonly Unit[], fillers: readonly Filler[]): Pair[] {
  return units.map((unit) => {
    const fitting = fillers.flatMap((filler) => pairOf(unit, filler) ?? []);
    const alike = units.filter(({ signature }) => signature === unit.signature);
    if (fitting.length === 1 && alike.length === 1) return fitting[0];
    if (fitting.length === 0) {
      throw new ModelError({
        place: `Layer ${showValue(unit.path)}`,
        found: unit.signature,
        expected: "a layer of the file",
        meant: `, and no layer of the file is${spare(units, fillers)}`,
      });
    }
    throw new ModelError({
      place: `Layer ${showValue(unit.path)}`,
      found: `${unit.signature}, and so are ${fitting.length} layers of the file (${
        fitting.slice(0, 3).map(({ layer }) => showValue(layer.name)).join(", ")
      }), whose order is not that of the model`,
      expected: "layers with the names of the file",
    });
  });
}

/** Describes the first layer of the file that fills none of the model's. */
function spare(units: readonly Unit[], fillers: readonly Filler[]): string {
  const other = fillers.find((filler) => units.every((unit) => pairOf(unit, filler) === null)) ??
    fillers.at(-1);
  return other === undefined
    ? ""
    : `: ${showValue(other.layer.name)} of the file is ${other.offers[0].signature}`;
}

const digits = (name: string) => name.replaceAll(/\d+/g, (number) => number.padStart(12, "0"));

function inNaturalOrder(fillers: readonly Filler[]): Filler[] {
  return fillers.toSorted((a, b) => digits(a.layer.name) < digits(b.layer.name) ? -1 : 1);
}

/**
 * Returns true if names differ only in numbers, as in an nn.Sequential: then they tell the order.
 */
const isNumbered = (layers: readonly TorchLayer[]) =>
  new Set(layers.map(({ name }) => name.replaceAll(/\d+/g, "#"))).size === 1;
