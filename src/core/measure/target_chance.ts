import { type Heap, heapView } from "../../engine/heap/heap.ts";
import type { Tensor } from "../../engine/tensorflow.ts";
import { SeededRandom } from "../model/batches/seeded_random.ts";

/** Fewer examples have too few orders to tell chance from a relation. */
const LEAST_EXAMPLES = 16;

/** Number of examples and of entries of each that are compared: enough to tell, in milliseconds. */
const MOST = { examples: 64, entries: 4096 };

/** Number of random orders. */
const ORDERS = 199;

/** If more than this share of the targets are the same, few orders differ. */
const MOST_ALIKE = 0.75;

/** A relation is not in doubt if at most this share of the orders fits as well. */
const USUAL = 0.1;

/**
 * Returns the share of random orders of the targets that fit the inputs as well as the given order,
 * by the distance correlation of Székely, Rizzo and Bakirov (2007): examples with near inputs then
 * have near targets. It is about 0 if targets depend on inputs, and any share if both were shuffled
 * apart.
 *
 * @param given The targets; `areClasses`: true for numbers of classes, which are the same or not.
 * @returns `null` if there is no doubt, or if it cannot be told: too few examples, or nearly all of
 * them alike.
 */
export function targetChance(
  heap: Heap,
  inputs: readonly Tensor[],
  { targets, areClasses }: { targets: Tensor; areClasses: boolean },
): number | null {
  const examples = Math.min(targets.shape[0], MOST.examples);
  if (examples < LEAST_EXAMPLES) return null;
  const between = distances(inputs.flatMap((input) => columnsOf(heap, input, examples)), examples);
  const columns = areClasses ? classColumns : columnsOf;
  const apart = distances(columns(heap, targets, examples), examples);
  if (between === null || apart === null || areAlike(apart, examples)) return null;
  centre(between, examples);
  const own = Array.from({ length: examples }, (_, i) => i);
  const fit = (order: readonly number[]) => product(between, apart, order);
  const least = fit(own) * (1 - 1e-9);
  const random = new SeededRandom(0, "orders of the targets");
  let asGood = 1;
  for (let i = 0; i < ORDERS; i++) if (fit(random.shuffled(own)) >= least) asGood++;
  const chance = asGood / (ORDERS + 1);
  return chance > USUAL ? chance : null;
}

/** Returns entries of the first examples, one column per feature, scaled to a deviation of 1. */
function columnsOf(heap: Heap, tensor: Tensor, examples: number): Float64Array[] {
  const values = heapView(heap.tf, tensor);
  const width = tensor.size / tensor.shape[0];
  const step = Math.ceil(width / MOST.entries);
  const columns: Float64Array[] = [];
  for (let feature = 0; feature < width; feature += step) {
    const column = Float64Array.from({ length: examples }, (_, i) => values[i * width + feature]);
    const mean = column.reduce((sum, value) => sum + value / examples, 0);
    const square = column.reduce((sum, value) => sum + (value - mean) ** 2 / examples, 0);
    if (square > 0) columns.push(column.map((value) => (value - mean) / Math.sqrt(square)));
    else if (Number.isNaN(square)) columns.push(column);
  }
  return columns;
}

/** Returns a column per class: distances between numbers of classes mean nothing. */
function classColumns(heap: Heap, tensor: Tensor, examples: number): Float64Array[] {
  const values = heapView(heap.tf, tensor);
  const width = tensor.size / tensor.shape[0];
  const all = new Set(Array.from({ length: examples }, (_, i) => values[i * width]));
  return [...all].map((own) =>
    Float64Array.from({ length: examples }, (_, i) => Number(values[i * width] === own))
  );
}

/** Returns the distance between any two examples; `null` if one is not finite or all are 0. */
function distances(columns: readonly Float64Array[], examples: number): Float64Array | null {
  const all = new Float64Array(examples ** 2);
  for (const column of columns) {
    for (let a = 0; a < examples; a++) {
      for (let b = 0; b < examples; b++) all[a * examples + b] += (column[a] - column[b]) ** 2;
    }
  }
  const found = all.map(Math.sqrt);
  return found.every(Number.isFinite) && found.some((distance) => distance > 0) ? found : null;
}

/** Returns true if most examples have the same target as one of them. */
function areAlike(apart: Float64Array, examples: number): boolean {
  for (let a = 0; a < examples; a++) {
    const row = apart.subarray(a * examples, (a + 1) * examples);
    if (row.filter((distance) => distance === 0).length > MOST_ALIKE * examples) return true;
  }
  return false;
}

/** Subtracts the means of rows and columns of a symmetric matrix, and adds the mean of all. */
function centre(matrix: Float64Array, size: number): void {
  const means = Array.from(
    { length: size },
    (_, row) => matrix.subarray(row * size, (row + 1) * size).reduce((sum, x) => sum + x / size, 0),
  );
  const mean = means.reduce((sum, x) => sum + x / size, 0);
  matrix.forEach((value, i) =>
    matrix[i] = value - means[Math.floor(i / size)] - means[i % size] + mean
  );
}

/**
 * Sums the products of a centred matrix with distances whose rows and columns are reordered. Both
 * are symmetric, and no example has a distance from itself, so that one half says it.
 */
function product(centred: Float64Array, other: Float64Array, order: readonly number[]): number {
  const size = order.length;
  let sum = 0;
  for (let a = 0; a < size; a++) {
    const row = order[a] * size;
    for (let b = 0; b < a; b++) sum += centred[a * size + b] * other[row + order[b]];
  }
  return sum;
}
