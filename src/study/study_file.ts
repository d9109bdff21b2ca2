import { fileRefusal, InputError, refusal } from "../ground/words/input_error.ts";
import { showValue } from "../ground/words/show_value.ts";
import {
  END_LINE,
  POINTS_LINE,
  readStudyLine,
  readStudyOpening,
  shardRange,
  type StudyHeader,
} from "./study_document.ts";
import { openUserFile } from "../files/user_file.ts";
import { countPoints, describePoint, gridPoint, type StudyPoint } from "./grid_point.ts";
import { StudyError } from "./study_options.ts";
import { requireValue, string } from "../ground/words/shape.ts";

/** A study on disk: its header, and its points one by one. */
export interface StudyFile {
  /** Path of the file. */
  path: string;
  /** Header of the study. */
  header: StudyHeader;
  /** Reads the points from disk on demand, ascending. */
  points(): AsyncGenerator<StudyPoint, void>;
}

const MOST_OPENING = 100;

/** Longest line, in characters: a file without line breaks would be kept in memory as a whole. */
const MAX_LINE = 2 ** 24;

/**
 * Reads a study that `sweep` or `merge` wrote. It is read line by line, one point per line, since
 * it may be larger than memory.
 *
 * @param path The file.
 * @throws {StudyError} If the file does not exist, or is not a study: the message names file and
 * line.
 * @returns The header, and the points on demand.
 *
 * @example A study, written and read again
 * ```ts
 * import { readStudyFile, runStudy, StudyWriter } from "@gradient-health/gradient-health/study";
 * import { assertEquals } from "@std/assert";
 *
 * const path = await Deno.makeTempFile({ suffix: ".json" });
 * const { header, points } = await runStudy({ network: "exercise" }, { scales: [0.001, 1] });
 * const writer = await StudyWriter.create(path, header);
 * for await (const point of points) await writer.add(point);
 * await writer.close();
 *
 * const file = await readStudyFile(path);
 * const scales = await Array.fromAsync(file.points(), ({ scale }) => scale);
 * assertEquals(scales, [0.001, 1]);
 * await Deno.remove(path);
 * ```
 */
export async function readStudyFile(path: string): Promise<StudyFile> {
  requireValue("path", path, string);
  const opening: string[] = [];
  let header: StudyHeader | null = null;
  for await (const line of linesOf(path)) {
    if (line === POINTS_LINE) {
      header = read(path, 1, (where) => readStudyOpening(opening, where));
      requireGrid(path, header);
      break;
    }
    // Reject other files early; they may be large.
    if (opening.push(line) > MOST_OPENING || opening[0] !== "{") {
      throw new StudyError(
        refusal`${path}, line ${opening.length} is ${
          shown(line)
        }, expected a study as sweep writes it`,
      );
    }
  }
  if (header === null) throw cutShort(path, opening.length);
  return { path, header, points: () => pointsOf(path, header) };
}

/** Requires that the number of points is that of the grid, since that many points are expected. */
function requireGrid(path: string, { grid, shard, total }: StudyHeader): void {
  const place = `${path}, line 1`;
  const count = countPoints(grid);
  if (total !== count) {
    throw new StudyError(
      refusal`total is ${total}, expected ${count}, the points of its grid`,
    ).within(place);
  }
  try {
    shardRange(grid, shard);
  } catch (error) {
    throw new StudyError((error as Error).message, { cause: error }).within(place);
  }
}

async function* pointsOf(
  path: string,
  { grid, shard }: StudyHeader,
): AsyncGenerator<StudyPoint, void> {
  const { from, to } = shardRange(grid, shard);
  let number = 0;
  let isInside = false;
  let last = from - 1;
  for await (const line of linesOf(path)) {
    number++;
    if (!isInside) {
      isInside = line === POINTS_LINE;
      continue;
    }
    if (line === END_LINE) return;
    const point = read(path, number, (where) => readStudyLine(line, where));
    if (point.index <= last || point.index >= to) {
      throw new StudyError({
        place: `${path}, line ${number}`,
        found: `point ${point.index}`,
        expected: `one from ${last + 1} to ${to - 1}, in ascending order, each once`,
      });
    }
    last = point.index;
    const [found, expected] = [point, gridPoint(grid, last)].map((one) => describePoint(one, grid));
    if (found !== expected) {
      throw new StudyError(
        refusal`${path}, line ${number} is ${found}, expected ${expected} as the grid of the study has`,
      );
    }
    yield point;
  }
  throw cutShort(path, number);
}

function cutShort(path: string, line: number): StudyError {
  return new StudyError(
    refusal`${path} ends at line ${line}, expected a whole study as sweep writes it`,
  );
}

async function* linesOf(path: string): AsyncGenerator<string, void> {
  try {
    using file = await openUserFile(path);
    const decoder = new TextDecoder();
    const buffer = new Uint8Array(1 << 16);
    let rest = "";
    for (let n = await file.handle.read(buffer); n !== null; n = await file.handle.read(buffer)) {
      const lines = (rest + decoder.decode(buffer.subarray(0, n), { stream: true })).split("\n");
      rest = lines.pop()!;
      yield* lines;
      if (rest.length > MAX_LINE) {
        throw new InputError(
          refusal`One line has more than ${MAX_LINE} characters, expected fewer`,
        );
      }
    }
    if (rest !== "") yield rest;
  } catch (error) {
    throw new StudyError(fileRefusal(error), { cause: error }).within(path);
  }
}

/** Reads a piece of the file, and adds its place to an error. */
function read<T>(path: string, line: number, part: (where: string) => T): T {
  try {
    return part(`${path}, line ${line}`);
  } catch (error) {
    throw new StudyError((error as Error).message, { cause: error });
  }
}

function shown(line: string): string {
  return showValue(line);
}
