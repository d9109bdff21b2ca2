import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { parse } from "yaml";
import { withFolder } from "../core/model/save_model.ts";
import { runTask } from "./task.ts";
import { SMALL_GRID, unsplit } from "./unsplit.ts";

const MATRIX = new URL("../../examples/distributed/github_matrix.yml", import.meta.url);

Deno.test("the GitHub matrix's jobs make the unsplit study", async () => {
  const { jobs } = parse(await Deno.readTextFile(MATRIX));
  const script = (job: string) =>
    jobs[job].steps.find(({ run }: { run?: string }) => run !== undefined).run
      .replaceAll("jsr:@gradient-health/gradient-health", "$PROGRAM");
  await withFolder(async (folder) => {
    const run = async (command: string, env: Record<string, string>) => {
      const task = ["bash", "-eo", "pipefail", "-c", command];
      const { code, stderr } = await runTask(task, { cwd: folder, env });
      assertEquals(code, 0, stderr);
    };
    for (const part of ["1", "2", "3"]) {
      const command = script("part")
        .replaceAll("${{ matrix.part }}", part)
        .replaceAll("${{ strategy.job-total }}", "3");
      assert(!command.includes("${{"), command);
      await run(command, { SWEEP: SMALL_GRID });
    }
    const summary = `${folder}/summary.md`;
    await run(script("merge"), { GITHUB_STEP_SUMMARY: summary });
    assertEquals(
      await Deno.readTextFile(`${folder}/study.json`),
      await unsplit(SMALL_GRID),
    );
    assertStringIncludes(await Deno.readTextFile(summary), "| tanh |");
  });
});
