import { assert, assertEquals, assertRejects } from "@std/assert";
import { UsageError } from "../../src/cli/usage_error.ts";
import { writeOutput } from "../../src/cli/write_output.ts";
import { withFolder } from "../model/save_model.ts";

Deno.test("writeOutput() replaces what a link leads to, and not the link", async () => {
  await withFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/a.txt`, "old");
    await Deno.symlink(`${folder}/a.txt`, `${folder}/link.txt`);
    await writeOutput("new", `${folder}/link.txt`);
    assert((await Deno.lstat(`${folder}/link.txt`)).isSymlink);
    assertEquals(await Deno.readTextFile(`${folder}/a.txt`), "new");
    assertEquals([...Deno.readDirSync(folder)].length, 2);
  });
});

Deno.test("writeOutput() writes into a pipe, and leaves it one", async () => {
  await withFolder(async (folder) => {
    const pipe = `${folder}/pipe`;
    await new Deno.Command("mkfifo", { args: [pipe] }).output();
    const reader = new Deno.Command("cat", { args: [pipe], stdout: "piped" }).spawn();
    await writeOutput("new", pipe);
    assertEquals(new TextDecoder().decode((await reader.output()).stdout), "new");
    assert((await Deno.lstat(pipe)).isFifo);
  });
});

Deno.test("writeOutput() says that a folder is no file", async () => {
  await withFolder(async (folder) => {
    await assertRejects(
      () => writeOutput("new", folder),
      UsageError,
      `cannot write ${folder}: it is a folder, expected a file`,
    );
  });
});
