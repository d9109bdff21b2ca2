import { kerasLayers } from "../../load/keras_layers.ts";
import { isFloat, isWhole, tensorBytes } from "../../model/files/file_types.ts";
import type { FileTensor, FileType, WeightsFile } from "../../model/weights/weights_manifest.ts";
import {
  type TensorRole,
  type TorchLayer,
  torchLayers,
  type TorchTensor,
} from "../../torch/torch_layers.ts";
import { type SweepTensor, typeRead } from "./sample_tensors.ts";
import type { UnitAxis } from "./tensor_sweep.ts";

/** Layer of a file with its non-empty tensors, kernels first, as rules expect them. */
export interface FileLayer {
  layer: TorchLayer;
  tensors: TorchTensor[];
}

/** Tensor of whole numbers to sweep. */
export interface WholeSweep extends SweepTensor {
  tensor: FileTensor;
  /** Layer whose kernel it is, quantised to int8; `null` for another tensor. */
  layer: string | null;
}

/** Contents of a file. */
export interface FileContents {
  layers: FileLayer[];
  /** Tensors of whole numbers, by name. */
  whole: WholeSweep[];
}

/** Returns the layers of a file, and its tensors of whole numbers, which belong to none. */
export function contentsOf(file: WeightsFile): FileContents {
  return { layers: layersIn(file, isFloat), whole: wholeIn(file) };
}

function layersIn(file: WeightsFile, accepts: (type: FileType) => boolean): FileLayer[] {
  const isFirst = ({ role }: TorchTensor) => role === "kernel" ? 0 : 1;
  const layersOf = file.layout === "keras" ? kerasLayers : torchLayers;
  return layersOf(file.tensors, accepts).map((layer) => ({
    layer,
    tensors: layer.tensors.toSorted((a, b) => isFirst(a) - isFirst(b)).filter(hasEntries),
  }));
}

const hasEntries = ({ shape }: FileTensor) => !shape.includes(0);

const isKernelRole = (role: TensorRole) => role === "kernel" || role === "recurrentKernel";

/** Returns the tensors of whole numbers: of those of int8, the units of kernels are compared. */
function wholeIn(file: WeightsFile): WholeSweep[] {
  const kernels = new Map(
    layersIn(file, (type) => type === "int8")
      .filter(({ layer: { kind } }) => kind !== "embedding")
      .flatMap(({ layer, tensors }) =>
        tensors.filter(({ role }) => isKernelRole(role)).map((tensor) =>
          [tensor.name, { ...sweepOf(file, layer, tensor), tensor, layer: layer.name }] as const
        )
      ),
  );
  const isExact = (tensor: FileTensor) => typeRead(tensor) === tensor.type;
  return file.tensors
    .filter((tensor) => isWhole(tensor.type) && isExact(tensor) && hasEntries(tensor))
    .map((tensor) => kernels.get(tensor.name) ?? { tensor, units: null, layer: null })
    .sort((a, b) => a.tensor.name < b.tensor.name ? -1 : 1);
}

/** Returns the tensors to sweep. */
export function sweepsOf(file: WeightsFile, { layers, whole }: FileContents): SweepTensor[] {
  const floats = layers.flatMap(({ layer, tensors }) =>
    tensors.map((tensor) => sweepOf(file, layer, tensor))
  );
  return [...floats, ...whole];
}

/**
 * Returns the contents of a part, in their order: the largest layers are distributed first.
 *
 * @param shard The part; `null` for the whole.
 */
export function partOf(
  { layers, whole }: FileContents,
  shard: { index: number; count: number } | null,
): FileContents {
  if (shard === null) return { layers, whole };
  const sized = [
    ...layers.map((one) => ({
      one,
      bytes: one.tensors.reduce((sum, t) => sum + tensorBytes(t), 0),
    })),
    ...whole.map((one) => ({ one, bytes: tensorBytes(one.tensor) })),
  ];
  const loads = Array<number>(shard.count).fill(0);
  const own = new Set<FileLayer | WholeSweep>();
  for (const { one, bytes } of sized.toSorted((a, b) => b.bytes - a.bytes)) {
    const part = loads.indexOf(Math.min(...loads));
    loads[part] += bytes;
    if (part === shard.index - 1) own.add(one);
  }
  return {
    layers: layers.filter((one) => own.has(one)),
    whole: whole.filter((one) => own.has(one)),
  };
}

/** Returns a tensor with the position of its units. */
function sweepOf(file: WeightsFile, layer: TorchLayer, tensor: TorchTensor): SweepTensor {
  const { shape } = tensor;
  if (file.layout !== "keras" || shape.length < 2) return { tensor, units: unitsOf(layer, tensor) };
  const { units, outer } = kerasUnits(layer, tensor);
  const size = (axes: readonly number[]) => axes.reduce((product, axis) => product * axis, 1);
  return { tensor, units, matrix: [size(shape.slice(0, outer)), size(shape.slice(outer))] };
}

/**
 * Returns the position of a unit's incoming weights in a kernel: rows as a rule, as PyTorch has
 * `[out, in, ...]`; `null` for another tensor.
 */
function unitsOf({ layout, className }: TorchLayer, { shape, role }: TorchTensor): UnitAxis | null {
  if (!isKernelRole(role) || shape.length < 2) return null;
  if (layout !== "transposed" && className !== "Conv1D") return { axis: "rows" };
  return { axis: "columns", window: shape.slice(2).reduce((size, length) => size * length, 1) };
}

/**
 * Returns the position of a unit's incoming weights in a kernel with the axes of Keras, and the
 * number of axes before those of the units.
 */
function kerasUnits(
  { layout }: TorchLayer,
  { shape, role }: TorchTensor,
): { units: UnitAxis | null; outer: number } {
  const last = shape.length - 1;
  const isKernel = isKernelRole(role);
  const one: UnitAxis = { axis: "columns", window: 1 };
  // The outputs of a transposed convolution come before its inputs.
  if (layout === "transposed") {
    const units: UnitAxis = { axis: "columns", window: shape[last] };
    return { units: isKernel ? units : null, outer: last - 1 };
  }
  const isPair = layout === "depthwise" || layout === "einsum ioo";
  return { units: isKernel ? one : null, outer: isKernel && isPair ? last - 1 : last };
}
