import { lossTraits } from "../traits/losses.ts";
import type { Heap } from "../engine/heap.ts";
import { heapView } from "../engine/heap_view.ts";
import type { Sums } from "../engine/native/sums.ts";
import type { Layer, LayersModel, Tensor } from "../engine/tensorflow.ts";
import { frontLayers } from "../model/front_layers.ts";
import { inputRanges } from "../model/input_ranges.ts";
import type {
  ClassMeasurements,
  InputMeasurements,
  TargetMeasurements,
} from "./batch_measurements.ts";
import { measureFeatures, spreadOf } from "./between_examples.ts";
import { countFlatRows } from "./count_flat_rows.ts";
import type { Measurements } from "./measurements.ts";
import { mergeSums, statisticsOf, sumTensor } from "./sums.ts";
import { inputName, outputName } from "./tensor_names.ts";

/**
 * Measures the inputs of a batch, each one and all together.
 *
 * @param nameOf Returns the name of a layer's row; `undefined` for a layer that is not part of the
 * model.
 */
export function measureInputs(
  heap: Heap,
  model: LayersModel,
  inputs: Tensor[],
  nameOf: (layer: Layer) => string | undefined,
): Pick<Measurements["batch"], "inputs" | "perInput"> {
  const ranges = inputRanges(model);
  const fronts = frontLayers(model, (layer) => nameOf(layer) !== undefined);
  let all: Sums | null = null;
  const perInput = inputs.map((tensor, i): InputMeasurements => {
    const sums = sumTensor(heap, tensor);
    all = mergeSums(all, sums);
    return {
      name: inputName(model, i),
      shape: tensor.shape.slice(),
      dtype: tensor.dtype,
      ...(ranges[i] === null ? {} : { lookedUp: true }),
      ...(fronts[i] === null ? {} : { scaledBy: fronts[i].map((layer) => nameOf(layer)!) }),
      ...(hasUnitRows(heap, tensor) ? { unitRows: true } : {}),
      ...(ranges[i] === null ? constantRows(heap, tensor) : {}),
      values: statisticsOf(sums)!,
      ...(ranges[i] === null ? apart(heap, tensor, sums) : {}),
    };
  });
  return { inputs: statisticsOf(all)!, perInput };
}

function constantRows(heap: Heap, tensor: Tensor): Pick<InputMeasurements, "constantRows"> {
  const { rows, flat } = countFlatRows(heap, tensor, 0);
  return flat === 0 ? {} : { constantRows: flat / rows };
}

/** Measures how far the examples of a tensor differ. */
function apart(
  heap: Heap,
  tensor: Tensor,
  sums: Sums,
): Pick<InputMeasurements, "features" | "spread"> {
  const features = measureFeatures(heap, tensor);
  return {
    ...(features === null ? {} : { features }),
    spread: spreadOf(heap, tensor, tensor.shape[0], sums),
  };
}

/** Largest distance of a row's norm from 1: half precision is off by about 1e-3. */
const NORM_TOLERANCE = 0.01;

/** Returns true if each row is a unit vector, as in the embeddings of a sentence or a picture. */
function hasUnitRows(heap: Heap, tensor: Tensor): boolean {
  const length = tensor.shape.at(-1)!;
  if (tensor.dtype !== "float32" || tensor.rank < 2 || length < 2) return false;
  const values = heapView(heap.tf, tensor);
  for (let start = 0; start < values.length; start += length) {
    let square = 0;
    for (let i = start; i < start + length; i++) square += values[i] ** 2;
    // Other tensors fail in the first row.
    if (!(Math.abs(Math.sqrt(square) - 1) <= NORM_TOLERANCE)) return false;
  }
  return true;
}

/** With more classes than this, the shares of the classes say little and take much space. */
const MAX_UNITS = 1000;

/**
 * Measures the targets of a batch.
 *
 * @param lossOf Returns the loss of an output: the targets of some losses are numbers of classes.
 */
export function measureTargets(
  heap: Heap,
  model: LayersModel,
  targets: Tensor[],
  lossOf: (output: number) => string | null,
): TargetMeasurements[] {
  return targets.map((tensor, i) => {
    const units = unitsOf(model, i, tensor);
    const sparse = lossTraits(lossOf(i))?.targets === "classes";
    const sums = sumTensor(heap, tensor);
    const differences = sparse ? {} : apart(heap, tensor, sums);
    const values = heapView(heap.tf, tensor);
    return {
      name: outputName(model, i),
      shape: tensor.shape.slice(),
      values: statisticsOf(sums)!,
      ...(sparse ? { classes: classesOf(values, units) } : differences),
      unitMeans: units > MAX_UNITS
        ? null
        : sparse
        ? classShares(values, units)
        : unitMeans(values, tensor.shape.at(-1)!),
    };
  });
}

function unitsOf(model: LayersModel, i: number, tensor: Tensor): number {
  return model.outputs[i]?.shape.at(-1) ?? tensor.shape.at(-1)!;
}

function unitMeans(values: ArrayLike<number>, units: number): number[] {
  const sums = new Array<number>(units).fill(0);
  for (let i = 0; i < values.length; i++) sums[i % units] += values[i];
  return sums.map((sum) => sum / (values.length / units));
}

function classShares(classes: ArrayLike<number>, units: number): number[] {
  const counts = new Array<number>(units).fill(0);
  for (let i = 0; i < classes.length; i++) {
    if (classes[i] >= 0 && classes[i] < units) counts[Math.trunc(classes[i])]++;
  }
  return counts.map((count) => count / classes.length);
}

function classesOf(values: ArrayLike<number>, units: number): ClassMeasurements {
  let [least, most, fractions] = [Infinity, -Infinity, 0];
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (!Number.isInteger(value)) fractions++;
    if (!Number.isFinite(value)) continue;
    least = Math.min(least, value);
    most = Math.max(most, value);
  }
  return least > most
    ? { units, least: null, most: null, fractions }
    : { units, least, most, fractions };
}
