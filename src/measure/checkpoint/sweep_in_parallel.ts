import { CheckpointSweep } from "../../engine/native/checkpoint_sweep.ts";
import { ModelError } from "../../model/model_error.ts";
import { WorkQueue } from "../../model/user_code/work_queue.ts";
import { WorkerError, WorkerPool } from "../../model/user_code/worker_pool.ts";
import type { FileTensor, WeightsFile } from "../../model/weights/weights_manifest.ts";
import { bytesOf, divideParts, groupParts } from "./plan_sweep.ts";
import { isStored, piecesOf, type SweepTensor, sweepTensors } from "./sample_tensors.ts";
import type { PartFigures } from "./sweep_part.ts";
import type { SweepTask } from "./sweep_worker.ts";
import { type TensorFigures, TensorSweep } from "./tensor_sweep.ts";

/** Number of tasks per worker in work: so far may one be ahead of the slowest. */
const AHEAD = 2;

/** Work for workers. */
interface Work {
  /** Module of the workers. */
  module: URL;
  /** Data with which a worker starts: plain data. */
  task: unknown;
  /** Number of tasks. */
  count: number;
  threads: number;
  signal: AbortSignal | null;
}

/**
 * Yields the answers to tasks that read files of weights, in their order.
 *
 * @throws {ModelError} If a task fails.
 */
