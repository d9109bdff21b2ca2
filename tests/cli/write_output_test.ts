import { assert, assertEquals, assertRejects } from "@std/assert";
import { UsageError } from "../../src/cli/kit/flag.ts";
import { writeOutput } from "../../src/cli/kit/write_output.ts";
import { withFolder } from "../core/model/save_model.ts";

/** Does something while somebody reads a named pipe in the folder, and answers what came out. */
async function throughPipe(
  folder: string,
  action: (pipe: string) => Promise<unknown>,
): Promise<string> {
  const pipe = `${folder}/pipe`;
  await new Deno.Command("mkfifo", { args: [pipe] }).output();
  const reader = new Deno.Command("cat", { args: [pipe], stdout: "piped" }).spawn();
  try {
    await action(pipe);
    assert((await Deno.lstat(pipe)).isFifo, "the pipe is one no more");
    return new TextDecoder().decode((await reader.output()).stdout);
  } catch (error) {
    reader.kill();
    await reader.output();
    throw error;
  }
}

Deno.test("writeOutput() writes into a device or a pipe instead of replacing it", async () => {
  await withFolder(async (folder) => {
    assertEquals(await throughPipe(folder, (pipe) => writeOutput("text", pipe)), "text");
    assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name), ["pipe"]);
  });
});

Deno.test("writeOutput() keeps a link, and replaces what it leads to", async () => {
  await withFolder(async (folder) => {
    await Deno.mkdir(`${folder}/real`);
    await Deno.writeTextFile(`${folder}/real/a.txt`, "old");
    await Deno.symlink("real/a.txt", `${folder}/link.txt`);
    await writeOutput("new", `${folder}/link.txt`);
    assertEquals(await Deno.readLink(`${folder}/link.txt`), "real/a.txt");
    assertEquals(await Deno.readTextFile(`${folder}/real/a.txt`), "new");
    assertEquals([...Deno.readDirSync(`${folder}/real`)].length, 1);
  });
});

Deno.test("writeOutput() puts the first file where a link leads to", async () => {
  await withFolder(async (folder) => {
    await Deno.mkdir(`${folder}/real`);
    await Deno.symlink("real/a.txt", `${folder}/near.txt`);
    await Deno.symlink(`${folder}/near.txt`, `${folder}/far.txt`);
    await writeOutput("new", `${folder}/far.txt`);
    assertEquals(await Deno.readLink(`${folder}/far.txt`), `${folder}/near.txt`);
    assertEquals(await Deno.readLink(`${folder}/near.txt`), "real/a.txt");
    assertEquals(await Deno.readTextFile(`${folder}/real/a.txt`), "new");
  });
});

Deno.test("writeOutput() says that a folder is not a file", async () => {
  await withFolder(async (folder) => {
    await assertRejects(
      () => writeOutput("new", folder),
      UsageError,
      `${folder} cannot be written: it is a folder, expected a file`,
    );
  });
});

Deno.test("writeOutput() keeps the mode of the file that it replaces", async () => {
  if (Deno.build.os === "windows") return;
  await withFolder(async (folder) => {
    const path = `${folder}/report.txt`;
    for (const mode of [0o666, 0o640, 0o755]) {
      await Deno.writeTextFile(path, "old");
      await Deno.chmod(path, mode);
      await writeOutput("new", path);
      assertEquals((await Deno.stat(path)).mode! & 0o7777, mode);
    }
  });
});
