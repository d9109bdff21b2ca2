import { assertEquals, assertStringIncludes } from "@std/assert";
import { runRules } from "../../../src/core/rules/judge_rule.ts";
import { describeFix, fixCode } from "../../../src/core/diagnosis/fix_words.ts";
import { diagnose } from "../../../src/core/diagnosis/diagnose.ts";
import { startEngine } from "../../../src/engine/start/start_engine.ts";
import type { TensorFlow } from "../../../src/engine/tensorflow.ts";
import { applyFix } from "../../../src/core/diagnosis/examine/apply_fixes.ts";
import { examine } from "../../../src/core/diagnosis/examine/examine.ts";
import { measure } from "../../../src/core/measure/measure.ts";
import { exerciseModel } from "../../../src/core/model/layers/exercise_model.ts";
import { randomBatch } from "../../../src/core/model/batches/random_batch.ts";
import { customLayer } from "../../networks/trained_models.ts";

const OBJECTIVE = "meanSquaredError" as const;

/** A network on eight numbers, to fit the sign of the product of two, which no linear map does. */
function network(
  tf: TensorFlow,
  { activation = "relu", dropout, l2 }: {
    activation?: "relu" | "linear";
    dropout?: number;
    l2?: number;
  } = {},
) {
  const dense = (units: number, seed: number, inputShape?: number[]) =>
    tf.layers.dense({
      name: `dense_${seed}`,
      units,
      activation: units === 1 ? "linear" : activation,
      kernelInitializer: tf.initializers.heNormal({ seed }),
      ...l2 === undefined ? {} : { kernelRegularizer: tf.regularizers.l2({ l2 }) },
      ...inputShape === undefined ? {} : { inputShape },
    });
  const model = tf.sequential({
    layers: [
      dense(64, 1, [8]),
      ...dropout === undefined ? [] : [tf.layers.dropout({ rate: dropout, name: "drop" })],
      dense(64, 2),
      dense(64, 3),
      dense(1, 4),
    ],
  });
  const inputs = tf.randomNormal([64, 8], 0, 1, "float32", 7);
  const targets = tf.tidy(() =>
    tf.sign(tf.mul(tf.slice(inputs, [0, 0], [64, 1]), tf.slice(inputs, [0, 1], [64, 1])))
  );
  return { model, batch: { inputs, targets } };
}

Deno.test("examine() names missing activations where a linear network does not learn, and tries relu", async () => {
  await using engine = await startEngine();
  const { model, batch } = network(engine.tf, { activation: "linear" });
  const { diagnosis, measurements } = await examine(model, batch, { objective: OBJECTIVE });
  const [cause] = diagnosis.causes;
  assertEquals([cause.kind, cause.severity], ["no-activation", "error"]);
  assertEquals(cause.layers, ["dense_1", "dense_2", "dense_3"]);
  assertEquals(cause.tried?.worked, true);
  assertStringIncludes(
    describeFix(cause.fixes[0], measurements.layers),
    "Replace linear in dense_1, dense_2, dense_3 by relu",
  );
  model.dispose();
});

Deno.test("diagnose() lets missing activations explain kernels that were drawn for one, and no larger ones", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  /** Causes that are about the kernels, if these are this many times LeCun's. */
  const rulesOf = async (factor: number) => {
    const dense = (units: number, seed: number, given: object) =>
      tf.layers.dense({
        units,
        kernelInitializer: tf.initializers.randomNormal({ stddev: factor / 8, seed }),
        ...given,
      });
    const model = tf.sequential({
      layers: [dense(64, 1, { inputShape: [64] }), dense(64, 2, {}), dense(1, 3, {})],
    });
    const measurements = await measure(model, randomBatch(model));
    model.dispose();
    const { causes } = diagnose(measurements, runRules(measurements));
    return causes.filter(({ findings }) => findings.some(({ rule }) => rule === "init-scale"))
      .map(({ kind }) => kind);
  };
  // The gain of relu is 1.41, and a tenth more can be chance.
  assertEquals(await rulesOf(1.5), ["no-activation"]);
  assertEquals(await rulesOf(1.6), ["kernel-scale"]);
});

