import { assert, assertEquals, assertNotEquals, assertStringIncludes } from "@std/assert";
import { withGateFolder } from "./gate_folder.ts";
import { assertRefuses } from "./refuses.ts";
import { runCommand } from "./run_command.ts";

const MODEL = "relu_he/model.json";
const GRID = ["--scale", "1,2", "--seeds", "1", "--activation", "tanh", "--width", "4", "--quiet"];

/** The bytes of every file of a folder, by their paths. */
async function contents(folder: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (isDirectory) {
      for (const [path, text] of Object.entries(await contents(`${folder}/${name}`))) {
        found[`${name}/${path}`] = text;
      }
    } else found[name] = (await Deno.readFile(`${folder}/${name}`)).join();
  }
  return found;
}

Deno.test("no result replaces a weight file of its model, however it is named", () =>
  withGateFolder(["relu_he"], {}, async (cwd) => {
    await Deno.link(`${cwd}/relu_he/weights.bin`, `${cwd}/hard`);
    await Deno.symlink("relu_he/weights.bin", `${cwd}/soft`);
    const before = await contents(cwd);
    for (const out of ["relu_he/weights.bin", "./relu_he/../relu_he/weights.bin", "hard", "soft"]) {
      for (
        const args of [
          ["report", MODEL, "--out", out],
          ["check", MODEL, "--reporter", `json=${out}`],
          ["check", MODEL, "--update-baseline", "--baseline", out],
          ["sweep", MODEL, "--out", out],
        ]
      ) await assertRefuses(args, `would replace ${out}, which is read`, { cwd });
    }
    assertEquals(await contents(cwd), before);
  }));

Deno.test("--force replaces a file of the user, and still none that the run reads", () =>
  withGateFolder(["relu_he"], { "notes.txt": "mine\n", "batch.json": {} }, async (cwd) => {
    for (const [command, flag] of [["report", "--out="], ["check", "--reporter=text="]]) {
      const args = (out: string) => [command, MODEL, `${flag}${out}`, "--force", "--quiet"];
      for (const out of [MODEL, "relu_he/weights.bin", "batch.json"]) {
        const batch = ["--batch", "batch.json"];
        await assertRefuses([...args(out), ...batch], `would replace ${out}, which is read`, {
          cwd,
        });
      }
      await Deno.writeTextFile(`${cwd}/notes.txt`, "mine\n");
      const { code, stderr } = await runCommand(args("notes.txt"), { cwd });
      assertEquals([code, stderr], [0, ""]);
      assert(
        (await Deno.readTextFile(`${cwd}/notes.txt`)).endsWith("\ngenerator: gradient-health\n"),
      );
    }
  }));

/** A model that imports a file of code and one of data. */
const IMPORTS = `
import size from "./size.json" with { type: "json" };
import { depth } from "./depth.ts";
export const createModel = ({ tf }) =>
  tf.sequential({ layers: Array.from({ length: depth }, () =>
    tf.layers.dense({ units: size, inputShape: [size] })) });
`;

Deno.test("--force replaces no file that a module imports, under any name, in any thread", () =>
  withGateFolder([], {
    "net.js": IMPORTS,
    "other.js": IMPORTS,
    "size.json": 4,
    "depth.ts": "export const depth = 2;\n",
    "notes.txt": "mine\n",
  }, async (cwd) => {
    await Deno.symlink("depth.ts", `${cwd}/link`);
    const before = await contents(cwd);
    const sweep = ["sweep", "net.js", "--scale", "1,2", "--seeds", "1", "--jobs"];
    for (const out of ["depth.ts", "size.json", "link"]) {
      const inThisThread = [
        ["report", "net.js", "--out", out],
        ["report", "net.js", "--watch", "--out", out],
        ["check", "net.js", "--reporter", `json=${out}`, "--update-baseline"],
        [...sweep, "1", "--out", out],
      ];
      // Workers tell their imports to this thread, which compares them with the output as above.
      const inWorkers = out !== "link" ? [] : [
        ["check", "net.js", "other.js", "--jobs", "2", "--reporter", `json=${out}`],
        [...sweep, "2", "--out", out],
      ];
      for (const args of [...inThisThread, ...inWorkers]) {
        const includes = `would replace ${out}, which the run imports: write elsewhere`;
        await assertRefuses([...args, "--force", "--quiet"], includes, { cwd });
      }
    }
    assertEquals(await contents(cwd), before);
    const args = ["report", "net.js", "--out", "notes.txt", "--force", "--quiet"];
    assertEquals((await runCommand(args, { cwd })).code, 0);
    assertNotEquals(await Deno.readTextFile(`${cwd}/notes.txt`), "mine\n");
  }));

