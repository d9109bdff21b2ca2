import { assertEquals } from "@std/assert";
import { examine } from "../../../src/core/diagnosis/examine/mod.ts";
import { startEngine } from "../../../src/engine/start/start_engine.ts";
import type { LayersModel, TensorFlow } from "../../../src/engine/tensorflow.ts";

/** Three small layers, each under heavy dropout: 300 steps let them start, 120 do not. */
function dropping({ layers, initializers, sequential }: TensorFlow, rate: number): LayersModel {
  const draw = (seed: number) => ({ kernelInitializer: initializers.glorotNormal({ seed }) });
  const hidden = [1, 2, 3].flatMap((seed) => [
    layers.dense({ units: 8, activation: "relu", inputShape: [8], ...draw(seed) }),
    layers.dropout({ rate }),
  ]);
  return sequential({
    layers: [...hidden, layers.dense({ units: 1, activation: "sigmoid", ...draw(9) })],
  });
}

Deno.test("examine() gives a late starter under dropout more steps before it stands as an error", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const inputs = tf.randomNormal([32, 8], 0, 1, "float32", 3);
  const targets = tf.tidy(() =>
    tf.cast(tf.greater(tf.slice(inputs, [0, 0], [32, 1]), 0), "float32")
  );
  const judge = async (rate: number) => {
    const model = dropping(tf, rate);
    const options = { objective: "binaryCrossentropy" } as const;
    const { findings, trial } = await examine(model, { inputs, targets, seed: 1 }, options);
    const finding = findings.find(({ rule }) => rule === "regularization");
    const steps = trial !== null && "attempts" in trial
      ? Math.max(...trial.attempts.map(({ steps }) => steps))
      : 0;
    model.dispose();
    return { kind: finding?.kind, severity: finding?.severity, isLate: steps === 300 };
  };
  const kind = "stacked-dropout";
  assertEquals(await judge(0.75), { kind, severity: "warning", isLate: true });
  assertEquals(await judge(0.95), { kind, severity: "error", isLate: false });
  tf.dispose([inputs, targets]);
});

Deno.test("examine() gives a late starter with another error twice the steps, and no more", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const inputs = tf.randomNormal([32, 2], 0, 1, "float32", 3);
  const targets = tf.tidy(() =>
    tf.cast(tf.greater(tf.slice(inputs, [0, 0], [32, 1]), 0), "float32")
  );
  const judge = async (stddev: number) => {
    const dense = (units: number, seed: number, activation: "relu" | "sigmoid") =>
      tf.layers.dense({
        units,
        activation,
        kernelInitializer: tf.initializers.randomNormal({ stddev, seed }),
        ...seed === 1 ? { inputShape: [2] } : {},
      });
    const hidden = [1, 2, 3, 4, 5, 6, 7].map((seed) => dense(16, seed, "relu"));
    const model = tf.sequential({ layers: [...hidden, dense(1, 100, "sigmoid")] });
    const options = { objective: "binaryCrossentropy", seed: 1 } as const;
    const { findings, trial } = await examine(model, { inputs, targets }, options);
    model.dispose();
    const finding = findings.find(({ rule }) => rule === "activation-scale");
    const steps = trial !== null && "attempts" in trial
      ? trial.attempts.map(({ steps, verdict }) => `${verdict} ${steps}`)
      : [];
    return { kind: finding?.kind, severity: finding?.severity, steps: steps.slice(0, 2) };
  };
  const kind = "too-small";
  assertEquals(await judge(0.035), {
    kind,
    severity: "warning",
    steps: ["fails 40", "learns 44"],
  });
  assertEquals(await judge(0.03), { kind, severity: "error", steps: ["fails 40", "fails 40"] });
  tf.dispose([inputs, targets]);
});
