import { type Heap, heapView } from "../engine/heap/heap.ts";
import type { Layer, Tensor } from "../engine/tensorflow.ts";
import { kernelLayoutOf } from "../model/layers/leaf_layers.ts";
import { isEinsumLayout, matrixOffsets } from "../traits/kernel_layout.ts";
import { isKernel } from "../theory/weight_kinds.ts";
import { layerTraits } from "../traits/layer_traits.ts";

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

/**
 * Counts the rows of a tensor, along its last axis, that hardly vary. Most rows that vary do so in
 * their first entries, so the rest is not read.
 *
 * @param heap The engine's heap.
 * @param most Largest variance of a row that hardly varies.
 * @returns The number of rows, and of flat ones; 0 rows if a row has fewer than two entries.
 */
export function countFlatRows(
  heap: Heap,
  tensor: Tensor,
  most: number,
): { rows: number; flat: number } {
  const length = tensor.shape.at(-1) ?? 1;
  if (tensor.dtype !== "float32" || length < 2) return { rows: 0, flat: 0 };
  const values = heapView(heap.tf, tensor);
  let flat = 0;
  for (let start = 0; start < values.length; start += length) {
    if (isFlat(values, start, length, most * length)) flat++;
  }
  return { rows: values.length / length, flat };
}

/**
 * Returns true if the squared deviations of a row stay within a sum: with more entries they only
 * grow.
 */
function isFlat(values: ArrayLike<number>, start: number, length: number, most: number): boolean {
  const origin = values[start];
  let sum = 0, squares = 0;
  for (let i = 1; i < length; i++) {
    const deviation = values[start + i] - origin;
    sum += deviation;
    squares += deviation * deviation;
    // Written so that NaN is not flat.
    if (!(squares - sum * sum / (i + 1) <= most)) return false;
  }
  return origin - origin === 0;
}
