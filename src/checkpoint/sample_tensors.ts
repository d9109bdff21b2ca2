import { CheckpointSweep } from "../engine/native/checkpoint_sweep.ts";
import { addSums, type Sums } from "../engine/native/sums.ts";
import { readInto } from "../files/byte_source.ts";
import { countOf } from "../files/file_types.ts";
import { BYTES, type FileType } from "../ground/traits/number_types.ts";
import type { FileTensor } from "../files/weights_file.ts";
import type { Interval, SampleMeasurements } from "../core/measure/measurements.ts";
import { mergeSums } from "../core/measure/sums.ts";
import { CODE_FORMATS, divideParts, dividePieces, type Pieces } from "./plan_sweep.ts";
import { addNonFinite, type ReadBytes, sweepPart } from "./sweep_part.ts";
import { type ExactRange, type TensorFigures, TensorSweep, type UnitAxis } from "./tensor_sweep.ts";

/** Tensor to sweep, with the position of its units. */
export interface SweepTensor {
  tensor: Omit<FileTensor, "shard">;
  units: UnitAxis | null;
  /** Number of rows and columns in which it is swept. Default: the first axis, and all others. */
  matrix?: readonly [rows: number, width: number];
}

/** Returns true if the entries are read from the file in pieces, as they are stored. */
export const isStored = ({ stored, type }: SweepTensor["tensor"]): boolean =>
  stored !== undefined && CODE_FORMATS[type] !== undefined;

/** Returns the type in which entries are read: float32, unless they come as the file has them. */
export function typeRead({ stored, bytes, type }: SweepTensor["tensor"]): FileType {
  const isRaw = stored !== undefined || bytes !== undefined;
  return isRaw && CODE_FORMATS[type] !== undefined ? type : "float32";
}

/** Returns the division of a tensor. */
export const piecesOf = ({ tensor, matrix }: SweepTensor): Pieces =>
  dividePieces(matrix ?? tensor.shape, typeRead(tensor));

/**
 * Sweeps tensors in this thread. Only a piece of a tensor that a file stores unpacked is in memory
 * at a time.
 */
export function sweepTensors(tensors: readonly SweepTensor[]): TensorFigures[] {
  const sweep = new CheckpointSweep();
  return tensors.map((one) => {
    const pieces = piecesOf(one);
    const read = readerOf(one.tensor);
    const figures = (pieces: Pieces) => {
      const sum = new TensorSweep(pieces);
      for (const part of divideParts([pieces])) sum.add(sweepPart(sweep, part, { pieces, read }));
      return sum.finish(sweep, one.units);
    };
    return figures(pieces) ?? figures({ ...pieces, isWhole: true })!;
  });
}

/** Returns a reader of a tensor in its `typeRead()`: of the file's bytes, or of those in memory. */
export function readerOf(tensor: SweepTensor["tensor"]): ReadBytes {
  if (isStored(tensor)) {
    const { file, offset } = tensor.stored!;
    return (from, to) => readInto(file, offset + from, to);
  }
  const isRaw = typeRead(tensor) === tensor.type && tensor.bytes !== undefined;
  const entries = isRaw ? tensor.bytes!() : tensor.read();
  const bytes = new Uint8Array(entries.buffer, entries.byteOffset, entries.byteLength);
  return (from, to) => to.set(bytes.subarray(from, from + to.length));
}

/** Largest number of bytes of a tensor that a sample reads, and its number of stretches. */
export const SAMPLE_BYTES = 2 ** 20;
export const STRETCHES = 32;

/** Half the width of a 95 % interval in standard errors: Student's t with 31 degrees of freedom. */
const HALF_WIDTH = 2.0395;

/**
 * Largest share of the stretches of a tensor that have an entry of a kind, 95 %, if none of those in
 * the sample has one. Entries of a kind often are beside each other, so those say less.
 */
export const UNSEEN = 1 - 0.05 ** (1 / STRETCHES);

/** Entries of a tensor that follow each other. */
export interface Stretch {
  from: number;
  to: number;
}

/**
 * Returns the stretches of a tensor that a sample reads, evenly spaced from its first entry to its
 * last; `null` if it is small enough to be read whole.
 *
 * @param count Number of entries.
 * @param bytes Bytes of each.
 */
export function stretchesOf(count: number, bytes: number): Stretch[] | null {
  if (count * bytes <= SAMPLE_BYTES) return null;
  const length = SAMPLE_BYTES / STRETCHES / bytes;
  return Array.from({ length: STRETCHES }, (_, i) => {
    const from = Math.floor(i * (count - length) / (STRETCHES - 1));
    return { from, to: from + length };
  });
}

