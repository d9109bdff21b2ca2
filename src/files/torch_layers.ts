import { type FileType, isFloat } from "../ground/traits/number_types.ts";
import { ModelError } from "../core/model/model_error.ts";
import type { FileTensor } from "./weights_file.ts";
import type { KernelLayout, LayerKind } from "../ground/traits/layers.ts";
import { showValue } from "../ground/words/show_value.ts";

export type TensorRole =
  | "kernel"
  | "recurrentKernel"
  | "bias"
  | "recurrentBias"
  | "scale"
  | "shift"
  | "mean"
  | "variance"
  | "other";

export interface TorchTensor extends FileTensor {
  /** Name within the layer: `weight`. */
  own: string;
  /** Role in the layer. */
  role: TensorRole;
  /** Axes in Keras's order: a permutation of those of the file. */
  axes: number[];
}

/** Layer, inferred from the names and shapes of a state dict. */
export interface TorchLayer {
  /** Path of the layer: `layer1.0.conv1`; for a recurrent one with its number, `lstm.l0`. */
  name: string;
  /** Most likely class in PyTorch. */
  className: string;
  /** Kind of layer. */
  kind: LayerKind;
  /** Memory layout of its kernel once its axes are in Keras's order. */
  layout: KernelLayout | null;
  /** True if names and shapes leave its class open. */
  doubtful: boolean;
  /** Tensors of the layer. */
  tensors: TorchTensor[];
}

const CELL = /^(weight|bias)_(ih|hh|hr)((?:_l\d+)?(?:_reverse)?)$/;

/** Usual names of tables in which rows are looked up. */
const TABLE = /emb|wte|wpe|token|position|lookup|(^|[._])shared$/i;

const NORM = /norm|(^|[._])(bn|ln|gn)\d*([._]|$)/i;

/** Usual names of activations with slopes. */
const SLOPE = /relu|act/i;

/** Class of a recurrent layer by its number of blocks of rows, one for each gate. */
const CELLS: Readonly<Record<number, string>> = { 1: "RNN", 3: "GRU", 4: "LSTM" };

/**
 * Returns the layers of a state dict, in its order: tensors that share the name up to the last dot
 * are one layer, and its shapes tell its class. `weight [out, in]` is a Linear, `weight [out, in /
 * groups, ...window]` a convolution, `weight_ih_l0 [4 hidden, in]` an LSTM, a pair of vectors a
 * normalisation. Tensors of other types than floats, such as `num_batches_tracked`, belong to no
 * layer.
 *
 * @param accepts Types of the tensors that belong to layers.
 */
export function torchLayers(
  tensors: readonly FileTensor[],
  accepts: (type: FileType) => boolean = isFloat,
): TorchLayer[] {
  const groups = new Map<string, { own: string; tensor: FileTensor }[]>();
  for (const tensor of tensors) {
    if (!accepts(tensor.type)) continue;
    const dot = tensor.name.lastIndexOf(".");
    const own = tensor.name.slice(dot + 1);
    // Stacked and reversed recurrent layers only differ in the ends of their names.
    const [, , , end = ""] = CELL.exec(own) ?? [];
    const path = tensor.name.slice(0, Math.max(0, dot)) + end.replace(/^_/, ".");
    const group = groups.get(path);
    if (group === undefined) groups.set(path, [{ own, tensor }]);
    else group.push({ own, tensor });
  }
  return [...groups].map(([name, group]) =>
    layerOf(name.replace(/^\.|\.$/g, "") || "(root)", group)
  );
}

type Group = { own: string; tensor: FileTensor }[];

const straight = ({ shape }: FileTensor) => shape.map((_, axis) => axis);

/**
 * Moves the window first, then inputs and outputs, as in Keras: `[out, in, ...window]` becomes
 * `[...window, in, out]`.
 */
const windowFirst = (
  { shape }: FileTensor,
) => [...straight({ shape } as FileTensor).slice(2), 1, 0];

/** Describes a layer of a group of tensors. */
type Make = (
  className: string,
  kind: LayerKind,
  roles: Readonly<Record<string, TensorRole>>,
  options?: {
    layout?: KernelLayout | null;
    doubtful?: boolean;
    axes?: (kernel: FileTensor) => number[];
  },
) => TorchLayer;

function layerOf(name: string, group: Group): TorchLayer {
  const has = (own: string) => group.find((one) => one.own === own)?.tensor;
  const make: Make = (className, kind, roles, options = {}) => {
    const { layout = null, doubtful = false, axes = straight } = options;
    const tensors = group.map(({ own, tensor }) => {
      const role = roles[own] ?? "other";
      const isKernel = role === "kernel" || role === "recurrentKernel";
      return { ...tensor, own, role, axes: isKernel ? axes(tensor) : straight(tensor) };
    });
    return { name, className, kind, layout, doubtful, tensors };
  };
  const cells = group.filter(({ own }) => CELL.test(own));
  if (cells.length > 0) return cellOf(cells, make);
  if (has("running_mean") && has("running_var")) {
    const roles = { weight: "scale", bias: "shift", running_mean: "mean", running_var: "variance" };
    return make("BatchNorm", "normalization", roles as Record<string, TensorRole>);
  }
  const inward = has("in_proj_weight");
  if (inward?.shape.length === 2) {
    const roles = { in_proj_weight: "kernel", in_proj_bias: "bias" } as const;
    return make("MultiheadAttention", "dense", roles, { layout: "ordinary", axes: swapped });
  }
  const apart = ["q_proj_weight", "k_proj_weight", "v_proj_weight"];
  if (apart.every((own) => has(own)?.shape.length === 2)) {
    const roles = Object.fromEntries(apart.map((own) => [own, "kernel" as const]));
    return make("MultiheadAttention", "dense", { ...roles, in_proj_bias: "bias" }, {
      layout: "ordinary",
      axes: swapped,
    });
  }
  const weight = has("weight"), bias = has("bias");
  const rank = weight?.shape.length ?? 0;
  const length = bias?.shape.length === 1 ? bias.shape[0] : null;
  if (rank === 1 && length === weight!.shape[0]) {
    return make("LayerNorm", "normalization", { weight: "scale", bias: "shift" });
  }
  if (rank === 1 && bias === undefined && NORM.test(name)) {
    return make("RMSNorm", "normalization", { weight: "scale" });
  }
  if (rank === 1 && group.length === 1 && SLOPE.test(name)) {
    return make("PReLU", "activation", { weight: "scale" });
  }
  if (rank === 2) return denseOf(name, weight!.shape, length, make);
  if (rank >= 3 && rank <= 5) return convolutionOf(weight!.shape, length, make);
  return make(group.length === 1 ? "Parameter" : "Module", "opaque", {}, { doubtful: true });
}

