import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { withGateFolder } from "./gate_folder.ts";
import { runCommand } from "./run_command.ts";

const MODEL = "relu_he";

/** The flags that the help of a subcommand lists under its permissions. */
async function listedFlags(command: string): Promise<string[]> {
  const { stdout } = await runCommand([command, "--help"], { permissions: [] });
  const [, section] = stdout.split("\nPERMISSIONS, WHERE -A IS TOO MUCH\n");
  return section.split("\n").flatMap((line) => line.match(/^ {2}(--allow-\S+)/)?.[1] ?? []);
}

/** The first of them, with the folder of the model put in. */
async function readFlag(command: string, folder: string): Promise<string> {
  const [flag] = await listedFlags(command);
  return flag.replace("FOLDER", folder);
}

for (const command of ["check", "report"]) {
  Deno.test(`${command} runs with read of the model's folder and the WASM file alone`, async () => {
    await withGateFolder([MODEL], {}, async (folder) => {
      const flag = await readFlag(command, `${folder}/${MODEL}`);
      assertEquals(flag.split(",").length, 2);
      assert(flag.endsWith(".wasm"), flag);
      const { code, stdout, stderr } = await runCommand(
        [command, `${folder}/${MODEL}/model.json`, "--quiet"],
        { permissions: ["--no-prompt", flag] },
      );
      assertEquals([code, stderr], [0, ""]);
      assertStringIncludes(stdout, "No check found anything wrong");
    });
  });

  Deno.test(`${command} without one of the two says which is missing`, async () => {
    await withGateFolder([MODEL], {}, async (folder) => {
      const flag = await readFlag(command, `${folder}/${MODEL}`);
      const [model, wasm] = flag.replace("--allow-read=", "").split(",");
      for (const [allowed, missing] of [[model, wasm], [wasm, `${MODEL}/model.json`]]) {
        const { code, stderr } = await runCommand(
          [command, `${folder}/${MODEL}/model.json`, "--quiet"],
          { permissions: ["--no-prompt", `--allow-read=${allowed}`] },
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
    const flags = await listedFlags("check");
    const threaded = flags.find((flag) => flag.includes("threaded"))!;
    const root = new URL("../../", import.meta.url).pathname;
    const both = (more: string) => `${read},${more.replace("--allow-read=", "")}`;
    const args = ["check", `${folder}/${MODEL}/model.json`, "--quiet", "--no-config"];
    const [threads, jobs] = await Promise.all([
      runCommand([...args, "--threads", "2"], { permissions: ["--no-prompt", both(threaded)] }),
      runCommand(
        [...args, "--jobs", "2", "--seeds", "0,1"],
        { permissions: ["--no-prompt", both(root)] },
      ),
    ]);
    assertEquals([threads.code, threads.stderr], [0, ""]);
    assertEquals([jobs.code, jobs.stderr], [0, ""]);
    assert(flags.includes("--allow-read=PACKAGE"));
  });
});

Deno.test("explain and completions run without any permission", async () => {
  for (const args of [["explain"], ["completions", "bash"]]) {
    const { code, stderr } = await runCommand(args, { permissions: ["--no-prompt"] });
    assertEquals([code, stderr], [0, ""]);
  }
});

Deno.test("the README lists the flags that the help of check lists", async () => {
  const readme = await Deno.readTextFile(new URL("../../README.md", import.meta.url));
  for (const flag of await listedFlags("check")) {
    // Of a path the README has the last part: what lies before it differs from machine to machine.
    const short = flag.replace(/(?<=[=,])\/[^,]*\//g, "");
    assertStringIncludes(readme, `\`${short}\``);
  }
});
