import { assert } from "@std/assert";
import { startEngine } from "../../src/engine/start/start_engine.ts";
import { examine } from "../../src/diagnosis/examine/examine.ts";
import { classes, classifier } from "../networks/trained_models.ts";

Deno.test("examine() takes no more than three times the steps that are asked for, also of a late starter", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const { labels: _, ...batch } = classes(tf);
  const small = { kernelInitializer: tf.initializers.randomNormal({ stddev: 0.1, seed: 4 }) };
  // It learns in 8 steps.
  const model = classifier(tf, { depth: 2, dropout: 0.6, hidden: small, head: small });
  const objective = "categoricalCrossentropy";
  const { trial } = await examine(model, batch, { objective, trial: 1 });
  assert(trial !== null && "attempts" in trial && trial.verdict !== "learns");
  assert(trial.attempts.every(({ steps }) => steps <= 3));
});
