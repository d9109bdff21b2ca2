import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { ModelError } from "../../src/model/model_error.ts";
import { NewFolder } from "../../src/model/new_folder.ts";
import { namesIn } from "./read_saved.ts";
import { withFolder } from "./save_model.ts";

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
      await assertRejects(() => made.publish("m"), ModelError, "it is a folder that holds files");
    }
    assertEquals(namesIn(`${folder}/new`), ["m"]);
    assertEquals(await Deno.readTextFile(`${folder}/new/m`), "theirs");
  });
});

Deno.test("NewFolder.open() refuses what is no new or empty folder, in one sentence", async () => {
  await withFolder(async (folder) => {
    await Deno.mkdir(`${folder}/full/er`, { recursive: true });
    await Deno.writeTextFile(`${folder}/file`, "");
    for (
      const [name, why] of [
        ["full", "it is a folder that holds files, expected a new or an empty one"],
        ["file", "it is a file, expected a new or an empty folder"],
        ["file/below", "a part of its path is not a folder"],
      ]
    ) {
      await assertRejects(
        () => NewFolder.open(`${folder}/${name}`),
        ModelError,
        `${name} cannot be written: ${why}`,
      );
    }
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
