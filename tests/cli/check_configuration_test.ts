import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { withGateFolder } from "./gate_folder.ts";
import { BROKEN, CONFIGURATION, HEALTHY, model } from "./gate_models.ts";
import { runCommand } from "./run_command.ts";

Deno.test("check judges the models of the nearest configuration, from any folder below", async () => {
  const files = { "gradient-health.jsonc": CONFIGURATION, "below/x": "" };
  await withGateFolder([HEALTHY, BROKEN], files, async (folder) => {
    const [whole, one, file] = await Promise.all([
      runCommand(["check", "--quiet"], { cwd: `${folder}/below` }),
      runCommand(["check", "fine", "--quiet"], { cwd: folder }),
      runCommand(["check", `../${model(BROKEN)}`, "--quiet"], { cwd: `${folder}/below` }),
    ]);
    assertEquals([whole.code, one.code, file.code], [1, 0, 1], whole.stderr);
    assertStringIncludes(whole.stdout, "== fine (../seed_tanh_critical/model.json), seed 0");
    assertStringIncludes(whole.stdout, "== dead (../relu_dead_layer/model.json), 3 seeds");
    assertStringIncludes(whole.stdout, "Gate failed. 1 of 2 models is sick");
    // A model that the configuration lists is checked as it says, by whatever name it is called.
    assertStringIncludes(file.stdout, "== dead (../relu_dead_layer/model.json), 3 seeds");
  });
});

Deno.test("check finds a model's entries by its path, however that is spelt", async () => {
  const entry = { path: model(HEALTHY), batch: `${HEALTHY}/batch.json` };
  const models = [{ ...entry, name: "one" }, { ...entry, name: "two", seeds: "1..2" }];
  const files = { "gradient-health.json": { models } };
  await withGateFolder([HEALTHY], files, async (cwd) => {
    const names = async (...operands: string[]) => {
      const { stdout } = await runCommand(["check", ...operands, "--quiet"], { cwd });
      return [...stdout.matchAll(/^== (\w+) .*, (.*)$/gm)].map(([, ...found]) => found.join(", "));
    };
    const both = ["one, seed 0", "two, 2 seeds"];
    assertEquals(await names(`./${model(HEALTHY)}`), both);
    assertEquals(await names(`${cwd}/${model(HEALTHY)}`), both);
    assertEquals(await names("two", "one"), both.toReversed());
  });
});

Deno.test("check takes its configuration from deno.json too, and obeys it", async () => {
  const gradientHealth = {
    models: [{ name: "dead", path: model(BROKEN), batch: `${BROKEN}/batch.json`, seeds: [4] }],
    rules: { "dead-units": "warn", "gradients-flow": "off", "vanishing-gradients": "off" },
    suppressions: [{ rule: "activation-scale", layer: "dense_*", reason: "dead on purpose" }],
  };
  await withGateFolder([BROKEN], { "deno.json": { gradientHealth } }, async (cwd) => {
    const { code, stdout } = await runCommand(["check", "--details"], { cwd });
    assertEquals(code, 0, stdout);
    assertStringIncludes(stdout, "WARNING dead-units");
    assertStringIncludes(stdout, "SUPPRESSED activation-scale: dense_3, dense_4 (dead on purpose)");
    assert(!stdout.includes("gradients-flow"));
    const without = await runCommand(["check", model(BROKEN), "--no-config"], { cwd });
    assertEquals(without.code, 1);
  });
});

Deno.test("check --print-config shows what is in force and measures nothing", async () => {
  const files = { "gradient-health.json": { extends: "init", models: [{ path: "none.ts" }] } };
  await withGateFolder([], files, async (cwd) => {
    const { code, stdout } = await runCommand(
      ["check", "--print-config", "--max-warnings", "3"],
      { cwd },
    );
    assertEquals(code, 0);
    const settings = JSON.parse(stdout);
    assertEquals([settings.file, settings.extends], ["gradient-health.json", "init"]);
    assertEquals([settings.models[0].name, settings.maxWarnings], ["none.ts", 3]);
    assertEquals(settings.rules.baseline.level, "off");
    assertEquals(settings.rules["dead-units"].thresholds.deadFraction, 0.5);
  });
});

Deno.test("check reports suppressions that are past their day or match nothing", async () => {
  const files = {
    "gradient-health.json": {
      models: [{ name: "fine", path: model(HEALTHY) }],
      suppressions: [
        { rule: "dead-units", layer: "dense_1", reason: "gone" },
        { rule: "dead-units", layer: "dense_1", reason: "old", until: "2020-01-01" },
      ],
    },
  };
  await withGateFolder([HEALTHY], files, async (cwd) => {
    const { code, stdout } = await runCommand(["check", "--quiet", "--max-warnings", "1"], { cwd });
    assertEquals(code, 1);
    assertStringIncludes(stdout, "WARNING unused-suppression: the configuration");
    assertStringIncludes(stdout, "WARNING expired-suppression: the configuration");
  });
});
