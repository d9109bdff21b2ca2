import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import * as assertions from "../src/entry/assert.ts";
import { markdownSummary } from "./conformance/markdown_summary.ts";
import { runCommand } from "./cli/run_command.ts";
import { linked, readmeConfiguration } from "./docs/follow_guide.ts";
import { assertShortened, fences, readDocument } from "./docs/markdown.ts";

const README = readDocument("README.md");

/** The code blocks of one language, in their order. */
const blocks = (name: string) =>
  fences(README).filter(({ language }) => language === name).map(({ text }) => text);

Deno.test("the README shows what report prints", async () => {
  const { stdout } = await runCommand(["report", "--quiet"]);
  assertShortened(blocks("")[0], stdout, "README.md");
});

Deno.test("the conformance table is the summary of the rows there are, and the README has its totals", () => {
  const summary = JSON.parse(
    Deno.readTextFileSync(new URL("conformance/summary.json", import.meta.url)),
  );
  const words = (text: string) =>
    text.split(/[\s|]+/).filter((word) => !/^-*$/.test(word)).join(" ");
  const table = Deno.readTextFileSync(new URL("../docs/conformance.md", import.meta.url));
  assertStringIncludes(words(table), words(markdownSummary(summary)));
  const { rows, total } = summary;
  assertStringIncludes(
    words(README),
    `of ${rows} cases stock WASM gets ${
      total["stock WASM"].ok
    } right, the cpu backend ${total.cpu.ok}`,
  );
});

Deno.test("the README lists every assertion", () => {
  const listed = [...README.matchAll(/^\| `(assert\w+)`/gm)].map(([, name]) => name);
  const exported = Object.keys(assertions).filter((name) => name.startsWith("assert"));
  assertEquals(listed.toSorted(), exported.toSorted());
});

Deno.test("the README's test passes, and the message it shows is the one that is printed", async () => {
  const [source] = blocks("ts");
  const file = new URL("readme_example_test.ts", import.meta.url);
  const run = async (code: string) => {
    await Deno.writeTextFile(file, code);
    try {
      const { code: status, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
        args: ["test", "-A", "--no-check", file.pathname],
        env: { NO_COLOR: "1" },
      }).output();
      const decoder = new TextDecoder();
      return { status, output: decoder.decode(stdout) + decoder.decode(stderr) };
    } finally {
      await Deno.remove(file);
    }
  };
  const healthy = await run(source);
  assertEquals(healthy.status, 0, healthy.output);
  const sick = await run(
    source.replace(/const model = [^]*?\n {2}\}\);/, "const model = exerciseModel({ seed: 0 });")
      .replace("{ assertHealthy,", "{ assertHealthy, exerciseModel,")
      .replace("const { tf } = engine;", "void engine;"),
  );
  assertEquals(sick.status, 1, sick.output);
  assertShortened(blocks("")[1], sick.output, "README.md");
});

Deno.test("the README's test and report run in a folder whose deno.json links a checkout", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const own = JSON.parse(readDocument("deno.json"));
    const settings = JSON.parse(linked(readmeConfiguration()));
    // Messages that the checkout silences would greet each new user.
    assertEquals(settings.allowScripts.deny, own.allowScripts.deny);
    settings.imports.units = "./units.ts";
    await Deno.writeTextFile(`${folder}/deno.json`, JSON.stringify(settings));
    await Deno.writeTextFile(`${folder}/health_test.ts`, blocks("ts")[0]);
    await Deno.writeTextFile(`${folder}/units.ts`, "export const UNITS = 3;\n");
    await Deno.writeTextFile(
      `${folder}/model.ts`,
      `import { UNITS } from "units";
export const createModel = ({ tf }: any) =>
  tf.sequential({ layers: [tf.layers.dense({ units: UNITS, inputShape: [2] })] });
`,
    );
    const [command] = README.match(/(?<=`deno )run -A jsr:\S+ report model\.ts(?=`)/)!;
    for (const args of [["test", "-A", "--no-check"], [...command.split(" "), "--quiet"]]) {
      const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
        args,
        cwd: folder,
        env: { NO_COLOR: "1" },
      }).output();
      const decoder = new TextDecoder();
      assert(success, decoder.decode(stdout) + decoder.decode(stderr));
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
