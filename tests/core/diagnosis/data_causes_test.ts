import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { runRules } from "../../../src/core/rules/judge_rule.ts";
import type { Fix, FixMoments } from "../../../src/core/diagnosis/fix.ts";
import { describeFix, fixCode } from "../../../src/core/diagnosis/fix_words.ts";
import { diagnose } from "../../../src/core/diagnosis/diagnose.ts";
import { startEngine } from "../../../src/engine/start/start_engine.ts";
import type { TensorFlow } from "../../../src/engine/tensorflow.ts";
import { applyFix, type FixSubject } from "../../../src/core/diagnosis/examine/apply_fixes.ts";
import { examine } from "../../../src/core/diagnosis/examine/examine.ts";
import { tryFixes } from "../../../src/core/diagnosis/examine/try_fixes.ts";
import { measure } from "../../../src/core/measure/measure.ts";
import { getWeights } from "../../../src/core/model/weights/model_weights.ts";
import { mixers, queriesAndKeys, regression, words } from "../../networks/patients.ts";
import { assertRefused } from "../../assert_refused.ts";

const measured = ({ model, batch, objective }: FixSubject) => measure(model, batch, { objective });

async function judged(subject: FixSubject) {
  const measurements = await measured(subject);
  return { measurements, diagnosis: diagnose(measurements, runRules(measurements)) };
}

function dispose(tf: TensorFlow, { model, batch }: FixSubject) {
  model.dispose();
  tf.dispose([batch.inputs, batch.targets ?? []]);
}

const square = (std: number) => ({ name: "w", std, shape: (width: number) => [width, width] });

/** A fault, the cause that is to come first, and the first of the fixes that works. */
interface Row {
  make(tf: TensorFlow): FixSubject;
  kind: string;
  layers?: string[];
  says: string;
  fix: string | null;
}

const EACH =
  ": subtract its mean over the training set and divide by its standard deviation, or by 1 if it never " +
  "varies.";

const ILL: Record<string, Row> = {
  "one feature 1000 times the others": {
    make: (tf) => regression(tf, { features: [1000] }),
    kind: "input",
    says: 'One feature of the input "dense_1_input" varies 971 times as much as the others',
    fix: `Normalise each feature of the input "dense_1_input"${EACH}`,
  },
  "examples that differ by 0.005 of what they have in common": {
    make: (tf) => regression(tf, { apart: 0.005 }),
    kind: "input",
    says: 'The examples of the input "dense_1_input" are nearly identical',
    fix: `Normalise each entry of the input "dense_1_input"${EACH}`,
  },
  "one example 32 times": {
    make: (tf) => regression(tf, { apart: 0 }),
    kind: "input",
    says: 'All examples of the input "dense_1_input" are identical',
    fix: null,
  },
  "one output 100,000 times the other": {
    make: (tf) => regression(tf, { targets: [1, 1e5] }),
    kind: "targets",
    says: "One output of the targets of head varies 8.83e4 times as much as the others",
    fix: `Normalise each output of the targets of head${EACH}`,
  },
  "targets of 946 with a deviation of 30": {
    make: (tf) => regression(tf, { targets: [20], offset: 946 }),
    kind: "targets",
    says: "The mean of the targets of head is 938, 32 of their standard deviations from",
    fix: "Normalise the targets of head: subtract 938 and divide by 29.3.",
  },
  "matrices of custom layers 288 times too large": {
    make: (tf) => mixers(tf, [square(100)]),
    kind: "kernel-scale",
    layers: ["mixer_1", "mixer_2"],
    says: "The kernels of mixer_1, mixer_2 are about 288 times too large.",
    fix: "Multiply the kernels of mixer_1, mixer_2 by 1/288.",
  },
  "queries and keys of zeros in one layer": {
    make: (tf) => words(tf, { std: 1, by: "attention", query: 0, key: 0 }),
    kind: "mutual-zeros",
    layers: ["attention"],
    says: "attention/query_kernel and attention/key_kernel are all zeros",
    fix: 'Draw the kernels of attention with kernelInitializer: "leCunUniform".',
  },
  "an embedding of zeros under relu": {
    make: (tf) => words(tf, { std: 0 }),
    kind: "constant-weights",
    layers: ["embedding"],
    says: "All entries of the table of embedding are 0",
    fix: "Draw embedding/embeddings",
  },
};

