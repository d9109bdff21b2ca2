import configuration from "../../deno.json" with { type: "json" };
import type { FileIdentity } from "../files/byte_source.ts";
import type { FileTensor, WeightsFile } from "../files/weights_file.ts";
import { PART_BYTES } from "./plan_sweep.ts";
import { host, type OpenFile, SeekMode } from "../platform/host.ts";

/** Beginning of the first line: a file without it is not a journal. */
const HEAD = '{"gradientHealthJournal":3,';

/** Number of bytes of a tensor or a pair after which the results so far are kept: 256 MB. */
const SAVED_AFTER = 4 * PART_BYTES;

/** Keys of values that JSON does not have. */
const NUMBER = "number", BIG = "bigint";

/** Arrays that results have, by the keys of their bytes. */
const ARRAYS = { Float64Array, Int32Array, Uint32Array, Uint8Array };

/** Returns a text that identifies a tensor, or the part of one that is in a sample. */
export function placeOf({ name, source, stored, shape }: NamedTensor): string {
  const { path = "" } = source ?? stored?.file ?? {};
  return [path, JSON.stringify(name), stored?.offset ?? "packed", shape.join("x")].join(" ");
}

type NamedTensor = Pick<FileTensor, "name" | "source" | "stored" | "shape">;

/**
 * Results for the tensors that a run has finished, in a file with a line for each, and those so far
 * for a large one that it has begun: a run that was stopped, by whatever, goes on from there. A line
 * that was not written whole is ignored.
 */
export class SweepJournal {
  readonly #path: string;
  readonly #file: OpenFile;
  readonly #known: ReadonlyMap<string, unknown>;
  /** Number of bytes of the file. */
  #size: number;
  /** Results so far of an earlier run for the tensor that it began last. */
  readonly #begun: Begun | null;
  /** Name of the results so far at the end of the file, and the index of the first byte of their lines. */
  #last: Pick<Begun, "name" | "at"> | null;
  /** Number of bytes since the results so far were kept, by the name. */
  readonly #unsaved = new Map<string, number>();
  readonly #savedAfter: number;
  #isOpen = true;

