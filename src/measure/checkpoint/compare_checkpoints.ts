import {
  addComparisons,
  CheckpointComparison,
  type ComparisonSums,
} from "../../engine/native/checkpoint_comparison.ts";
import { BYTES, countOf, isFloat } from "../../model/files/file_types.ts";
import type { FileTensor, WeightsFile } from "../../model/weights/weights_manifest.ts";
import { anyObject, requireValue } from "../../words/shape.ts";
import { askWorkers } from "./ask_workers.ts";
import { comparePart } from "./compare_part.ts";
import type { CompareTask, PairPart, StoredSide } from "./compare_worker.ts";
import { fileShape, type MeasureCheckpointOptions } from "./measure_checkpoint.ts";
import { isFar, WORTH_WORKERS } from "./sweep_in_parallel.ts";
import { groupBySize } from "./plan_sweep.ts";
import { isStored, readerOf } from "./sweep_tensors.ts";

/** Change of a tensor from one file of weights to another. */
export interface TensorChange {
  /** Name in the second file. */
  name: string;
  /** Shape. */
  shape: number[];
  /** Types in both files. */
  types: [before: string, after: string];
  /** Number of entries that differ. */
  differing: number;
  /** Number of entries. */
  count: number;
  /** `|after - before| / |before|`; `null` if that is not a number. */
  relativeChange: number | null;
  /** Cosine of the angle between both; `null` if that is not a number. */
  cosine: number | null;
}

/** Comparison of two files of weights, tensor by tensor. */
export interface WeightsComparison {
  /** Tensors that both have in one shape, in the order of the second file. */
  tensors: TensorChange[];
  /** Names of tensors that the first file alone has. */
  onlyBefore: string[];
  /** Names of tensors that the second file alone has. */
  onlyAfter: string[];
  /** Tensors of another shape. */
  reshaped: { name: string; before: number[]; after: number[] }[];
}

/** Bytes of both tensors of a part. */
const PART_BYTES = 2 ** 26;

type Pair = readonly [before: FileTensor, after: FileTensor];

/**
 * Compares two files of weights, tensor by tensor, on several threads. Neither is held in memory.
 * Tensors are paired by their names, without what all names of a file begin with if none pairs else.
 *
 * @param before Result of `readWeights()`.
 * @param after Another one.
 * @param options See {@linkcode MeasureCheckpointOptions}.
 * @throws {ModelError} If a file changes while it is read.
 *
 * @example A file beside itself
 * ```ts
 * import { compareCheckpoints } from "@gradient-health/gradient-health/measure";
 * import { readWeights } from "@gradient-health/gradient-health/model";
 * import { assertEquals } from "@std/assert";
 *
 * const file = await readWeights("fixtures/files/mlp.safetensors");
 * const { tensors } = await compareCheckpoints(file, file);
 * assertEquals(tensors.map(({ differing }) => differing), [0, 0, 0, 0, 0, 0]);
 * ```
 */
export async function compareCheckpoints(
  before: WeightsFile,
  after: WeightsFile,
  options: MeasureCheckpointOptions = {},
): Promise<WeightsComparison> {
  requireValue("before", before, fileShape);
  requireValue("after", after, fileShape);
  requireValue("options", options, anyObject);
  const { pairs, onlyBefore, onlyAfter } = pairTensors(before.tensors, after.tensors);
  const isSame = ([a, b]: Pair) => a.shape.join() === b.shape.join();
  const alike = pairs.filter((pair) => isSame(pair) && !pair[0].shape.includes(0));
  const sums = await comparePairs(alike, options);
  return {
    tensors: alike.map((pair, i) => changeOf(pair, sums[i])),
    onlyBefore,
    onlyAfter,
    reshaped: pairs.filter((pair) => !isSame(pair)).map(([a, b]) => ({
      name: b.name,
      before: a.shape,
      after: b.shape,
    })),
  };
}

function changeOf([a, b]: Pair, sums: ComparisonSums): TensorChange {
  const { squaresA, squaresB, products, squaredDifferences, differing } = sums;
  const orNull = (x: number) => Number.isFinite(x) ? x : null;
  return {
    name: b.name,
    shape: b.shape,
    types: [a.type, b.type],
    differing,
    count: countOf(b.shape)!,
    relativeChange: differing === 0 ? 0 : orNull(Math.sqrt(squaredDifferences / squaresA)),
    cosine: differing === 0 && squaresA > 0 && Number.isFinite(squaresA)
      ? 1
      : orNull(products / Math.sqrt(squaresA * squaresB)),
  };
}

