import { type FileType, isFloat } from "../ground/traits/number_types.ts";
import type { FileTensor } from "../files/weights_file.ts";
import type { KernelLayout, LayerKind } from "../ground/traits/layers.ts";
import type { TensorRole, TorchLayer } from "../files/torch_layers.ts";

/** Roles of weights by their names in Keras and Flax. */
const ROLES: Readonly<Record<string, TensorRole>> = {
  kernel: "kernel",
  depthwise_kernel: "kernel",
  pointwise_kernel: "kernel",
  embeddings: "kernel",
  embedding: "kernel",
  recurrent_kernel: "recurrentKernel",
  bias: "bias",
  gamma: "scale",
  scale: "scale",
  beta: "shift",
  moving_mean: "mean",
  moving_variance: "variance",
};

/** Group of the weights of a layer in files of Keras 3, where they have numbers. */
const VARS = /(^|\/)vars$/;

/** Names of layers whose weights have numbers, by which they are told apart. */
const TABLE = /embed|lookup/i, NORM = /norm/i, DEPTHWISE = /depthwise/i, TRANSPOSED = /transpose/i;

/** Projections of a MultiHeadAttention of Keras, `[in, heads, size]` and `[heads, size, out]`. */
const INWARD = /(^|[/_])(query|key|value)(_dense)?$/,
  OUTWARD = /(^|[/_])(attention_)?output(_dense)?$/;

type Group = { own: string; tensor: FileTensor }[];

/** Class and roles of a layer. */
interface Known {
  className: string;
  kind: LayerKind;
  roles: readonly TensorRole[];
  layout?: KernelLayout | null;
  doubtful?: boolean;
}

/**
 * Returns the layers of a file with names and axes of Keras: tensors that share the name up to the
 * last slash (or dot) are one layer, and their names, or else their order and shapes, tell its
 * class.
 */
export function kerasLayers(
  tensors: readonly FileTensor[],
  accepts: (type: FileType) => boolean = isFloat,
): TorchLayer[] {
  const groups = new Map<string, Group>();
  for (const tensor of tensors) {
    if (!accepts(tensor.type)) continue;
    const end = Math.max(tensor.name.lastIndexOf("/"), tensor.name.lastIndexOf("."));
    const own = tensor.name.slice(end + 1);
    const path = tensor.name.slice(0, Math.max(0, end)).replace(VARS, "");
    const group = groups.get(path) ?? [];
    groups.set(path, group);
    group.push({ own, tensor });
  }
  return [...groups].map(([path, group]) => layerOf(nameOf(path), group));
}