/** Tensors to sweep in place of others, of which they are a sample. */
interface Sample {
  sweeps: SweepTensor[];
  /** Number of tensors that are not read whole. */
  sampled: number;
  /** Returns the figures of the whole tensors. */
  join(figures: readonly TensorFigures[]): TensorFigures[];
}

/** Draws a sample of tensors: those that are small, or packed, are in it whole. */
export function sampleTensors(tensors: readonly SweepTensor[]): Sample {
  const drawn = tensors.map((one) => ({ one, stretches: stretchesIn(one) }));
  return {
    sweeps: drawn.flatMap(({ one, stretches }) =>
      stretches === null ? [one] : stretches.map((stretch) => partOfTensor(one, stretch))
    ),
    sampled: drawn.filter(({ stretches }) => stretches !== null).length,
    join(figures) {
      const rest = figures.values();
      return drawn.map(({ one, stretches }) =>
        stretches === null
          ? rest.next().value!
          : joinStretches(stretches, [...rest.take(stretches.length)], countOf(one.tensor.shape)!)
      );
    },
  };
}

function stretchesIn({ tensor }: SweepTensor): Stretch[] | null {
  return isStored(tensor) ? stretchesOf(countOf(tensor.shape)!, BYTES[tensor.type]) : null;
}

function partOfTensor({ tensor }: SweepTensor, { from, to }: Stretch): SweepTensor {
  const { type, stored } = tensor;
  const { file, offset } = stored!;
  return {
    tensor: {
      ...tensor,
      shape: [to - from],
      stored: { file, offset: offset + from * BYTES[type] },
    },
    units: null,
  };
}

/** Returns the figures of a tensor, given those of the stretches in its sample. */
function joinStretches(
  stretches: readonly Stretch[],
  figures: readonly TensorFigures[],
  count: number,
): TensorFigures {
  const all = figures.map(({ sums }) => sums);
  const ranges = figures.flatMap(({ range }) => range === undefined ? [] : [range]);
  return {
    sums: all.reduce(mergeSums),
    ...ranges.length === 0 ? {} : { range: ranges.reduce(joinRanges) },
    nonFinite: figures.reduce<TensorFigures["nonFinite"]>(
      (known, { nonFinite }, i) => addNonFinite(known, nonFinite, stretches[i].from),
      null,
    ),
    rows: null,
    columns: null,
    units: null,
    sample: describeSample(all, count),
  };
}

function joinRanges(a: ExactRange, b: ExactRange): ExactRange {
  const isBefore = (one: number | string, other: number | string) => BigInt(one) < BigInt(other);
  return [isBefore(b[0], a[0]) ? b[0] : a[0], isBefore(a[1], b[1]) ? b[1] : a[1]];
}

/**
 * Returns the intervals of the figures of a tensor. They follow from how much the stretches of its
 * sample differ, as entries beside each other are alike.
 */
export function describeSample(stretches: readonly Sums[], count: number): SampleMeasurements {
  const entries = stretches.reduce((sum, one) => sum + one.count, 0);
  const rest = 1 - entries / count;
  const finite = stretches.filter((one) => one.finite > 0);
  const { mean } = stretches.reduce(addSums);
  const of = (value: (one: Sums) => number) => intervalOf(finite.map(value), rest);
  const share = (value: (one: Sums) => number) => shareOf(stretches.map(value), rest);
  const root = (interval: Interval | null): Interval | null =>
    interval === null ? null : [Math.sqrt(Math.max(0, interval[0])), Math.sqrt(interval[1])];
  return {
    entries,
    of: count,
    mean: of((one) => one.mean),
    rms: root(of((one) => one.sumSquares / one.finite)),
    std: root(of((one) => one.squaredDeviations / one.finite + (one.mean - mean) ** 2)),
    zeroFraction: share((one) => one.zeros / one.count),
    nonFiniteFraction: share((one) => 1 - one.finite / one.count),
  };
}

/**
 * Returns the 95 % interval of the mean over all stretches of a tensor.
 *
 * @param values Values of the stretches in the sample.
 * @param rest Share of the tensor that is not in it.
 */
function intervalOf(values: readonly number[], rest: number): Interval | null {
  if (values.length < STRETCHES) return null;
  const mean = values.reduce((a, b) => a + b) / values.length;
  const variance = values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (values.length - 1);
  const half = HALF_WIDTH * Math.sqrt(variance / values.length * rest);
  return [mean - half, mean + half];
}

/** Returns the 95 % interval of a share, given that in each stretch. */
function shareOf(shares: readonly number[], rest: number): Interval {
  if (shares.every((share) => share === 0)) return [0, UNSEEN];
  if (shares.every((share) => share === 1)) return [1 - UNSEEN, 1];
  const [least, most] = intervalOf(shares, rest)!;
  return [Math.max(0, least), Math.min(1, most)];
}