  private constructor(
    path: string,
    { file, size, lines, savedAfter }: {
      file: OpenFile;
      size: number;
      lines: readonly Line[];
      savedAfter: number;
    },
  ) {
    this.#path = path;
    this.#file = file;
    this.#size = size;
    this.#savedAfter = savedAfter;
    this.#known = new Map(
      lines.flatMap(({ name, result, isPart }) => isPart ? [] : [[name, result]]),
    );
    this.#begun = begunIn(lines, size);
    this.#last = this.#begun;
  }

  /**
   * Opens a journal, and keeps what it has of the same weights.
   *
   * @param path Its file, which is created if it is missing.
   * @param weights The files of weights.
   * @param savedAfter Number of bytes of a tensor after which the results so far are kept.
   * @returns The journal; `null` if there is a folder of this name or a file that is none, or if
   * another run is using it.
   */
  static async open(
    path: string,
    weights: readonly WeightsFile[],
    savedAfter: number = SAVED_AFTER,
  ): Promise<SweepJournal | null> {
    const info = await host.stat(path).catch(() => null);
    if (info?.isDirectory) return null;
    const file = await host.open(path, { read: true, write: true, create: true });
    // A process that ends loses its lock, however it ends.
    const text = await file.tryLock(true) ? await host.readTextFile(path) : null;
    if (text === null || text !== "" && !text.startsWith(HEAD)) {
      file.close();
      return null;
    }
    const head = `${headOf(weights)}\n`;
    const lines = text.startsWith(head) ? wholeLines(text.slice(head.length)) : [];
    const kept = text.startsWith(head) ? head + lines.map(({ line }) => line).join("") : "";
    const end = new TextEncoder().encode(kept).length;
    await file.truncate(end);
    await file.seek(end, SeekMode.Start);
    const journal = new SweepJournal(path, { file, size: end, lines, savedAfter });
    if (kept === "") journal.#write(head);
    return journal;
  }

  /** Number of results of an earlier run. */
  get size(): number {
    return this.#known.size;
  }

  /** True if an earlier run has begun a large tensor. */
  get hasBegun(): boolean {
    return this.#begun !== null;
  }

  /** Returns the result of a name, or `undefined` if it is not finished. */
  get<T>(name: string): T | undefined {
    return this.#known.get(name) as T | undefined;
  }

  /** Adds a result, plain data, in place of those so far. */
  add(name: string, result: unknown): void {
    if (this.#last?.name === name) {
      this.#size = this.#last.at;
      this.#file.truncateSync(this.#size);
      this.#file.seekSync(this.#size, SeekMode.Start);
    }
    this.#last = null;
    this.#unsaved.delete(name);
    this.#write(`${JSON.stringify([name, result], toJson)}\n`);
  }

  /** Returns the results of an earlier run for a name, in its order. */
  soFar<T>(name: string): T[] {
    return this.#begun?.name === name ? this.#begun.results as T[] : [];
  }

  /**
   * Counts bytes that were read for a name, and adds the result so far if the last one is many bytes old.
   *
   * @param makeResult Makes it, plain data. `isFirst`: true if no line so far of this name is at the
   * end of the file: only those there are found again.
   */
  advance(name: string, bytes: number, makeResult: (isFirst: boolean) => unknown): void {
    const unsaved = (this.#unsaved.get(name) ?? 0) + bytes;
    const isDue = unsaved >= this.#savedAfter;
    this.#unsaved.set(name, isDue ? 0 : unsaved);
    if (!isDue) return;
    const isFirst = this.#last?.name !== name;
    if (isFirst) this.#last = { name, at: this.#size };
    this.#write(`${JSON.stringify([name, makeResult(isFirst), true], toJson)}\n`);
  }

  /** Removes the file, once its results are kept elsewhere. */
  async remove(): Promise<void> {
    this[Symbol.dispose]();
    await host.remove(this.#path);
  }

  [Symbol.dispose](): void {
    if (this.#isOpen) this.#file.close();
    this.#isOpen = false;
  }

  #write(line: string): void {
    const bytes = new TextEncoder().encode(line);
    for (let at = 0; at < bytes.length;) at += this.#file.writeSync(bytes.subarray(at));
    this.#size += bytes.length;
  }
}

/** Tensor that was begun: its results so far, and the index of the first byte of their lines. */
interface Begun {
  name: string;
  at: number;
  results: unknown[];
}

function begunIn(lines: readonly Line[], size: number): Begun | null {
  const last = lines.at(-1);
  if (last === undefined || !last.isPart) return null;
  const { name } = last;
  const own = lines.slice(lines.findLastIndex((one) => !one.isPart || one.name !== name) + 1);
  const at = own.reduce((rest, { bytes }) => rest - bytes, size);
  return { name, at, results: own.map(({ result }) => result) };
}

function toJson(_: string, value: unknown): unknown {
  for (const [key, type] of Object.entries(ARRAYS)) {
    if (!(value instanceof type)) continue;
    const { buffer, byteOffset, byteLength } = value;
    return { [key]: new Uint8Array(buffer, byteOffset, byteLength).toBase64() };
  }
  if (typeof value === "bigint") return { [BIG]: `${value}` };
  const isPlain = typeof value !== "number" || Number.isFinite(value) && !Object.is(value, -0);
  return isPlain ? value : { [NUMBER]: Object.is(value, -0) ? "-0" : String(value) };
}

function fromJson(_: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  const [[key, text] = []] = Object.entries(value);
  if (typeof text !== "string") return value;
  if (key === NUMBER) return Number(text);
  if (key === BIG) return BigInt(text);
  return Object.hasOwn(ARRAYS, key!)
    ? new ARRAYS[key as keyof typeof ARRAYS](Uint8Array.fromBase64(text).buffer)
    : value;
}

/** Returns the first line: it says which weights the results are of, and who found them. */
export function headOf(weights: readonly WeightsFile[]): string {
  const files = new Set(
    weights.flatMap(({ tensors }) => tensors)
      .map(({ source, stored }) => identityOf(source ?? stored?.file ?? null)),
  );
  return `${HEAD}${JSON.stringify({ program: configuration.version, files: [...files] }).slice(1)}`;
}

/** Returns a text that changes with a file; a new one each time if nothing shows a change. */
function identityOf(file: FileIdentity | null): string {
  if (file === null) return crypto.randomUUID();
  const { path, size, changed, state, remote, parts } = file;
  if (parts !== undefined) return parts.map(identityOf).join();
  const told = remote === undefined ? changed : state;
  return JSON.stringify([path, size, told ?? crypto.randomUUID()]);
}

/** Line that was written whole. */
interface Line {
  line: string;
  bytes: number;
  name: string;
  result: unknown;
  /** True if the result covers only a part of the file. */
  isPart: boolean;
}

function wholeLines(text: string): Line[] {
  const found: Line[] = [];
  for (const line of text.match(/.*\n/g) ?? []) {
    try {
      const [name, result, isPart = false] = JSON.parse(line, fromJson);
      found.push({ line, bytes: new TextEncoder().encode(line).length, name, result, isPart });
    } catch {
      break;
    }
  }
  return found;
}
