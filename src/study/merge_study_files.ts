import { studyHeaderShape } from "../documents/study.ts";
import { describePoint, gridPoint } from "./grid_point.ts";
import { differenceOf } from "./same_study.ts";
import { StudyError } from "./study_error.ts";
import type { StudyFile } from "./study_file.ts";
import type { StudyHeader } from "./study_header.ts";
import type { StudyPoint } from "./study_point.ts";
import { arrayOf, callable, objectWith, requireValue, text } from "../words/requirements.ts";

/** How many missing or duplicate points a message names before it only counts them. */
const MOST_NAMED = 5;

/** Parts joined: the whole study's header, and its points in order. */
export interface MergedStudy {
  /** The header of the whole study. */
  header: StudyHeader;
  /**
   * The points, each once. Throws a {@linkcode StudyError} at the end if some are missing or duplicate.
   */
  points: AsyncGenerator<StudyPoint, void>;
}

const fileShape = objectWith({ path: text, header: studyHeaderShape.given, points: callable });

/**
 * Joins the parts that shards wrote. The result is byte-identical to the unsplit study's file. Parts are
 * read in parallel, one line at a time.
 *
 * @param files The parts, in any order.
 * @throws {StudyError} If there is no part, or they are of different studies or versions. While the
 * points are read, at the end: if points are in two parts, or in none.
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
  requireValue("files", files, arrayOf(fileShape));
  const [first, ...others] = files;
  if (first === undefined) {
    throw new StudyError("files is empty, expected one part or more to merge");
  }
  for (const other of others) {
    const difference = differenceOf(first.header, other.header);
    if (difference === null) continue;
    throw new StudyError(
      `${first.path} and ${other.path} are not parts of one study: ${difference}`,
    );
  }
  const header = { ...first.header, shard: null };
  return { header, points: joined(files, header) };
}

/** A part, as far as it has been read. Each has its file open, until it is at its end or given up. */
interface Head {
  file: StudyFile;
  points: AsyncGenerator<StudyPoint, void>;
  next: IteratorResult<StudyPoint, void>;
}

async function* joined(
  files: readonly StudyFile[],
  header: StudyHeader,
): AsyncGenerator<StudyPoint, void> {
  const heads: Head[] = [];
  const missing = new Named(header);
  const double = new Map<string, { files: StudyFile[]; points: Named }>();
  try {
    for (const file of files) {
      const points = file.points();
      requireValue("what points() returns", points, objectWith({ next: callable }));
      heads.push({ file, points, next: await points.next() });
    }
    for (let index = 0; index < header.total; index++) {
      const having = heads.filter(({ next }) => !next.done && next.value.index === index);
      if (having.length === 0) missing.add(index);
      if (having.length > 1) {
        const owners = having.map(({ file }) => file);
        const key = owners.map((file) => files.indexOf(file)).join();
        if (!double.has(key)) double.set(key, { files: owners, points: new Named(header) });
        double.get(key)!.points.add(index);
      }
      if (having.length === 1) yield having[0].next.value as StudyPoint;
      for (const head of having) head.next = await head.points.next();
    }
  } finally {
    for (const { points } of heads) await points.return();
  }
  const wrong = [...double.values()].map(({ files, points }) => doubleWords(files, points));
  if (missing.count > 0) {
    const are = missing.count === 1 ? "is" : "are";
    wrong.push(
      `${missing.count} of ${header.total} points ${are} in no part: ${missing}${
        missingShards(files)
      }`,
    );
  }
  if (wrong.length > 0) throw new StudyError(wrong.join("; "));
}

/** Points that something is wrong with: the first few by name, the rest by number. */
class Named {
  readonly #header: StudyHeader;
  readonly #first: number[] = [];
  /** How many they are. */
  count = 0;

  constructor(header: StudyHeader) {
    this.#header = header;
  }

  add(index: number): void {
    if (++this.count <= MOST_NAMED) this.#first.push(index);
  }

  toString(): string {
    const names = this.#first.map((index) => describePoint(gridPoint(this.#header.grid, index)));
    const rest = this.count - names.length;
    return `${names.join(", ")}${rest > 0 ? ` and ${rest} more` : ""}`;
  }
}

/** Which parts have the same points, and that they are the same shard, which explains it. */
function doubleWords(files: StudyFile[], points: Named): string {
  const all = files.length === 2 ? "both" : "all";
  const [first, ...others] = files.map(({ header: { shard } }) => shard);
  const same = first !== null &&
    others.every((shard) => shard?.index === first.index && shard.count === first.count);
  return `${files.map(({ path }) => path).join(" and ")} ${all} have ${points}${
    same ? `: ${all} are shard ${first.index}/${first.count}` : ""
  }`;
}

/** Which shards were not given, where all that were given are shards of one split. */
function missingShards(files: readonly StudyFile[]): string {
  const shards = files.map(({ header }) => header.shard);
  const [first] = shards;
  if (first === null || shards.some((shard) => shard?.count !== first.count)) return "";
  const given = new Set(shards.map((shard) => shard!.index));
  const missing: number[] = [];
  for (let i = 1; i <= first.count && missing.length < MOST_NAMED; i++) {
    if (!given.has(i)) missing.push(i);
  }
  return missing.length === 0
    ? "; a shard is not complete: continue it with --resume"
    : `; not given: shard ${missing.map((i) => `${i}/${first.count}`).join(", ")}`;
}
