import configuration from "../../../deno.json" with { type: "json" };
import type { FileIdentity } from "../../model/files/byte_source.ts";
import type { FileTensor, WeightsFile } from "../../model/weights/weights_manifest.ts";

/** Beginning of the first line: a file without it is not a journal. */
const HEAD = '{"gradientHealthJournal":2,';

/** Keys of values that JSON does not have. */
const ARRAY = "float64", NUMBER = "number";

/** Returns the place of a tensor that is in a file as it is: it names the tensor. */
export function placeOf({ stored, shape }: Pick<FileTensor, "stored" | "shape">): string {
  return `${stored!.file.path} ${stored!.offset} ${shape.join("x")}`;
}

/**
 * Results for the tensors that a run has finished, in a file with a line for each: a run that was
 * stopped, by whatever, goes on from there. A line that was not written whole is ignored.
 */
export class SweepJournal {
  readonly #path: string;
  readonly #file: Deno.FsFile;
  readonly #known: ReadonlyMap<string, unknown>;
  #isOpen = true;

  private constructor(
    path: string,
    { file, known }: { file: Deno.FsFile; known: ReadonlyMap<string, unknown> },
  ) {
    this.#path = path;
    this.#file = file;
    this.#known = known;
  }

  /**
   * Opens a journal, and keeps what it has of the same weights.
   *
   * @param path Its file, which is created if it is missing.
   * @param weights The files of weights.
   * @returns The journal; `null` if there is a folder of this name or a file that is none, or if
   * another run is using it.
   */
  static async open(path: string, weights: readonly WeightsFile[]): Promise<SweepJournal | null> {
    const info = await Deno.stat(path).catch(() => null);
    if (info?.isDirectory) return null;
    const file = await Deno.open(path, { read: true, write: true, create: true });
    // A process that ends loses its lock, however it ends.
    const text = await file.tryLock(true) ? await Deno.readTextFile(path) : null;
    if (text === null || text !== "" && !text.startsWith(HEAD)) {
      file.close();
      return null;
    }
    const head = `${headOf(weights)}\n`;
    const lines = text.startsWith(head) ? wholeLines(text.slice(head.length)) : [];
    const kept = text.startsWith(head) ? head + lines.map(({ line }) => line).join("") : "";
    const end = new TextEncoder().encode(kept).length;
    await file.truncate(end);
    await file.seek(end, Deno.SeekMode.Start);
    const known = new Map(lines.map(({ entry }) => entry));
    const journal = new SweepJournal(path, { file, known });
    if (kept === "") journal.#write(head);
    return journal;
  }

  /** Number of results of an earlier run. */
  get size(): number {
    return this.#known.size;
  }

  /** Returns the result of a name, or `undefined` if it is not finished. */
  get<T>(name: string): T | undefined {
    return this.#known.get(name) as T | undefined;
  }

  /** Adds a result: plain data. */
  add(name: string, result: unknown): void {
    this.#write(`${JSON.stringify([name, result], toJson)}\n`);
  }

  /** Removes the file, once its results are kept elsewhere. */
  async remove(): Promise<void> {
    this[Symbol.dispose]();
    await Deno.remove(this.#path);
  }

  [Symbol.dispose](): void {
    if (this.#isOpen) this.#file.close();
    this.#isOpen = false;
  }

  #write(line: string): void {
    const bytes = new TextEncoder().encode(line);
    for (let at = 0; at < bytes.length;) at += this.#file.writeSync(bytes.subarray(at));
  }
}

function toJson(_: string, value: unknown): unknown {
  if (value instanceof Float64Array) return { [ARRAY]: [...value] };
  const isPlain = typeof value !== "number" || Number.isFinite(value) && !Object.is(value, -0);
  return isPlain ? value : { [NUMBER]: Object.is(value, -0) ? "-0" : String(value) };
}

function fromJson(_: string, value: unknown): unknown {
  const { [ARRAY]: array, [NUMBER]: number } = Object(value);
  if (Array.isArray(array)) return Float64Array.from(array);
  return typeof number === "string" ? Number(number) : value;
}

/** Returns the first line: it says which weights the results are of, and who found them. */
export function headOf(weights: readonly WeightsFile[]): string {
  const files = new Set(
    weights.flatMap(({ tensors }) => tensors).map(({ stored }) => identityOf(stored?.file ?? null)),
  );
  return `${HEAD}${JSON.stringify({ program: configuration.version, files: [...files] }).slice(1)}`;
}

/** Returns what tells a file from itself after a change; another text each time if nothing does. */
function identityOf(file: FileIdentity | null): string {
  if (file === null) return "in memory";
  const { path, size, changed, state, remote, parts } = file;
  if (parts !== undefined) return parts.map(identityOf).join();
  const told = remote === undefined ? changed : state;
  return JSON.stringify([path, size, told ?? crypto.randomUUID()]);
}

/** Returns the lines that were written whole, with their results. */
function wholeLines(text: string): { line: string; entry: [string, unknown] }[] {
  const found: { line: string; entry: [string, unknown] }[] = [];
  for (const line of text.match(/.*\n/g) ?? []) {
    try {
      found.push({ line, entry: JSON.parse(line, fromJson) });
    } catch {
      break;
    }
  }
  return found;
}
