import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import {
  codeOf,
  isJsonFile,
  isKerasFile,
  isModelFile,
  isModule,
  isTorchFile,
  isWeightsFile,
} from "../../src/core/model/loaded_model.ts";
import { ModelError } from "../../src/core/model/model_error.ts";
import { fileToReplace, NewFolder } from "../../src/files/new_folder.ts";
import { namesIn } from "../core/model/read_saved.ts";
import { assertRefusedLater, parts } from "../assert_refused.ts";
import { withFolder } from "../core/model/save_model.ts";

/** File format of each extension. */
const KINDS: Record<string, (path: string) => boolean> = {
  json: isJsonFile,
  ...Object.fromEntries(["keras", "h5", "hdf5"].map((end) => [end, isKerasFile])),
  ...Object.fromEntries(
    ["ts", "js", "mts", "mjs", "cts", "cjs", "tsx", "jsx"].map((end) => [end, isModule]),
  ),
  ...Object.fromEntries(
    ["safetensors", "pt", "pth", "ckpt", "pth.tar"].map((end) => [end, isTorchFile]),
  ),
  bin: isWeightsFile,
};

Deno.test("a path is of one kind by its extension, in capitals too, and each kind is a model's", () => {
  const kinds = [isJsonFile, isKerasFile, isModule, isTorchFile];
  for (const [extension, kind] of Object.entries(KINDS)) {
    for (const path of [`a/b.${extension}`, `a/b.${extension.toUpperCase()}`]) {
      assertEquals(kinds.filter((is) => is(path)), kinds.filter((is) => is === kind), path);
      assertEquals(isModelFile(path), true, path);
      assertEquals(isWeightsFile(path), kind === isTorchFile || kind === isWeightsFile, path);
    }
    for (const path of [`a.${extension}/b`, `a${extension}`, `a.${extension}.txt`]) {
      assertEquals([...kinds, isWeightsFile, isModelFile].some((is) => is(path)), false, path);
    }
  }
});

Deno.test("codeOf() is the module of a model, else the first that registers classes", () => {
  assertEquals(codeOf({ model: "a.ts" }), "a.ts");
  assertEquals(codeOf({ model: "a.ts", register: ["b.ts"] }), "a.ts");
  for (const model of [null, "a.json", "a.keras"]) {
    assertEquals(codeOf({ model }), null);
    assertEquals(codeOf({ model, register: ["b.ts", "c.ts"] }), "b.ts");
  }
});

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

const bytes = (text: string) => new TextEncoder().encode(text);

Deno.test("NewFolder shows no file before it is published, and then all", async () => {
  await withFolder(async (folder) => {
    await using made = await NewFolder.open(`${folder}/new/er`);
    await made.write([{ path: "a/b/w.bin", bytes: bytes("w") }, { path: "m", bytes: bytes("m") }]);
    assertEquals(namesIn(`${folder}/new/er`).length, 1);
    await made.publish("m");
    assertEquals(namesIn(`${folder}/new/er`), ["a", "m"]);
    assertEquals(await Deno.readTextFile(`${folder}/new/er/a/b/w.bin`), "w");
  });
});

Deno.test("NewFolder takes away what it has made unless it was published", async () => {
  await withFolder(async (folder) => {
    await Deno.mkdir(`${folder}/empty`);
    for (const path of [`${folder}/a/b`, `${folder}/empty`]) {
      await using made = await NewFolder.open(path);
      await made.write([{ path: "m", bytes: bytes("m") }]);
    }
    assertEquals(namesIn(folder), ["empty"]);
    assertEquals(namesIn(`${folder}/empty`), []);
  });
});

Deno.test("NewFolder replaces no file that has appeared in the meantime", async () => {
  await withFolder(async (folder) => {
    {
      await using made = await NewFolder.open(`${folder}/new`);
      await made.write([{ path: "m", bytes: bytes("ours") }]);
      await Deno.writeTextFile(`${folder}/new/m`, "theirs");
      await assertRefusedLater(
        () => made.publish("m"),
        parts(`${folder}/new`, "a folder that holds files", "a new or an empty one"),
        ModelError,
      );
    }
    assertEquals(namesIn(`${folder}/new`), ["m"]);
    assertEquals(await Deno.readTextFile(`${folder}/new/m`), "theirs");
  });
});

Deno.test("NewFolder.open() rejects a path that is neither new nor an empty folder, in one sentence", async () => {
  await withFolder(async (folder) => {
    await Deno.mkdir(`${folder}/full/er`, { recursive: true });
    await Deno.writeTextFile(`${folder}/file`, "");
    const refuses = (name: string, ...[place, ...said]: Parameters<typeof parts>) =>
      assertRefusedLater(
        () => NewFolder.open(`${folder}/${name}`),
        parts(place && `${folder}/${place}`, ...said),
        ModelError,
      );
    await refuses("full", "full", "a folder that holds files", "a new or an empty one");
    await refuses("file", "file", "a file", "a new or an empty folder");
    const lost = `${folder}/file/below cannot be written: a part of its path is not a folder`;
    await refuses("file/below", "", lost, "");
    assertEquals(namesIn(folder), ["file", "full"]);
  });
});

Deno.test("NewFolder.write() writes no file twice", async () => {
  await withFolder(async (folder) => {
    await using made = await NewFolder.open(`${folder}/new`);
    const file = { path: "m", bytes: bytes("m") };
    await assertRejects(() => made.write([file, file]), ModelError, "new cannot be written: ");
  });
});

Deno.test({
  name: "NewFolder.open() asks for no folder further out than one that it may not write",
  permissions: { read: true },
  fn: async () => {
    const path = "/tmp/new/er/est";
    const { cause } = await assertRejects(() => NewFolder.open(path), ModelError, "not allowed");
    // Deno names the folder that it was asked for, as a prompt would.
    assertStringIncludes((cause as Error).message, path);
  },
});
