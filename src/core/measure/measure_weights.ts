import { type Heap, heapView } from "../../engine/heap/heap.ts";
import type { Sums } from "../../engine/native/sums.ts";
import type { Layer, Tensor } from "../../engine/tensorflow.ts";
import type { LayerVariable, ModelWeight } from "../model/weights/model_weights.ts";
import type { TensorStatistics, WeightMeasurements } from "./measurements.ts";
import {
  mergeSums,
  statisticsOf,
  sumTensor,
  type TensorSums,
  withBins,
  withHistograms,
} from "./sums.ts";
import { kernelLayoutOf } from "../model/layers/leaf_layers.ts";
import { isEinsumLayout, matrixOffsets } from "../../ground/traits/layers.ts";
import { isKernel } from "../../ground/theory/weight_kinds.ts";
import { layerTraits } from "../../ground/traits/layer_traits.ts";

export interface WeightGradient {
  /** Statistics over all entries. */
  all: TensorStatistics;
  /** Statistics over the rows of an embedding matrix that the batch looked up. */
  usedRows: TensorStatistics | null;
}

/**
 * Sums up the gradient of a weight.
 *
 * @param heap The engine's heap.
 * @param options `usedRows`: rows of an embedding matrix that the batch looked up; `histograms`: true
 * to count exponents.
 */
export function weightGradient(
  heap: Heap,
  gradient: Tensor,
  { usedRows, histograms }: { usedRows: Set<number> | null; histograms: boolean },
): WeightGradient {
  const sums = sumTensor(heap, gradient);
  return {
    all: statisticsOf(histograms ? withHistograms(heap, gradient, sums) : sums)!,
    usedRows: usedRows === null || gradient.rank !== 2 ? null : overRows(heap, gradient, usedRows),
  };
}

function overRows(heap: Heap, gradient: Tensor, used: Set<number>): TensorStatistics | null {
  const [rows, columns] = gradient.shape;
  let sums: Sums | null = null;
  for (const { first, count } of runsOf([...used].filter((row) => row >= 0 && row < rows))) {
    sums = mergeSums(sums, sumTensor(heap, gradient, first * columns, count * columns));
  }
  return statisticsOf(sums);
}

/**
 * Groups consecutive numbers into runs: of a thousand rows most have a neighbour, and a sweep is
 * one call.
 */
function runsOf(numbers: number[]): { first: number; count: number }[] {
  const runs: { first: number; count: number }[] = [];
  for (const number of numbers.sort((a, b) => a - b)) {
    const last = runs.at(-1);
    if (last !== undefined && last.first + last.count === number) last.count++;
    else runs.push({ first: number, count: 1 });
  }
  return runs;
}

/** The bias of a head is written out up to this many classes. */
export const MAX_ENTRIES = 1000;

/**
 * Measures one weight.
 *
 * @param heap The engine's heap.
 * @param known `gradient`: statistics of dJ/dw, or `null` if the backward pass gave none; `sums`: sums
 * taken earlier in the pass; `isOutput`: true if the weight belongs to an output layer; `histograms`:
 * true to count its values.
 */
export function measureWeight(
  heap: Heap,
  weight: ModelWeight,
  { gradient, sums, isOutput, histograms }: {
    gradient: WeightGradient | null;
    sums: TensorSums;
    isOutput: boolean;
    histograms: boolean;
  },
): WeightMeasurements {
  const { variable, trainable } = weight;
  const shape = variable.shape.map((size) => size ?? 0);
  const absent: Record<string, string> = {};
  if (!trainable) {
    absent.gradients = whyUntrained(weight);
  } else if (gradient === null) {
    absent.gradients = "the weight is not on the objective's path";
  }
  const values = sums.of(variable.read());
  const read = () => heapView(heap.tf, variable.read());
  const isShortVector = shape.length === 1 && shape[0] <= MAX_ENTRIES;
  return {
    name: weight.weightName,
    shape,
    trainable,
    values: statisticsOf(histograms ? withBins(heap, variable.read(), values) : values)!,
    gradients: gradient?.all ?? null,
    gradientsOfUsedRows: gradient?.usedRows ?? null,
    duplicateUnits: duplicateUnits(weight.layer, variable.originalName, shape, read),
    entries: isOutput && isShortVector ? Array.from(read()) : null,
    absent,
  };
}

/** Returns the reason why a weight is not trained. */
function whyUntrained(weight: ModelWeight): string {
  if (!weight.layer.trainable) return "the layer is frozen";
  return weight.variable.trainable || isFrozenFromOutside(weight)
    ? "a model around the layer is frozen"
    : "the weight is not trained";
}

/**
 * Returns true if a weight is frozen although its layer is trainable, as after freezing a model.
 * Weights that are never trained, such as moving statistics, are in a separate list.
 */
