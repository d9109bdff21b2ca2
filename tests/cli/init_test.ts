import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { parse as parseJsonc } from "jsonc-parser";
import { parse } from "yaml";
import {
  init,
  linkFrom,
  NET,
  PACKAGE,
  ROOT,
  runWritten,
  SPECIFIER,
  textsIn,
  withFiles,
  WRITTEN_TEST as TEST,
} from "./init_folder.ts";
import { runCommand } from "./run_command.ts";

const WORKFLOW = ".github/workflows/gradient-health.yml";

Deno.test("init --yes writes a test, a configuration and a workflow that pass", () =>
  withFiles({ "nets/net.ts": NET }, async (folder) => {
    for (
      const path of ["golden/relu_he/model.json", "golden/relu_he/weights.bin", "files/mlp.pt"]
    ) {
      await Deno.copyFile(`${ROOT}fixtures/${path}`, `${folder}/${path.replace(/^.*\//, "")}`);
    }
    const { code, stdout, stderr } = await init(folder, "--yes");
    assertEquals([code, stderr], [0, ""]);
    assertEquals(
      stdout,
      `found    mlp.pt: it holds weights without layers (PyTorch, 6 tensors)
found    model.json: it is a layers model of TensorFlow.js
found    nets/net.ts: it exports createModel
new      deno.json: uses this package from the checkout until it is on JSR
new      ${TEST}: a test for deno test, which asserts that each model is healthy
new      gradient-health.json: the models that check measures, and the rules that it judges them by
new      ${WORKFLOW}: runs check on GitHub on every pull request
wrote    deno.json
wrote    ${TEST}
wrote    gradient-health.json
wrote    ${WORKFLOW}

Next:
  deno test -A ${TEST}
  deno run -A ${linkFrom(folder)}/mod.ts check

${PACKAGE} is not on JSR yet, so GitHub cannot run the workflow.
The test takes it from ${linkFrom(folder)}, which deno.json links.
`,
    );
    assertStringIncludes(await Deno.readTextFile(`${folder}/${TEST}`), `from "${PACKAGE}"`);
    assertEquals(JSON.parse(await Deno.readTextFile(`${folder}/deno.json`)), {
      imports: { [PACKAGE]: SPECIFIER },
      links: [linkFrom(folder)],
      allowScripts: { deny: ["npm:core-js"] },
    });
    assertMatch(
      await Deno.readTextFile(`${folder}/${WORKFLOW}`),
      /^# Written from a checkout: GitHub can run this once .* is on JSR\.\nname: /,
    );
    const test = await runWritten(folder);
    assertEquals(test.code, 0, test.output);
    for (const path of ["model.json", "nets/net.ts"]) {
      assertStringIncludes(test.output, `${path} can be trained ... ok`);
    }
    assertStringIncludes(test.output, "mlp.pt holds healthy weights ... ok");
    const check = await runCommand(["check"], { cwd: folder });
    assertEquals(check.code, 0, check.stdout + check.stderr);
    assertStringIncludes(check.stdout, "== net (nets/net.ts), 5 seeds\nHEALTHY\n");
    assertStringIncludes(check.stdout, "Gate passed. 1 of 3 models has no finding, but was not ");
    // The test does judge: it fails where the network does.
    const net = (await Deno.readTextFile(`${folder}/nets/net.ts`))
      .replace(/kernelInitializer: kernel\(n\)/, 'kernelInitializer: "zeros"');
    await Deno.writeTextFile(`${folder}/nets/net.ts`, net);
    const sick = await runWritten(folder);
    assertEquals(sick.code, 1, sick.output);
    assertStringIncludes(sick.output, "nets/net.ts can be trained ... FAILED");
    assertMatch(sick.output, /AssertionError: Model ".*" from nets\/net\.ts \(/);
  }));

Deno.test("the workflow of init has the steps of the README", () =>
  withFiles({ "net.ts": NET }, async (folder) => {
    assertEquals((await init(folder, "--yes")).code, 0);
    const { on, jobs } = parse(await Deno.readTextFile(`${folder}/${WORKFLOW}`));
    assert("pull_request" in on);
    const readme = await Deno.readTextFile(`${ROOT}README.md`);
    const [, steps] = readme.match(/^## In CI\n[^]*?```yaml\n([^]*?)```/m)!;
    assertEquals(jobs.check.steps, parse(steps));
  }));

Deno.test("init overwrites nothing, and says what it kept", () =>
  withFiles({ "net.ts": NET, [TEST]: "// mine\n", [WORKFLOW]: "mine: true\n" }, async (folder) => {
    const { code, stdout } = await init(folder, "--yes");
    assertEquals(code, 0);
    assertStringIncludes(stdout, `kept     ${TEST}: it is there already\n`);
    assertStringIncludes(stdout, `kept     ${WORKFLOW}: it is there already\n`);
    const texts = await textsIn(folder);
    assertEquals([texts[TEST], texts[WORKFLOW]], ["// mine\n", "mine: true\n"]);
    assertEquals(Object.keys(texts).length, 5);
    // Once more: all is there.
    const again = await init(folder);
    assertEquals(again.code, 0, again.stderr);
    assert(!/^(new|wrote)/m.test(again.stdout), again.stdout);
    assertStringIncludes(again.stdout, "\nNext:\n");
    assertEquals(await textsIn(folder), texts);
  }));

Deno.test("init keeps a configuration that lies elsewhere", async () => {
  const files: Record<string, string>[] = [
    { "gradient-health.jsonc": "{}" },
    { "deno.json": '{ "gradientHealth": {} }' },
  ];
  for (const file of files) {
    await withFiles({ "net.ts": NET, ...file }, async (folder) => {
      const { code, stdout } = await init(folder, "--yes");
      assertEquals(code, 0);
      const [name] = Object.keys(file);
      assertStringIncludes(
        stdout,
        `kept     gradient-health.json: not written, as ${name} is the configuration`,
      );
      assert(!("gradient-health.json" in await textsIn(folder)));
    });
  }
});

Deno.test("init --yes adds the import to a deno.json, whose comments and layout stay", async () => {
  const text = '{\r\n\t// units\r\n\t"imports": {\r\n\t\t"a": "./a.ts", // first\r\n\t},\r\n}\r\n';
  for (const name of ["deno.json", "deno.jsonc"]) {
    await withFiles({ "net.ts": NET, [name]: text }, async (folder) => {
      const { code, stdout } = await init(folder, "--yes");
      assertEquals(code, 0);
      assertStringIncludes(
        stdout,
        `change   ${name}: adds "${PACKAGE}": "${SPECIFIER}" to imports, links to ` +
          `"${linkFrom(folder)}", allowScripts\nchanged  ${name}\n`,
      );
      const texts = await textsIn(folder);
      assertStringIncludes(texts[TEST], `from "${PACKAGE}"`);
      assertEquals(parseJsonc(texts[name], [], { allowTrailingComma: true }), {
        imports: { a: "./a.ts", [PACKAGE]: SPECIFIER },
        links: [linkFrom(folder)],
        allowScripts: { deny: ["npm:core-js"] },
      });
      for (const kept of ["// units", '"a": "./a.ts"', "// first", "\t"]) {
        assertStringIncludes(texts[name], kept);
      }
      // There is nothing to add the second time.
      assert(!(await init(folder, "--yes")).stdout.includes("change "));
      assertEquals((await textsIn(folder))[name], texts[name]);
    });
  }
});

Deno.test("init adds the checkout to the links that there are, and hides no deno.json above", async () => {
  const given = { imports: { [PACKAGE]: SPECIFIER }, links: ["../other"] };
  await withFiles({ "net.ts": NET, "deno.json": JSON.stringify(given) }, async (folder) => {
    const { stdout } = await init(folder, "--yes");
    assertStringIncludes(stdout, `change   deno.json: adds "${linkFrom(folder)}" to links\n`);
    const { links } = JSON.parse(await Deno.readTextFile(`${folder}/deno.json`));
    assertEquals(links, ["../other", linkFrom(folder)]);
  });
  await withFiles({ "a/net.ts": NET, "deno.json": "{}" }, async (folder) => {
    const { stdout } = await init(`${folder}/a`, "--yes");
    assert(!("a/deno.json" in await textsIn(folder)));
    assertStringIncludes(
      stdout,
      `The test needs "links": ["${linkFrom(`${folder}/a`)}"] in your deno.json.`,
    );
  });
});

Deno.test("init leaves a deno.json alone that it cannot read, or whose imports lie elsewhere", async () => {
  for (const text of ["{ oh", '{ "importMap": "./map.json" }', "[]", '{ "imports": 3 }', ""]) {
    await withFiles({ "net.ts": NET, "deno.json": text }, async (folder) => {
      const { code } = await init(folder, "--yes");
      assertEquals(code, 0);
      const texts = await textsIn(folder);
      assertEquals(texts["deno.json"], text);
      assertStringIncludes(texts[TEST], `from "${SPECIFIER}"`);
    });
  }
});
