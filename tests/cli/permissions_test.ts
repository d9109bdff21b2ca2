import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { packageFolder } from "../../src/engine/start/engine_files.ts";
import { COMMANDS } from "../../src/cli/overview.ts";
import { withGateFolder } from "./gate_folder.ts";
import { assertRefuses } from "./refuses.ts";
import { listedFlags, readFlag, THREADED, WASM } from "./listed_flags.ts";
import { runCommand } from "./run_command.ts";

const MODEL = "relu_he";

for (const command of ["check", "report"]) {
  Deno.test(`${command} runs with read of the model's folder, this package and the WASM file alone`, async () => {
    await withGateFolder([MODEL], {}, async (folder) => {
      const flag = await readFlag(command, `${folder}/${MODEL}`);
      assertEquals(flag.split(",").length, 3);
      assert(flag.endsWith(".wasm"), flag);
      const { code, stdout, stderr } = await runCommand(
        [command, `${folder}/${MODEL}/model.json`, "--quiet"],
        { permissions: ["--no-prompt", flag] },
      );
      assertEquals([code, stderr], [0, ""]);
      assertMatch(stdout, /^HEALTHY$/m);
    });
  });

  Deno.test(`${command} without one of the two says which is missing`, async () => {
    await withGateFolder([MODEL], {}, async (folder) => {
      const flag = await readFlag(command, `${folder}/${MODEL}`);
      const [model, own, wasm] = flag.replace("--allow-read=", "").split(",");
      for (const [allowed, missing] of [[model, wasm], [wasm, `${MODEL}/model.json`]]) {
        const { code, stderr } = await runCommand(
          [command, `${folder}/${MODEL}/model.json`, "--quiet"],
          { permissions: ["--no-prompt", `--allow-read=${allowed},${own}`] },
        );
        assertEquals(code, 2);
        assertStringIncludes(stderr, missing);
      }
    });
  });
}

Deno.test("check needs to write the folder of a file and nothing else to write it", async () => {
  await withGateFolder([MODEL], { "out/x": "" }, async (folder) => {
    const read = await readFlag("check", `${folder}/${MODEL},${folder}/out`);
    const { code, stderr } = await runCommand(
      [
        "check",
        `${folder}/${MODEL}/model.json`,
        "--quiet",
        "--reporter",
        `junit=${folder}/out/gate.xml`,
        "--update-baseline",
        "--baseline",
        `${folder}/out/baseline.json`,
      ],
      { permissions: ["--no-prompt", read, `--allow-write=${folder}/out`] },
    );
    assertEquals([code, stderr], [0, ""]);
    const names = [...Deno.readDirSync(`${folder}/out`)].map(({ name }) => name).sort();
    assertEquals(names, ["baseline.json", "gate.xml", "x"]);
  });
});

Deno.test("check --threads 2 and --jobs 2 run with what the help lists for them", async () => {
  await withGateFolder([MODEL], {}, async (folder) => {
    const read = await readFlag("check", `${folder}/${MODEL}`);
    assert((await listedFlags("check")).includes("--allow-read=WASM"));
    const both = `${read},${THREADED}`;
    const args = ["check", `${folder}/${MODEL}/model.json`, "--quiet", "--no-config"];
    const [threads, jobs] = await Promise.all([
      runCommand([...args, "--threads", "2"], { permissions: ["--no-prompt", both] }),
      runCommand([...args, "--jobs", "2", "--seeds", "0,1"], {
        permissions: ["--no-prompt", read],
      }),
    ]);
    assertEquals([threads.code, threads.stderr], [0, ""]);
    assertEquals([jobs.code, jobs.stderr], [0, ""]);
  });
});

Deno.test("explain and completions run without any permission", async () => {
  for (const args of [["explain"], ["completions", "bash"]]) {
    const { code, stderr } = await runCommand(args, { permissions: ["--no-prompt"] });
    assertEquals([code, stderr], [0, ""]);
  }
});

Deno.test("report, merge and sweep write a file with what their help lists for it", async () => {
  await withGateFolder([MODEL], { "out/x": "" }, async (folder) => {
    const out = `${folder}/out`;
    const run = async (command: string, args: string[], read: string) => {
      const flags = await listedFlags(command);
      const write = flags.find((flag) => flag.includes("--allow-write"))!
        .replaceAll("FOLDER", out).split(" ");
      const { code, stderr } = await runCommand([command, ...args, "--quiet"], {
        permissions: ["--no-prompt", `--allow-read=${read}`, ...write],
      });
      assertEquals([code, stderr], [0, ""]);
    };
    const [, own, wasm] = (await readFlag("report", "")).split(",");
    const model = `${folder}/${MODEL}/model.json`;
    const read = `${folder}/${MODEL},${own},${wasm}`;
    await run("report", [model, "--out", `${out}/a.txt`], read);
    await run("sweep", [model, "--scale", "1", "--seeds", "1", "--out", `${out}/b.json`], read);
    await run("merge", [`${out}/b.json`, "--out", `${out}/c.json`], `${out}/b.json,${own}`);
    const names = [...Deno.readDirSync(out)].map(({ name }) => name).sort();
    assertEquals(names, ["a.txt", "b.json", "c.json", "x"]);
  });
});

for (const command of ["report", "check", "sweep", "merge"]) {
  Deno.test(`${command} says in one sentence that it may not read the package`, async () => {
    await withGateFolder([MODEL], {}, async (folder) => {
      const [model, , wasm] = (await readFlag("check", `${folder}/${MODEL}`)).split(",");
      await assertRefuses([command, `${folder}/${MODEL}/model.json`], "Requires read access to ", {
        permissions: ["--no-prompt", `${model},${wasm}`],
        cwd: folder,
      });
    });
  });
}

Deno.test("docs/permissions.md lists the flags that the help of every subcommand lists", async () => {
  const root = new URL("../../", import.meta.url);
  const readme = await Deno.readTextFile(new URL("docs/permissions.md", root));
  for (const command of ["report", "check", "diff", "sweep", "merge"]) {
    for (const flag of await listedFlags(command)) {
      assertStringIncludes(readme, `\`${flag}\``);
    }
  }
});

Deno.test("no line of a help is wider than 80 columns, or has a path of this machine", async () => {
  const commands = Object.keys(COMMANDS);
  for (const before of [[], ...commands, ...commands.map((name) => [name])]) {
    const args = typeof before === "string" ? [before, "--help", "all"] : [...before, "--help"];
    const { stdout } = await runCommand(args, { permissions: [] });
    assertEquals(stdout.split("\n").filter((line) => line.length > 80), []);
    assert(!stdout.includes(packageFolder()) && !stdout.includes(WASM), stdout);
  }
});