function pairTensors(
  before: readonly FileTensor[],
  after: readonly FileTensor[],
): { pairs: Pair[]; onlyBefore: string[]; onlyAfter: string[] } {
  const [a, b] = [before, after].map((tensors) => tensors.filter(({ type }) => isFloat(type)));
  const pairBy = (nameA: (name: string) => string, nameB: (name: string) => string) => {
    const open = new Map(a.map((tensor) => [nameA(tensor.name), tensor]));
    const pairs = b.flatMap((tensor): Pair[] => {
      const found = open.get(nameB(tensor.name));
      return found === undefined ? [] : [[found, tensor]];
    });
    const paired = new Set(pairs.flat());
    const rest = (tensors: readonly FileTensor[]) =>
      tensors.filter((tensor) => !paired.has(tensor)).map(({ name }) => name);
    return { pairs, onlyBefore: rest(a), onlyAfter: rest(b) };
  };
  const same = (name: string) => name;
  const byName = pairBy(same, same);
  if (byName.pairs.length > 0) return byName;
  return pairBy(withoutStart(a), withoutStart(b));
}

/** Returns a function that removes what all names begin with, up to a dot or slash. */
function withoutStart(tensors: readonly FileTensor[]): (name: string) => string {
  const names = tensors.map(({ name }) => name);
  const [first = ""] = names;
  let length = 0;
  for (let i = 0; i < first.length && names.every((name) => name[i] === first[i]); i++) {
    if (/[./]/.test(first[i])) length = i + 1;
  }
  return (name) => name.slice(length);
}

/** Returns the sums over each pair. */
async function comparePairs(
  pairs: readonly Pair[],
  { threads = Math.min(8, navigator.hardwareConcurrency), onProgress, signal = null }:
    MeasureCheckpointOptions,
): Promise<ComparisonSums[]> {
  const stored = pairs.filter((pair) => pair.every(isStored));
  const sums = new Map<Pair, ComparisonSums>();
  const bytesOf = (pair: Pair, count: number) =>
    count * (BYTES[pair[0].type] + BYTES[pair[1].type]);
  const total = stored.reduce((sum, pair) => sum + bytesOf(pair, countOf(pair[0].shape)!), 0);
  const hasFar = stored.some((pair) => pair.some((tensor) => isFar({ tensor })));
  if (total >= WORTH_WORKERS || hasFar) {
    const parts = stored.flatMap((pair, index) => partsOf(pair, bytesOf(pair, 1), index));
    const groups = groupBySize(
      parts,
      ({ pair, from, to }) => bytesOf(stored[pair], to - from),
      PART_BYTES,
    );
    const task: CompareTask = {
      pairs: stored.map(([a, b]) => [sideOf(a), sideOf(b)]),
      groups,
    };
    const module = new URL("./compare_worker.ts", import.meta.url);
    let bytes = 0;
    const answers = askWorkers<ComparisonSums[]>({
      module,
      task,
      count: groups.length,
      threads,
      signal,
    });
    for await (const { index, answer } of answers) {
      groups[index].forEach(({ pair, from, to }, i) => {
        const known = sums.get(stored[pair]);
        sums.set(stored[pair], known === undefined ? answer[i] : addComparisons(known, answer[i]));
        bytes += bytesOf(stored[pair], to - from);
      });
      onProgress?.({ bytes, total });
    }
    signal?.throwIfAborted();
  }
  const comparison = new CheckpointComparison();
  return pairs.map((pair, i) => sums.get(pair) ?? compareHere(comparison, pair, i));
}

/** Compares a pair in this thread, in the parts of the workers: the sums are the same. */
function compareHere(comparison: CheckpointComparison, pair: Pair, index: number): ComparisonSums {
  const [a, b] = pair.map((tensor) => ({
    type: isStored(tensor) ? tensor.type : "float32" as const,
    read: readerOf(tensor),
  }));
  const bytes = BYTES[pair[0].type] + BYTES[pair[1].type];
  return partsOf(pair, bytes, index).map((part) => comparePart(comparison, part, [a, b]))
    .reduce(addComparisons);
}

const sideOf = ({ type, stored }: FileTensor): StoredSide => ({ type, ...stored! });

function partsOf(
  [{ shape }]: Pair,
  bytes: number,
  pair: number,
): PairPart[] {
  const count = countOf(shape)!;
  const step = Math.floor(PART_BYTES / bytes);
  return Array.from({ length: Math.ceil(count / step) }, (_, i) => ({
    pair,
    from: i * step,
    to: Math.min(count, (i + 1) * step),
  }));
}
