import { assertEquals, assertRejects } from "@std/assert";
import { findConfiguration, openConfiguration } from "../../src/gate/find_configuration.ts";
import { GateError } from "../../src/gate/gate_result.ts";
import { readBaseline } from "../../src/gate/read_baseline.ts";
import { readJson } from "../../src/model/model_error.ts";

async function withFolder(action: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.realPath(await Deno.makeTempDir());
  try {
    await Deno.mkdir(`${folder}/a/b`, { recursive: true });
    await action(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const quiet = () => {};

Deno.test("findConfiguration() takes the nearest one above", async () => {
  await withFolder(async (folder) => {
    assertEquals(await findConfiguration(`${folder}/a/b`, quiet), null);
    await Deno.writeTextFile(`${folder}/gradient-health.json`, "{}");
    const far = await findConfiguration(`${folder}/a/b`, quiet);
    assertEquals(far, { file: `${folder}/gradient-health.json`, text: "{}", key: null });
    await Deno.writeTextFile(`${folder}/a/gradient-health.jsonc`, "// near\n{}");
    const near = await findConfiguration(`${folder}/a/b`, quiet);
    assertEquals(near?.file, `${folder}/a/gradient-health.jsonc`);
  });
});

Deno.test("a byte order mark is no part of a configuration, a baseline or a batch", async () => {
  await withFolder(async (folder) => {
    const file = `${folder}/gradient-health.json`;
    await Deno.writeTextFile(file, "\ufeff{}");
    assertEquals((await findConfiguration(folder, quiet))?.text, "{}");
    assertEquals((await openConfiguration(file)).text, "{}");
    assertEquals(await readJson(file, GateError), {});
    await Deno.writeTextFile(file, '\ufeff{ "version": 1, "models": {} }');
    assertEquals(await readBaseline(file), {});
  });
});

Deno.test("findConfiguration() takes a deno.json only for its key", async () => {
  await withFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/deno.json`, `{ "gradientHealth": {} }`);
    const alias = `{ "imports": { "gradientHealth": "jsr:@x/y" }, "x": "gradientHealth" }`;
    await Deno.writeTextFile(`${folder}/a/deno.json`, alias);
    await Deno.writeTextFile(`${folder}/a/deno.jsonc`, `{ "tasks": {} } // "gradientHealth"`);
    const found = await findConfiguration(`${folder}/a`, quiet);
    assertEquals([found?.file, found?.key], [`${folder}/deno.json`, "gradientHealth"]);
    assertEquals((await openConfiguration(`${folder}/deno.json`)).key, "gradientHealth");
  });
});

Deno.test("findConfiguration() refuses two in one folder", async () => {
  await withFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/gradient-health.json`, "{}");
    await Deno.writeTextFile(`${folder}/deno.json`, `{ "gradientHealth": {} }`);
    await assertRejects(
      () => findConfiguration(folder, quiet),
      GateError,
      "holds two configurations, gradient-health.json and deno.json: expected one",
    );
  });
});

Deno.test("openConfiguration() says which file it cannot read", async () => {
  await assertRejects(
    () => openConfiguration("none/gate.json"),
    GateError,
    "none/gate.json: the configuration cannot be read",
  );
});
