import { fileToReplace, isLeftover, putInPlace } from "../files/new_folder.ts";
import { ifMissing } from "../files/read_json.ts";
import {
  POINT_BEGINNING,
  shardRange,
  STUDY_BEGINNING,
  STUDY_CLOSING,
  type StudyHeader,
  studyHeaderShape,
  studyLine,
  studyOpening,
} from "./study_document.ts";
import { writeFailure } from "../ground/words/failure.ts";
import { StudyError } from "./study_options.ts";
import type { StudyPoint } from "./grid_point.ts";
import { anyObject, requireValue, string } from "../ground/words/shape.ts";
import { refusal } from "../ground/words/input_error.ts";
import { host, type OpenFile, SeekMode } from "../platform/host.ts";

/** Time that the file may lag behind, in ms, unless writing it takes long. */
const INTERVAL = 1000;
/** Maximum share of the time that is spent on rewriting the file. */
const SHARE = 0.05;
const CHUNK = 1 << 20;
const encoder = new TextEncoder();
/** Separator before each point in the journal. */
const SEPARATOR = ",\n";
/** Beginning of the journal that a killed process leaves. */
const JOURNAL_BEGINNING = `${SEPARATOR}${POINT_BEGINNING}`;

/**
 * Keeps a study file up to date while its points arrive, in any order, without keeping them in
 * memory: they are appended to a journal beside the file, and from time to time the file is
 * rewritten from the journal, in the order of the points, under another name, and renamed. A reader
 * always finds a complete study file, and a crash loses only the points since the last rewrite.
 */
export class StudyWriter {
  readonly #path: string;
  readonly #opening: Uint8Array;
  readonly #journalPath: string;
  readonly #journal: OpenFile;
  /** Offsets in the journal at which the line of each point begins and ends. */
  readonly #begin: Float64Array;
  readonly #end: Float64Array;
  /** Index of the first possible point. */
  readonly #from: number;
  #size = 0;
  #written = performance.now();
  #pause = INTERVAL;

  private constructor(path: string, header: StudyHeader, journalPath: string, file: OpenFile) {
    this.#path = path;
    this.#opening = encoder.encode(studyOpening(header));
    this.#journalPath = journalPath;
    this.#journal = file;
    const { from, to } = shardRange(header.grid, header.shard);
    this.#from = from;
    this.#begin = new Float64Array(to - from);
    this.#end = new Float64Array(to - from);
  }

  /**
   * Begins a file. An existing file of that name stays until the first points are written. The
   * journal is locked, so that no other process writes the file at the same time; the journal of a
   * killed process is removed.
   *
   * @param header Header of the study; for a shard, only its points may be added.
   * @param options `whole`: write the file only when it is closed. Default: false.
   * @throws {StudyError} If the file cannot be written.
   */
  static async create(
    path: string,
    header: StudyHeader,
    options: { whole?: boolean } = {},
  ): Promise<StudyWriter> {
    requireValue("path", path, string);
    requireValue("header", header, studyHeaderShape);
    requireValue("options", options, anyObject);
    const { whole = false } = options;
    let file: OpenFile | null = null;
    try {
      const target = await fileToReplace(path);
      if (target === null) {
        throw new StudyError(refusal`${path} is not a file, expected one to replace`);
      }
      const journalPath = `${target}.journal`;
      const temporary = `${target}.tmp`;
      await requireLeftover(path, journalPath, JOURNAL_BEGINNING);
      await requireLeftover(path, temporary, STUDY_BEGINNING);
      file = await host.open(journalPath, { create: true, read: true, write: true });
      // A file system without locks is used without one.
      if (!await file.tryLock(true).catch(() => true)) {
        throw new StudyError(`${path} cannot be written: another process is writing it`);
      }
      await file.truncate();
      await host.remove(temporary).catch(ifMissing);
      const writer = new StudyWriter(target, header, journalPath, file);
      if (whole) writer.#pause = Infinity;
      return writer;
    } catch (error) {
      file?.close();
      throw error instanceof StudyError ? error : cannotWrite(path, error);
    }
  }

