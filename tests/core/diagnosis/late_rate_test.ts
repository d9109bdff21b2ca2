import { assertEquals } from "@std/assert";
import { examine } from "../../../src/core/diagnosis/examine/mod.ts";
import { startEngine } from "../../../src/engine/start/start_engine.ts";
import type { Tensor } from "../../../src/engine/tensorflow.ts";

Deno.test("examine() only warns of a rate if another one learns late, after 108 steps and not after 99", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const inputs = tf.randomNormal([32, 1], 0, 1, "float32", 3);
  const targets = tf.tidy(() => tf.cast(tf.greater(inputs, 0.1), "float32"));
  const judge = async (units: number) => {
    const dense = (units: number, seed: number) =>
      tf.layers.dense({
        units,
        activation: "sigmoid",
        kernelInitializer: tf.initializers.randomNormal({ stddev: 0.05, seed }),
        ...seed === 1 ? { inputShape: [1] } : {},
      });
    const model = tf.sequential({ layers: [dense(units, 1), dense(1, 2)] });
    model.compile({ optimizer: tf.train.adam(3e-4), loss: "binaryCrossentropy" });
    const { diagnosis, trial } = await examine(model, { inputs, targets }, { seed: 1 });
    model.dispose();
    const steps = trial !== null && "attempts" in trial ? trial.attempts[trial.best!].steps : 0;
    const cause = diagnosis.causes.find(({ findings }) =>
      findings.some(({ kind }) => kind === "learning-rate")
    );
    return `${diagnosis.verdict} ${cause?.severity} after ${steps}`;
  };
  assertEquals(await judge(11), "weak warning after 108");
  assertEquals(await judge(12), "sick error after 99");
  tf.dispose([inputs, targets]);
});

Deno.test("examine() blames a rate that keeps the loss of numbers above guessing, and warns of one below", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const inputs = tf.randomNormal([32, 8], 0, 1, "float32", 3);
  const judge = async (offset: number) => {
    const targets = tf.tidy(() =>
      tf.add(offset, tf.sum(tf.slice(inputs, [0, 0], [32, 4]), 1, true)) as Tensor
    );
    const dense = (units: number, seed: number, activation: "relu" | "linear") =>
      tf.layers.dense({
        units,
        activation,
        kernelInitializer: tf.initializers.heNormal({ seed }),
        ...seed === 1 ? { inputShape: [8] } : {},
      });
    const model = tf.sequential({
      layers: [dense(64, 1, "relu"), dense(64, 2, "relu"), dense(1, 2, "linear")],
    });
    model.compile({ optimizer: tf.train.adam(1e-3), loss: "meanSquaredError" });
    const { diagnosis: { verdict, causes: [cause] }, trial } = await examine(
      model,
      { inputs, targets },
      { seed: 1 },
    );
    model.dispose();
    targets.dispose();
    const given = trial !== null && "attempts" in trial ? trial.attempts[0] : null;
    return {
      verdict,
      cause: `${cause.kind} (${cause.severity})`,
      steps: given?.steps,
      isAbove: given !== null && given.fit! < 0,
    };
  };
  const cause = { steps: 300, cause: "targets (error)" };
  assertEquals(await judge(20), { ...cause, verdict: "sick", isAbove: true });
  const warned = { steps: 300, cause: "targets (warning)" };
  assertEquals(await judge(16), { ...warned, verdict: "weak", isAbove: false });
  inputs.dispose();
});
