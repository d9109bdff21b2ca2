import { assert, assertEquals, assertRejects } from "@std/assert";
import { basename } from "node:path";
import { fileURLToPath as fromFileUrl } from "node:url";
import { runCommand } from "../cli/run_command.ts";
import { makeCheckpoint } from "../checkpoint/made_checkpoints.ts";
import { writeCheckpoint } from "../checkpoint/write_checkpoint.ts";
import { withFolder } from "../core/model/save_model.ts";
import { Slurm } from "./slurm.ts";
import { PREEMPTIBLE_GRID, SMALL_GRID, unsplit } from "./unsplit.ts";

const scriptOf = (name: string) =>
  fromFileUrl(new URL(`../../examples/distributed/${name}.sh`, import.meta.url));
const SCRIPT = scriptOf("slurm_array");
const REPORT = scriptOf("slurm_report");

/** Returns the command that a script suggests after the array. */
async function mergeCommand(number: string, script = SCRIPT): Promise<string[]> {
  const text = await Deno.readTextFile(script);
  const [, dependency, wrap] = /sbatch (--dependency=\S+) --wrap '(.*)'/.exec(text)!;
  return [
    dependency.replace("NUMBER", number),
    `--wrap=${wrap.replace("mod.ts", '"$PROGRAM"')}`,
  ];
}

Deno.test("the Slurm array makes the unsplit study, though a task is preempted", async () => {
  await withFolder(async (folder) => {
    const slurm = new Slurm(folder);
    const environment = { PARTS: "3", SWEEP: PREEMPTIBLE_GRID };
    const { number, runs } = await slurm.sbatch(["--array=1-3", SCRIPT], environment, [2]);
    assertEquals(
      runs.toSorted((a, b) => a.task - b.task).map(({ task, code }) => [task, code]),
      [[1, 0], [2, 143], [2, 0], [3, 0]],
      runs.map(({ stderr }) => stderr).join("\n"),
    );
    const merge = await slurm.sbatch(await mergeCommand(number), {});
    assertEquals(merge.runs[0].code, 0, merge.runs[0].stderr);
    assertEquals(
      await Deno.readTextFile(`${folder}/study.json`),
      await unsplit(PREEMPTIBLE_GRID),
    );
  });
});

Deno.test("a Slurm array that failed is not joined, and its tasks are submitted again by themselves", async () => {
  await withFolder(async (folder) => {
    const slurm = new Slurm(folder);
    const environment = { PARTS: "3", SWEEP: SMALL_GRID };
    const { number, runs } = await slurm.sbatch(
      ["--array=1-3", SCRIPT],
      { ...environment, SWEEP: `${SMALL_GRID} --no-such-flag` },
    );
    assertEquals(runs.map(({ code }) => code), [2, 2, 2]);
    // The join waits for all parts, so it never runs.
    await assertRejects(
      async () => await slurm.sbatch(await mergeCommand(number), {}),
      Error,
      "DependencyNeverSatisfied",
    );
    await slurm.sbatch(["--array=1,3", SCRIPT], environment);
    const again = await slurm.sbatch(["--array=2", SCRIPT], environment);
    const { runs: [merge] } = await slurm.sbatch(await mergeCommand(again.number), {});
    assertEquals(merge.code, 0, merge.stderr);
    assertEquals(
      await Deno.readTextFile(`${folder}/study.json`),
      await unsplit(SMALL_GRID),
    );
  });
});

Deno.test("the Slurm array of a report makes the whole report", async () => {
  await withFolder(async (folder) => {
    const { tensors } = makeCheckpoint({
      fault: "times-30",
      seed: 3,
      blocks: 7,
      width: 32,
      dtype: "BF16",
    });
    await writeCheckpoint(`${folder}/model.safetensors`, tensors);
    const slurm = new Slurm(folder);
    const environment = { PARTS: "3", CHECKPOINT: "model.safetensors" };
    const { number, runs } = await slurm.sbatch(["--array=1-3", REPORT], environment);
    assertEquals(runs.map(({ code }) => code), [0, 0, 0], runs.map(({ stderr }) => stderr).join());
    const merge = await slurm.sbatch(await mergeCommand(number, REPORT), {});
    assertEquals(merge.runs[0].code, 0, merge.runs[0].stderr);
    const whole = ["report", "model.safetensors", "--quiet", "--out", "whole.html"];
    assertEquals((await runCommand(whole, { cwd: folder })).code, 0);
    assertEquals(
      await Deno.readTextFile(`${folder}/report.html`),
      await Deno.readTextFile(`${folder}/whole.html`),
    );
  });
});

for (const script of [SCRIPT, REPORT]) {
  Deno.test(`${basename(script)} splits into as many parts as its array has tasks`, async () => {
    const text = await Deno.readTextFile(script);
    const [, array] = /--array=1-(\d+)/.exec(text)!;
    assert(text.includes(`PARTS:-${array}}`));
  });
}
