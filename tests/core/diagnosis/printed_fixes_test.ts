import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type * as tfjs from "@tensorflow/tfjs";
import { runRules } from "../../../src/core/rules/judge_rule.ts";
import { describeFix, fixCode } from "../../../src/core/diagnosis/fix_words.ts";
import { diagnose } from "../../../src/core/diagnosis/diagnose.ts";
import type { Diagnosis } from "../../../src/core/diagnosis/diagnosis.ts";
import { startEngine } from "../../../src/engine/start/start_engine.ts";
import type { LayersModel, TensorFlow } from "../../../src/engine/tensorflow.ts";
import { applyFixes, examine } from "../../../src/core/diagnosis/examine/mod.ts";
import { measure } from "../../../src/core/measure/measure.ts";
import { randomBatch } from "../../../src/core/model/batches/random_batch.ts";
import { scaled } from "../../networks/ill_models.ts";
import { residualPatient } from "../../networks/patients.ts";

type Layers = tfjs.layers.Layer[];

function compiled(tf: TensorFlow, layers: Layers, loss = "categoricalCrossentropy"): LayersModel {
  const model = tf.sequential({ layers });
  model.compile({ optimizer: "adam", loss });
  return model;
}

const options = { seed: 1, trial: "off" } as const;

async function fixed(model: LayersModel): Promise<Diagnosis> {
  const { diagnosis } = await examine(model, randomBatch(model, { seed: 1 }), options);
  model.dispose();
  return diagnosis;
}

function first({ causes }: Diagnosis): { kind: string; fix: string; code: string | null } {
  const [{ kind, fixes }] = causes;
  return { kind, fix: describeFix(fixes[0], []), code: fixCode(fixes[0]) };
}

Deno.test("constant kernels are drawn as their activation asks, and nothing is left to complain of", async (t) => {
  await using engine = await startEngine();
  const { tf } = engine;
  const constant = () => tf.initializers.constant({ value: 0.01 });
  for (
    const activation of ["selu", "tanh", "sigmoid", "softsign", "elu", "relu", "lstm"] as const
  ) {
    await t.step(activation, async () => {
      const hidden = activation === "lstm"
        ? [tf.layers.lstm({
          units: 32,
          inputShape: [5, 8],
          kernelInitializer: "zeros",
          recurrentInitializer: "zeros",
        })]
        : Array.from({ length: 6 }, (_, i) =>
          tf.layers.dense({
            units: 64,
            activation,
            kernelInitializer: constant(),
            ...i === 0 ? { inputShape: [64] } : {},
          }));
      const model = compiled(tf, [
        ...hidden,
        tf.layers.dense({ units: 3, activation: "softmax", kernelInitializer: "leCunUniform" }),
      ]);
      const batch = randomBatch(model, { seed: 1 });
      const before = await examine(model, batch, options);
      const cause = before.diagnosis.causes.find(({ kind }) => kind === "constant-weights")!;
      assertStringIncludes(
        fixCode(cause.fixes[0])!,
        `"${activation === "relu" ? "heUniform" : "leCunUniform"}"`,
      );
      applyFixes(model, cause.fixes);
      const after = await measure(model, batch);
      const left = runRules(after).filter(({ rule }) =>
        rule === "symmetry" || rule === "init-scale"
      );
      assertEquals(left.map(({ message }) => message), []);
      model.dispose();
    });
  }
});

Deno.test("the initialiser that is printed for 40 layers of relu keeps the signal", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const deep = (
    initializer: (seed: number) => ReturnType<TensorFlow["initializers"]["heUniform"]>,
  ) =>
    compiled(tf, [
      ...Array.from({ length: 40 }, (_, i) =>
        tf.layers.dense({
          units: 64,
          activation: "relu",
          kernelInitializer: initializer(i + 1),
          ...i === 0 ? { inputShape: [64] } : {},
        })),
      tf.layers.dense({ units: 10, activation: "softmax" }),
    ]);
  const glorot = await fixed(deep((seed) => tf.initializers.glorotUniform({ seed })));
  assertEquals(glorot.verdict, "sick");
  assertStringIncludes(first(glorot).code!, 'kernelInitializer: "heUniform"');
  assertEquals((await fixed(deep((seed) => tf.initializers.heUniform({ seed })))).causes, []);
  // Code that was printed before: it draws 0.88 of He's deviation.
  const truncated = await fixed(deep((seed) => tf.initializers.heNormal({ seed })));
  assertEquals(truncated.causes.map(({ kind }) => kind), ["gain"]);
});