/** Returns the name of a layer: `dense` of `dense/dense`, as Keras 2 repeats it. */
function nameOf(path: string): string {
  const steps = path.replace(/^layers\//, "").split("/");
  const half = steps.length / 2;
  const isTwice = Number.isInteger(half) &&
    steps.slice(0, half).join("/") === steps.slice(half).join("/");
  return (isTwice ? steps.slice(0, half) : steps).join("/") || "(root)";
}

function layerOf(name: string, group: Group): TorchLayer {
  const isNumbered = group.every(({ own }) => /^\d+$/.test(own));
  const ordered = isNumbered ? group.toSorted((a, b) => Number(a.own) - Number(b.own)) : group;
  const known = isNumbered ? knownByShapes(name, ordered) : knownByNames(name, ordered);
  const { className, kind, roles, layout = null, doubtful = false } = known;
  return {
    name,
    className,
    kind,
    layout,
    doubtful,
    tensors: ordered.map(({ own, tensor }, i) => ({
      ...tensor,
      own: isNumbered && roles[i] !== "other" ? OWN_NAMES[roles[i]] : own,
      role: roles[i],
      axes: tensor.shape.map((_, axis) => axis),
    })),
  };
}

/** Names of weights by their roles. */
const OWN_NAMES: Readonly<Record<TensorRole, string>> = {
  kernel: "kernel",
  recurrentKernel: "recurrent_kernel",
  bias: "bias",
  recurrentBias: "recurrent_bias",
  scale: "gamma",
  shift: "beta",
  mean: "moving_mean",
  variance: "moving_variance",
  other: "other",
};

function knownByNames(name: string, group: Group): Known {
  const roles = group.map(({ own }) => ROLES[own] ?? "other");
  const find = (role: TensorRole) => group[roles.indexOf(role)];
  const kernel = find("kernel");
  if (roles.includes("recurrentKernel")) return recurrent(find("recurrentKernel").tensor, roles);
  if (kernel === undefined) {
    const isNorm = roles.includes("scale") || roles.includes("shift") || roles.includes("mean");
    return isNorm ? normalization(roles) : opaque(group);
  }
  if (kernel.own.startsWith("embedding")) return embedding(roles);
  const layout = kernel.own === "depthwise_kernel" ? "depthwise" : undefined;
  return withKernel(name, kernel.tensor.shape, { roles, layout });
}

function knownByShapes(name: string, group: Group): Known {
  const shapes = group.map(({ tensor }) => tensor.shape);
  const [first, second] = shapes;
  if (shapes.every((shape) => shape.length === 1 && shape[0] === first[0])) {
    if (shapes.length === 4) return normalization(["scale", "shift", "mean", "variance"]);
    if (shapes.length === 2) return normalization(["scale", "shift"]);
    return shapes.length === 1 && NORM.test(name) ? normalization(["scale"]) : opaque(group);
  }
  if (first.length === 2 && second?.length === 2 && second[1] === first[1]) {
    return recurrent(group[1].tensor, ["kernel", "recurrentKernel", "bias"]);
  }
  if (shapes.length === 1 && first.length === 2 && TABLE.test(name)) return embedding(["kernel"]);
  if (shapes.length > 2 || first.length < 2 || (second?.length ?? 1) > 2) return opaque(group);
  return withKernel(name, first, { roles: ["kernel", "bias"] });
}

/** Describes a layer with one kernel. */
function withKernel(
  name: string,
  shape: readonly number[],
  { roles, layout }: Pick<Known, "roles" | "layout">,
): Known {
  if (shape.length === 2) return { className: "Dense", kind: "dense", roles, layout: "ordinary" };
  if (shape.length === 3 && INWARD.test(name)) {
    return { className: "EinsumDense", kind: "dense", roles, layout: "einsum ioo" };
  }
  if (shape.length === 3 && OUTWARD.test(name)) {
    return { className: "EinsumDense", kind: "dense", roles, layout: "einsum iio" };
  }
  if (shape.length > 5) return { className: "Module", kind: "opaque", roles, doubtful: true };
  const rank = `${shape.length - 2}D`;
  if (layout === "depthwise" || DEPTHWISE.test(name)) {
    return { className: `DepthwiseConv${rank}`, kind: "convolution", roles, layout: "depthwise" };
  }
  const isTransposed = TRANSPOSED.test(name);
  return {
    className: `Conv${rank}${isTransposed ? "Transpose" : ""}`,
    kind: "convolution",
    roles,
    layout: isTransposed ? "transposed" : "ordinary",
  };
}

/** Class of a recurrent layer by its number of blocks of columns, one for each gate. */
const CELLS: Readonly<Record<number, string>> = { 1: "SimpleRNN", 3: "GRU", 4: "LSTM" };

function recurrent({ shape: [rows, columns] }: FileTensor, roles: Known["roles"]): Known {
  const className = CELLS[columns / rows];
  return className === undefined
    ? { className: "Module", kind: "opaque", roles, doubtful: true }
    : { className, kind: "recurrent", roles };
}

const embedding = (roles: Known["roles"]): Known => ({
  className: "Embedding",
  kind: "embedding",
  roles,
});

const normalization = (roles: Known["roles"]): Known => ({
  className: roles.includes("mean") ? "BatchNormalization" : "LayerNormalization",
  kind: "normalization",
  roles,
});

const opaque = (group: Group): Known => ({
  className: group.length === 1 ? "Parameter" : "Module",
  kind: "opaque",
  roles: group.map(() => "other"),
  doubtful: true,
});
