import { assert, assertEquals, assertRejects } from "@std/assert";
import { type FileProblem, isFileProblem } from "../../src/platform/file_problems.ts";
import { type FileSystem, host, SeekMode } from "../../src/platform/host.ts";
import { nodeHost } from "../../src/platform/node_host.ts";
import { PageFileSystem } from "../../src/platform/page_host.ts";

/** File systems of the three runtimes; that of a page is in memory. */
const HOSTS: Record<string, FileSystem> = {
  deno: host,
  node: nodeHost,
  page: new PageFileSystem(new Map()),
};

/** Runs a test with the files of each runtime, in a folder. */
function withEach(name: string, run: (files: FileSystem, folder: string) => Promise<void>): void {
  for (const [runtime, files] of Object.entries(HOSTS)) {
    Deno.test(`${name}: ${runtime}`, async () => {
      const folder = await Deno.makeTempDir();
      try {
        await run(files, folder);
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    });
  }
}

async function assertProblem(problem: FileProblem, run: () => Promise<unknown>): Promise<void> {
  const error = await assertRejects(run);
  assert(isFileProblem(error, problem), `${error}`);
}

Deno.test("on Deno the host is Deno itself", () => {
  assert(host as unknown === Deno);
});

withEach("files are written, read and appended to", async (files, folder) => {
  const path = `${folder}/a.txt`;
  await files.writeTextFile(path, "one");
  await files.writeTextFile(path, " two", { append: true });
  assertEquals(await files.readTextFile(path), "one two");
  await files.writeFile(path, Uint8Array.of(1, 2, 3));
  assertEquals(await files.readFile(path), Uint8Array.of(1, 2, 3));
  assertEquals((await files.stat(path)).size, 3);
  await assertProblem(
    "AlreadyExists",
    () => files.writeFile(path, new Uint8Array(), { createNew: true }),
  );
  await assertProblem(
    "NotFound",
    () => files.writeFile(`${path}.other`, new Uint8Array(), { create: false }),
  );
});

withEach("an open file is read and written at a place", async (files, folder) => {
  const path = `${folder}/place`;
  using file = await files.open(path, { read: true, write: true, create: true });
  assertEquals(await file.write(Uint8Array.of(0, 1, 2, 3, 4)), 5);
  assertEquals(file.seekSync(-2, SeekMode.End), 3);
  const bytes = new Uint8Array(4);
  assertEquals([file.readSync(bytes), bytes[0], bytes[1]], [2, 3, 4]);
  assertEquals(await file.read(bytes), null);
  await file.seek(1, SeekMode.Start);
  file.writeSync(Uint8Array.of(9));
  assertEquals(await file.seek(1, SeekMode.Current), 3);
  await file.truncate(3);
  await file.sync();
  await file.syncData();
  assertEquals((await file.stat()).size, 3);
  assertEquals(await files.readFile(path), Uint8Array.of(0, 9, 2));
});

withEach("a file is opened for reading alone unless more is asked for", async (files, folder) => {
  const path = `${folder}/alone`;
  await assertProblem("NotFound", () => files.open(path));
  await files.writeTextFile(path, "text");
  const { readable } = await files.open(path);
  assertEquals(await new Response(readable).text(), "text");
});

withEach("folders are made, listed and removed", async (files, folder) => {
  await files.mkdir(`${folder}/b/c`, { recursive: true });
  await files.writeTextFile(`${folder}/b/c/d`, "");
  await files.writeTextFile(`${folder}/b/e`, "");
  const listed = await Array.fromAsync(files.readDir(`${folder}/b`));
  const kinds = listed.map(({ name, isFile, isDirectory }) => [name, isFile, isDirectory]).sort();
  assertEquals(kinds, [["c", false, true], ["e", true, false]]);
  assertEquals([...files.readDirSync(`${folder}/b`)].length, 2);
  await files.rename(`${folder}/b/e`, `${folder}/b/f`);
  await assertProblem("NotFound", () => files.stat(`${folder}/b/e`));
  assert((await files.stat(`${folder}/b`)).isDirectory);
  await files.remove(`${folder}/b`, { recursive: true });
  await assertProblem("NotFound", () => files.stat(`${folder}/b/c/d`));
  await assertProblem("NotFound", () => files.remove(`${folder}/b/f`));
});

withEach("a temporary file has a name of its own", (files) => {
  const [one, two] = [1, 2].map(() => files.makeTempFileSync({ prefix: "gh-", suffix: ".x" }));
  assert(one !== two && one.endsWith(".x"));
  assertEquals(files.statSync(one).size, 0);
  for (const path of [one, two]) files.removeSync(path);
  return Promise.resolve();
});