Deno.test("two softmaxes in a row are named both, and one of them is to be removed", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const model = compiled(tf, [
    tf.layers.dense({
      units: 32,
      activation: "relu",
      inputShape: [20],
      kernelInitializer: "heUniform",
    }),
    tf.layers.dense({ units: 10, activation: "softmax", name: "head" }),
    tf.layers.softmax({ name: "again" }),
  ]);
  const batch = randomBatch(model, { seed: 1 });
  const { diagnosis } = await examine(model, batch, { ...options, trial: "always" });
  const [{ message, fixes, tried }] = diagnosis.causes;
  assertEquals(message, "Two softmax layers in a row: `head` and `again`; expected one.");
  assertEquals(
    describeFix(fixes[0], []),
    "Remove one of the two: softmax in `head` or in `again`.",
  );
  assertEquals(fixCode(fixes[0]), 'activation: "linear"  // in head');
  assertEquals(tried?.worked, true);
  model.dispose();
});

Deno.test("penalties are weakened by the factor that the figure asks for, and that was tried", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const penalised = (l2: number) =>
    compiled(tf, [
      ...Array.from({ length: 3 }, (_, i) =>
        tf.layers.dense({
          units: 32,
          activation: "relu",
          kernelInitializer: tf.initializers.heUniform({ seed: i + 1 }),
          kernelRegularizer: tf.regularizers.l2({ l2 }),
          ...i === 0 ? { inputShape: [20] } : {},
        })),
      tf.layers.dense({
        units: 10,
        activation: "softmax",
        kernelInitializer: tf.initializers.glorotUniform({ seed: 9 }),
      }),
    ]);
  const { causes: [{ fixes: [fix], tried }] } = await fixed(penalised(100));
  assert(fix.kind === "penalties" && fix.by > 1000, JSON.stringify(fix));
  assertEquals(tried?.worked, true);
  assertEquals((await fixed(penalised(100 / fix.by))).causes, []);
  assertEquals((await fixed(penalised(1))).verdict, "sick");
});

Deno.test("each kernel is multiplied by a factor of its own", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const dense = (units: number, seed: number, inputs?: number) =>
    tf.layers.dense({
      units,
      activation: "relu",
      kernelInitializer: tf.initializers.glorotUniform({ seed }),
      ...inputs === undefined ? {} : { inputShape: [inputs] },
    });
  const model = compiled(tf, [
    dense(64, 1, 20),
    dense(16, 2),
    dense(8, 3),
    tf.layers.dense({ units: 4, activation: "softmax" }),
  ]);
  const measurements = await measure(model, randomBatch(model, { seed: 1 }));
  const factors = measurements.layers.slice(0, 3).map(({ weights: [{ values, shape }] }) =>
    Math.sqrt(2 / shape[0]) / values.std
  );
  const { causes: [{ kind, fixes: [fix] }] } = diagnose(measurements, runRules(measurements));
  assertEquals(kind, "gain");
  assert(fix.kind === "rescale");
  fix.weights.forEach(({ factor }, i) =>
    assert(Math.abs(factor / factors[i] - 1) < 0.01, `${factor} ${factors[i]}`)
  );
  const said = describeFix(fix, measurements.layers);
  for (const { factor } of fix.weights) assertStringIncludes(said, `by ${factor.toPrecision(3)}`);
  model.dispose();
});

Deno.test("a bias that the head kept from another task comes first, and starts at 0", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const model = compiled(tf, [
    tf.layers.embedding({ inputDim: 50, outputDim: 16, inputLength: 8 }),
    tf.layers.flatten(),
    tf.layers.dense({ units: 32, activation: "relu", kernelInitializer: "heUniform" }),
    tf.layers.dense({ units: 10, activation: "softmax", name: "head" }),
  ]);
  const head = model.getLayer("head");
  const [kernel] = head.getWeights();
  head.setWeights([kernel, tf.tensor1d([40, 0, 0, 0, 0, 0, 0, 0, 0, 0])]);
  const batch = randomBatch(model, { seed: 1 });
  const { diagnosis } = await examine(model, batch, options);
  assertEquals(diagnosis.verdict, "sick");
  assertEquals(first(diagnosis), {
    kind: "head-bias",
    fix: "Start the bias of head at 0.",
    code: 'biasInitializer: "zeros"  // in head',
  });
  assertEquals([diagnosis.causes.length, diagnosis.causes[0].tried?.left], [1, 0]);
  model.dispose();
});

Deno.test("a softmax over one unit is constant, whatever the loss", async (t) => {
  await using engine = await startEngine();
  const { tf } = engine;
  for (const loss of ["meanSquaredError", "meanAbsoluteError", "binaryCrossentropy"]) {
    await t.step(loss, async () => {
      const diagnosis = await fixed(compiled(tf, [
        tf.layers.dense({
          units: 16,
          activation: "relu",
          inputShape: [8],
          kernelInitializer: "heUniform",
        }),
        tf.layers.dense({ units: 1, activation: "softmax", name: "head" }),
      ], loss));
      assertEquals(diagnosis.verdict, "sick");
      assertEquals(diagnosis.causes[0].kind, "head");
      assertStringIncludes(diagnosis.causes[0].message, "is constant: it always outputs 1");
      assertEquals(
        first(diagnosis).fix,
        loss === "binaryCrossentropy" ? "End head in sigmoid." : "Remove the activation from head.",
      );
    });
  }
});