Deno.test("examine() finds nothing missing in the same network with activations", async () => {
  await using engine = await startEngine();
  const { model, batch } = network(engine.tf);
  const { diagnosis } = await examine(model, batch, { objective: OBJECTIVE });
  assertEquals(diagnosis.causes.map(({ kind }) => kind), []);
  model.dispose();
});

Deno.test("diagnose() makes causes of what regularization finds, each with its fix", async () => {
  await using engine = await startEngine();
  const causes = async (fault: Parameters<typeof network>[1]) => {
    const { model, batch } = network(engine.tf, fault);
    const measurements = await measure(model, batch, { objective: OBJECTIVE });
    model.dispose();
    const { causes } = diagnose(measurements, runRules(measurements));
    return causes.map(({ kind, severity, fixes }) => [severity, kind, fixCode(fixes[0])]);
  };
  assertEquals(await causes({ dropout: 0.7 }), [["warning", "dropout", "rate: 0.2  // in drop"]]);
  assertEquals(await causes({ dropout: 0.5 }), []);
  assertEquals(await causes({ l2: 10 }), [
    [
      "error",
      "penalties",
      null,
    ],
  ]);
  assertEquals(await causes({ l2: 1e-4 }), []);
});

Deno.test("diagnose() lowers dropout the more, the more layers of it are in a row, and that suffices", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const lowered = async (count: number) => {
    const layers = Array.from({ length: count }, (_, i) => [
      tf.layers.dense({ units: 16, activation: "relu", ...i === 0 ? { inputShape: [8] } : {} }),
      tf.layers.dropout({ rate: i === 0 ? 0.99 : 0.3 }),
    ]);
    const model = tf.sequential({ layers: layers.flat() });
    const measurements = await measure(model, randomBatch(model));
    const found = (all: typeof measurements) =>
      diagnose(all, runRules(all)).causes.filter(({ kind }) => kind === "dropout");
    const [{ fixes: [fix] }] = found(measurements);
    const subject = { model, batch: randomBatch(model), objective: undefined };
    const fixed = applyFix(tf, subject, fix)!;
    const left = found(await measure(model, subject.batch));
    fixed.undo();
    model.dispose();
    return [fix.kind === "dropout" && fix.rate, describeFix(fix, measurements.layers), left.length];
  };
  const [few, fewWords, fewLeft] = await lowered(7);
  assertEquals([few, fewLeft], [0.2, 0]);
  assertStringIncludes(fewWords as string, "0.1 to 0.5 between layers is usual");
  const [many, manyWords, manyLeft] = await lowered(17);
  assertEquals([many, manyLeft], [0.09, 0]);
  assertStringIncludes(manyWords as string, "out: this many dropout layers need 0.09.");
});

Deno.test("diagnose() makes a cause of a frozen layer that nobody trained, and its fix trains it alone", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const { model, batch } = network(tf);
  const isTrainable = () => model.layers.map(({ trainable }) => trainable);
  model.layers[1].trainable = false;
  const measurements = await measure(model, batch, { objective: OBJECTIVE });
  const { causes } = diagnose(measurements, runRules(measurements));
  assertEquals(causes.map(({ kind, severity, layers }) => [kind, severity, ...layers]), [
    ["frozen", "warning", "dense_2"],
  ]);
  // Frozen on purpose, for all that the fix knows.
  model.layers[2].trainable = false;
  const subject = { model, batch, objective: OBJECTIVE };
  // First stands a sentence: only the user knows whether weights were to be loaded.
  const [advised, fix] = causes[0].fixes;
  assertEquals(advised.kind, "rebuild");
  const fixed = applyFix(tf, subject, fix)!;
  assertEquals(isTrainable(), [true, true, false, true]);
  fixed.undo();
  assertEquals(isTrainable(), [true, false, false, true]);
  model.dispose();
});

