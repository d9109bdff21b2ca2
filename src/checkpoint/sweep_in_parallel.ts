import { CheckpointSweep } from "../engine/native/checkpoint_sweep.ts";
import { ModelError } from "../core/model/model_error.ts";
import { WorkerError, WorkerPool, WorkQueue } from "../files/user_code/worker_pool.ts";
import type { FileTensor } from "../files/weights_file.ts";
import { PackedReader } from "./packed_reader.ts";
import {
  bytesOf,
  divideParts,
  groupParts,
  type Part,
  PART_BYTES,
  type Pieces,
  spanOf,
} from "./plan_sweep.ts";
import { isStored, piecesOf, type SweepTensor, sweepTensors } from "./sample_tensors.ts";
import { placeOf, type SweepJournal } from "./sweep_journal.ts";
import { type PartFigures, sweepPart } from "./sweep_part.ts";
import type { PartTask, WorkerTask } from "./part_worker.ts";
import { type SweptSoFar, type TensorFigures, TensorSweep } from "./tensor_sweep.ts";

/** Number of tasks per worker in work: so far may one be ahead of the slowest. */
const AHEAD = 2;

/** Work for workers. */
interface Work {
  task: PartTask;
  threads: number;
  signal: AbortSignal | null;
}

/**
 * Yields the answers to tasks that read files of weights, in their order.
 *
 * @throws {ModelError} If a task fails.
 */
export async function* askWorkers<Answer>(
  { task, threads, signal }: Work,
): AsyncGenerator<{ index: number; answer: Answer }> {
  const count = task.groups.length;
  const data: WorkerTask = { ...task, isAlone: threads === 1 };
  await using pool = new WorkerPool<Answer>({
    module: new URL("./part_worker.ts", import.meta.url),
    data,
    count: Math.min(threads, count),
    stopsAtFailure: true,
    onDeath: () => {},
  });
  const queue = new WorkQueue<Answer>(Array(count).keys(), { alike: 1, open: AHEAD * threads });
  try {
    for await (const result of pool.run(queue, signal)) {
      if (!("answer" in result)) throw new ModelError(result.failure);
      yield result;
    }
  } catch (error) {
    throw error instanceof WorkerError ? new ModelError(error.message, { cause: error }) : error;
  }
}

/** Progress of a sweep. */
export interface SweepProgress {
  /** Number of bytes swept so far. */
  bytes: number;
  /** Number of bytes in all. */
  total: number;
}

/** Options of {@linkcode sweepInParallel}. */
interface SweepOptions {
  /** Number of threads. */
  threads: number;
  /** Called with the progress. */
  onProgress: (progress: SweepProgress) => void;
  /** Ends the sweep early: it throws the reason. */
  signal: AbortSignal | null;
  /** Has the figures of tensors that an earlier run finished, and gets those of this one. */
  journal: SweepJournal | null;
  /** Largest number of bytes of a part; from two parts on, workers sweep. Default: 64 MB. */
  partBytes?: number;
}

/** Largest numbers of threads, unless more are asked for, with which memory stays below 300 MB. */
const MOST_THREADS = {
  sweep: { here: 8, far: 2 },
  comparison: { here: 6, far: 1 },
};

/**
 * Returns the number of threads for tensors: each thread takes some 25 MB, and the answers of
 * servers 100 MB in all.
 */
export function threadsFor(
  work: keyof typeof MOST_THREADS,
  tensors: readonly Pick<FileTensor, "stored">[],
  cores = navigator.hardwareConcurrency,
): number {
  const { here, far } = MOST_THREADS[work];
  return Math.min(cores, tensors.some(isFar) ? far : here);
}

/** Number of parts that a thread sweeps while a worker starts. */
export const PARTS_WORTH_WORKERS = 2;

/** Number of their bytes. */
export const WORTH_WORKERS = PARTS_WORTH_WORKERS * PART_BYTES;

