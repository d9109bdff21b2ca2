import { assertEquals, assertRejects } from "@std/assert";
import { fileToReplace } from "../../src/model/new_folder.ts";
import { withFolder } from "./save_model.ts";

Deno.test("fileToReplace() follows links to the file, or to where it will be", () =>
  withFolder(async (temporary) => {
    const folder = await Deno.realPath(temporary);
    const path = (name: string) => `${folder}/${name}`;
    assertEquals(await fileToReplace(path("new")), path("new"));
    await Deno.writeTextFile(path("old"), "x");
    assertEquals(await fileToReplace(path("old")), path("old"));
    await Deno.symlink(path("old"), path("link"));
    assertEquals(await fileToReplace(path("link")), path("old"));
    await Deno.symlink("later", path("ahead"));
    assertEquals(await fileToReplace(path("ahead")), path("later"));
  }));

Deno.test("fileToReplace() refuses a folder and a path through a file, and puts nothing in a device's place", () =>
  withFolder(async (folder) => {
    await assertRejects(() => fileToReplace(folder), Deno.errors.IsADirectory);
    await Deno.writeTextFile(`${folder}/file`, "x");
    await assertRejects(() => fileToReplace(`${folder}/file/inside`), Deno.errors.NotADirectory);
    if (Deno.build.os !== "windows") assertEquals(await fileToReplace("/dev/null"), null);
  }));