Deno.test("--force replaces a study, begun again, and needs a file", () =>
  withGateFolder([], {}, async (cwd) => {
    const sweep = (...args: string[]) => ["sweep", ...GRID, ...args];
    await runCommand(sweep("--out", "study.json"), { cwd });
    const study = await Deno.readTextFile(`${cwd}/study.json`);
    const other = ["--depth", "3", "--out", "study.json", "--force"];
    await assertRefuses(
      sweep(...other, "--resume"),
      "--force, which replaces a study, expected either",
      {
        cwd,
      },
    );
    assertEquals((await runCommand(sweep(...other), { cwd })).code, 0);
    assertNotEquals(await Deno.readTextFile(`${cwd}/study.json`), study);
    await runCommand(sweep("--out", "part.json"), { cwd });
    const merge = ["merge", "part.json", "--quiet", "--out", "study.json", "--force"];
    assertEquals((await runCommand(merge, { cwd })).code, 0);
    assertEquals(await Deno.readTextFile(`${cwd}/study.json`), study);
    for (
      const args of [["report"], ["check"], ["diff", "a", "b"], sweep(), ["merge", "part.json"]]
    ) {
      await assertRefuses([...args, "--force"], "--force has no file to replace", { cwd });
    }
  }));

Deno.test("no result replaces what a module imports", () =>
  withGateFolder(
    [],
    {
      "net.ts": 'export { createModel } from "./parts.ts";\n',
      "parts.ts": "export const createModel = () => null;\n",
    },
    async (cwd) => {
      for (const command of ["report", "sweep"]) {
        await assertRefuses(
          [command, "net.ts", "--out", "parts.ts"],
          "would replace parts.ts, which carries no marker of a result",
          { cwd },
        );
      }
    },
  ));

Deno.test("no reporter replaces the baseline that its own run stores, or that the next one reads", () =>
  withGateFolder(["relu_he"], {}, async (cwd) => {
    const file = "gradient-health.baseline.json";
    const args = ["check", MODEL, "--reporter", `json=${file}`];
    await assertRefuses([...args, "--update-baseline"], "Two results would be written to", { cwd });
    await assertRefuses(args, `would replace ${file}, which is read`, { cwd });
  }));

Deno.test("check --update-baseline rejects a file that is not a baseline before it measures", () =>
  withGateFolder(["relu_he"], { "a.json": { version: 1, models: 3 } }, async (cwd) => {
    const args = ["check", MODEL, "--update-baseline", "--baseline", "a.json"];
    await assertRefuses(args, "a.json: models is 3, expected an object", { cwd });
  }));

Deno.test("a result replaces an older one, and makes the folder of the first", () =>
  withGateFolder(["relu_he"], {}, async (cwd) => {
    const args = [
      "check",
      MODEL,
      "--quiet",
      "--update-baseline",
      "--baseline",
      "ci/base/figures.json",
      ...[
        "text=ci/a.txt",
        "markdown=ci/a.md",
        "json=ci/a.json",
        "junit=out/j.xml",
        "sarif=out/s.sarif",
      ]
        .flatMap((reporter) => ["--reporter", reporter]),
    ];
    for (let i = 0; i < 2; i++) {
      const { code, stderr } = await runCommand(args, { cwd });
      assertEquals([code, stderr], [0, ""]);
    }
    const names = ["a.json", "a.md", "a.txt", "base"];
    assertEquals([...Deno.readDirSync(`${cwd}/ci`)].map(({ name }) => name).sort(), names);
    assertEquals([...Deno.readDirSync(`${cwd}/out`)].map(({ name }) => name).sort(), [
      "j.xml",
      "s.sarif",
    ]);
  }));

