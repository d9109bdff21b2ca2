import { refusal } from "../ground/words/input_error.ts";
import { callable, isObject, list, object, requireValue, string } from "../ground/words/shape.ts";
import { escapeControls } from "../ground/words/show_value.ts";
import { describePoint, gridPoint, type StudyPoint } from "./grid_point.ts";
import { shardRange, type StudyHeader, studyHeaderShape } from "./study_document.ts";
import type { StudyFile } from "./study_file.ts";
import { StudyError } from "./study_options.ts";

/** Messages about a difference, by the header field that differs. */
const WORDS: Partial<Record<keyof StudyHeader, string>> = {
  package: "they are of different versions of gradient-health",
  engine: "they were computed by different engines (relaxed SIMD moves figures: use --portable)",
  model: "they are of different models or batches",
  objective: "they differentiate different objectives",
  examples: "their batches differ in size",
  batch: "their batches are from different files",
  scaleLayers: "they scale different layers",
  rules: "they judge by different rules",
  grid: "they have different grids",
  training: "they train differently",
  total: "they have different grids",
};

/**
 * Says why two headers do not belong to the same study; their shards do not matter.
 *
 * @returns The reason with both values, or `null` if they are of one study.
 */
export function differenceOf(one: StudyHeader, other: StudyHeader): string | null {
  // The fingerprint comes last: other depths or examples change it too, and say more.
  const named = (header: StudyHeader) => ({
    ...header,
    model: { ...header.model, fingerprint: "" },
  });
  return firstDifferenceOf(named(one), named(other)) ?? firstDifferenceOf(one, other);
}

function firstDifferenceOf(one: StudyHeader, other: StudyHeader): string | null {
  const [a, b] = [one, other].map((header) => studyHeaderShape.encode(header)) as [
    Record<string, unknown>,
    Record<string, unknown>,
  ];
  for (const key of Object.keys(a)) {
    if (key === "shard" || JSON.stringify(a[key]) === JSON.stringify(b[key])) continue;
    const words = WORDS[key as keyof StudyHeader] ?? `they differ in ${key}`;
    return `${words}: ${firstDifference(key, a[key], b[key])}`;
  }
  return null;
}

/** Describes the innermost difference between two JSON values. */
function firstDifference(place: string, a: unknown, b: unknown): string {
  if (isObject(a) && isObject(b)) {
    for (const [key, value] of Object.entries(a)) {
      if (JSON.stringify(value) !== JSON.stringify(b[key])) {
        return firstDifference(`${place}.${key}`, value, b[key]);
      }
    }
  }
  return `${place} is ${shown(a)} and ${shown(b)}`;
}

function shown(value: unknown): string {
  const text = escapeControls(JSON.stringify(value));
  return text.length > 80 ? `${text.slice(0, 80)}...` : text;
}

/** Number of items that a message names before it only counts the rest. */
const MOST_NAMED = 5;

/**
 * Names the first few items and counts the rest: `count` is the number of all items, named or not.
 */
export function nameSome(names: readonly string[], separator = ", ", count = names.length): string {
  const shown = names.slice(0, MOST_NAMED).join(separator);
  const rest = count - Math.min(names.length, MOST_NAMED);
  return rest > 0 ? `${shown}${separator === ", " ? " " : separator}and ${rest} more` : shown;
}

/** Points with a problem: the first few by name, the rest as a number. */
class NamedPoints {
  readonly #header: StudyHeader;
  readonly #first: number[] = [];
  /** Number of points. */
  count = 0;

  /** Creates an empty list. */
  constructor(header: StudyHeader) {
    this.#header = header;
  }

  add(index: number): void {
    if (++this.count <= MOST_NAMED) this.#first.push(index);
  }

  /** Describes the points in words. */
  toString(): string {
    const { grid } = this.#header;
    const names = this.#first.map((index) => describePoint(gridPoint(grid, index), grid));
    return nameSome(names, ", ", this.count);
  }
}

/**
 * Says which parts have the same points, and whether they are the same shard, which explains it.
 */
