import { assert, assertEquals, assertRejects } from "@std/assert";
import { mergeStudyFiles } from "../../src/study/merge_study_files.ts";
import { StudyError } from "../../src/study/study_options.ts";
import { readStudyFile, type StudyFile } from "../../src/study/study_file.ts";
import { assertRefuses } from "../cli/refuses.ts";
import { runCommand } from "../cli/run_command.ts";
import { withFolder } from "../model/save_model.ts";
import { shuffle } from "./shuffle.ts";
import { writeShards } from "./write_shards.ts";

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
    // Who stops early leaves no file open.
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
      "2 of 1000 parts do not belong to the study of the others: ",
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
