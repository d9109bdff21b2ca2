import { assert, assertEquals, assertMatch } from "@std/assert";
import { examine } from "../../src/diagnosis/examine/examine.ts";
import { startEngine } from "../../src/engine/start/start_engine.ts";
import { exerciseModel } from "../../src/model/layers/exercise_model.ts";
import { randomBatch } from "../../src/model/batches/random_batch.ts";
import { renderJson } from "../../src/render/render_json.ts";
import { runRules } from "../../src/rules/judge_rule.ts";

Deno.test("examine() keeps the measurements of the fixed network, and the loss of both trials", async () => {
  await using _engine = await startEngine();
  const model = exerciseModel();
  const { diagnosis, measurements, findings, trial, fixedTrial } = await examine(
    model,
    randomBatch(model),
  );
  const { after, curves } = diagnosis;
  const gradientOf = ({ layers }: typeof measurements) => layers[0].weights[0].gradients!.meanAbs;
  assertEquals(gradientOf(measurements), 0);
  assert(gradientOf(after!) > 0.01);
  assertEquals(runRules(after!).filter(({ severity }) => severity === "error"), []);
  for (const [losses, one] of [[curves!.before, trial], [curves!.after, fixedTrial]] as const) {
    assert(one !== null && "attempts" in one);
    const { steps, loss } = one.attempts[one.best!];
    assertEquals([losses!.length, losses!.at(-1)], [steps + 1, loss.last]);
  }
  // Documents have the verdict and the fixes, not a second network.
  const written = JSON.parse(renderJson(measurements, findings, { diagnosis })).diagnosis;
  // The loss falls, but most layers stand still.
  assertMatch(curves!.still ?? "", /^\d+ of \d+ layers hardly change$/);
  assertEquals(["after", "curves"].filter((key) => key in written), []);
  model.dispose();
});

Deno.test("examine() has no fixed network where nothing had to be fixed", async () => {
  await using _engine = await startEngine();
  const model = exerciseModel({ std: 1 / Math.sqrt(20) });
  const { diagnosis } = await examine(model, randomBatch(model));
  assertEquals([diagnosis.verdict, diagnosis.after], ["healthy", undefined]);
  model.dispose();
});
