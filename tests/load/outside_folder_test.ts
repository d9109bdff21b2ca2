import { assert, assertEquals, assertRejects } from "@std/assert";
import fc from "fast-check";
import { startEngine } from "../../src/engine/mod.ts";
import { folderOf } from "../../src/files/user_file.ts";
import { loadModel, ModelError } from "../../src/entry/model.ts";
import { type Edit, refusal, refusalOf, tiny } from "../core/model/refusal.ts";
import { saveModel, withFolder } from "../core/model/save_model.ts";

const { tf } = await startEngine();

Deno.test("loadModel() refuses weight files that are missing or none", async () => {
  const rename = (to: string): Edit => (json) => (json.weightsManifest[0].paths = [to], json);
  assertEquals(
    await refusal({ edit: rename("w.bin") }),
    'weightsManifest[0].paths[0] is "w.bin", but there is no such file',
  );
  assertEquals(
    await refusal({ edit: rename("w".repeat(5000)) }),
    `weightsManifest[0].paths[0] is "${"w".repeat(60)}...", but File name too long`,
  );
  assertEquals(
    await refusal({ edit: rename(".") }),
    'weightsManifest[0].paths[0] is ".", which is not a file, expected one',
  );
});

Deno.test("loadModel() refuses a weight file that leads out of the folder by its path", async () => {
  const outside = await Deno.makeTempFile();
  await Deno.writeFile(outside, new Uint8Array(36));
  const escapes = [
    outside,
    `../${outside.split("/").at(-1)}`,
    "a/../../b",
    "..",
    "a/..",
    "..\\w.bin",
    "C:\\w.bin",
    "C:w.bin",
    `file://${outside}`,
    "https://example.com/w.bin",
    "w.bin\0",
    "",
    "/",
  ];
  for (const path of escapes) {
    const edit: Edit = (json) => (json.weightsManifest[0].paths = [path], json);
    assertEquals(
      await refusal({ edit }),
      `weightsManifest[0].paths[0] is ${JSON.stringify(path)}, expected a file inside the ` +
        `model's folder`,
    );
  }
  await Deno.remove(outside);
});

Deno.test("loadModel() opens nothing outside the folder, whatever the path", async () => {
  const step = fc.constantFrom("..", ".", "", "a", "link", "file", "...", "..\\", "~", "%2e%2e");
  await withFolder(async (outer) => {
    const folder = `${outer}/inner`;
    await Deno.mkdir(`${folder}/a`, { recursive: true });
    await Deno.writeFile(`${outer}/file`, new Uint8Array(36));
    await Deno.mkdir(`${outer}/a`);
    await Deno.writeFile(`${outer}/a/file`, new Uint8Array(36));
    await Deno.symlink("..", `${folder}/link`);
    await Deno.symlink("../..", `${folder}/a/link`);
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 6 }), async (steps) => {
        const path = await saveModel(tf, tiny, folder, {
          edit: (json) => (json.weightsManifest[0].paths = [steps.join("/")], json),
        });
        const message = await refusalOf(path);
        assert(message.startsWith("weightsManifest[0].paths[0] is "), message);
      }),
      { numRuns: 200 },
    );
  });
});

Deno.test("loadModel() refuses a link that leads out of the folder", async () => {
  await withFolder(async (outer) => {
    // The folder's neighbour starts with the folder's name.
    await Deno.mkdir(`${outer}/model`);
    await Deno.mkdir(`${outer}/model-2`);
    const path = await saveModel(tf, tiny, `${outer}/model`);
    await Deno.rename(`${outer}/model/weights-0.bin`, `${outer}/model-2/w.bin`);
    await Deno.symlink("../model-2/w.bin", `${outer}/model/weights-0.bin`);
    assertEquals(
      await refusalOf(path),
      'weightsManifest[0].paths[0] is "weights-0.bin", a link that leads out of the model\'s ' +
        "folder, expected a file inside it",
    );
  });
});

Deno.test("loadModel() reads no file outside the folder that is exchanged for a link", async () => {
  await withFolder(async (outer) => {
    const folder = `${outer}/inner`;
    await Deno.mkdir(folder);
    const path = await saveModel(tf, tiny, folder);
    const weights = `${folder}/weights-0.bin`;
    const secret = `${outer}/secret.bin`;
    await Deno.writeFile(secret, new Uint8Array(36));
    const { open } = Deno;
    const refusalWhile = async (exchange: (open: () => Promise<Deno.FsFile>) => unknown) => {
      let file: Deno.FsFile | undefined;
      Deno.open = async (...args) => {
        if (!`${args[0]}`.endsWith("weights-0.bin")) return await open(...args);
        await exchange(async () => file = await open(...args));
        return file!;
      };
      try {
        return await refusalOf(path);
      } finally {
        Deno.open = open;
      }
    };
    const link = async () => {
      await Deno.rename(weights, `${folder}/kept`);
      await Deno.symlink(secret, weights);
    };
    const unlink = async () => {
      await Deno.remove(weights);
      await Deno.rename(`${folder}/kept`, weights);
    };
    const place = "weightsManifest[0].paths[0]";
    const shown = `${place} is "weights-0.bin", `;
    // For the moment of opening alone: the name leads to the right file before and after.
    assertEquals(
      await refusalWhile(async (open) => {
        await link();
        await open();
        await unlink();
      }),
      `${place} is another file than before, expected "weights-0.bin" to stay`,
    );
    assertEquals(
      await refusalWhile(async (open) => {
        await link();
        await open();
      }),
      `${shown}a link that leads out of the model's folder, expected a file inside it`,
    );
    await unlink();
    assertEquals(
      await refusalWhile(async (open) => {
        await open();
        await Deno.truncate(weights, 35);
      }),
      `${place} has another size than before, expected 36 bytes`,
    );
  });
});

const golden = new URL("../../fixtures/golden/relu_he/", import.meta.url).pathname;
Deno.test({
  name: "loadModel() needs to read the model's folder and nothing else",
  permissions: { read: [golden] },
  async fn() {
    const { model } = await loadModel(`${golden}model.json`);
    model.dispose();
    const { message } = await assertRejects(() => loadModel("/etc/model.json"), ModelError);
    assertEquals(message, "/etc/model.json: reading it is not allowed: use --allow-read");
  },
});

Deno.test("folderOf() gives the folder of a file as its path has it", () => {
  const folders = ["model.json", "/model.json", "a/model.json", "/a/b/model.json", "../c/m.json"]
    .map(folderOf);
  assertEquals(folders, [".", "/", "a", "/a/b", "../c"]);
});

Deno.test("folderOf() knows a backslash as part of a name, except on Windows", () => {
  const windows = Deno.build.os === "windows";
  assertEquals(folderOf("a/b\\model.json"), windows ? "a/b" : "a");
});