/**
 * Sweeps tensors, on several threads if they are large. The figures are those of
 * {@linkcode sweepTensors}, to the bit.
 */
export async function sweepInParallel(
  tensors: readonly SweepTensor[],
  options: SweepOptions,
): Promise<TensorFigures[]> {
  const stored = tensors.filter(({ tensor }) => isStored(tensor));
  const { partBytes = PART_BYTES } = options;
  const isLarge = bytesIn(stored) >= PARTS_WORTH_WORKERS * partBytes ||
    stored.some(({ tensor }) => isFar(tensor));
  const figures = new Map<SweepTensor, TensorFigures>();
  if (isLarge) await sweepOnWorkers(stored, { ...options, figures });
  const packed = tensors.filter(({ tensor }) => tensor.unpack !== undefined && !isStored(tensor));
  let bytes = 0;
  const total = bytesIn(packed);
  let sweep: CheckpointSweep | null = null;
  for (const one of packed) {
    // A sweep compiles its code and clears 6 MB: one for each tensor takes a fifth of small files' time.
    sweep ??= new CheckpointSweep();
    const onBytes = (more: number) => options.onProgress({ bytes: bytes += more, total });
    figures.set(one, await sweepPacked(one, { ...options, sweep, onBytes }));
  }
  const rest = tensors.filter((one) => !figures.has(one));
  sweepTensors(rest).forEach((found, i) => figures.set(rest[i], found));
  return tensors.map((one) => figures.get(one)!);
}

/** Sweeps a packed tensor in this thread, while it is unpacked. */
async function sweepPacked(
  one: SweepTensor,
  { signal, journal, sweep, onBytes }: Pick<SweepOptions, "signal" | "journal"> & {
    sweep: CheckpointSweep;
    onBytes: (more: number) => void;
  },
): Promise<TensorFigures> {
  const known = journal?.get<TensorFigures>(placeOf(one.tensor));
  if (known !== undefined) return known;
  const figuresOf = async (pieces: Pieces) => {
    const reader = new PackedReader(one.tensor.unpack!);
    const saved = sweptSoFar(one, { pieces, journal });
    const done = piecesIn(saved);
    const sum = new SavedSweep(one, { pieces, journal, saved });
    for (const part of divideParts([pieces])) {
      const { from, to } = spanOf(part, pieces, 0);
      const read = await reader.part(from, to);
      if (part.from >= done) sum.add(part, sweepPart(sweep, part, { pieces, read }));
      if (!pieces.isWhole) onBytes(to - from);
      signal?.throwIfAborted();
    }
    await reader.end();
    return sum.finish(sweep);
  };
  const pieces = piecesOf(one);
  return await figuresOf(pieces) ?? (await figuresOf({ ...pieces, isWhole: true }))!;
}

/** Division of a tensor, and the journal of its run. */
interface Saving {
  pieces: Pieces;
  journal: SweepJournal | null;
}

/** Returns the part of a tensor that a journal has. */
function sweptSoFar({ tensor }: SweepTensor, { pieces, journal }: Saving): SweptSoFar[] {
  const saved = journal?.soFar<SweptSoFar>(placeOf(tensor)) ?? [];
  return saved.filter(({ isWhole }) => isWhole === pieces.isWhole);
}

/** Returns the number of pieces that an earlier run has swept. */
const piecesIn = (saved: readonly SweptSoFar[]) => saved.at(-1)?.pieces ?? 0;

/** Sweep of a tensor that goes on from a journal. */
class SavedSweep {
  readonly #one: SweepTensor;
  readonly #saving: Saving;
  readonly #sum: TensorSweep;
  /** True if the journal has figures so far of this division. */
  #isSaved: boolean;

  constructor(one: SweepTensor, { saved, ...saving }: Saving & { saved: readonly SweptSoFar[] }) {
    this.#one = one;
    this.#saving = saving;
    this.#isSaved = saved.length > 0;
    this.#sum = new TensorSweep(saving.pieces, saved);
  }

