import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { runCommand } from "../cli/run_command.ts";
import { makeCheckpoint } from "../checkpoint/made_checkpoints.ts";
import { writeCheckpoint } from "../checkpoint/write_checkpoint.ts";
import { withFolder } from "../core/model/save_model.ts";
import { readManifest, runIndexedJob } from "./kubernetes.ts";
import { runTask } from "./task.ts";
import { PREEMPTIBLE_GRID, unsplit } from "./unsplit.ts";

const textOf = (name: string) =>
  Deno.readTextFile(new URL(`../../examples/distributed/${name}.yaml`, import.meta.url));
const TEXT = await textOf("kubernetes_indexed_job");
const REPORT = await textOf("kubernetes_report");
const PACKAGE = "jsr:@gradient-health/gradient-health";

/** The job in three parts, which takes seconds. */
function smallJob() {
  const manifest = readManifest(TEXT);
  return { ...manifest, job: { ...manifest.job, completions: 3 } };
}

const change = (script: string) =>
  script.replace(PACKAGE, '"$PROGRAM"')
    .replace(/--scale .* --depth \S+/, PREEMPTIBLE_GRID)
    .replace(/"\$\(\((.*)\)\)\/32"/, '"$(($1))/3"');

Deno.test("the Indexed Job makes the unsplit study, though a pod is evicted", async () => {
  await withFolder(async (folder) => {
    const { condition, pods } = await runIndexedJob(smallJob(), folder, { change, evicted: [1] });
    const errors = pods.map(({ stderr }) => stderr).join("\n");
    assertEquals(condition, "Complete", errors);
    assertEquals(
      pods.toSorted((a, b) => a.index - b.index).map(({ index, code }) => [index, code]),
      [[0, 0], [1, 143], [1, 0], [2, 0]],
      errors,
    );
    // Command that the manifest suggests for a pod with the same volume.
    const [, merge] = /^# +(deno run .* merge .*)$/m.exec(TEXT)!;
    const command = merge.replace(PACKAGE, '"$PROGRAM"').replaceAll("/parts/", "./");
    const { code, stderr } = await runTask(["sh", "-c", command], { cwd: folder, env: {} });
    assertEquals(code, 0, stderr);
    assertEquals(
      await Deno.readTextFile(`${folder}/study.json`),
      await unsplit(PREEMPTIBLE_GRID),
    );
  });
});

Deno.test("the Indexed Job fails at once where the sweep cannot be run, and starts no further pod", async () => {
  await withFolder(async (folder) => {
    const wrong = (script: string) => change(script).replace("--quiet", "--no-such-flag");
    const { condition, pods } = await runIndexedJob(smallJob(), folder, { change: wrong });
    assertEquals(condition, "Failed");
    assert(pods.length <= 2, `${pods.length} pods`);
    for (const { code } of pods) assertEquals(code, 2);
    assertStringIncludes(pods[0].stderr, "--no-such-flag");
  });
});

Deno.test("the Indexed Job of a report makes the whole report, from three pods", async () => {
  await withFolder(async (folder) => {
    const { tensors } = makeCheckpoint({
      fault: "times-30",
      seed: 3,
      blocks: 7,
      width: 32,
      dtype: "BF16",
    });
    await Deno.mkdir(`${folder}/model`);
    await writeCheckpoint(`${folder}/model/model.safetensors`, tensors);
    const manifest = readManifest(REPORT);
    const job = { ...manifest.job, completions: 3 };
    const local = (script: string) =>
      script.replace(PACKAGE, '"$PROGRAM"').replaceAll("/parts/", "./")
        .replace(/"\$\(\((.*)\)\)\/16"/, '"$(($1))/3"');
    const { condition, pods } = await runIndexedJob({ ...manifest, job }, folder, {
      change: local,
    });
    assertEquals(condition, "Complete", pods.map(({ stderr }) => stderr).join("\n"));
    const [, merge] = /^# +(deno run .* merge .*)$/m.exec(REPORT)!;
    for (const command of [local(merge), '"$PROGRAM" report ./model --quiet --out whole.html']) {
      const { code, stderr } = await runTask(
        ["sh", "-c", command.startsWith("deno") ? command : `deno run -A ${command}`],
        { cwd: folder, env: {} },
      );
      assertEquals(code, 0, stderr);
    }
    assertEquals(
      await Deno.readTextFile(`${folder}/report.html`),
      await Deno.readTextFile(`${folder}/whole.html`),
    );
  });
});

for (const [text, command] of [[TEXT, "sweep"], [REPORT, "report"]]) {
  Deno.test(`the Indexed Job of ${command} splits into as many parts as it has completions, on its own volume`, async () => {
    const { job, claim } = readManifest(text);
    const [{ args }] = job.template.spec.containers;
    assertStringIncludes(args[0], `/${job.completions}"`);
    assertEquals(job.template.spec.volumes[0].persistentVolumeClaim.claimName, claim.metadata.name);
    const help = await runCommand([command, "--help", "all"]);
    for (const [flag] of args[0].matchAll(/--[a-z-]+/g)) assertStringIncludes(help.stdout, flag);
  });
}
