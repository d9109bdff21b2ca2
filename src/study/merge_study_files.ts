import { studyHeaderShape } from "./study_document.ts";
import { doubleWords, missingWords, NamedPoints, nameSome } from "./merge_complaints.ts";
import { PartReader } from "./part_reader.ts";
import { requireOneStudy } from "./require_one_study.ts";
import { StudyError } from "./study_options.ts";
import type { StudyFile } from "./study_file.ts";
import type { StudyHeader } from "./study_header.ts";
import type { StudyPoint } from "./grid_point.ts";
import { callable, list, object, requireValue, string } from "../words/shape.ts";

/** Joined parts: the whole study's header, and its points in order. */
export interface MergedStudy {
  /** Header of the whole study. */
  header: StudyHeader;
  /**
   * Points, each once. At the end, throws a {@linkcode StudyError} if some are missing or
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
