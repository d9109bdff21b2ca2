import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { init, NET, textsIn, withFiles } from "./init_folder.ts";
import { assertRefuses } from "./refuses.ts";
import { runCommand } from "./run_command.ts";

const TF = 'import * as tf from "@tensorflow/tfjs";\nconst net = tf.sequential();\n';
const LAYERS = '{ "format": "layers-model", "modelTopology": {}, "weightsManifest": [] }';
const GRAPH = '{ "format": "graph-model", "modelTopology": { "node": [] } }';

/** Files, and the words of `init` about each, without writing anything. */
const FILES: [path: string, text: string, said: string | null][] = [
  ["a.ts", NET, "found    a.ts: it exports createModel"],
  ["b.js", "export async function createModel() {}", "found    b.js: it exports createModel"],
  ["c.mjs", "const f = 1;\nexport { f as createModel };", "found    c.mjs: it exports createModel"],
  ["d.cjs", "exports.createModel = () => 1;", "found    d.cjs: it exports createModel"],
  ["e.ts", `${TF}export const model = net;`, "found    e.ts: it exports model"],
  ["f.ts", `${TF}export default net;`, "found    f.ts: it has a default export"],
  [
    "g.ts",
    'import "@tensorflow/tfjs";\nexport default { epochs: 3 };',
    "unclear  g.ts: its default export uses TensorFlow.js, and may or may not be a model",
  ],
  [
    "h.ts",
    TF,
    "unclear  h.ts: it builds a model and exports none: export createModel, model or a default",
  ],
  ["i.ts", "// export const createModel = 1;\n/* export const createModel = 1; */", null],
  ["j.ts", "export { createModel as build };\nexport default 3;", null],
  ["k.ts", "export const model = { id: 3 };", null],
  ["l_test.ts", NET, null],
  ["m.d.ts", NET, null],
  ["node_modules/n.ts", NET, null],
  [".hidden/o.ts", NET, null],
  ["p/q/r.json", LAYERS, "found    p/q/r.json: it is a layers model of TensorFlow.js"],
  [
    "s.json",
    GRAPH,
    "unclear  s.json: it is a graph model, expected a layers model of TensorFlow.js",
  ],
  ["t.json", '{ "modelTopology": ', "unclear  t.json: "],
  ["package.json", "{}", null],
  ["u.json", "oh", null],
];

Deno.test("init says which files hold a model, which may, and leaves out the rest", () =>
  withFiles(Object.fromEntries(FILES), async (folder) => {
    const before = await textsIn(folder);
    const { code, stdout, stderr } = await init(folder);
    const lines = stdout.split("\n");
    for (const [path, , said] of FILES) {
      const about = lines.filter((line) => line.includes(` ${path}: `));
      assertEquals(about.length, said === null ? 0 : 1, stdout);
      if (said !== null) assert(about[0].startsWith(said), about[0]);
    }
    // Nobody can be asked.
    assertEquals(code, 2);
    assertEquals(
      stderr,
      "error: Nothing written: stdin is not a terminal, expected one to ask on, or --yes\n",
    );
    assertEquals(await textsIn(folder), before);
  }));

Deno.test("init MODEL takes that one alone, whatever it reads like", () =>
  withFiles({ "net.ts": NET, "nets/odd.ts": "export * from '../net.ts';" }, async (folder) => {
    const { code, stdout } = await init(`${folder}/nets`, "../net.ts", "--yes");
    assertEquals(code, 0);
    assertStringIncludes(stdout, "found    ../net.ts: it exports createModel\n");
    assertEquals((await init(folder, `${folder}/nets/odd.ts`, "--yes")).code, 0);
    const texts = await textsIn(folder);
    const models = (path: string) => JSON.parse(texts[path]).models;
    assertEquals(models("nets/gradient-health.json"), [
      { name: "net", path: "../net.ts", seeds: "0..4" },
    ]);
    assertEquals(models("gradient-health.json"), [{ name: "odd", path: "nets/odd.ts" }]);
  }));

Deno.test("init gives models of the same name names of their own, and takes any path", () => {
  const odd = 'ü ${a}`"b/net.ts';
  const files = { "a/net.ts": NET, "b/net.ts": NET, "c/model.json": LAYERS, [odd]: NET };
  return withFiles(files, async (folder) => {
    assertEquals((await init(folder, "--yes")).code, 0);
    const texts = await textsIn(folder);
    const { models } = JSON.parse(texts["gradient-health.json"]);
    assertEquals(models.map(({ name }: { name: string }) => name), ["net", "net_2", "c", "net_3"]);
    const [, list] = texts["gradient_health_test.ts"].match(/MODELS = (\[[^;]*\]);/)!;
    const paths = JSON.parse(list.replace(",\n]", "]"));
    assertEquals(paths, ["a/net.ts", "b/net.ts", "c/model.json", odd]);
  });
});

Deno.test("init in a folder without a model says what to do", () =>
  withFiles({ "readme.md": "" }, async (folder) => {
    await assertRefuses(["init", "--yes"], ["This folder has no model: write net.ts"], {
      cwd: folder,
    });
    assertEquals(Object.keys(await textsIn(folder)), ["readme.md"]);
  }));

Deno.test("init refuses what it cannot take or write in one sentence", () =>
  withFiles({ "net.ts": NET, "notes.txt": "", ".github": "a file" }, async (folder) => {
    const options = { cwd: folder };
    await assertRefuses(["init", "none.ts"], "none.ts: there is no such file", options);
    await assertRefuses(
      ["init", "notes.txt"],
      "MODEL is notes.txt, expected a model.json",
      options,
    );
    await Deno.mkdir(`${folder}/folder.ts`);
    await assertRefuses(["init", "folder.ts"], "folder.ts: it is a folder", options);
    const { code, stderr } = await init(folder, "--yes");
    assertEquals(code, 2);
    assertStringIncludes(
      stderr,
      "error: .github/workflows/gradient-health.yml cannot be written: ",
    );
    const readOnly = await runCommand(["init", "--yes"], {
      cwd: folder,
      permissions: ["--no-prompt", "--allow-read"],
    });
    assertEquals(readOnly.code, 2);
    assertStringIncludes(readOnly.stderr, "cannot be written: it is not allowed");
  }));

/** Answers the questions of `init` in a pseudo-terminal. */
async function answer(folder: string, answers: string): Promise<string> {
  const main = new URL("../../mod.ts", import.meta.url).pathname;
  const child = new Deno.Command("script", {
    args: [
      "--quiet",
      "--return",
      "--command",
      `"${Deno.execPath()}" run --no-check -A ${main} init`,
      "/dev/null",
    ],
    cwd: folder,
    env: { NO_COLOR: "1" },
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(answers));
  const { code, stdout } = await child.output();
  await writer.close().catch(() => {});
  assertEquals(code, 0);
  return new TextDecoder().decode(stdout);
}

Deno.test({
  name: "init asks on a terminal, for the deno.json by itself",
  ignore: Deno.build.os !== "linux",
  fn: () =>
    withFiles({ "net.ts": NET, "deno.json": "{}" }, async (folder) => {
      const before = await textsIn(folder);
      assertStringIncludes(await answer(folder, "n\nn\n"), "Nothing written.");
      assertEquals(await textsIn(folder), before);
      const said = await answer(folder, "n\ny\n");
      assertStringIncludes(said, "Change deno.json? [y/N]");
      assertStringIncludes(said, "Write gradient_health_test.ts, gradient-health.json, ");
      const texts = await textsIn(folder);
      assertEquals(texts["deno.json"], "{}");
      assertStringIncludes(texts["gradient_health_test.ts"], 'from "jsr:');
    }),
});
