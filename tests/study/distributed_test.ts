import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { dirname } from "node:path";
import { fileURLToPath as fromFileUrl } from "node:url";
import { parse, parseAllDocuments } from "yaml";
import { runCommand } from "../cli/run_command.ts";
import { withFolder } from "../model/save_model.ts";

const PROGRAM = fromFileUrl(new URL("../../mod.ts", import.meta.url));
const EXAMPLES = new URL("../../examples/distributed/", import.meta.url);
const GRID = "--scale 0.1,1 --activation tanh --depth 3 --width 8 --seeds 3";
const read = (name: string) => Deno.readTextFile(new URL(name, EXAMPLES));

/** Runs a script as the machine would, with this Deno as `deno`. */
async function run(args: string[], cwd: string, env: Record<string, string>): Promise<void> {
  const [command, ...rest] = args;
  const { code, stderr } = await new Deno.Command(command, {
    args: rest,
    cwd,
    env: { PATH: `${dirname(Deno.execPath())}:${Deno.env.get("PATH")}`, PROGRAM, ...env },
  }).output();
  assertEquals(code, 0, new TextDecoder().decode(stderr));
}

/** The bytes of the study that no engine has split. */
async function unsplit(folder: string): Promise<string> {
  const out = `${folder}/unsplit.json`;
  const grid = [...GRID.split(" "), "--portable", "--quiet", "--out", out];
  assertEquals((await runCommand(["sweep", ...grid])).code, 0);
  return await Deno.readTextFile(out);
}

async function merged(folder: string, parts: string[]): Promise<string> {
  const { code, stderr } = await runCommand(["merge", ...parts, "--out", `${folder}/merged.json`]);
  assertEquals(code, 0, stderr);
  return await Deno.readTextFile(`${folder}/merged.json`);
}

Deno.test("the Slurm array's tasks make the parts of the unsplit study", async () => {
  await withFolder(async (folder) => {
    const script = fromFileUrl(new URL("slurm_array.sh", EXAMPLES));
    const env = { PARTS: "3", SWEEP: GRID, SLURM_CPUS_PER_TASK: "2" };
    for (const task of ["1", "2", "3"]) {
      await run(["bash", script], folder, { ...env, SLURM_ARRAY_TASK_ID: task });
    }
    // A task that is submitted again finds its part done.
    await run(["bash", script], folder, { ...env, SLURM_ARRAY_TASK_ID: "2" });
    const parts = [1, 2, 3].map((task) => `${folder}/parts/${task}.json`);
    assertEquals(await merged(folder, parts), await unsplit(folder));
  });
  const [, array] = /--array=1-(\d+)/.exec(await read("slurm_array.sh"))!;
  assertStringIncludes(await read("slurm_array.sh"), `PARTS:-${array}}`);
  // A task fails whose log is in a folder that is not there when it is submitted.
  const [, log] = /--output=(.*)/.exec(await read("slurm_array.sh"))!;
  assert(!log.includes("/"), log);
});

Deno.test("the GitHub matrix's jobs make the unsplit study", async () => {
  const { jobs } = parse(await read("github_matrix.yml"));
  const script = (job: string) =>
    jobs[job].steps.find(({ run }: { run?: string }) => run !== undefined).run
      .replaceAll("jsr:@gradient-health/gradient-health", "$PROGRAM");
  await withFolder(async (folder) => {
    for (const part of ["1", "2", "3"]) {
      const command = script("part")
        .replaceAll("${{ matrix.part }}", part)
        .replaceAll("${{ strategy.job-total }}", "3");
      assert(!command.includes("${{"), command);
      await run(["bash", "-eo", "pipefail", "-c", command], folder, { SWEEP: GRID });
    }
    const summary = `${folder}/summary.md`;
    await run(["bash", "-eo", "pipefail", "-c", script("merge")], folder, {
      GITHUB_STEP_SUMMARY: summary,
    });
    assertEquals(await Deno.readTextFile(`${folder}/study.json`), await unsplit(folder));
    assertStringIncludes(await Deno.readTextFile(summary), "| tanh |");
  });
});

Deno.test("the Indexed Job's pods make the parts of the unsplit study", async () => {
  const documents = parseAllDocuments(await read("kubernetes_indexed_job.yaml"));
  const [job, claim] = documents.map((document) => {
    assertEquals(document.errors, []);
    return document.toJS();
  });
  const { completions, template } = job.spec;
  const [{ command, args }] = template.spec.containers;
  assertStringIncludes(args[0], `/${completions}"`);
  assertEquals(template.spec.volumes[0].persistentVolumeClaim.claimName, claim.metadata.name);
  await withFolder(async (folder) => {
    const script = args[0]
      .replace("jsr:@gradient-health/gradient-health", '"$PROGRAM"')
      .replace(/--scale .* --depth \S+/, GRID)
      .replace(`/${completions}"`, '/3"')
      .replaceAll("/parts/", "./");
    for (const index of ["0", "1", "2"]) {
      await run([...command, script], folder, { JOB_COMPLETION_INDEX: index });
    }
    const parts = [0, 1, 2].map((index) => `${folder}/${index}.json`);
    assertEquals(await merged(folder, parts), await unsplit(folder));
  });
});