  /** Adds a point that was not added before. */
  async add(point: StudyPoint): Promise<void> {
    const line = encoder.encode(`${SEPARATOR}${studyLine(point)}`);
    try {
      await this.#journal.seek(0, SeekMode.End);
      await writeAll(this.#journal, line);
    } catch (error) {
      throw cannotWrite(this.#path, error);
    }
    const place = point.index - this.#from;
    this.#begin[place] = this.#size;
    this.#size += line.length;
    this.#end[place] = this.#size;
    if (performance.now() - this.#written > this.#pause) await this.#write();
  }

  /** Removes the journal and leaves the file unchanged. */
  async discard(): Promise<void> {
    // Before the lock is released: the next writer's journal has the same name.
    await host.remove(this.#journalPath).catch(() => {});
    this.#journal.close();
  }

  /**
   * Writes the file a last time, and removes the journal.
   *
   * @throws {StudyError} If it cannot be written; the file is then unchanged.
   */
  async close(): Promise<void> {
    try {
      await this.#write();
    } finally {
      await this.discard();
    }
  }

  async #write(): Promise<void> {
    const started = performance.now();
    // The lock is held, so no other process uses this name.
    const temporary = `${this.#path}.tmp`;
    try {
      using file = await host.open(temporary, { createNew: true, write: true });
      await writeAll(file, this.#opening);
      let isFirst = true;
      for (const [begin, end] of this.#stretches()) {
        // The first point has no comma before it.
        await this.#copy(file, begin + (isFirst ? 1 : 0), end);
        isFirst = false;
      }
      await writeAll(file, encoder.encode(STUDY_CLOSING));
      // Otherwise, if the machine fails, the name may be on disk without the content.
      await file.syncData();
      await putInPlace(temporary, this.#path);
    } catch (error) {
      await host.remove(temporary).catch(() => {});
      throw cannotWrite(this.#path, error);
    }
    this.#written = performance.now();
    this.#pause = Math.max(INTERVAL, (this.#written - started) / SHARE);
  }

  /** Yields the parts of the journal in the order of the points; adjacent ones are joined. */
  *#stretches(): Generator<[begin: number, end: number], void> {
    let begin = 0;
    let end = 0;
    for (let i = 0; i < this.#begin.length; i++) {
      if (this.#end[i] === 0) continue;
      if (this.#begin[i] === end) {
        end = this.#end[i];
        continue;
      }
      if (end > begin) yield [begin, end];
      [begin, end] = [this.#begin[i], this.#end[i]];
    }
    if (end > begin) yield [begin, end];
  }

  async #copy(to: OpenFile, begin: number, end: number): Promise<void> {
    await this.#journal.seek(begin, SeekMode.Start);
    const chunk = new Uint8Array(Math.min(CHUNK, end - begin));
    for (let left = end - begin; left > 0;) {
      const read = await this.#journal.read(chunk.subarray(0, Math.min(chunk.length, left)));
      if (read === null) throw new Error("The journal is shorter than before");
      await writeAll(to, chunk.subarray(0, read));
      left -= read;
    }
  }
}

/**
 * Rejects a file of another program: the journal is truncated, and the temporary file is replaced.
 */
async function requireLeftover(path: string, file: string, beginning: string): Promise<void> {
  if (await isLeftover(file, beginning)) return;
  throw new StudyError({
    place: `${path} cannot be written: the temporary file ${file}`,
    found: "not from a study",
    expected: "none, or one that a study left",
    hint: ": remove it, or write elsewhere",
  });
}

async function writeAll(file: OpenFile, bytes: Uint8Array): Promise<void> {
  for (let written = 0; written < bytes.length;) {
    written += await file.write(bytes.subarray(written));
  }
}

function cannotWrite(path: string, error: unknown): StudyError {
  return new StudyError(`${path} cannot be written: ${writeFailure(error)}`, { cause: error });
}
