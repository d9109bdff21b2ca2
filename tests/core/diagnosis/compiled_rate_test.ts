import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { startEngine } from "../../../src/engine/start/start_engine.ts";
import type { TensorFlow } from "../../../src/engine/tensorflow.ts";
import { examine } from "../../../src/core/diagnosis/examine/examine.ts";
import { savedOptimizer } from "../../../src/keras/compile_as_saved.ts";
import { measure } from "../../../src/core/measure/measure.ts";
import { describeRates } from "../../../src/core/rules/describe_trial.ts";
import { renderJson } from "../../../src/core/text/report_document.ts";
import { triedWords } from "../../../src/core/text/render_diagnosis.ts";

/** A network that learns a linear map, compiled with Adam at a rate. */
function compiled(tf: TensorFlow, rate: number) {
  const dense = (units: number, seed: number, inputs: number, activation: "relu" | "linear") =>
    tf.layers.dense({
      units,
      activation,
      inputShape: [inputs],
      kernelInitializer: tf.initializers.heNormal({ seed }),
    });
  const model = tf.sequential({ layers: [dense(32, 1, 8, "relu"), dense(1, 2, 32, "linear")] });
  const optimizer = tf.train.adam(rate);
  model.compile({ optimizer, loss: "meanSquaredError" });
  const inputs = tf.randomNormal([64, 8], 0, 1, "float32", 7);
  const targets = tf.tidy(() => tf.sum(tf.slice(inputs, [0, 0], [64, 2]), 1, true));
  return { model, batch: { inputs, targets }, optimizer };
}

Deno.test("examine() advises and tries the rate that a search finds, and puts the compiled one back", async () => {
  await using engine = await startEngine();
  const { model, batch, optimizer } = compiled(engine.tf, 3);
  const { diagnosis, findings, rates, fixedTrial } = await examine(model, batch);
  const [cause] = diagnosis.causes;
  // Adam learns at another rate, which says nothing about this one.
  assertEquals([cause.kind, cause.severity], ["learning-rate", "error"]);
  const finding = findings.find(({ rule }) => rule === "learning-rate")!;
  assertEquals(finding.severity, "error");
  assert(rates !== null && "suggested" in rates && rates.suggested !== null);
  const to = rates.suggested.learningRate;
  assertEquals(finding.fix, `Compile it with a learning rate of ${to}.`);
  assertEquals(cause.fixes, [{ kind: "learning-rate", from: 3, to }]);
  assertEquals(diagnosis.rates, { said: describeRates(rates), search: rates });
  assertEquals(triedWords(cause).join(), "Tried: the model is then HEALTHY.");
  assert(fixedTrial !== null && "attempts" in fixedTrial);
  assertEquals(fixedTrial.attempts[0].learningRate, to);
  assertEquals(optimizer.getConfig().learningRate, 3);
  model.dispose();
});

Deno.test("examine() advises the first usual rate if it may not train", async () => {
  await using engine = await startEngine();
  const { model, batch } = compiled(engine.tf, 3);
  const { diagnosis: { causes: [cause] }, rates } = await examine(model, batch, { trial: "off" });
  assertEquals(rates, null);
  assertEquals(cause.fixes, [{ kind: "learning-rate", from: 3, to: 1e-3 }]);
  model.dispose();
});

Deno.test("examine() advises the same rate if only the trial sees that the compiled one fails", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const { model, batch } = compiled(tf, 1e-3);
  // Usual for SGD, but these targets are large: the loss is not finite after some steps.
  const targets = tf.tidy(() => tf.mul(batch.targets, 30));
  const optimizer = tf.train.sgd(0.3);
  model.compile({ optimizer, loss: "meanSquaredError" });
  const examined = await examine(model, { ...batch, targets }, { trial: "always" });
  const { diagnosis: { causes }, rates } = examined;
  assert(rates !== null && "suggested" in rates && rates.suggested !== null);
  const { learningRate: to } = rates.suggested;
  const cause = causes.find(({ kind }) => kind === "learning-rate")!;
  assertEquals(cause.fixes, [{
    kind: "learning-rate",
    from: optimizer.getConfig().learningRate as number,
    to,
  }]);
  assertStringIncludes(cause.message, "it does at " + to);
  assertEquals(cause.findings[0].fix, `Compile it with a learning rate of ${to}.`);
  model.dispose();
});

Deno.test("examine() searches the rate of a healthy network if asked", async () => {
  await using engine = await startEngine();
  const { model, batch } = compiled(engine.tf, 1e-3);
  assertEquals((await examine(model, batch)).rates, null);
  const { rates, diagnosis } = await examine(model, batch, { rates: true, trial: 20 });
  assert(rates !== null && "rates" in rates);
  assertEquals([rates.steps, diagnosis.verdict], [20, "healthy"]);
  const json = renderJson(await measure(model, batch), [], { diagnosis });
  assertEquals(JSON.parse(json).diagnosis.rates.search.suggested, rates.suggested);
  model.dispose();
});