  add(part: Part, figures: PartFigures): void {
    const { pieces, journal } = this.#saving;
    this.#sum.add(figures);
    if (part.to === pieces.count) return;
    journal?.advance(placeOf(this.#one.tensor), bytesOf(part, pieces), (isFirst) => {
      const figures = this.#sum.save(part.to, { isFirst: isFirst || !this.#isSaved });
      this.#isSaved = true;
      return figures;
    });
  }

  /** Returns the figures, which the journal gets, too, or `null`: see `TensorSweep.finish()`. */
  finish(coefficients: CheckpointSweep): TensorFigures | null {
    const found = this.#sum.finish(coefficients, this.#one.units);
    if (found !== null) this.#saving.journal?.add(placeOf(this.#one.tensor), found);
    return found;
  }
}

async function sweepOnWorkers(
  large: readonly SweepTensor[],
  { figures, ...options }: SweepOptions & { figures: Map<SweepTensor, TensorFigures> },
): Promise<void> {
  for (const one of large) {
    const known = options.journal?.get<TensorFigures>(placeOf(one.tensor));
    if (known !== undefined) figures.set(one, known);
  }
  const rest = large.filter((tensor) => !figures.has(tensor));
  if (rest.length > 0) await sweepStored(rest, { ...options, figures, isWhole: false });
  const alike = large.filter((tensor) => !figures.has(tensor));
  if (alike.length > 0) await sweepStored(alike, { ...options, figures, isWhole: true });
}

/** Returns true if a tensor is on a server: while it is awaited, this thread shows the progress. */
export const isFar = ({ stored }: Pick<FileTensor, "stored">): boolean =>
  stored?.file.remote !== undefined;

const bytesIn = (tensors: readonly SweepTensor[]) =>
  tensors.map(piecesOf).reduce((sum, one) => sum + bytesOf({ from: 0, to: one.count }, one), 0);

/**
 * Sweeps tensors that are stored in files.
 *
 * @param tensors The tensors.
 * @param options `isWhole`: true to compare whole rows and columns; `figures`: gets the figures of
 * each tensor whose lines could be told apart.
 */
async function sweepStored(
  tensors: readonly SweepTensor[],
  { threads, onProgress, signal, journal, partBytes = PART_BYTES, isWhole, figures }:
    & SweepOptions
    & {
      isWhole: boolean;
      figures: Map<SweepTensor, TensorFigures>;
    },
): Promise<void> {
  const pieces = tensors.map((one) => ({ ...piecesOf(one), isWhole }));
  const saved = tensors.map((one, i) => sweptSoFar(one, { pieces: pieces[i], journal }));
  const parts = divideParts(pieces, partBytes)
    .filter(({ tensor, from }) => from >= piecesIn(saved[tensor]));
  const groups = groupParts(parts, pieces, partBytes);
  const stored = tensors.map(({ tensor }, i) => ({ pieces: pieces[i], stored: tensor.stored! }));
  const coefficients = new CheckpointSweep();
  const sums = new Map<number, SavedSweep>();
  const total = parts.reduce((sum, part) => sum + bytesOf(part, pieces[part.tensor]), 0);
  let bytes = 0;
  const task = { tensors: stored, groups };
  const answers = askWorkers<PartFigures[]>({ task, threads, signal });
  for await (const { index, answer } of answers) {
    groups[index].forEach((part, i) => {
      const { tensor, to } = part;
      const sum = sums.get(tensor) ??
        new SavedSweep(tensors[tensor], { pieces: pieces[tensor], journal, saved: saved[tensor] });
      sums.set(tensor, sum);
      sum.add(part, answer[i]);
      bytes += bytesOf(part, pieces[tensor]);
      if (to < pieces[tensor].count) return;
      // The hashes of a finished tensor are not kept.
      sums.delete(tensor);
      const found = sum.finish(coefficients);
      if (found !== null) figures.set(tensors[tensor], found);
    });
    onProgress({ bytes, total });
  }
  signal?.throwIfAborted();
}