Deno.test("a text replaces no text of the user", () =>
  withGateFolder(["relu_he"], {}, async (cwd) => {
    const files = {
      "notes.txt": "HEALTHY\n",
      "README.md": "# Project\n",
      "train.py": "import torch\n",
      "data.csv": "x,y\n1,2\n",
      LICENSE: "MIT License\n",
      "conf.jsonc": "// settings\n{}\n",
    };
    for (const [out, text] of Object.entries(files)) {
      await Deno.writeTextFile(`${cwd}/${out}`, text);
      for (
        const args of [
          ["report", MODEL, "--format", "text", "--out", out],
          ["check", MODEL, "--reporter", `markdown=${out}`],
          ["diff", MODEL, MODEL, "--format", "text", "--out", out],
        ]
      ) {
        await assertRefuses(args, `would replace ${out}, which carries no marker of a result`, {
          cwd,
        });
      }
      assertEquals(await Deno.readTextFile(`${cwd}/${out}`), text);
    }
  }));

Deno.test("sweep --out replaces no study unless it goes on with it, nor anything else", () =>
  withGateFolder(["relu_he"], { "empty.json": "" }, async (cwd) => {
    const sweep = (...args: string[]) => ["sweep", ...GRID, ...args];
    const { code } = await runCommand(sweep("--out", "study.json"), { cwd });
    assertEquals(code, 0);
    const study = await Deno.readTextFile(`${cwd}/study.json`);
    await assertRefuses(
      sweep("--out", "study.json"),
      "study.json holds 2 of the 2 points of this study: continue them with --resume",
      { cwd },
    );
    await assertRefuses(
      sweep("--out", "study.json", "--depth", "3"),
      "study.json holds 2 of the 2 points of another study, which the new one would replace",
      { cwd },
    );
    await assertRefuses(
      ["report", MODEL, "--format", "json", "--out", "study.json"],
      "would replace study.json, which holds a study: write elsewhere, or replace it with --force",
      { cwd },
    );
    await assertRefuses(
      sweep("--out", MODEL),
      `would replace ${MODEL}, which carries no marker of a result`,
      { cwd },
    );
    await assertRefuses(
      sweep("--out", MODEL, "--resume"),
      `would replace ${MODEL}, which carries no marker of a result`,
      { cwd },
    );
    assertEquals(await Deno.readTextFile(`${cwd}/study.json`), study);
    const resumed = await runCommand(sweep("--out", "study.json", "--resume"), { cwd });
    assertEquals([resumed.code, await Deno.readTextFile(`${cwd}/study.json`)], [0, study]);
    for (const more of [[], ["--resume"]]) {
      await Deno.writeTextFile(`${cwd}/empty.json`, "");
      const empty = await runCommand(sweep("--out", "empty.json", ...more), { cwd });
      assertEquals(empty.code, 0, empty.stderr);
      assertEquals(await Deno.readTextFile(`${cwd}/empty.json`), study);
    }
  }));

Deno.test("merge --out replaces none of its parts and no other study, but an older whole", () =>
  withGateFolder([], {}, async (cwd) => {
    for (const part of [1, 2]) {
      await runCommand(["sweep", ...GRID, "--shard", `${part}/2`, "--out", `${part}.json`], {
        cwd,
      });
    }
    await runCommand(["sweep", ...GRID, "--depth", "3", "--out", "other.json"], { cwd });
    const before = await contents(cwd);
    const merge = ["merge", "1.json", "2.json", "--quiet", "--out"];
    await assertRefuses([...merge, "1.json"], "would replace 1.json, which is read", { cwd });
    await assertRefuses(
      [...merge, "other.json"],
      "other.json holds another study, which the merged study would replace",
      { cwd },
    );
    assertEquals(await contents(cwd), before);
    for (let i = 0; i < 2; i++) {
      const { code, stderr } = await runCommand([...merge, "new/whole.json"], { cwd });
      assertEquals([code, stderr], [0, ""]);
    }
    assertStringIncludes(await Deno.readTextFile(`${cwd}/new/whole.json`), '"shard": null');
  }));

Deno.test("--force follows imports of a package whose code requires JSON", async () => {
  const files = {
    "net.ts": `import sizes from "./sizes.cjs";
      export const createModel = ({ tf }) =>
        tf.sequential({ layers: [tf.layers.dense({ units: sizes.units, inputShape: [3] })] });`,
    "sizes.cjs": `module.exports = require("./sizes.json");`,
    "sizes.json": `{ "units": 4 }`,
    "old.txt": "mine",
  };
  await withGateFolder([], files, async (cwd) => {
    const replace = ["report", "net.ts", "--out", "old.txt", "--force", "--quiet"];
    const { code, stderr } = await runCommand(replace, { cwd, separate: true });
    assertEquals(code, 0, stderr);
    assertStringIncludes(await Deno.readTextFile(`${cwd}/old.txt`), "Model ");
  });
});
