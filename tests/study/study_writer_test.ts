import { assert, assertEquals, assertRejects } from "@std/assert";
import { renderStudyJson } from "../../src/study/text/study_json.ts";
import { StudyError } from "../../src/study/study_options.ts";
import { readStudyFile } from "../../src/study/study_file.ts";
import { StudyWriter } from "../../src/study/study_writer.ts";
import { withFolder } from "../core/model/save_model.ts";
import { makeHeader, makePoint, makePoints } from "../networks/studies.ts";
import { shuffle } from "./shuffle.ts";

const HEADER = makeHeader({ scales: [0.5, 1], seeds: 3 });

Deno.test("StudyWriter writes the bytes of renderStudyJson() in whatever order points come", async () => {
  await withFolder(async (folder) => {
    const points = makePoints(HEADER);
    for (const order of [points, points.toReversed(), shuffle(points)]) {
      const path = `${folder}/study.json`;
      const writer = await StudyWriter.create(path, HEADER);
      for (const point of order) await writer.add(point);
      await writer.close();
      assertEquals(await Deno.readTextFile(path), renderStudyJson({ ...HEADER, points }));
    }
    assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name), ["study.json"]);
  });
});

Deno.test("StudyWriter leaves a whole study when it ends early, and keeps the old one till then", async () => {
  await withFolder(async (folder) => {
    const path = `${folder}/study.json`;
    await Deno.writeTextFile(path, "old");
    const some = [4, 1, 5].map((i) => makePoint(HEADER, i));
    const writer = await StudyWriter.create(path, HEADER);
    for (const point of some) await writer.add(point);
    assertEquals(await Deno.readTextFile(path), "old");
    await writer.close();
    const { points } = JSON.parse(await Deno.readTextFile(path));
    assertEquals(points.map(({ index }: { index: number }) => index), [1, 4, 5]);
    assertEquals(await Array.fromAsync((await readStudyFile(path)).points()), [
      some[1],
      some[0],
      some[2],
    ]);
  });
});

