import type { FileTensor, WeightsFile } from "../../model/weights/weights_manifest.ts";
import type { TensorFigures } from "./tensor_sweep.ts";

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
   * @returns The journal; `null` if there is a file of this name that is none.
   */
  static async open(path: string, weights: WeightsFile): Promise<SweepJournal | null> {
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