Deno.test("examine() finds nothing wrong with a usual learning rate", async () => {
  await using engine = await startEngine();
  const { model, batch } = compiled(engine.tf, 1e-3);
  assertEquals((await examine(model, batch)).diagnosis.causes, []);
  model.dispose();
});

Deno.test("examine() calls no optimizer of a file healthy at an absurd rate", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const { model, batch } = compiled(tf, 1e-3);
  const decay = { initial_learning_rate: 5, decay_steps: 100, decay_rate: 0.9 };
  for (
    const [class_name, learning_rate, more] of [
      ["SGD", 50, { momentum: 0.9 }],
      ["AdamW", 1, { weight_decay: 0.004 }],
      ["Nadam", 1, {}],
      ["Lion", 1, {}],
      ["RMSprop", 1, { momentum: 0.9 }],
      ["Adam", { class_name: "ExponentialDecay", config: decay }, {}],
    ] as const
  ) {
    const saved = { class_name, config: { learning_rate, ...more } };
    const optimizer = savedOptimizer(tf, { optimizer: saved });
    model.compile({ optimizer, loss: "meanSquaredError" });
    const { diagnosis: { causes } } = await examine(model, batch);
    assertEquals(causes.map(({ kind }) => kind), ["learning-rate"], class_name);
  }
  model.dispose();
});

Deno.test("examine() names the setting of an optimizer that keeps it from learning, not its rate", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const of = async (class_name: string, config: object, learning_rate = 1e-3) => {
    const { model, batch } = compiled(tf, 1e-3);
    const optimizer = savedOptimizer(tf, {
      optimizer: { class_name, config: { learning_rate, ...config } },
    });
    model.compile({ optimizer, loss: "meanSquaredError" });
    const before = tf.memory().numTensors;
    const { diagnosis: { causes } } = await examine(model, batch);
    assertEquals(model.optimizer, optimizer);
    assertEquals(tf.memory().numTensors, before);
    model.dispose();
    return causes.filter(({ severity }) => severity === "error");
  };
  for (
    const [class_name, config, words] of [
      ["AdamW", { weight_decay: 100 }, "a weight decay of 100"],
      ["Adam", { clipvalue: 1e-12 }, "a clipvalue of 1e-12"],
      ["Adam", { clipnorm: 1e-12 }, "a clipnorm of 1e-12"],
      ["Adam", { global_clipnorm: 1e-12 }, "a global clipnorm of 1e-12"],
      [
        "Adam",
        { use_ema: true, ema_momentum: 0.9999, ema_overwrite_frequency: 1 },
        "an average of the weights",
      ],
    ] as const
  ) {
    const [{ kind, message, fixes, tried }, ...others] = await of(class_name, config);
    assertEquals([kind, others], ["optimizer-settings", []]);
    assertStringIncludes(message, `by ${class_name} with ${words}; it does without.`);
    assertEquals(fixes, [{ kind: "rebuild", what: `Compile ${class_name} without ${words}.` }]);
    assertEquals(tried?.left, 0);
  }
  assertEquals(await of("AdamW", { weight_decay: 0.01 }), []);
  // Without clipping, this rate does not learn either.
  const causes = await of("Adam", { clipnorm: 1 }, 3);
  assertEquals(causes.map(({ kind }) => kind), ["learning-rate"]);
});

/** A network for a parabola up to 125, compiled with SGD at a rate. */
function parabola(tf: TensorFlow, rate: number) {
  const dense = (units: number, seed: number, inputs: number) =>
    tf.layers.dense({
      units,
      activation: units === 1 ? "linear" : "relu",
      inputShape: [inputs],
      kernelInitializer: tf.initializers.glorotUniform({ seed }),
    });
  const model = tf.sequential({ layers: [dense(50, 1, 1), dense(30, 2, 50), dense(1, 3, 30)] });
  model.compile({ optimizer: tf.train.sgd(rate), loss: "meanSquaredError" });
  const inputs = tf.tensor2d(Array.from({ length: 32 }, (_, i) => [(i * 13 % 32) / 6.4]));
  return { model, batch: { inputs, targets: tf.tidy(() => tf.mul(5, tf.square(inputs))) } };
}

Deno.test("examine() blames a usual rate that comes to guessing where another rate learns", async () => {
  await using engine = await startEngine();
  const dead = parabola(engine.tf, 0.1);
  const { diagnosis, trial } = await examine(dead.model, dead.batch);
  assertEquals(diagnosis.verdict, "sick");
  // With smaller targets this rate learns, so they come first.
  assertEquals(diagnosis.causes.slice(0, 2).map(({ kind, severity }) => [kind, severity]), [
    ["targets", "error"],
    ["learning-rate", "error"],
  ]);
  assert(trial !== null && "attempts" in trial);
  const { repeated, steps, verdict } = trial.attempts[0];
  assertEquals([repeated, steps, verdict], [true, 300, "fails"]);
  const fine = parabola(engine.tf, 1e-3);
  const healthy = (await examine(fine.model, fine.batch)).diagnosis;
  assert(!healthy.causes.some(({ severity }) => severity === "error"), healthy.verdict);
  dead.model.dispose();
  fine.model.dispose();
});