function isFrozenFromOutside({ layer, variable }: ModelWeight): boolean {
  const { _nonTrainableWeights: never = [] } = layer as unknown as {
    _nonTrainableWeights?: readonly LayerVariable[];
  };
  return layer.trainableWeights.length === 0 && !never.includes(variable);
}

/**
 * Counts the units of a kernel that have exactly the incoming weights of an earlier one.
 *
 * Units are on the last axis; on the last but one in a transposed convolution; on the last two
 * together in a depthwise one; on all that are not summed over in an EinsumDense.
 *
 * @param layer Layer that the kernel belongs to.
 * @param name The weight's own name.
 * @param shape The kernel's shape.
 * @param read Returns the kernel, row-major; not called for another weight.
 * @returns The number, or `null` for an embedding or a weight that is not a kernel.
 */
export function duplicateUnits(
  layer: Layer,
  name: string,
  shape: number[],
  read: () => ArrayLike<number>,
): number | null {
  if (!isKernel({ name, shape }) || layerTraits(layer.getClassName()).kind === "embedding") {
    return null;
  }
  const values = read();
  const layout = kernelLayoutOf(layer);
  if (isEinsumLayout(layout)) {
    const { inputs, outputs } = matrixOffsets(shape, layout);
    return countDuplicateUnits(
      values,
      outputs.length,
      (unit, n) => outputs[unit] + inputs[n],
      inputs.length,
    );
  }
  const last = shape.at(-1)!, before = shape.at(-2)!;
  const size = shape.reduce((a, b) => a * b, 1);
  if (name.includes("depthwise_kernel")) {
    const units = last * before;
    return countDuplicateUnits(values, units, (unit, n) => n * units + unit, size / units);
  }
  if (layout === "transposed") {
    // Incoming weights of a unit: every position of the kernel, every input channel.
    const at = (unit: number, n: number) =>
      Math.floor(n / last) * before * last + unit * last + n % last;
    return countDuplicateUnits(values, before, at, size / before);
  }
  return countDuplicateUnits(values, last, (unit, n) => n * last + unit, size / last);
}

/**
 * Counts the output units of a kernel that have exactly the incoming weights of an earlier unit:
 * such units compute the same and are trained the same, forever.
 *
 * @param values The kernel, row-major.
 * @param at Returns the index of the n-th incoming weight of a unit.
 * @param fanIn Number of incoming weights of a unit.
 * @returns Number of units that repeat an earlier one.
 */
function countDuplicateUnits(
  values: ArrayLike<number>,
  units: number,
  at: (unit: number, n: number) => number,
  fanIn: number,
): number {
  // Units that differ do so in their first weights, and mostly in the very first.
  const first = new Float32Array(units);
  for (let unit = 0; unit < units; unit++) first[unit] = values[at(unit, 0)];
  first.sort();
  let next = 1;
  while (next < units && first[next] !== first[next - 1]) next++;
  if (next >= units) return 0;
  const hashes = hashUnits(values, units, at, fanIn);
  const seen = new Map<number, number[]>();
  let duplicates = 0;
  for (let unit = 0; unit < units; unit++) {
    const hash = hashes[unit];
    // NaN equals nothing.
    if (hash === null) continue;
    const others = seen.get(hash);
    const isDuplicate = others?.some((other) => {
      for (let n = 0; n < fanIn; n++) {
        if (values[at(unit, n)] !== values[at(other, n)]) return false;
      }
      return true;
    });
    if (isDuplicate) duplicates++;
    else if (others !== undefined) others.push(unit);
    else seen.set(hash, [unit]);
  }
  return duplicates;
}

/**
 * Hashes the incoming weights of each unit, `null` if one is NaN: units of a pruned kernel may be
 * equal for long stretches, and comparing every pair would take forever.
 */
function hashUnits(
  values: ArrayLike<number>,
  units: number,
  at: (unit: number, n: number) => number,
  fanIn: number,
): (number | null)[] {
  const float = new Float32Array(1);
  const bits = new Int32Array(float.buffer);
  const hashes = new Int32Array(units);
  const broken = new Uint8Array(units);
  // Weights outside, units inside: the memory order of most kernels.
  for (let n = 0; n < fanIn; n++) {
    for (let unit = 0; unit < units; unit++) {
      const value = values[at(unit, n)];
      if (Number.isNaN(value)) broken[unit] = 1;
      // -0 equals 0.
      float[0] = value + 0;
      const mixed = Math.imul(hashes[unit] ^ bits[0], 0x9e3779b1);
      hashes[unit] = mixed ^ (mixed >>> 15);
    }
  }
  return Array.from(hashes, (hash, unit) => broken[unit] === 1 ? null : hash);
}
