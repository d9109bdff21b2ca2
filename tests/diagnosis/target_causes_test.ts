import { assertEquals, assertStringIncludes } from "@std/assert";
import { runRules } from "../../src/rules/run_rules.ts";
import { fixCode } from "../../src/diagnosis/fix_words.ts";
import { diagnose } from "../../src/diagnosis/diagnose.ts";
import { startEngine } from "../../src/engine/start/start_engine.ts";
import type { TensorFlow } from "../../src/engine/tensorflow.ts";
import { applyFix, type FixSubject } from "../../src/diagnosis/examine/apply_fixes.ts";
import { measure } from "../../src/measure/measure.ts";

/** A network on eight numbers, and targets of this mean and deviation for it. */
function regression(
  tf: TensorFlow,
  { mean = 0, std = 1, head = "linear" }: {
    mean?: number;
    std?: number;
    head?: "linear" | "sigmoid";
  },
): FixSubject {
  const dense = (units: number, seed: number, activation: "relu" | "linear" | "sigmoid") =>
    tf.layers.dense({
      name: units === 1 ? "head" : `dense_${seed}`,
      units,
      activation,
      kernelInitializer: tf.initializers.heNormal({ seed }),
      inputShape: seed === 1 ? [8] : undefined,
    });
  const model = tf.sequential({
    layers: [dense(32, 1, "relu"), dense(32, 2, "relu"), dense(1, 3, head)],
  });
  const inputs = tf.randomNormal([32, 8], 0, 1, "float32", 7);
  const targets = tf.tidy(() => tf.add(tf.mul(tf.slice(inputs, [0, 0], [32, 1]), std), mean));
  const objective = head === "linear" ? "meanSquaredError" : "binaryCrossentropy";
  return { model, batch: { inputs, targets }, objective };
}

async function judged({ model, batch, objective }: FixSubject) {
  const measurements = await measure(model, batch, { objective });
  return diagnose(measurements, runRules(measurements));
}

/** What is wrong, the cause that comes first, and the fixes, each of which is to work by itself. */
const ILL: Record<string, [Parameters<typeof regression>[1], string, string[]]> = {
  "targets 60 deviations from 0": [
    { mean: 60 },
    "The mean of the targets of head is 59.6, 60 of their standard deviations",
    [
      "targets.sub(59.58).div(0.9896)",
      "biasInitializer: tf.initializers.constant({ value: 59.58 })  // in head",
    ],
  ],
  "targets of 50,000": [
    { std: 5e4 },
    "The targets of head are out of scale: their rms is 5.37e4",
    ["targets.sub(-20930).div(49480)"],
  ],
  "targets that the outputs drown": [
    { std: 0.02 },
    "The targets of head are out of scale: their standard deviation is 0.0198",
    ["targets.sub(-0.008374).div(0.01979)"],
  ],
  "shares of a thousandth for a sigmoid": [
    { mean: 0.003, std: 0.001, head: "sigmoid" },
    "The mean of the targets of head is 0.00258",
    ["targets.div(0.004697)"],
  ],
};

Deno.test("diagnose() blames targets that the network does not reach, and each fix works by itself", async (t) => {
  await using engine = await startEngine();
  const { tf } = engine;
  for (const [name, [fault, says, codes]] of Object.entries(ILL)) {
    await t.step(name, async () => {
      const subject = regression(tf, fault);
      const { verdict, causes: [cause, ...others] } = await judged(subject);
      assertEquals([verdict, cause.kind, others], ["sick", "targets", []]);
      assertStringIncludes(cause.message, says);
      assertEquals(cause.fixes.map(fixCode), codes);
      for (const fix of cause.fixes) {
        const fixed = applyFix(tf, subject, fix)!;
        assertEquals((await judged(fixed.subject)).causes, []);
        fixed.undo();
      }
    });
  }
});

Deno.test("diagnose() leaves targets alone that the network reaches", async (t) => {
  await using engine = await startEngine();
  for (const fault of [{}, { mean: 4 }, { std: 9 }, { std: 0.5 }]) {
    await t.step(JSON.stringify(fault), async () => {
      assertEquals((await judged(regression(engine.tf, fault))).causes, []);
    });
  }
  await t.step("outputs 100 times too large", async () => {
    const subject = regression(engine.tf, {});
    const [kernel, bias] = subject.model.layers[2].getWeights();
    subject.model.layers[2].setWeights([engine.tf.mul(kernel, 100), bias]);
    const { causes } = await judged(subject);
    assertEquals(causes.map(({ kind }) => kind), ["kernel-scale"]);
  });
});