function doubleWords(files: readonly StudyFile[], points: NamedPoints): string {
  const all = files.length === 2 ? "both" : "all";
  const [first, ...others] = files.map(({ header: { shard } }) => shard);
  const same = first !== null &&
    others.every((shard) => shard?.index === first.index && shard.count === first.count);
  return `${files.map(({ path }) => path).join(" and ")} ${all} have ${points}${
    same ? `: ${all} are shard ${first.index}/${first.count}` : ""
  }`;
}

/** Reports the number of missing points and, if known, the missing shards. */
function missingWords(files: readonly StudyFile[], points: NamedPoints): string {
  const { total } = files[0].header;
  const are = points.count === 1 ? "is" : "are";
  return `${points.count} of ${total} points ${are} in no part: ${points}${shardWords(files)}`;
}

/** Names the missing shards if all parts are shards of one split. */
function shardWords(files: readonly StudyFile[]): string {
  const shards = files.map(({ header }) => header.shard);
  const [first] = shards;
  if (first === null || shards.some((shard) => shard?.count !== first.count)) return "";
  const given = new Set(shards.map((shard) => shard!.index));
  const missing = Array.from({ length: first.count }, (_, i) => i + 1)
    .filter((index) => !given.has(index))
    .map((index) => `${index}/${first.count}`);
  return missing.length === 0
    ? "; a shard is not complete: continue it with --resume"
    : `; not given: shard ${nameSome(missing)}`;
}

/**
 * Reads a part of a study up to the position of a merge. Its file is opened when the first possible
 * point of its shard is due, and closed after the last: of a thousand shards one or two are open at
 * a time.
 */
class PartReader {
  /** The part. */
  readonly file: StudyFile;
  /** Index of the first possible point. */
  readonly from: number;
  /** Next point, or `null` before the first and after the last. */
  next: StudyPoint | null = null;
  /** Reason why the rest of it cannot be read, or `null`. */
  failure: string | null = null;
  #points: AsyncGenerator<StudyPoint, void> | null = null;

  /** Creates the reader; nothing is read yet. */
  constructor(file: StudyFile) {
    this.file = file;
    this.from = shardRange(file.header.grid, file.header.shard).from;
  }

  /**
   * Reads the next point. A part that cannot be read further ends here, with the reason in
   * {@linkcode failure}.
   */
  async advance(): Promise<void> {
    const before = this.next?.index ?? this.from - 1;
    this.next = null;
    try {
      this.#points ??= this.#open();
      const { value } = await this.#points.next();
      if (value === undefined) return;
      if (value.index <= before) {
        throw new StudyError(
          refusal`${this.file.path} has point ${value.index} after point ${before}, expected ascending order`,
        );
      }
      this.next = value;
    } catch (error) {
      if (!(error instanceof StudyError)) throw error;
      this.failure = error.message;
    }
  }

  async close(): Promise<void> {
    await this.#points?.return();
  }

  #open(): AsyncGenerator<StudyPoint, void> {
    const points = this.file.points();
    requireValue("what points() returns", points, object({ next: callable }));
    return points;
  }
}

/** Joined parts: the whole study's header, and its points in order. */
export interface MergedStudy {
  /** Header of the whole study. */
  header: StudyHeader;
  /**
   * Points without duplicates. At the end, throws a {@linkcode StudyError} if some are missing or
   * duplicate, or a part is cut short.
   */
  points: AsyncGenerator<StudyPoint, void>;
}

const fileShape = object({ path: string, header: studyHeaderShape, points: callable });

