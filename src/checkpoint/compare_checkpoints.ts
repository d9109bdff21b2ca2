import type { TensorChange, WeightsComparison } from "../core/compare/weights_comparison.ts";
import {
  addComparisons,
  CheckpointComparison,
  type ComparisonSums,
} from "../engine/native/checkpoint_sweep.ts";
import { countOf } from "../files/file_types.ts";
import { BYTES, isFloat, isWhole } from "../ground/traits/number_types.ts";
import type { FileTensor, WeightsFile } from "../files/weights_file.ts";
import { anyObject, boolean, requireValue } from "../ground/words/shape.ts";
import { askWorkers, isFar, PARTS_WORTH_WORKERS, threadsFor } from "./sweep_in_parallel.ts";
import { comparePart } from "./compare_part.ts";
import type { PairPart, StoredSide } from "./part_worker.ts";
import {
  fileShape,
  type JournalOptions,
  type MeasureCheckpointOptions,
  openJournal,
} from "./measure_checkpoint.ts";
import { PackedReader } from "./packed_reader.ts";
import { placeOf, type SweepJournal } from "./sweep_journal.ts";
import { isStored, readerOf, type Stretch, stretchesOf, typeRead } from "./sample_tensors.ts";
import { groupBySize, PART_BYTES } from "./plan_sweep.ts";

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
  using journal = await openJournal(options.journal ?? null, [before, after]);
  const comparison = await compareFiles(before, after, { ...options, journal });
  await journal?.remove();
  return comparison;
}

/** Compares two files, likewise, with a journal that the caller opens and removes. */
export async function compareFiles(
  before: WeightsFile,
  after: WeightsFile,
  options: JournalOptions,
): Promise<WeightsComparison> {
  const { pairs, onlyBefore, onlyAfter } = pairTensors(before.tensors, after.tensors);
  const isSame = ([a, b]: Pair) => a.shape.join() === b.shape.join();
  const comparable = pairs.filter(isComparable);
  const alike = comparable.filter((pair) => isSame(pair) && !pair[0].shape.includes(0))
    .map(inOneOrder);
  const { sample = false } = options;
  requireValue("options.sample", sample, boolean);
  const divided = alike.map((pair): DividedPair => ({
    pair,
    stretches: stretchesIn(pair, { sample }),
  }));
  const sums = await comparePairs(divided, options);
  const uncompared = pairs.length - comparable.length;
  const sampled = divided.filter(({ stretches }) => stretches !== null).length;
  return {
    tensors: divided.map((one, i) => changeOf(one, sums[i])),
    ...sample ? { sampled } : {},
    ...uncompared > 0 ? { uncompared } : {},
    onlyBefore,
    onlyAfter,
    reshaped: comparable.filter((pair) => !isSame(pair)).map(([a, b]) => ({
      name: b.name,
      before: a.shape,
      after: b.shape,
    })),
  };
}

/** Returns a pair that both files have in one order as they have it: its sums are the same. */
function inOneOrder(pair: Pair): Pair {
  const [a, b] = pair.map(({ permuted, shape }) =>
    permuted?.axes.filter((axis) => shape[axis] > 1).join()
  );
  if (a === undefined || a !== b) return pair;
  const [before, after] = pair.map((tensor) => ({ ...tensor, stored: tensor.permuted }));
  return [before, after];
}

const isComparable = (pair: Pair) =>
  pair.every(({ type }) => isFloat(type)) || pair.every(({ type }) => isWhole(type));

function changeOf({ pair: [a, b], stretches }: DividedPair, sums: ComparisonSums): TensorChange {
  const { squaresA, squaresB, products, squaredDifferences, differing } = sums;
  const isVector = [a, b].every(({ type }) => isFloat(type) || type === "int8");
  const orNull = (x: number) => isVector && Number.isFinite(x) ? x : null;
  return {
    name: b.name,
    shape: b.shape,
    types: [a.type, b.type],
    differing,
    count: stretches === null ? countOf(b.shape)! : entriesIn(stretches),
    relativeChange: differing === 0 ? 0 : orNull(Math.sqrt(squaredDifferences / squaresA)),
    cosine: isVector && differing === 0 && squaresA > 0 && Number.isFinite(squaresA)
      ? 1
      : orNull(products / Math.sqrt(squaresA * squaresB)),
    ...squaresA === 0 && differing > 0 && isVector ? { wasZero: true } : {},
  };
}

