import { assertEquals } from "@std/assert";
import { examine } from "../../src/diagnosis/examine/mod.ts";
import { startEngine } from "../../src/engine/start/start_engine.ts";

Deno.test("examine() only warns of a rate if another one learns late, after 95 steps and not after 80", async () => {
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
  assertEquals(await judge(8), "weak warning after 95");
  assertEquals(await judge(16), "sick error after 80");
  tf.dispose([inputs, targets]);
});