const ROLES = { weight: "kernel", bias: "bias" } as const;

/**
 * Describes a layer whose weight is a matrix.
 *
 * @param biases Length of its bias, or `null` if it has none.
 */
function denseOf(
  name: string,
  [rows, columns]: readonly number[],
  biases: number | null,
  make: Make,
): TorchLayer {
  if (biases === null && TABLE.test(name)) return make("Embedding", "embedding", ROLES);
  // GPT-2 of the library transformers has transposed kernels, and calls that a Conv1D.
  if (biases !== null && biases === columns && biases !== rows) {
    return make("Conv1D", "dense", ROLES, { layout: "ordinary" });
  }
  const doubtful = biases === null ? rows > 8 * columns : biases !== rows;
  return make("Linear", "dense", ROLES, { layout: "ordinary", doubtful, axes: swapped });
}

/** Describes a convolution, likewise. */
function convolutionOf(shape: readonly number[], biases: number | null, make: Make): TorchLayer {
  const [first, second, ...window] = shape;
  const isTransposed = biases !== null && biases !== first && biases === second;
  const className = `Conv${isTransposed ? "Transpose" : ""}${window.length}d`;
  return make(className, "convolution", ROLES, {
    layout: isTransposed ? "transposed" : "ordinary",
    doubtful: biases !== first && !isTransposed,
    axes: windowFirst,
  });
}

const swapped = () => [1, 0];

function cellOf(cells: Group, make: Make): TorchLayer {
  const find = (start: string) => cells.find(({ own }) => own.startsWith(start));
  const inward = find("weight_ih");
  const back = find("weight_hh");
  const [rows, columns] = back?.tensor.shape ?? [];
  const className = CELLS[rows / columns];
  if (inward?.tensor.shape.length !== 2 || inward.tensor.shape[0] !== rows || !className) {
    return make("Module", "opaque", {}, { doubtful: true });
  }
  const roles: Record<string, TensorRole> = {
    [inward.own]: "kernel",
    [back!.own]: "recurrentKernel",
    [find("bias_ih")?.own ?? "bias_ih"]: "bias",
    [find("bias_hh")?.own ?? "bias_hh"]: "recurrentBias",
  };
  return make(className, "recurrent", roles, { axes: swapped });
}

/** Names of an attention's layers in our MultiHeadAttention. */
const PARTS = ["query", "key", "value"] as const;

/** Name of the Linear that an attention has for its outputs. */
const OUTPUT = /(^|\.)out_proj$/;

/**
 * Returns the layers of a state dict, with each `nn.MultiheadAttention` split: PyTorch stacks the
 * kernels of queries, keys and values in `in_proj_weight` (or keeps them apart, if keys and values
 * have other sizes) and their biases in `in_proj_bias`; Keras has a layer for each.
 *
 * @throws {ModelError} If an attention has weights that no layer of Keras has.
 */
export function splitAttentions(layers: readonly TorchLayer[]): TorchLayer[] {
  const attentions = new Set(
    layers.filter(({ className }) => className === "MultiheadAttention").map(({ name }) => name),
  );
  return layers.flatMap((layer) => {
    if (attentions.has(layer.name)) return partsOf(layer);
    const owner = layer.name.replace(OUTPUT, "") || "(root)";
    return owner !== layer.name && attentions.has(owner)
      ? [{ ...layer, name: partName(owner, "attention_output") }]
      : [layer];
  });
}

const partName = (owner: string, part: string) => owner === "(root)" ? part : `${owner}.${part}`;

function partsOf(layer: TorchLayer): TorchLayer[] {
  const strange = layer.tensors.find(({ role }) => role === "other");
  if (strange !== undefined) {
    throw new ModelError({
      place: showValue(strange.name),
      found:
        "a key or a value that an attention of PyTorch adds to all others, and no attention of Keras does",
      expected: "one without (add_bias_kv)",
    });
  }
  const kernels = layer.tensors.filter(({ role }) => role === "kernel");
  const bias = layer.tensors.find(({ role }) => role === "bias");
  return PARTS.map((part, i) => ({
    ...layer,
    name: partName(layer.name, part),
    className: "Linear",
    tensors: [
      kernels.length === 1
        ? third(kernels[0], i)
        : kernels.find(({ own }) => own.startsWith(part[0]))!,
      ...bias === undefined ? [] : [third(bias, i)],
    ],
  }));
}

/** Returns one of three equal blocks of rows. */
function third(tensor: TorchTensor, part: number): TorchTensor {
  const [rows, ...columns] = tensor.shape;
  const length = rows / 3 * columns.reduce((all, size) => all * size, 1);
  return {
    ...tensor,
    shape: [rows / 3, ...columns],
    read: () => tensor.read().slice(part * length, (part + 1) * length),
  };
}