export async function* askWorkers<Answer>(
  { module, task, count, threads, signal }: Work,
): AsyncGenerator<{ index: number; answer: Answer }> {
  await using pool = new WorkerPool<Answer>({
    module,
    data: task,
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

/** Tensor that is in a file as it is. */
type StoredTensor = Pick<FileTensor, "stored" | "shape">;

/** Beginning of the first line: a file without it is not a journal. */
const HEAD = '{"gradientHealthJournal":1,';

/** Key of a typed array in JSON. */
const ARRAY = "float64";

/**
 * Figures of the tensors that a run has finished, in a file with a line for each: a run that was
 * stopped, by whatever, goes on from there. A line that was not written whole is ignored.
 */
export class SweepJournal {
  readonly #path: string;
  readonly #file: Deno.FsFile;
  readonly #known: ReadonlyMap<string, TensorFigures>;

  private constructor(
    path: string,
    { file, known }: { file: Deno.FsFile; known: ReadonlyMap<string, TensorFigures> },
  ) {
    this.#path = path;
    this.#file = file;
    this.#known = known;
  }

  /**
   * Opens a journal, and keeps what it has of the same weights.
   *
   * @param path Its file, which is created if it is missing.
   * @param weights The file of weights.
   * @returns The journal; `null` if there is a folder of this name, or a file that is none.
   */
  static async open(path: string, weights: WeightsFile): Promise<SweepJournal | null> {
    const info = await Deno.stat(path).catch(() => null);
    if (info?.isDirectory) return null;
    const text = await Deno.readTextFile(path).catch(() => "");
    if (text !== "" && !text.startsWith(HEAD)) return null;
    const head = headOf(weights);
    const [first, ...lines] = text.split("\n");
    const kept = first === head ? lines.flatMap(parseLine) : [];
    // What is kept is written again, since the last line may be cut off.
    const file = await Deno.open(path, { write: true, create: true, truncate: true });
    const journal = new SweepJournal(path, { file, known: new Map(kept) });
    journal.#write(head);
    for (const [key, figures] of kept) journal.#addLine(key, figures);
    return journal;
  }

  /** Returns the figures of a tensor, or `undefined` if it is not finished. */
  figuresOf(tensor: StoredTensor): TensorFigures | undefined {
    return this.#known.get(keyOf(tensor));
  }

  /** Adds a finished tensor. */
  add(tensor: StoredTensor, figures: TensorFigures): void {
    this.#addLine(keyOf(tensor), figures);
  }

  #addLine(key: string, figures: TensorFigures): void {
    this.#write(
      JSON.stringify(
        [key, figures],
        (_, value) => value instanceof Float64Array ? { [ARRAY]: [...value] } : value,
      ),
    );
  }

  /** Removes the file, once its figures are kept elsewhere. */
  async remove(): Promise<void> {
    this[Symbol.dispose]();
    await Deno.remove(this.#path);
  }

  [Symbol.dispose](): void {
    try {
      this.#file.close();
    } catch {
      // It is closed already.
    }
  }

  #write(line: string): void {
    const bytes = new TextEncoder().encode(`${line}\n`);
    for (let at = 0; at < bytes.length;) at += this.#file.writeSync(bytes.subarray(at));
  }
}

/** Returns the place of a tensor, which names it. */
function keyOf({ stored, shape }: StoredTensor): string {
  return `${stored!.file.path} ${stored!.offset} ${shape.join("x")}`;
}

/** Returns the first line: it says which weights the figures are of. */
function headOf({ path, tensors }: WeightsFile): string {
  // A place on a server is that of this process.
  const withoutPlace = (key: string, value: unknown) => key === "remote" ? undefined : value;
  const files = new Set(
    tensors.map(({ stored }) => JSON.stringify(stored?.file ?? null, withoutPlace)),
  );
  return `${HEAD}${JSON.stringify({ path, files: [...files] }).slice(1)}`;
}

function parseLine(line: string): [string, TensorFigures][] {
  try {
    return [
      JSON.parse(
        line,
        (_, value) => Array.isArray(value?.[ARRAY]) ? Float64Array.from(value[ARRAY]) : value,
      ),
    ];
  } catch {
    return [];
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

/** Number of bytes that a thread sweeps while a worker starts. */
export const WORTH_WORKERS = 2 ** 27;

/**
 * Sweeps tensors, on several threads if they are large. The figures are those of
 * {@linkcode sweepTensors}, to the bit.
 */
export async function sweepInParallel(
  tensors: readonly SweepTensor[],
  options: SweepOptions,
): Promise<TensorFigures[]> {
  const large = tensors.filter(({ tensor }) => isStored(tensor));
  if (bytesIn(large) < WORTH_WORKERS && !large.some(({ tensor }) => isFar(tensor))) {
    return sweepTensors(tensors);
  }
  const figures = new Map<SweepTensor, TensorFigures>();
  for (const one of large) {
    const known = options.journal?.figuresOf(one.tensor);
    if (known !== undefined) figures.set(one, known);
  }
  const rest = large.filter((tensor) => !figures.has(tensor));
  await sweepStored(rest, { ...options, figures, isWhole: false });
  const alike = large.filter((tensor) => !figures.has(tensor));
  if (alike.length > 0) await sweepStored(alike, { ...options, figures, isWhole: true });
  return tensors.map((one) => figures.get(one) ?? sweepTensors([one])[0]);
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
  { threads, onProgress, signal, journal, isWhole, figures }: SweepOptions & {
    isWhole: boolean;
    figures: Map<SweepTensor, TensorFigures>;
  },
): Promise<void> {
  const pieces = tensors.map((one) => ({ ...piecesOf(one), isWhole }));
  const groups = groupParts(divideParts(pieces), pieces);
  const stored = tensors.map(({ tensor }, i) => ({ pieces: pieces[i], stored: tensor.stored! }));
  const coefficients = new CheckpointSweep();
  const sums = new Map<number, TensorSweep>();
  const total = bytesIn(tensors);
  let bytes = 0;
  const task: SweepTask = { tensors: stored, groups };
  const answers = askWorkers<PartFigures[]>({
    module: new URL("./sweep_worker.ts", import.meta.url),
    task,
    count: groups.length,
    threads,
    signal,
  });
  for await (const { index, answer } of answers) {
    groups[index].forEach((part, i) => {
      const { tensor, to } = part;
      const sum = sums.get(tensor) ?? new TensorSweep(pieces[tensor]);
      sums.set(tensor, sum);
      sum.add(answer[i]);
      bytes += bytesOf(part, pieces[tensor]);
      if (to < pieces[tensor].count) return;
      // The hashes of a finished tensor are not kept.
      sums.delete(tensor);
      const found = sum.finish(coefficients, tensors[tensor].units);
      if (found === null) return;
      figures.set(tensors[tensor], found);
      journal?.add(tensors[tensor].tensor, found);
    });
    onProgress({ bytes, total });
  }
  signal?.throwIfAborted();
}
