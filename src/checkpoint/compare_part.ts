import {
  addComparisons,
  type CheckpointComparison,
  COMPARED_AT_ONCE,
  type ComparedSide,
  type ComparisonSums,
} from "../engine/native/checkpoint_sweep.ts";
import { entriesOf } from "../files/file_types.ts";
import { BYTES, type FileType, isFloat } from "../ground/traits/number_types.ts";
import type { ReadBytes } from "./sweep_part.ts";
import { valuesOf } from "./tensor_sweep.ts";

/** Tensor of one of two files as it is compared. */
interface ComparedTensor {
  type: FileType;
  read: ReadBytes;
}

/** Compares the entries of two tensors from one index to before another, in pieces. */
export function comparePart(
  comparison: CheckpointComparison,
  { from, to }: { from: number; to: number },
  tensors: readonly [ComparedTensor, ComparedTensor],
): ComparisonSums {
  const [a, b] = tensors.map(({ type }): ComparedSide => ({
    bytes: BYTES[type],
    values: BYTES[type] > 2 ? null : valuesOf(type),
  }));
  const isNative = tensors.every(({ type }) => isFloat(type) || BYTES[type] <= 2);
  let sums: ComparisonSums | null = null;
  for (let at = from; at < to; at += COMPARED_AT_ONCE) {
    const count = Math.min(COMPARED_AT_ONCE, to - at);
    const [one, other] = tensors.map(({ type, read }, side) => {
      const bytes = comparison.room(side as 0 | 1, count * BYTES[type]);
      read(at * BYTES[type], bytes);
      return { type, bytes };
    });
    const found = isNative ? comparison.compare([a, b], count) : compareWhole(one, other);
    sums = sums === null ? found : addComparisons(sums, found);
  }
  return sums!;
}

/** Entries as they are stored. */
interface StoredEntries {
  type: FileType;
  bytes: Uint8Array<ArrayBuffer>;
}

/** Compares whole numbers of 32 or 64 bits, which float32 would round: only how many differ. */
function compareWhole(a: StoredEntries, b: StoredEntries): ComparisonSums {
  const [x, y] = a.type === b.type
    ? [codesOf(a), codesOf(b)]
    : [entriesOf(a.bytes, a.type), entriesOf(b.bytes, b.type)];
  let differing = 0;
  for (let i = 0; i < x.length; i++) if (x[i] !== y[i]) differing++;
  return { squaresA: NaN, squaresB: NaN, products: NaN, squaredDifferences: NaN, differing };
}

const codesOf = ({ type, bytes: { buffer, byteOffset, length } }: StoredEntries) =>
  BYTES[type] === 8
    ? new BigUint64Array(buffer, byteOffset, length / 8)
    : new Uint32Array(buffer, byteOffset, length / 4);
