import { assert, assertEquals } from "@std/assert";
import { startEngine } from "../../src/engine/start/start_engine.ts";
import { tryTraining } from "../../src/core/probe/try_training.ts";
import { classes, classifier } from "../networks/trained_models.ts";
import { withGateFolder } from "./gate_folder.ts";
import { runCommand } from "./run_command.ts";

async function trialWith(threads: number) {
  await using engine = await startEngine({ threads });
  const { tf } = engine;
  // With dropout, and of a loss that falls for long: all that is drawn and all that goes on takes part.
  const model = classifier(tf, { depth: 2, hidden: { activation: "sigmoid" }, dropout: 0.3 });
  const { labels: _, ...batch } = classes(tf);
  return await tryTraining(model, batch);
}

Deno.test("tryTraining() finds the same figures with one thread and with two", async () => {
  const one = await trialWith(1);
  const two = await trialWith(2);
  assert("attempts" in one && one.attempts.some(({ steps }) => steps > 1));
  assertEquals(two, one);
});

Deno.test("check --trial always says the same with --jobs 1 and --jobs 2", async () => {
  const models = ["seed_tanh_critical", "relu_dead_layer"];
  const configuration = {
    models: models.map((name) => ({ name, path: `${name}/model.json`, seeds: "0..1" })),
  };
  await withGateFolder(models, { "gradient-health.json": configuration }, async (cwd) => {
    const [one, two] = await Promise.all(["1", "2"].map(async (jobs) => {
      const args = ["check", "--trial", "always", "--format", "json", "--quiet", "--jobs", jobs];
      return await runCommand(args, { cwd });
    }));
    assert(one.stdout.includes("steps of Adam"), one.stderr);
    assertEquals(withoutTimes(two.stdout), withoutTimes(one.stdout));
    assertEquals(two.code, one.code);
  });
});

/** A result without how long it took. */
const withoutTimes = (json: string) =>
  JSON.parse(
    json,
    (key, value) => /seconds|milliseconds|date|created|argv/i.test(key) ? null : value,
  );
