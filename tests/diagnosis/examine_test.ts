import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { startEngine } from "../../src/engine/start/start_engine.ts";
import type { LayersModel, TensorFlow } from "../../src/engine/tensorflow.ts";
import { examine } from "../../src/diagnosis/examine/examine.ts";
import { getWeights } from "../../src/model/weights/set_weights.ts";
import { patient } from "../networks/patients.ts";

/** A regression on eight numbers that learns unless something is done to it. */
function regression(
  tf: TensorFlow,
  { dropout, l2, scale = 1, rate }: {
    dropout?: number;
    l2?: number;
    scale?: number;
    rate?: number;
  },
) {
  const kernelRegularizer = l2 === undefined ? undefined : tf.regularizers.l2({ l2 });
  const dense = (units: number, seed: number, inputShape?: number[]) =>
    tf.layers.dense({
      units,
      activation: units === 1 ? "linear" : "relu",
      kernelInitializer: tf.initializers.heNormal({ seed }),
      kernelRegularizer,
      ...inputShape === undefined ? {} : { inputShape },
    });
  const model = tf.sequential({
    layers: [
      dense(32, 1, [8]),
      ...dropout === undefined ? [] : [tf.layers.dropout({ rate: dropout, name: "drop_1" })],
      dense(32, 2),
      ...dropout === undefined ? [] : [tf.layers.dropout({ rate: dropout, name: "drop_2" })],
      dense(1, 3),
    ],
  });
  if (rate !== undefined) {
    model.compile({ optimizer: tf.train.sgd(rate), loss: "meanSquaredError" });
  }
  const inputs = tf.randomNormal([64, 8], 0, 1, "float32", 7);
  const targets = tf.tidy(() =>
    tf.mul(tf.add(tf.sum(tf.slice(inputs, [0, 0], [64, 4]), 1, true), 3), scale)
  );
  return { model, batch: { inputs, targets } };
}

const options = { objective: "meanSquaredError", trial: "always" } as const;

async function cause(tf: TensorFlow, fault: Parameters<typeof regression>[1]) {
  const { model, batch } = regression(tf, fault);
  const weights = getWeights(model);
  const { diagnosis, findings, trial } = await examine(model, batch, options);
  assertEquals(getWeights(model), weights);
  model.dispose();
  tf.dispose([batch.inputs, batch.targets]);
  return { verdict: diagnosis.verdict, cause: diagnosis.causes[0], findings, trial };
}

Deno.test("examine() finds what only training shows, with trial: always", async (t) => {
  await using engine = await startEngine();
  const { tf } = engine;
  await t.step("nothing in a healthy network", async () => {
    const { verdict, trial } = await cause(tf, {});
    assertEquals(verdict, "healthy");
    assert(trial !== null && "verdict" in trial);
    assertEquals(trial.verdict, "learns");
  });
  await t.step("dropout of 0.95", async () => {
    const { verdict, cause: found } = await cause(tf, { dropout: 0.95 });
    assertEquals(verdict, "sick");
    assertEquals(found.kind, "dropout");
    assertEquals(found.layers, ["drop_1", "drop_2"]);
    assertStringIncludes(found.message, "2 layers of dropout in a row, drop_1, drop_2, keep 0.3 %");
  });
  await t.step("penalties of 100", async () => {
    const { verdict, cause: found } = await cause(tf, { l2: 100 });
    assertEquals(verdict, "sick");
    assertEquals(found.kind, "penalties");
  });
  await t.step("targets of 100,000", async () => {
    const { verdict, cause: found } = await cause(tf, { scale: 1e5 });
    assertEquals(verdict, "sick");
    assertEquals(found.kind, "targets");
    assertEquals(found.tried?.worked, true);
  });
  await t.step("a compiled learning rate of 50", async () => {
    const { verdict, cause: found } = await cause(tf, { rate: 50 });
    assertEquals(verdict, "sick");
    assertEquals(found.kind, "learning-rate");
    assertStringIncludes(found.message, "a learning rate of 50, above the usual range of SGD");
    assertEquals(found.fixes, [{ kind: "learning-rate", from: 50, to: 0.01 }]);
    assertEquals(found.tried?.worked, true);
  });
});

Deno.test("examine() makes a warning of an error whose network learns its batch", async () => {
  await using engine = await startEngine();
  const examined = async (model: LayersModel, trial: "auto" | "off") => {
    const { batch, objective } = patient(engine.tf, { std: 1e-3 });
    return await examine(model, batch, { objective, trial });
  };
  const { model } = patient(engine.tf, { std: 1e-3 });
  const untried = await examined(model, "off");
  assertEquals(untried.diagnosis.verdict, "sick");
  assertEquals(untried.trial, null);
  const tried = await examined(model, "auto");
  assertEquals(tried.diagnosis.verdict, "weak");
  assertEquals(tried.diagnosis.causes.map(({ kind, severity }) => `${severity} ${kind}`), [
    "warning kernel-scale",
  ]);
  const [{ message }] = tried.findings;
  assertStringIncludes(
    message,
    "Only a warning, because the network learns its batch: in 40 steps of Adam",
  );
  model.dispose();
});

Deno.test("examine() trains also a network in which no rule finds anything, if that fits the budget", async () => {
  await using engine = await startEngine();
  const { model, batch, objective } = patient(engine.tf);
  const options = { objective, trialBudget: 10 };
  const { trial, findings, diagnosis } = await examine(model, batch, options);
  assert(trial !== null && "verdict" in trial);
  assertEquals([trial.verdict, findings, diagnosis.verdict], ["learns", [], "healthy"]);
  const { trial: skipped } = await examine(model, batch, { ...options, trialBudget: 1e-3 });
  assert(skipped !== null && "skipped" in skipped);
  assertEquals((await examine(model, batch, { ...options, trial: "off" })).trial, null);
  model.dispose();
});

Deno.test("examine() trains an ill network, and once more with the fixes", async () => {
  await using engine = await startEngine();
  const { model, batch, objective } = patient(engine.tf, { bias: -10 });
  const { trial, fixedTrial } = await examine(model, batch, { objective });
  assert(trial !== null && "verdict" in trial && fixedTrial !== null && "verdict" in fixedTrial);
  assertEquals([trial.verdict, fixedTrial.verdict], ["fails", "learns"]);
  model.dispose();
});
