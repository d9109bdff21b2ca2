import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { mergeStudyFiles } from "../../src/study/merge_study_files.ts";
import { readStudyFile, type StudyFile } from "../../src/study/study_file.ts";
import type { StudyHeader } from "../../src/study/study_document.ts";
import { StudyError } from "../../src/study/study_options.ts";
import { assertRefuses } from "../cli/refuses.ts";
import { runCommand } from "../cli/run_command.ts";
import { withFolder } from "../core/model/save_model.ts";
import { makeHeader, makePoint } from "../networks/studies.ts";
import { shuffle } from "./shuffle.ts";
import { writeShards } from "./write_shards.ts";
import { assertRefused } from "../assert_refused.ts";

const SIZE = { count: 1000, points: 5, layers: 2 };

/** Reads parts, and counts how many of them are open. */
async function counted(paths: readonly string[]) {
  const open = { now: 0, most: 0 };
  const files: StudyFile[] = [];
  for (const path of paths) {
    const file = await readStudyFile(path);
    files.push({
      ...file,
      points: async function* () {
        open.most = Math.max(open.most, ++open.now);
        try {
          yield* file.points();
        } finally {
          open.now--;
        }
      },
    });
  }
  return { files, open };
}

Deno.test("mergeStudyFiles() joins a thousand shards with one or two files open", async () => {
  await withFolder(async (folder) => {
    const { header, paths } = await writeShards(folder, SIZE);
    const { files, open } = await counted(shuffle(paths));
    let next = 0;
    for await (const { index } of mergeStudyFiles(files).points) assertEquals(index, next++);
    assertEquals(next, header.total);
    assert(open.most <= 2, `${open.most} files were open`);
    assertEquals(open.now, 0);
    // Stopping early leaves no file open.
    for await (const _ of mergeStudyFiles(files).points) break;
    assertEquals(open.now, 0);
  });
});

Deno.test("mergeStudyFiles() names lost, double and cut shards of a thousand in one sentence each", async () => {
  await withFolder(async (folder) => {
    const { paths } = await writeShards(folder, SIZE);
    for (const index of [10, 500]) {
      const text = await Deno.readTextFile(paths[index]);
      await Deno.writeTextFile(paths[index], text.slice(0, text.lastIndexOf("    {")));
    }
    const given = [...paths.toSpliced(700, 7), paths[3], paths[4]];
    const { files, open } = await counted(given);
    const { message } = await assertRejects(
      () => Array.fromAsync(mergeStudyFiles(files).points),
      StudyError,
    );
    assertEquals(open.now, 0);
    const sentences = message.replaceAll(`${folder}/`, "").split("; ");
    assertEquals(sentences.map((sentence) => sentence.replace(/point \d+ \(.*\)/, "...")), [
      "11.json ends at line 19, expected a whole study as sweep writes it",
      "501.json ends at line 19, expected a whole study as sweep writes it",
      "4.json and 4.json both have ...: both are shard 4/1000",
      "5.json and 5.json both have ...: both are shard 5/1000",
      "37 of 5000 points are in no part: ... and 32 more",
      "not given: shard 701/1000, 702/1000, 703/1000, 704/1000, 705/1000 and 2 more",
    ]);
  });
});

Deno.test("merge names the foreign parts of a thousand, also when one of them is given first", async () => {
  await withFolder(async (folder) => {
    const { paths } = await writeShards(folder, { ...SIZE, points: 1 });
    for (const index of [0, 42]) {
      const text = await Deno.readTextFile(paths[index]);
      await Deno.writeTextFile(paths[index], text.replace('"examples": 32', '"examples": 64'));
    }
    const reason = "(their batches differ in size: examples is 32 and 64)";
    await assertRefuses(["merge", ...paths, "--out", `${folder}/whole.json`], [
      "2 of 1000 parts belong to another study, expected that of the others: ",
      `1.json ${reason}, `,
      `43.json ${reason}`,
    ]);
    for (const index of [7, 8]) await Deno.writeTextFile(paths[index], '{\n  "format": "gradient');
    await assertRefuses(["merge", ...paths, "--out", `${folder}/whole.json`], [
      "8.json ends at line 2, expected a whole study",
      "9.json ends at line 2, expected a whole study",
    ]);
    assertEquals([...Deno.readDirSync(folder)].length, 1000);
  });
});

Deno.test("merge writes the whole of a thousand shards, whatever their order", async () => {
  await withFolder(async (folder) => {
    const { paths } = await writeShards(folder, { ...SIZE, points: 2 });
    const whole = async (given: string[]) => {
      const out = `${folder}/whole.json`;
      const { code, stderr } = await runCommand(["merge", ...given, "--out", out, "--quiet"]);
      assertEquals(code, 0, stderr);
      return await Deno.readTextFile(out);
    };
    assertEquals(await whole(shuffle(paths)), await whole(paths));
  });
});

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
    [{ package: "0.3.0" }, 'different versions of gradient-health: package is "0.2.0" and "0.3.0"'],
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
    // The difference is reported rather than the fingerprint that it changes.
    [{ examples: 8, model: { ...HEADER.model, fingerprint: "1" } }, "examples is 32 and 8"],
    // Long values are cut behind their beginning.
    [{ objective: "x".repeat(78) }, `objective is "sum" and "${"x".repeat(78)}"`],
    [{ objective: "x".repeat(79) }, `objective is "sum" and "${"x".repeat(79)}...`],
    [{ batch: "b.json" }, "batches are from different files"],
    [{ scaleLayers: "dense" }, "scale different layers"],
    [{ rules: [] }, "judge by different rules"],
  ];
  for (const [over, message] of others) {
    const error = assertThrows(
      () => mergeStudyFiles([part("a", []), part("b", [], over)]),
      StudyError,
      message,
    );
    assertStringIncludes(error.message, " and b are parts of two studies: ");
  }
  // Two of three have a majority.
  const foreign = part("c", [], { examples: 8 });
  assertThrows(
    () => mergeStudyFiles([foreign, part("a", []), part("b", [])]),
    StudyError,
    "1 of 3 parts belongs to another study, expected that of the others: c (",
  );
  assertRefused(
    () => mergeStudyFiles([]),
    { place: "files", found: "empty", expected: "one part or more to merge" },
    StudyError,
  );
});
