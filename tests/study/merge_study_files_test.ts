import { assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { mergeStudyFiles } from "../../src/study/merge_study_files.ts";
import { StudyError } from "../../src/study/study_options.ts";
import type { StudyFile } from "../../src/study/study_file.ts";
import type { StudyHeader } from "../../src/study/study_header.ts";
import { makeHeader, makePoint } from "../networks/studies.ts";

const GRID = { scales: [0.5, 1, 2], seeds: 3 };
const HEADER = makeHeader(GRID);

function part(path: string, indices: number[], over: Partial<StudyHeader> = {}): StudyFile {
  const header = { ...HEADER, ...over };
  return {
    path,
    header,
    points: () =>
      async function* () {
        for (const index of indices) yield await Promise.resolve(makePoint(header, index));
      }(),
  };
}

const shard = (index: number) => ({ shard: { index, count: 3 } });

Deno.test("mergeStudyFiles() joins parts in any order, interleaved too", async () => {
  const { header, points } = mergeStudyFiles([
    part("c", [2, 5, 8]),
    part("a", [0, 3, 6, 7]),
    part("b", [1, 4]),
  ]);
  assertEquals(header, HEADER);
  assertEquals((await Array.fromAsync(points)).map(({ index }) => index), [
    0,
    1,
    2,
    3,
    4,
    5,
    6,
    7,
    8,
  ]);
});

Deno.test("mergeStudyFiles() names the points that are missing, and the shard", async () => {
  const { points } = mergeStudyFiles([
    part("a", [0, 1, 2], shard(1)),
    part("c", [6, 7, 8], shard(3)),
  ]);
  const { message } = await assertRejects(() => Array.fromAsync(points), StudyError);
  assertEquals(
    message,
    "3 of 9 points are in no part: point 3 (seed 1, scale 0.5), point 4 (seed 1, scale 1), " +
      "point 5 (seed 1, scale 2); not given: shard 2/3",
  );
});

Deno.test("mergeStudyFiles() counts what it does not name, and tells of an unfinished shard", async () => {
  const all = [part("a", [0], shard(1)), part("b", [], shard(2)), part("c", [8], shard(3))];
  const { message } = await assertRejects(
    () => Array.fromAsync(mergeStudyFiles(all).points),
    StudyError,
    "7 of 9 points are in no part",
  );
  assertEquals(
    message.endsWith("and 2 more; a shard is not complete: continue it with --resume"),
    true,
  );
});

Deno.test("mergeStudyFiles() names every point that is in two parts, and what else is wrong", async () => {
  const messageOf = async (...parts: StudyFile[]) => {
    const read = () => Array.fromAsync(mergeStudyFiles(parts).points);
    return (await assertRejects(read, StudyError)).message;
  };
  assertEquals(
    await messageOf(part("a", [0, 1, 2, 3]), part("b", [1, 2, 4]), part("c", [4, 5, 6, 7])),
    "a and b both have point 1 (seed 0, scale 1), point 2 (seed 0, scale 2); " +
      "b and c both have point 4 (seed 1, scale 1); " +
      "1 of 9 points is in no part: point 8 (seed 2, scale 2)",
  );
  const all = [0, 1, 2, 3, 4, 5, 6, 7, 8];
  assertStringIncludes(
    await messageOf(part("a", all), part("b", all)),
    "point 3 (seed 1, scale 0.5), point 4 (seed 1, scale 1) and 4 more",
  );
  const [one, two, three] = [[0, 1, 2], [3, 4, 5], [6, 7, 8]]
    .map((indices, i) => part(`${i + 1}`, indices, shard(i + 1)));
  assertEquals(
    await messageOf(one, two, three, two),
    "2 and 2 both have point 3 (seed 1, scale 0.5), point 4 (seed 1, scale 1), " +
      "point 5 (seed 1, scale 2): both are shard 2/3",
  );
});

Deno.test("mergeStudyFiles() says why parts are not of one study", () => {
  const others: [Partial<StudyHeader>, string][] = [
    [{ package: "0.2.0" }, 'different versions of gradient-health: package is "0.1.0" and "0.2.0"'],
    [
      { engine: { ...HEADER.engine, relaxedSimd: true } },
      "relaxed SIMD moves figures: use --portable): engine.relaxedSimd is false and true",
    ],
    [
      { model: { ...HEADER.model, fingerprint: "1" } },
      'different models or batches: model.fingerprint is "0" and "1"',
    ],
    [{ grid: makeHeader({ ...GRID, seeds: 4 }).grid }, "grid.seeds is [0,1,2] and [0,1,2,3]"],
    [{ objective: "meanSquaredError" }, "different objectives"],
    [{ examples: 8 }, "examples is 32 and 8"],
    // What makes another fingerprint is told rather than the fingerprint.
    [{ examples: 8, model: { ...HEADER.model, fingerprint: "1" } }, "examples is 32 and 8"],
    [{ batch: "b.json" }, "batches are from different files"],
    [{ scaleLayers: "dense" }, "scale different layers"],
    [{ rules: [] }, "judge by different rules"],
  ];
  for (const [over, message] of others) {
    assertThrows(
      () => mergeStudyFiles([part("a", []), part("b", [], over)]),
      StudyError,
      message,
    );
  }
  assertThrows(
    () => mergeStudyFiles([]),
    StudyError,
    "files is empty, expected one part or more to merge",
  );
});