Deno.test("diagnose() names the cause in the data first, and the fix that works", async (t) => {
  await using engine = await startEngine();
  const { tf } = engine;
  for (const [name, { make, kind, layers = [], says, fix }] of Object.entries(ILL)) {
    await t.step(name, async () => {
      const subject = make(tf);
      const weights = getWeights(subject.model);
      const before = await judged(subject);
      const [cause, ...others] = before.diagnosis.causes;
      assertEquals(before.diagnosis.verdict, "sick");
      assertEquals({ kind: cause.kind, layers: cause.layers }, { kind, layers });
      assertEquals(others.map(({ kind }) => kind), []);
      assertStringIncludes(cause.message, says);
      const tensors = tf.memory().numTensors;
      const { fixes, after } = await tryFixes(tf, subject, before, { examine: judged });
      assertEquals(tf.memory().numTensors, tensors);
      assertEquals(getWeights(subject.model), weights);
      if (fix === null) assertEquals(fixes, []);
      else {
        assertStringIncludes(describeFix(fixes[0], before.measurements.layers), fix);
        assertEquals(after.verdict, "healthy");
      }
      dispose(tf, subject);
    });
  }
});

/** Unusual, and no more than that: what one pass warns of, and what it says nothing of. */
const MILD: Record<string, { make: Row["make"]; causes: string[] }> = {
  "queries and keys of zeros in dense layers": {
    make: (tf) => queriesAndKeys(tf, 0),
    causes: ["warning mutual-zeros query, key"],
  },
  "queries and keys that are drawn": { make: (tf) => queriesAndKeys(tf, 0.25), causes: [] },
  "an embedding of deviation 10": {
    make: (tf) => words(tf, { std: 10 }),
    causes: ["warning embedding-scale embedding"],
  },
  "an embedding of deviation 1": { make: (tf) => words(tf, { std: 1 }), causes: [] },
  "an embedding of zeros that gets a gradient": {
    make: (tf) => words(tf, { std: 0, activation: "tanh" }),
    causes: ["warning embedding-zeros embedding"],
  },
  "logits by an embedding of deviation 1": {
    make: (tf) => words(tf, { std: 1, tied: true, width: 256 }),
    causes: ["warning tied-embedding embedding, logits"],
  },
  "logits by an embedding of deviation 1/16": {
    make: (tf) => words(tf, { std: 1 / 16, tied: true, width: 256 }),
    causes: [],
  },
  "custom layers of usual matrices beside a large gamma": {
    make: (tf) => mixers(tf, [square(0.35), { name: "gamma", std: 50, shape: (n) => [n] }]),
    causes: [],
  },
  "a constant feature": { make: (tf) => regression(tf, { constant: [2] }), causes: [] },
  "targets of 946 with a deviation of 315, which Adam takes": {
    make: (tf) => regression(tf, { targets: [220], offset: 946 }),
    causes: ["warning targets "],
  },
  "outputs of 1 and 1000, of which Adam learns the larger": {
    make: (tf) => regression(tf, { targets: [1, 1000] }),
    causes: ["warning targets "],
  },
  "outputs of 1 and 10": { make: (tf) => regression(tf, { targets: [1, 10] }), causes: [] },
};

