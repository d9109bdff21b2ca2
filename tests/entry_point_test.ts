import { assertEquals } from "@std/assert";
import * as entry from "../mod.ts";
import * as library from "../src/mod.ts";

const REPORT = ["report", "--quiet", "--trial", "off"];

Deno.test("mod.ts exports what src/mod.ts exports, name by name", () => {
  assertEquals(Object.keys(entry), Object.keys(library));
  for (const [name, value] of Object.entries(library)) {
    assertEquals(Reflect.get(entry, name) === value, true, name);
  }
});

Deno.test("mod.ts names the classes of src/mod.ts as types too", () => {
  const errors: entry.ModelError[] = [new library.ModelError("as a value and as a type")];
  assertEquals(errors[0] instanceof entry.ModelError, true);
});

Deno.test("a model module may import the library from mod.ts that runs it", async () => {
  const folder = await Deno.makeTempDir({ dir: new URL(".", import.meta.url).pathname });
  try {
    const entry = new URL("../mod.ts", import.meta.url).href;
    await Deno.writeTextFile(
      `${folder}/model.ts`,
      `import { exerciseModel } from "${entry}";\nexport const createModel = () => exerciseModel();\n`,
    );
    const { code, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-check", entry, ...REPORT, `${folder}/model.ts`],
      stdout: "null",
      stderr: "piped",
    }).output();
    assertEquals(new TextDecoder().decode(stderr), "");
    assertEquals(code, 0);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("an error of a model module that nobody catches ends with 2, not as a gate that failed", async () => {
  const folder = await Deno.makeTempDir({ dir: new URL(".", import.meta.url).pathname });
  try {
    const entry = new URL("../mod.ts", import.meta.url).href;
    const wait = "await new Promise((resolve) => setTimeout(resolve, 200));\n";
    const model = `export { exerciseModel as createModel } from "${entry}";\n`;
    const thrown = 'setTimeout(() => { throw new Error("late"); });\n';
    const rejected = 'Promise.reject(new Error("late"));\n';
    const own = 'import process from "node:process";\nprocess.on("uncaughtException", () => {});\n';
    for (const [code, text] of [[2, thrown], [2, rejected], [0, own + thrown]] as const) {
      await Deno.writeTextFile(`${folder}/model.ts`, text + wait + model);
      const { code: found, stderr } = await new Deno.Command(Deno.execPath(), {
        args: ["run", "-A", "--no-check", entry, ...REPORT, `${folder}/model.ts`],
        stdout: "null",
        stderr: "piped",
      }).output();
      assertEquals(found, code, text);
      const message = new TextDecoder().decode(stderr);
      assertEquals(
        message.includes(": an error in its code was not caught: late"),
        code === 2,
        message,
      );
      assertEquals(message.split("\n").length, code === 2 ? 2 : 1, message);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