Deno.test("softmax as the activation of hidden layers is named as the cause", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const hidden = (seed: number, inputShape?: number[]) =>
    tf.layers.dense({
      units: 64,
      activation: "softmax",
      kernelInitializer: tf.initializers.glorotUniform({ seed }),
      ...inputShape === undefined ? {} : { inputShape },
    });
  const diagnosis = await fixed(compiled(tf, [
    hidden(1, [20]),
    hidden(2),
    hidden(3),
    tf.layers.dense({ units: 4, activation: "softmax" }),
  ]));
  assertEquals(first(diagnosis).kind, "hidden-softmax");
});

Deno.test("a scale whose rule is suppressed does not come back as a factor of 1e26", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const model = compiled(
    tf,
    Array.from({ length: 10 }, (_, i) =>
      tf.layers.dense({
        units: 20,
        activation: "tanh",
        kernelInitializer: tf.initializers.randomNormal({ stddev: 200, seed: i + 1 }),
        ...i === 0 ? { inputShape: [20] } : {},
      })),
    "meanSquaredError",
  );
  const measurements = await measure(model, randomBatch(model, { seed: 1 }));
  const findings = runRules(measurements).filter(({ rule }) => rule !== "init-scale");
  const { causes } = diagnose(measurements, findings);
  assertEquals(causes.filter(({ kind }) => kind === "gain" || kind === "kernel-scale"), []);
  model.dispose();
});

Deno.test("a fix that names another loss is tried on targets for that loss, if none were given", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const model = compiled(tf, [
    tf.layers.dense({ units: 16, activation: "relu", inputShape: [8] }),
    tf.layers.dense({ units: 1, activation: "softmax", name: "head" }),
  ]);
  const { inputs } = randomBatch(model, { seed: 1 });
  const { numTensors } = tf.memory();
  const { diagnosis } = await examine(model, { inputs }, options);
  assertEquals(first(diagnosis).fix, "End head in sigmoid, and use the loss binaryCrossentropy.");
  assertEquals(diagnosis.causes[0].tried?.worked, true);
  assertEquals(tf.memory().numTensors, numTensors);
  model.dispose();
});

Deno.test("inputs out of scale are normalised before kernels are rescaled", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const model = compiled(tf, [
    ...Array.from({ length: 8 }, (_, i) =>
      tf.layers.dense({
        units: 64,
        activation: "relu",
        kernelInitializer: tf.initializers.randomNormal({ stddev: 0.01, seed: i + 1 }),
        ...i === 0 ? { inputShape: [64] } : {},
      })),
    tf.layers.dense({ units: 10, activation: "softmax" }),
  ]);
  const batch = randomBatch(model, { seed: 1 });
  const inputs = tf.mul([batch.inputs].flat()[0], 50);
  const { diagnosis, fixes } = await examine(model, { ...batch, inputs }, options);
  assertEquals(diagnosis.verdict, "sick");
  assertEquals(fixes.map(({ kind }) => kind), ["normalize-input", "rescale"]);
  assert(diagnosis.causes.every(({ tried }) => tried?.worked));
  model.dispose();
});

Deno.test("a residual stream that grows is no cause beside kernels that are too large", async () => {
  await using engine = await startEngine();
  const { model, batch, objective } = scaled(residualPatient(engine.tf, 5), 13);
  const { diagnosis } = await examine(model, batch, { objective, trial: "off" });
  const growth = diagnosis.causes[0].findings.find(({ kind }) => kind === "residual-growth");
  assertEquals(diagnosis.causes.map(({ kind }) => kind), ["kernel-scale"]);
  assert(growth !== undefined);
  model.dispose();
});

Deno.test("factors within 1.2 times each other are said as their mean, and many others as a range", () => {
  const said = (...factors: number[]) => {
    const weights = factors.map((factor, i) => ({
      layer: `dense_${i + 1}`,
      weight: `dense_${i + 1}/kernel`,
      factor,
    }));
    const all = weights.map(({ layer }) => ({ name: layer, className: "Dense" }));
    return describeFix({ kind: "rescale", weights, initializer: null }, all);
  };
  assertEquals(said(1, 1.19), "Multiply the kernels of dense_1, dense_2 by 1.09.");
  assertEquals(said(1, 1.2), "Multiply dense_1/kernel by 1 and dense_2/kernel by 1.2.");
  assertEquals(said(2, 3, 4, 3).split(" by ").length, 4);
  assertStringIncludes(said(2, 3, 4, 3, 3), " by 2 to 4.");
});