Deno.test("diagnose() warns of what is unusual, with its cause, and of nothing else", async (t) => {
  await using engine = await startEngine();
  const { tf } = engine;
  for (const [name, { make, causes }] of Object.entries(MILD)) {
    await t.step(name, async () => {
      const subject = make(tf);
      const { diagnosis } = await judged(subject);
      assertEquals(
        diagnosis.causes.map(({ severity, kind, layers }) =>
          `${severity} ${kind} ${layers.join(", ")}`
        ),
        causes,
      );
      dispose(tf, subject);
    });
  }
});

Deno.test("examine() finds examples that an offset makes alike, and trains without it", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const subject = regression(tf, { apart: 0.02 });
  const { diagnosis, fixedTrial } = await examine(subject.model, subject.batch, {
    objective: "meanSquaredError",
  });
  const [cause] = diagnosis.causes;
  assertEquals([cause.kind, cause.tried?.worked], ["input", true]);
  assertStringIncludes(cause.message, "only 3.03e-4 of its second moment differs");
  assert(fixedTrial !== null && "verdict" in fixedTrial);
  assertEquals(fixedTrial.verdict, "learns");
  dispose(tf, subject);
});

Deno.test("fixCode() writes how each feature is normalised", () => {
  const fix = { kind: "normalize-input", input: "x", index: 0, mean: 2, std: 3 } as const;
  assertEquals(fixCode(fix), "inputs.sub(2).div(3)");
  assertEquals(
    fixCode({ ...fix, each: { what: "feature", axes: [0, 1] } }),
    "const { mean, variance } = tf.moments(inputs, [0, 1], true);\n" +
      "const std = variance.sqrt();\n" +
      "const varies = std.greater(mean.abs().mul(0.000001));\n" +
      "inputs.sub(mean).div(tf.where(varies, std, tf.onesLike(std)))",
  );
});

Deno.test("fixCode() does to features that never vary what applying the fix does: no division by 0", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const drawn = tf.randomNormal([32, 2], 5, 3, "float32", 1);
  const inputs = tf.concat([drawn, tf.fill([32, 1], 1000.1), tf.zeros([32, 1])], 1);
  const each: FixMoments["each"] = { what: "feature", axes: [0] };
  const fix: Fix = { kind: "normalize-input", input: "x", index: 0, mean: 2, std: 3, each };
  const [last, ...lines] = fixCode(fix)!.split("\n").toReversed();
  const code = [...lines.toReversed(), `return ${last}`].join("\n");
  const printed = new Function("tf", "inputs", code)(tf, inputs) as typeof inputs;
  const subject = { model: null as never, batch: { inputs }, objective: undefined };
  const applied = applyFix(tf, subject, fix)!;
  assertEquals(printed.arraySync(), (applied.subject.batch.inputs as typeof inputs).arraySync());
  const largest = (column: number) => printed.slice([0, column], [32, 1]).abs().max().dataSync()[0];
  assert(largest(0) > 1 && largest(0) < 10);
  assert(largest(2) < 0.01);
  assertEquals(largest(3), 0);
  applied.undo();
});

Deno.test("fixCode() sets a bias in the words of each framework", () => {
  const weights = [{ layer: "dense", weight: "dense/bias" }];
  const code = (value: number, framework: "keras" | undefined) =>
    fixCode({ kind: "set-bias", weights, value, framework });
  assertEquals(code(0, undefined), 'biasInitializer: "zeros"  // in dense');
  assertEquals(code(0, "keras"), 'bias_initializer="zeros"  # in dense');
  assertEquals(
    code(2.5, "keras"),
    "bias_initializer=keras.initializers.Constant(2.5)  # in dense",
  );
});

Deno.test("fixCode() refuses an initialiser that is not a text", () => {
  const weights = [{ layer: "dense", weight: "dense/kernel", factor: 2, std: 1 }];
  for (const kind of ["rescale", "redraw"] as const) {
    const fix = { kind, weights, initializer: {} } as unknown as Fix;
    assertRefused(() => fixCode(fix), {
      place: "fix.initializer",
      found: "an object",
      expected: "a text",
    });
  }
});
