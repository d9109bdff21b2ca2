import { assert, assertEquals } from "@std/assert";
import { startEngine } from "../../src/engine/start/start_engine.ts";
import type { Trial } from "../../src/probe/trial.ts";
import { tryTraining } from "../../src/probe/try_training.ts";
import { classes, classifier } from "../networks/trained_models.ts";

Deno.test("tryTraining() goes on where penalties pull harder than the loss, and sees who wins", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const { labels: _, ...batch } = classes(tf);
  const under = async (l2: number) => {
    const model = classifier(tf, { hidden: { kernelRegularizer: tf.regularizers.l2({ l2 }) } });
    model.compile({ optimizer: tf.train.adam(0.003), loss: "categoricalCrossentropy" });
    const trial = await tryTraining(model, batch);
    model.dispose();
    assert("attempts" in trial);
    return trial;
  };
  const ratioOf = ({ attempts: [{ penalty }] }: Trial) => penalty.gradientRatio!;
  // Weaker than the loss: the batch is fitted, and that is all.
  const weak = await under(0.1);
  assert(ratioOf(weak) < 1 && weak.attempts[0].steps < 40);
  assertEquals(weak.verdict, "learns");
  // Stronger: the batch stays fitted all the same.
  const even = await under(0.3);
  assert(ratioOf(even) > 1);
  assertEquals([even.verdict, even.attempts[0].steps], ["learns", 120]);
  // Fitted on the way, and lost again, which no other rate would change.
  const strong = await under(1);
  assert(ratioOf(strong) < 20);
  assertEquals([strong.verdict, strong.reason], ["fails", "penalties"]);
  assertEquals(strong.attempts.map(({ penalty }) => penalty.won), [true]);
});
