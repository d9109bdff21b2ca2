import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { withGateFolder } from "./gate_folder.ts";
import { assertRefuses } from "./refuses.ts";
import { runCommand } from "./run_command.ts";

const MODEL = "relu_dead_layer";
const PATH = `${MODEL}/model.json`;

Deno.test("--trial-budget and the key trialBudget say how long a trial may take; the flag comes first", async () => {
  const configuration = { models: [{ name: "net", path: PATH }], trialBudget: 1e-4 };
  await withGateFolder([MODEL], { "gradient-health.json": configuration }, async (cwd) => {
    const run = async (...args: string[]) => {
      const { stdout } = await runCommand([...args, "--quiet"], { cwd });
      return stdout.replaceAll(/\s+/g, " ");
    };
    const skipped = "Trial skipped: it could take 1 s (limit 1e-4 s). Raise it with --trial-budget";
    assertStringIncludes(await run("check"), skipped);
    assertStringIncludes(await run("report", PATH, "--trial-budget", "0.0001"), skipped);
    assertStringIncludes(await run("check", "--trial-budget", "5"), "Trial failed: ");
    // However little time there is.
    assertStringIncludes(await run("check", "--trial", "always"), "Trial failed: ");
    const { code, stdout } = await runCommand(["check", "--print-config"], { cwd });
    assertEquals([code, JSON.parse(stdout).trialBudget], [0, 1e-4]);
  });
});

Deno.test("--trial-budget rejects a value that is not a number of seconds", async () => {
  for (const given of ["0", "-1", "soon", "1e9", "90000"]) {
    await assertRefuses(
      ["report", "--trial-budget", given],
      `--trial-budget is "${given}", expected seconds, above 0 and at most 86400`,
    );
  }
  const { stdout } = await runCommand(["report", "--help", "all"]);
  assert(stdout.includes("--trial-budget SECONDS"));
});