Deno.test("StudyWriter writes a whole study every second, for who kills it leaves no time", async () => {
  const { now } = performance;
  let later = 0;
  performance.now = () => now.call(performance) + later;
  try {
    await withFolder(async (folder) => {
      const path = `${folder}/study.json`;
      const points = makePoints(HEADER);
      const writer = await StudyWriter.create(path, HEADER);
      await writer.add(points[0]);
      await assertRejects(() => Deno.lstat(path), Deno.errors.NotFound);
      later += 1100;
      await writer.add(points[1]);
      await writer.add(points[2]);
      const read = async () => await Array.fromAsync((await readStudyFile(path)).points());
      assertEquals(await read(), points.slice(0, 2));
      later += 1100;
      await writer.add(points[3]);
      assertEquals(await read(), points.slice(0, 4));
      const names = [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
      assertEquals(names, ["study.json", "study.json.journal"]);
      await writer.discard();
    });
  } finally {
    performance.now = now;
  }
});

Deno.test("StudyWriter leaves the old file and no other when it is discarded", async () => {
  await withFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/study.json`, "old");
    const writer = await StudyWriter.create(`${folder}/study.json`, HEADER, { whole: true });
    await writer.add(makePoint(HEADER, 0));
    await writer.discard();
    assertEquals(await Deno.readTextFile(`${folder}/study.json`), "old");
    assertEquals([...Deno.readDirSync(folder)].length, 1);
  });
});

Deno.test("StudyWriter takes the points of its shard", async () => {
  await withFolder(async (folder) => {
    const header = { ...HEADER, shard: { index: 2, count: 2 } };
    const writer = await StudyWriter.create(`${folder}/part.json`, header);
    for (const index of [3, 4, 5]) await writer.add(makePoint(HEADER, index));
    await writer.close();
    const file = await readStudyFile(`${folder}/part.json`);
    assertEquals(file.header, header);
    assertEquals((await Array.fromAsync(file.points())).length, 3);
  });
});

Deno.test("StudyWriter keeps others off its file, and clears up after one that was killed", async () => {
  await withFolder(async (folder) => {
    const path = `${folder}/study.json`;
    // Files of a process that was killed while it wrote.
    const leftover = renderStudyJson({ ...HEADER, points: makePoints(HEADER) });
    await Deno.writeTextFile(`${path}.journal`, leftover.slice(leftover.indexOf(",\n    {")));
    await Deno.writeTextFile(`${path}.tmp`, leftover.slice(0, 1000));
    const writer = await StudyWriter.create(path, HEADER);
    await assertRejects(
      () => StudyWriter.create(path, HEADER),
      StudyError,
      "study.json cannot be written: another process is writing it",
    );
    for (const point of makePoints(HEADER)) await writer.add(point);
    await writer.close();
    const text = await Deno.readTextFile(path);
    assertEquals(text, renderStudyJson({ ...HEADER, points: makePoints(HEADER) }));
    assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name), ["study.json"]);
    // And when it is done, another one may.
    await (await StudyWriter.create(path, HEADER)).discard();
  });
});

Deno.test("StudyWriter takes away no file but its own under the names that it needs meanwhile", async () => {
  await withFolder(async (folder) => {
    const path = `${folder}/study`;
    await Deno.writeTextFile(`${folder}/weights.bin`, "weights");
    for (const name of [`${path}.journal`, `${path}.tmp`]) {
      const refused = () => StudyWriter.create(path, HEADER);
      const message =
        `${path} cannot be written: the temporary file ${name} is not from a study, expected none, or one that a study left: remove it, or write elsewhere`;
      await Deno.writeTextFile(name, "weights");
      await assertRejects(refused, StudyError, message);
      assertEquals(await Deno.readTextFile(name), "weights");
      await Deno.remove(name);
      await Deno.symlink("weights.bin", name);
      await assertRejects(refused, StudyError, message);
      await Deno.remove(name);
    }
    await (await StudyWriter.create(path, HEADER)).discard();
    assertEquals(await Deno.readTextFile(`${folder}/weights.bin`), "weights");
  });
});

Deno.test("StudyWriter writes to the target of a link, and rejects a path that is not a file", async () => {
  await withFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/study.json`, "old");
    await Deno.symlink(`${folder}/study.json`, `${folder}/link.json`);
    const writer = await StudyWriter.create(`${folder}/link.json`, HEADER);
    for (const point of makePoints(HEADER)) await writer.add(point);
    await writer.close();
    assert((await Deno.lstat(`${folder}/link.json`)).isSymlink);
    assertEquals((await readStudyFile(`${folder}/study.json`)).header, HEADER);
    await new Deno.Command("mkfifo", { args: [`${folder}/pipe`] }).output();
    const wrong = {
      [folder]: "cannot be written: it is a folder, expected a file",
      [`${folder}/pipe`]: "is not a file, expected one to replace",
    };
    for (const [path, why] of Object.entries(wrong)) {
      const refused = () => StudyWriter.create(path, HEADER);
      await assertRejects(refused, StudyError, `${path} ${why}`);
    }
    assertEquals([...Deno.readDirSync(folder)].length, 3);
  });
});

Deno.test("StudyWriter says why it cannot write", async () => {
  await withFolder(async (folder) => {
    await assertRejects(
      () => StudyWriter.create(`${folder}/missing/study.json`, HEADER),
      StudyError,
      "missing/study.json cannot be written: there is no such folder",
    );
  });
});

Deno.test("StudyWriter writes where the file system has no locks", async () => {
  await withFolder(async (folder) => {
    const { tryLock } = Deno.FsFile.prototype;
    Deno.FsFile.prototype.tryLock = () => Promise.reject(new Deno.errors.NotSupported());
    try {
      const writer = await StudyWriter.create(`${folder}/a.json`, HEADER);
      await writer.close();
    } finally {
      Deno.FsFile.prototype.tryLock = tryLock;
    }
    assertEquals((await readStudyFile(`${folder}/a.json`)).header, HEADER);
  });
});
