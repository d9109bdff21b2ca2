import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { parse } from "yaml";
import { runDeno } from "./run_deno.ts";

const ROOT = new URL("../../", import.meta.url);
const GATED = new URL("examples/gated/", ROOT);
const TEXT = (name: string) => Deno.readTextFileSync(new URL(name, GATED));
const README = TEXT("README.md");

/** The tasks that the README has the reader run. */
const TASKS = README.match(/^```sh\n([^]*?)^```$/m)![1].trim().split("\n");

/** A copy of the repository whose package is this checkout. */
async function withCopy(action: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    const settings = JSON.parse(TEXT("deno.json"));
    settings.links = [ROOT.pathname];
    await Deno.writeTextFile(`${folder}/deno.json`, JSON.stringify(settings));
    for (const name of ["gradient-health.json", "model.ts", "model_test.ts"]) {
      await Deno.copyFile(new URL(name, GATED), `${folder}/${name}`);
    }
    await action(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Runs the README's tasks, the tests without their type check. */
const runTasks = (folder: string) =>
  Promise.all(TASKS.map((task) => {
    const args = task.replace(/^deno /, "").split(" ");
    return runDeno(args[1] === "test" ? [...args, "--no-check"] : args, folder);
  }));

Deno.test("examples/gated/ passes as it is, and fails with the kernels that its README names", async () => {
  await withCopy(async (folder) => {
    const healthy = await runTasks(folder);
    for (const { code, stdout, stderr } of healthy) assertEquals(code, 0, stdout + stderr);
    assertStringIncludes(healthy[1].stdout, "Gate passed. The model is healthy.\n");
    const [, instead, before] = README.match(/put `(".*?")` in the place of `(".*?")`/)!;
    const model = TEXT("model.ts");
    assertStringIncludes(model, before);
    await Deno.writeTextFile(`${folder}/model.ts`, model.replace(before, instead));
    const sick = await runTasks(folder);
    assertEquals(sick.map(({ code }) => code), [1, 1], sick[0].stdout + sick[1].stderr);
    assertStringIncludes(sick[0].stdout, "symmetry ... FAILED");
    assertStringIncludes(sick[1].stdout, "SICK in 5 of 5 seeds: 1 cause\n");
  });
});

Deno.test("the workflow of examples/gated/ uses the action and a task that there are", () => {
  const { steps } = parse(TEXT(".github/workflows/gate.yml")).jobs.gate;
  const { version } = JSON.parse(Deno.readTextFileSync(new URL("deno.json", ROOT)));
  const [, action, test] = steps;
  assertEquals(action, { uses: `gradient-health/gradient-health@v${version}` });
  assert(TASKS.includes(test.run), test.run);
});

Deno.test("examples/gated/ explains itself in at most 30 lines, and names each of its files", () => {
  assert(README.trimEnd().split("\n").length <= 30);
  for (const { name } of Deno.readDirSync(GATED)) {
    if (name !== "README.md") assertStringIncludes(README, `(${name}`);
  }
});