function pairTensors(
  a: readonly FileTensor[],
  b: readonly FileTensor[],
): { pairs: Pair[]; onlyBefore: string[]; onlyAfter: string[] } {
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

/** Pair with the stretches of it that are compared; `null` for all entries. */
interface DividedPair {
  pair: Pair;
  stretches: readonly Stretch[] | null;
}

function stretchesIn(pair: Pair, { sample }: { sample: boolean }): Stretch[] | null {
  const [a, b] = pair;
  return sample && pair.every(isStored)
    ? stretchesOf(countOf(a.shape)!, Math.max(BYTES[a.type], BYTES[b.type]))
    : null;
}

const entriesIn = (stretches: readonly Stretch[]) =>
  stretches.reduce((sum, { from, to }) => sum + to - from, 0);

/** Returns the sums over each pair. */
async function comparePairs(
  divided: readonly DividedPair[],
  { threads, onProgress, signal = null, journal, partBytes = PART_BYTES }: JournalOptions,
): Promise<ComparisonSums[]> {
  const sums = new Map<DividedPair, ComparisonSums>();
  const isLarge = divided.filter(({ pair }) => pair.every(isStored));
  for (const one of divided) {
    const known = journal?.get<ComparisonSums>(nameOf(one));
    if (known !== undefined) sums.set(one, known);
  }
  const stored = isLarge.filter((one) => !sums.has(one));
  const begun = stored.map((one) => new SavedComparison(one, journal));
  const parts = stored.flatMap((one, i) => partsOf(one, i, partBytes)).filter(({ pair, from }) =>
    from >= begun[pair].done
  );
  const bytesOf = ({ pair, from, to }: PairPart) => (to - from) * bytesOfPair(stored[pair]);
  const total = parts.reduce((sum, part) => sum + bytesOf(part), 0);
  const tensors = stored.flatMap(({ pair }) => pair);
  if (total >= PARTS_WORTH_WORKERS * partBytes || tensors.some(isFar)) {
    const own = threads ?? threadsFor("comparison", tensors);
    const groups = groupBySize(parts, bytesOf, partBytes);
    const pairs = stored.map(({ pair: [a, b] }) => [sideOf(a), sideOf(b)] as const);
    let bytes = 0;
    const answers = askWorkers<ComparisonSums[]>({ task: { pairs, groups }, threads: own, signal });
    for await (const { index, answer } of answers) {
      groups[index].forEach((part, i) => {
        const sum = begun[part.pair].add(part, answer[i]);
        if (sum !== null) sums.set(stored[part.pair], sum);
        bytes += bytesOf(part);
      });
      onProgress?.({ bytes, total });
    }
    signal?.throwIfAborted();
  }
  const comparison = new CheckpointComparison();
  const packed = divided.filter((one) => !sums.has(one) && !one.pair.every(isStored));
  const sizeOf = (one: DividedPair) => countOf(one.pair[0].shape)! * bytesOfPair(one);
  let bytes = 0;
  const all = packed.reduce((sum, one) => sum + sizeOf(one), 0);
  for (const one of divided) {
    if (sums.has(one)) continue;
    const onBytes = (more: number) => {
      if (packed.includes(one)) onProgress?.({ bytes: bytes += more, total: all });
      signal?.throwIfAborted();
    };
    sums.set(one, await compareHere(comparison, one, { journal, onBytes }));
  }
  return divided.map((one) => sums.get(one)!);
}

/** Compares a pair in this thread, in the parts of the workers: the sums are the same. */
async function compareHere(
  comparison: CheckpointComparison,
  divided: DividedPair,
  { journal, onBytes }: { journal: SweepJournal | null; onBytes: (more: number) => void },
): Promise<ComparisonSums> {
  const sides = divided.pair.map((tensor) => {
    const isPacked = tensor.unpack !== undefined && !isStored(tensor);
    const reader = isPacked ? new PackedReader(tensor.unpack!) : null;
    return { type: typeRead(tensor), reader, read: isPacked ? null : readerOf(tensor) };
  });
  let sums: ComparisonSums | null = null;
  const begun = new SavedComparison(divided, journal);
  for (const part of partsOf(divided, 0)) {
    const [a, b] = await Promise.all(sides.map(async ({ type, reader, read }) => {
      const size = BYTES[type];
      return { type, read: read ?? await reader!.part(part.from * size, part.to * size) };
    }));
    if (part.from >= begun.done) sums = begun.add(part, comparePart(comparison, part, [a, b]));
    onBytes((part.to - part.from) * bytesOfPair(divided));
  }
  for (const { reader } of sides) await reader?.end();
  return sums!;
}

/** Sums of the parts of a pair up to an entry. */
interface ComparedSoFar {
  entries: number;
  sums: ComparisonSums;
}

/** Comparison of a pair that goes on from a journal. */
class SavedComparison {
  /** Index of the first entry that no earlier run has compared. */
  readonly done: number;
  readonly #pair: DividedPair;
  readonly #last: number;
  readonly #journal: SweepJournal | null;
  #sums: ComparisonSums | null;

  constructor(pair: DividedPair, journal: SweepJournal | null) {
    const { pair: [{ shape }], stretches } = pair;
    const saved = journal?.soFar<ComparedSoFar>(nameOf(pair)).at(-1);
    this.done = saved?.entries ?? 0;
    this.#pair = pair;
    this.#last = stretches?.at(-1)?.to ?? countOf(shape)!;
    this.#journal = journal;
    this.#sums = saved?.sums ?? null;
  }

  /** Adds the next part; returns the sums if it is the last. */
  add({ from, to }: Stretch, found: ComparisonSums): ComparisonSums | null {
    const sums = this.#sums === null ? found : addComparisons(this.#sums, found);
    this.#sums = sums;
    const name = nameOf(this.#pair), bytes = (to - from) * bytesOfPair(this.#pair);
    if (to < this.#last) {
      this.#journal?.advance(name, bytes, () => ({ entries: to, sums }));
      return null;
    }
    this.#journal?.add(name, sums);
    return sums;
  }
}

/** Name of a pair in a journal: of a sample, other entries are compared. */
const nameOf = ({ pair: [a, b], stretches }: DividedPair) =>
  `${placeOf(a)} | ${placeOf(b)}${stretches === null ? "" : " sample"}`;

const sideOf = ({ type, stored }: FileTensor): StoredSide => ({ type, ...stored! });

/** Returns the number of bytes of an entry in both files. */
const bytesOfPair = ({ pair: [a, b] }: DividedPair) => BYTES[a.type] + BYTES[b.type];

function partsOf(divided: DividedPair, index: number, partBytes = PART_BYTES): PairPart[] {
  const { pair: [{ shape }], stretches } = divided;
  const step = Math.floor(partBytes / bytesOfPair(divided));
  return (stretches ?? [{ from: 0, to: countOf(shape)! }]).flatMap(({ from, to }) =>
    Array.from({ length: Math.ceil((to - from) / step) }, (_, i) => ({
      pair: index,
      from: from + i * step,
      to: Math.min(to, from + (i + 1) * step),
    }))
  );
}