Deno.test("diagnose() blames kernels of zeros that keep the gradient from each other, though units differ", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const causes = async (head: "zeros" | "heUniform") => {
    const model = tf.sequential({
      layers: [
        tf.layers.simpleRNN({
          name: "cell",
          units: 8,
          inputShape: [5, 3],
          kernelInitializer: "zeros",
          recurrentInitializer: tf.initializers.orthogonal({ seed: 1 }),
        }),
        tf.layers.dense({ name: "head", units: 1, kernelInitializer: head }),
      ],
    });
    const batch = randomBatch(model, { objective: OBJECTIVE });
    const subject = { model, batch, objective: OBJECTIVE };
    const judged = async () => {
      const measurements = await measure(model, batch, { objective: OBJECTIVE });
      return diagnose(measurements, runRules(measurements)).causes;
    };
    const [cause] = await judged();
    const fixed = cause === undefined ? null : applyFix(tf, subject, cause.fixes[0]);
    const left = fixed === null ? [] : await judged();
    fixed?.undo();
    model.dispose();
    return [cause?.kind, cause?.layers, left.map(({ kind }) => kind)];
  };
  assertEquals(await causes("zeros"), ["constant-weights", ["cell", "head"], []]);
  assertEquals((await causes("heUniform"))[0] === "constant-weights", false);
});

Deno.test("diagnose() says how much of the gradient the sigmoid at hand passes", async () => {
  await using _engine = await startEngine();
  const model = exerciseModel({ activation: "sigmoid", std: 0.2, seed: 3 });
  const measurements = await measure(model, randomBatch(model));
  for (const [activation, share] of [["sigmoid", "1/4"], ["hardSigmoid6", "1/6"]]) {
    const layers = measurements.layers.map((layer) =>
      layer.activation === "sigmoid" ? { ...layer, activation } : layer
    );
    const ill = { ...measurements, layers };
    const { causes: [{ message }] } = diagnose(ill, runRules(ill));
    assertStringIncludes(message, `end in a ${activation}, which passes at most ${share} of the`);
  }
  model.dispose();
});

Deno.test("diagnose() takes no gate for a sigmoid that swallows the gradient", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const kinds = async (isGated: boolean): Promise<[string, string]> => {
    const x = tf.input({ shape: [16] });
    const dense = (seed: number, activation: "sigmoid" | "linear") =>
      tf.layers.dense({
        units: 16,
        activation,
        kernelInitializer: tf.initializers.glorotNormal({ seed }),
        // A gate that starts all but shut.
        biasInitializer: tf.initializers.constant({ value: isGated ? -15 : 0 }),
      });
    let y = x;
    for (let i = 0; i < 8; i++) {
      const gate = dense(2 * i, "sigmoid").apply(y) as typeof x;
      y = isGated
        ? tf.layers.multiply().apply([
          gate,
          dense(2 * i + 1, "linear").apply(y) as typeof x,
        ]) as typeof x
        : gate;
    }
    const model = tf.model({
      inputs: x,
      outputs: tf.layers.dense({ units: 1 }).apply(y) as typeof x,
    });
    const measurements = await measure(model, randomBatch(model));
    model.dispose();
    const { verdict, causes } = diagnose(measurements, runRules(measurements));
    return [verdict, causes[0].kind];
  };
  assertEquals(await kinds(false), ["sick", "activation"]);
  // Its bias holds it shut.
  assertEquals(await kinds(true), ["sick", "bias"]);
});

Deno.test("diagnose() makes one cause of NaN that begin within a layer, and names it", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const model = tf.sequential({
    layers: [
      tf.layers.dense({ units: 8, inputShape: [4], name: "before" }),
      customLayer(tf, "log", (x) => tf.log(x)) as never,
      tf.layers.dense({ units: 1, name: "after" }),
    ],
  });
  const measurements = await measure(model, randomBatch(model));
  const { causes, verdict } = diagnose(measurements, runRules(measurements));
  assertEquals([verdict, causes.length], ["sick", 1]);
  assertStringIncludes(causes[0].message, "log: NaN or infinite entries in a");
  assertStringIncludes(causes[0].message, "this is where they begin. They spread to after.");
  model.dispose();
});