/**
 * Joins the parts that shards wrote. The result is byte-identical to the file of the unsplit study.
 * A part is opened when its points are due and read line by line, so memory does not grow with the
 * points, and of a thousand shards one or two files are open at once.
 *
 * @param files The parts, in any order.
 * @throws {StudyError} If `files` is empty, or they are of different studies or versions. Also
 * thrown after the last point, if a point is in two parts or in none, or a part cannot be read to
 * its end. The message names the first five of each kind and counts the rest.
 * @returns The header of the whole study, and its points in order.
 *
 * @example Two shards, joined
 * ```ts
 * import {
 *   mergeStudyFiles,
 *   readStudyFile,
 *   runStudy,
 *   StudyWriter,
 * } from "@gradient-health/gradient-health/study";
 * import { assertEquals } from "@std/assert";
 *
 * const folder = await Deno.makeTempDir();
 * const parts = [];
 * for (const index of [1, 2]) {
 *   const shard = { index, count: 2 };
 *   const path = `${folder}/part${index}.json`;
 *   const part = await runStudy({ network: "exercise" }, { scales: [0.001, 1, 2] }, { shard });
 *   const writer = await StudyWriter.create(path, part.header);
 *   for await (const point of part.points) await writer.add(point);
 *   await writer.close();
 *   parts.push(await readStudyFile(path));
 * }
 * const { header, points } = mergeStudyFiles(parts);
 * const merged = await Array.fromAsync(points);
 * assertEquals(merged.length, header.total);
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export function mergeStudyFiles(files: readonly StudyFile[]): MergedStudy {
  requireValue("files", files, list(fileShape));
  requireOneStudy(files);
  const header = { ...files[0].header, shard: null };
  return { header, points: joined(files, header) };
}

async function* joined(
  files: readonly StudyFile[],
  header: StudyHeader,
): AsyncGenerator<StudyPoint, void> {
  const waiting = files.map((file) => new PartReader(file)).sort((a, b) => b.from - a.from);
  let open: PartReader[] = [];
  const unreadable: string[] = [];
  const missing = new NamedPoints(header);
  const double = new Map<string, { files: StudyFile[]; points: NamedPoints }>();
  const advance = async (part: PartReader) => {
    await part.advance();
    if (part.failure !== null) unreadable.push(part.failure);
  };
  try {
    for (let index = 0; index < header.total; index++) {
      while (waiting.length > 0 && waiting.at(-1)!.from <= index) {
        const part = waiting.pop()!;
        open.push(part);
        await advance(part);
      }
      const having = open.filter(({ next }) => next?.index === index);
      if (having.length === 0) missing.add(index);
      if (having.length === 1) yield having[0].next!;
      if (having.length > 1) {
        const owners = files.filter((file) => having.some((part) => part.file === file));
        const key = having.map(({ file }) => files.indexOf(file)).join();
        if (!double.has(key)) double.set(key, { files: owners, points: new NamedPoints(header) });
        double.get(key)!.points.add(index);
      }
      for (const part of having) await advance(part);
      if (having.some(({ next }) => next === null)) {
        open = open.filter(({ next }) => next !== null);
      }
    }
  } finally {
    for (const part of open) await part.close();
  }
  const doubles = [...double.values()].map(({ files, points }) => doubleWords(files, points));
  const wrong = [
    ...unreadable.length === 0 ? [] : [nameSome(unreadable, "; ")],
    ...doubles.length === 0 ? [] : [nameSome(doubles, "; ")],
    ...missing.count === 0 ? [] : [missingWords(files, missing)],
  ];
  if (wrong.length > 0) throw new StudyError(wrong.join("; "));
}

/**
 * Requires that parts are of one study. If more than half of them are, the message names the
 * others.
 *
 * @throws {StudyError} If there are none, or one is of another study.
 */
function requireOneStudy(files: readonly StudyFile[]): void {
  if (files.length === 0) {
    throw new StudyError(refusal`files is empty, expected one part or more to merge`);
  }
  const studies = Object.values(Object.groupBy(files, identity)) as StudyFile[][];
  if (studies.length === 1) return;
  const [most] = studies.toSorted((a, b) => b.length - a.length);
  const foreign = studies.filter((study) => study !== most).flat();
  const reason = ({ header }: StudyFile) => differenceOf(most[0].header, header);
  if (most.length <= foreign.length) {
    const [other] = foreign;
    throw new StudyError({
      place: `${most[0].path} and ${other.path}`,
      verb: "are",
      found: "parts of two studies",
      expected: "parts of one",
      meant: `: ${reason(other)}`,
    });
  }
  const named = foreign.map((file) => `${file.path} (${reason(file)})`);
  throw new StudyError({
    place: `${foreign.length} of ${files.length} parts`,
    verb: foreign.length === 1 ? "belongs to" : "belong to",
    found: "another study",
    expected: "that of the others",
    hint: `: ${nameSome(named)}`,
  });
}

/** Returns the common properties of parts of one study. */
function identity({ header }: StudyFile): string {
  return JSON.stringify(studyHeaderShape.encode({ ...header, shard: null }));
}
