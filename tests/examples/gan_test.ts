import { assertAlmostEquals, assertEquals, assertMatch } from "@std/assert";
import { startEngine } from "../../src/engine/start/start_engine.ts";
import type { Tensor } from "../../src/engine/tensorflow.ts";
import { measure } from "../../src/core/measure/measure.ts";
import type { Objective } from "../../src/core/model/objective.ts";
import { objective as telling } from "../../examples/gan/discriminator.ts";
import * as generator from "../../examples/gan/generator.ts";
import { commandsOf, runDeno } from "./run_deno.ts";

type Loss = Exclude<Objective, string>;

Deno.test("the losses of examples/gan/ are -log D and -log(1 - D) of logits", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const loss = (objective: Loss, ...tensors: Tensor[][]) =>
    tf.tidy(() => (objective as (...tensors: Tensor[][]) => Tensor)(...tensors).dataSync()[0]);
  const logits = tf.tensor2d([2, -1], [2, 1]);
  const real = tf.tensor2d([1, 0], [2, 1]);
  const d = (logit: number) => 1 / (1 + Math.exp(-logit));
  assertAlmostEquals(
    loss(generator.objective as Loss, [logits], []),
    -(Math.log(d(2)) + Math.log(d(-1))) / 2,
    1e-6,
  );
  assertAlmostEquals(
    loss(telling as Loss, [logits], [real]),
    -(Math.log(d(2)) + Math.log(1 - d(-1))) / 2,
    1e-6,
  );
  tf.dispose([logits, real]);
});

Deno.test("examples/gan/generator.ts trains the generator alone, by gradients through the discriminator", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const model = await generator.createModel({ tf, seed: 0 });
  const batch = await generator.createBatch({ tf, seed: 0, examples: 4 });
  const { layers } = await measure(model, batch, { objective: generator.objective });
  const weighty = layers.filter(({ weights }) => weights.length > 0);
  assertEquals(
    weighty.map(({ name, weights }) => [name.split("/")[0], weights[0].gradients !== null]),
    weighty.map(({ name }) => [name.split("/")[0], name.startsWith("generator/")]),
  );
  tf.dispose(batch.inputs);
  model.dispose();
});

Deno.test("examples/gan/generator.ts is not told to train the discriminator and nothing else", async () => {
  const { stdout } = await runDeno(commandsOf("gan/generator.ts")[0]);
  const [, fix] = stdout.replaceAll(/\n +/g, " ").match(/ Fix: (Load the trained weights .*)/)!;
  assertMatch(fix, /another training step trains these layers, as in a GAN\.$/);
});
