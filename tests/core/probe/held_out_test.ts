import { assertEquals } from "@std/assert";
import { heapOf } from "../../../src/engine/start/prepare_engine.ts";
import { startEngine } from "../../../src/engine/start/start_engine.ts";
import type { Tensor } from "../../../src/engine/tensorflow.ts";
import { memorisedOnly } from "../../../src/core/probe/try_training.ts";
import { openProbe } from "../../../src/core/probe/open_probe.ts";
import { rungs } from "../../../src/core/probe/rungs.ts";
import type { Attempt, Trial } from "../../../src/core/probe/trial.ts";
import { makeAttempt } from "../../networks/probes.ts";
import { tried } from "./tried.ts";

const engine = await startEngine();
const { tf } = engine;

/** Facts of an attempt and of its trial that decide if it is in doubt. */
interface Facts {
  /** Loss before the first step, and of those held out, over that of guessing. Default: 100 and 10. */
  first?: number;
  ratio?: number;
  examples?: number;
  made?: Partial<Attempt>;
  facts?: Partial<Trial>;
  left?: number;
  batchSize?: number;
}

/** Asks about a linear unit, one step at a rate of 0, whose last quarter of the examples has a loss of 9. */
async function asked(
  { first = 100, ratio = 10, examples = 32, made, facts, left = 10, batchSize }: Facts,
) {
  const inputShape = [batchSize ?? null, 2];
  const model = tf.sequential({
    layers: [
      tf.layers.dense({ units: 1, batchInputShape: inputShape, kernelInitializer: "zeros" }),
    ],
  });
  model.compile({ optimizer: tf.train.sgd(0), loss: "meanSquaredError" });
  const targets = Array.from({ length: examples }, (_, i) => [i < 0.75 * examples ? 1 : 3]);
  const batch = {
    inputs: tf.ones([examples, 2]) as Tensor,
    targets: tf.tensor2d(targets) as Tensor,
  };
  const guess = 9 / ratio;
  const probe = await openProbe(model, batch, {});
  const before = tf.memory().numTensors;
  const found = await memorisedOnly(probe, {}, {
    rung: rungs(heapOf(engine), model, undefined)[0],
    made: makeAttempt({ steps: 1, loss: { first: first * guess, last: 0, least: 0 }, ...made }),
    facts: { guess, randomTargets: false, ...facts },
    limits: { steps: 40, budgetSeconds: 10, always: false },
    left,
  });
  assertEquals(tf.memory().numTensors, before);
  tf.dispose([batch.inputs, batch.targets]);
  model.dispose();
  return found === null ? null : Number(found.toPrecision(3));
}

Deno.test("memorisedOnly() returns the loss of held-out examples over that of guessing, from 3 times on", async () => {
  assertEquals(await asked({}), 10);
  assertEquals(await asked({ ratio: 3.01 }), 3.01);
  assertEquals(await asked({ ratio: 2.99 }), null);
});

Deno.test("memorisedOnly() asks only of numbers that started more than 10 times above guessing", async () => {
  assertEquals(await asked({ first: 10.1 }), 10);
  assertEquals(await asked({ first: 9.9 }), null);
  assertEquals(await asked({ made: { accuracy: 0.9 } }), null);
  assertEquals(await asked({ made: { verdict: "slow" } }), 10);
  assertEquals(await asked({ made: { verdict: "fails" } }), null);
});

Deno.test("memorisedOnly() divides no batch of fewer than 16 examples, and none that a trial has cut", async () => {
  assertEquals(await asked({ examples: 16 }), 10);
  assertEquals(await asked({ examples: 15 }), null);
  assertEquals(await asked({ facts: { examples: 16 } }), null);
  assertEquals(await asked({ batchSize: 32 }), null);
  assertEquals(await asked({ facts: { randomTargets: true } }), null);
  assertEquals(await asked({ facts: { ignoresTargets: true } }), null);
  assertEquals(await asked({ left: 1 }), 10);
  assertEquals(await asked({ left: 0 }), null);
});

/** A network of 64 units on sums of four inputs, compiled with Adam at 0.001. */
async function onSums(offset: number, compiled = true): Promise<Trial> {
  const inputs = tf.randomNormal([32, 8], 0, 1, "float32", 3);
  const targets = tf.tidy(() =>
    tf.add(offset, tf.sum(tf.slice(inputs, [0, 0], [32, 4]), 1, true)) as Tensor
  );
  const dense = (units: number, seed: number, inputs: number, activation: "tanh" | "linear") =>
    tf.layers.dense({
      units,
      activation,
      inputShape: [inputs],
      kernelInitializer: tf.initializers.heNormal({ seed }),
    });
  const model = tf.sequential({
    layers: [dense(64, 1, 8, "tanh"), dense(64, 2, 64, "tanh"), dense(1, 2, 64, "linear")],
  });
  const optimizer = tf.train.adam(1e-3);
  if (compiled) model.compile({ optimizer, loss: "meanSquaredError" });
  const objective = compiled ? {} : { objective: "meanSquaredError" as const };
  const trial = await tried(model, { inputs, targets }, { thorough: true, ...objective });
  tf.dispose([inputs, targets]);
  model.dispose();
  optimizer.dispose();
  return trial;
}

Deno.test("tryTraining() fails a compiled rate that only memorises targets far from zero", async () => {
  const { verdict, givenVerdict, reason, best, attempts } = await onSums(20);
  assertEquals([verdict, givenVerdict, reason, best], ["fails", "fails", "by heart", 0]);
  // Another rate learns the batch too, and proves no more.
  assertEquals(attempts.map(({ verdict }) => verdict), ["fails", "learns"]);
  assertEquals(attempts[0].fit! > 0.5 && attempts[0].heldOut! > 3, true);
  const near = await onSums(0);
  assertEquals([near.verdict, near.reason, near.attempts[0].heldOut], ["learns", null, undefined]);
  // Which rate trains a network that is not compiled, the batch does not say.
  assertEquals((await onSums(20, false)).verdict, "learns");
});
