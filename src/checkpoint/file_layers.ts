import { kerasLayers } from "./keras_layers.ts";
import { countOf, tensorBytes } from "../files/file_types.ts";
import { type FileType, isFloat, isWhole } from "../ground/traits/number_types.ts";
import type { FileTensor, WeightsFile } from "../files/weights_file.ts";
import {
  type TensorRole,
  type TorchLayer,
  torchLayers,
  type TorchTensor,
} from "../files/torch_layers.ts";
import { type SweepTensor, typeRead } from "./sample_tensors.ts";
import type { TensorFigures, UnitAxis } from "./tensor_sweep.ts";
import type { NonFinite } from "../engine/native/checkpoint_sweep.ts";
import { matrixOf } from "./plan_sweep.ts";

/** Layer of a file with its non-empty tensors, kernels first, as rules expect them. */
interface FileLayer {
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

/** Tensor in the order of the file, and a function that restores the order of its figures. */
interface OrderedSweep extends SweepTensor {
  restore(figures: TensorFigures): TensorFigures;
}

type Permuted = NonNullable<FileTensor["permuted"]>;

/**
 * Returns a tensor whose file has it in another order as it is there, if its figures follow: sums do
 * not depend on the order, and its rows may be columns there. So it is read once, from its first
 * byte to its last. Others are returned as they are.
 */
export function inFileOrder(one: SweepTensor): OrderedSweep {
  const { tensor, units } = one;
  const { permuted, shape } = tensor;
  const side = permuted === undefined ? null : sideOfRows(one, permuted);
  const isOne = units === null || units.axis === "rows" || units.window === 1;
  if (permuted === undefined || side === null || !isOne) {
    return { ...one, restore: (figures) => figures };
  }
  const { file, offset } = permuted;
  const stored = { ...tensor, stored: { file, offset } };
  const restored = (figures: TensorFigures): TensorFigures => ({
    ...figures,
    nonFinite: placeBack(figures.nonFinite, shape, permuted),
  });
  const [rows, width] = matrixIn(one);
  if (side === "outside") {
    return { tensor: stored, units, matrix: [rows, width], restore: restored };
  }
  return {
    tensor: stored,
    units: units === null ? null : otherAxis(units),
    matrix: [width, rows],
    restore: (figures) => ({ ...restored(figures), rows: figures.columns, columns: figures.rows }),
  };
}

const otherAxis = ({ axis }: UnitAxis): UnitAxis =>
  axis === "rows" ? { axis: "columns", window: 1 } : { axis: "rows" };

function matrixIn({ tensor: { shape }, matrix }: SweepTensor): readonly [number, number] {
  return matrix ?? [shape[0], countOf(shape.slice(1))!];
}

/**
 * Returns the side of the file's order on which the axes of a matrix's rows are; `null` if they are
 * on neither, or if lines would not be compared there that are compared row-major.
 */
function sideOfRows(one: SweepTensor, { axes }: Permuted): "outside" | "inside" | null {
  const { shape } = one.tensor;
  const [rows, width] = matrixIn(one);
  const isRow = (axis: number) => countOf(shape.slice(0, axis + 1))! <= rows;
  const long = axes.filter((axis) => shape[axis] > 1);
  const count = long.filter(isRow).length;
  if (long.slice(0, count).every(isRow)) return "outside";
  if (!long.slice(long.length - count).every(isRow)) return null;
  const { compares } = matrixOf([rows, width]);
  const there = matrixOf([width, rows]).compares;
  const isCompared = there.columns >= compares.rows && there.rows >= compares.columns;
  return isCompared ? "inside" : null;
}

/** Returns entries that are not finite with the indices that they have row-major. */
function placeBack(
  found: NonFinite | null,
  shape: readonly number[],
  { axes }: Permuted,
): NonFinite | null {
  if (found === null) return null;
  const rowMajor = (index: number) => {
    if (index < 0) return index;
    const place = shape.map(() => 0);
    let rest = index;
    for (const axis of axes.toReversed()) {
      place[axis] = rest % shape[axis];
      rest = Math.floor(rest / shape[axis]);
    }
    return place.reduce((at, i, axis) => at * shape[axis] + i, 0);
  };
  return {
    ...found,
    firstNaN: rowMajor(found.firstNaN),
    firstInfinite: rowMajor(found.firstInfinite),
  };
}
