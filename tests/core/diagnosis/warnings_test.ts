import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type * as tfjs from "@tensorflow/tfjs";
import type { FixSubject } from "../../../src/core/diagnosis/examine/apply_fixes.ts";
import { examine, type ExamineOptions } from "../../../src/core/diagnosis/examine/examine.ts";
import type { TrialMode } from "../../../src/core/diagnosis/examine/try_findings.ts";
import { startEngine } from "../../../src/engine/start/start_engine.ts";
import type { LayersModel, TensorFlow } from "../../../src/engine/tensorflow.ts";
import type { Batch } from "../../../src/core/model/batches/batch.ts";
import { randomBatch } from "../../../src/core/model/batches/random_batch.ts";
import { rescaleWeights } from "../../../src/core/model/weights/model_weights.ts";
import { triedWords } from "../../../src/core/text/render_diagnosis.ts";
import { denseModel, recurrent } from "../../networks/ill_models.ts";
import { residualPatient, words } from "../../networks/patients.ts";
import { classes, classifier, sums } from "../../networks/trained_models.ts";

async function examined({ model, batch, objective }: FixSubject, trial: TrialMode) {
  const examination = await examine(model, batch, { objective, trial });
  return { ...examination, cause: examination.diagnosis.causes[0] };
}

Deno.test("examine() tries the fix of a warning with trial: always, and with no other", async () => {
  await using engine = await startEngine();
  const make = () => words(engine.tf, { std: 10 });
  for (const mode of ["auto", "off", 20] as const) {
    assertEquals((await examined(make(), mode)).cause.tried, undefined, `${mode}`);
  }
  const { cause, fixes, diagnosis } = await examined(make(), "always");
  assertEquals([cause.severity, diagnosis.verdict], ["warning", "weak"]);
  assertEquals([cause.tried!.worked, cause.tried!.errors], [true, 0]);
  assertStringIncludes(triedWords(cause).join(), "Tried: this warning is then gone");
  // `fix` applies the fix that made the network healthy.
  assertEquals(fixes, []);
});

Deno.test("examine() tries the fixes of warnings on top of those of errors", async () => {
  await using engine = await startEngine();
  const subject = denseModel(engine.tf, {
    head: "tanh",
    targets: (tf, sum) => tf.mul(sum, 50),
  });
  const tried = async (mode: TrialMode) => {
    const { diagnosis, fixes } = await examined(subject, mode);
    const causes = diagnosis.causes.map(({ severity, kind, tried }) =>
      `${severity} ${kind} ${tried?.worked ?? "untried"}`
    );
    return [...causes, ...fixes.map(({ kind }) => kind)];
  };
  // Without those of the targets the network does not train.
  const both = ["head", "normalize-targets"];
  assertEquals(await tried("auto"), ["error head true", "warning targets true", ...both]);
  assertEquals(await tried("always"), ["error head true", "warning targets true", "head"]);
});

/** A recurrent layer whose kernels are multiplied, each by its own factor. */
function recurrentOf(tf: TensorFlow, input: number, recurring: number): FixSubject {
  const subject = recurrent(tf, "simpleRNN", 1);
  const layer = subject.model.getLayer("recurrent");
  tf.tidy(() => {
    const [kernel, recurrentKernel, bias] = layer.getWeights();
    layer.setWeights([tf.mul(kernel, input), tf.mul(recurrentKernel, recurring), bias]);
  });
  return subject;
}

Deno.test("diagnose() rescales the kernel of the inputs with the recurrent one where both are too large", async () => {
  await using engine = await startEngine();
  const fixed = async (input: number, recurring: number) => {
    const { cause } = await examined(recurrentOf(engine.tf, input, recurring), "off");
    const [fix] = cause.fixes;
    return fix.kind === "rescale" ? fix.weights.map(({ weight }) => weight) : [];
  };
  assertEquals(await fixed(1, 5), ["recurrent/recurrent_kernel"]);
  // Glorot's is 0.45 times He's, and up to twice He's is usual.
  assertEquals(await fixed(4, 5), ["recurrent/recurrent_kernel"]);
  assertEquals(await fixed(5, 5), ["recurrent/kernel", "recurrent/recurrent_kernel"]);
});

const weights = ({ model }: FixSubject) => model.getWeights().map((weight) => weight.dataSync());

async function weighed(subject: FixSubject, options: ExamineOptions = {}) {
  const before = weights(subject);
  const { model, batch, objective } = subject;
  const { diagnosis, findings } = await examine(model, batch, { objective, ...options });
  assertEquals(weights(subject), before);
  const notes = findings.filter(({ message }) =>
    message.includes("Only a note: the network learns")
  );
  return { ...diagnosis, notes };
}

Deno.test("examine() keeps a warning whose fix lets the network learn clearly sooner", async () => {
  await using engine = await startEngine();
  const faults: Record<string, Parameters<typeof denseModel>[1]> = {
    "kernel-scale": { depth: 6, std: 0.08 },
    "input": { inputs: (tf, inputs) => tf.mul(inputs, 20) },
    "dropout": { dropout: 0.62 },
  };
  for (const [kind, fault] of Object.entries(faults)) {
    const { verdict, causes, notes } = await weighed(denseModel(engine.tf, fault));
    assertEquals([verdict, causes.map(({ kind }) => kind), notes], ["weak", [kind], []]);
    const { worked, steps } = causes[0].tried!;
    assert(worked && steps!.after * 3 <= steps!.before * 2, kind);
    assertMatch(
      triedWords(causes[0]).join(),
      /^Tried[a-z 0-9.]*: this warning is then gone, and the network learns its batch in \d+ steps instead of \d+/,
    );
  }
});

Deno.test("examine() makes a note of a warning whose fix does not help", async () => {
  await using engine = await startEngine();
  const make = () => recurrent(engine.tf, "simpleRNN", 2);
  const { verdict, causes, notes } = await weighed(make());
  assertEquals([verdict, causes, new Set(notes.map(({ rule }) => rule))], [
    "healthy",
    [],
    new Set(["saturated-activations", "init-scale"]),
  ]);
  for (const { severity, message } of notes) {
    assertEquals(severity, "note");
    assertMatch(message, /learns its batch in \d+ steps, and with the fix no sooner\.$/);
  }
  // Without a trial, nothing is known.
  assertEquals((await weighed(make(), { trial: "off" })).verdict, "weak");
});

Deno.test("examine() makes a note of a warning that has no fix to try if training moves all layers", async () => {
  await using engine = await startEngine();
  const { verdict, notes: [note, ...others] } = await weighed(residualPatient(engine.tf, 4));
  assertEquals([verdict, note.rule, others], ["healthy", "initial-loss", []]);
  assertMatch(note.message, /learns its batch in \d+ steps all the same\.$/);
});

Deno.test("examine() keeps warnings that a batch learned by heart says nothing about", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const linear = await weighed(denseModel(tf, { activation: "linear" }));
  assertEquals([linear.trial!.verdict, linear.verdict], ["learns", "weak"]);
  assertEquals(linear.causes.map(({ kind }) => kind), ["no-activation"]);
  const frozen = await weighed(denseModel(tf, { frozen: ["dense_1"] }));
  assertEquals([frozen.trial!.verdict, frozen.verdict], ["learns", "weak"]);
  assertStringIncludes(frozen.causes[0].message, "frozen, but looks untrained");
});

/** Dense layers of relu, and a linear head whose kernel is this many times as large. */
function chain(tf: TensorFlow, stds: readonly number[], { head = 1 } = {}): FixSubject {
  const layers = stds.flatMap((stddev, i): tfjs.layers.Layer[] => [
    tf.layers.dense({
      units: 64,
      activation: "relu",
      kernelInitializer: tf.initializers.randomNormal({ stddev, seed: i + 1 }),
      ...i === 0 ? { inputShape: [64] } : {},
    }),
  ]);
  return withHead(tf, tf.sequential({ layers }), head);
}

/** A block of a transformer without its attention: two dense layers that are added to the stream. */
function block(tf: TensorFlow, stddev: number): FixSubject {
  const dense = (units: number, activation: "relu" | "linear", seed: number) =>
    tf.layers.dense({
      units,
      activation,
      kernelInitializer: tf.initializers.randomNormal({ stddev, seed }),
    });
  const input = tf.input({ shape: [64] });
  const wide = dense(256, "relu", 1).apply(tf.layers.layerNormalization({ axis: -1 }).apply(input));
  const branch = dense(64, "linear", 2).apply(wide) as tfjs.SymbolicTensor;
  const stream = tf.layers.add().apply([input, branch]) as tfjs.SymbolicTensor;
  return withHead(tf, tf.model({ inputs: input, outputs: stream }));
}

function withHead(tf: TensorFlow, body: LayersModel, factor = 1): FixSubject {
  const kernelInitializer = tf.initializers.glorotUniform({ seed: 99 });
  const output = tf.layers.dense({ name: "head", units: 1, kernelInitializer })
    .apply(body.outputs) as tfjs.SymbolicTensor;
  const model = tf.model({ inputs: body.inputs, outputs: output });
  rescaleWeights(model, factor, { layers: ["head"] });
  const objective = "meanSquaredError";
  return { model, batch: randomBatch(model, { seed: 1, objective }), objective };
}

/** Standard deviation that Glorot draws for 64 units of 64 inputs. */
const GLOROT = 1 / 8;

Deno.test("examine() makes a note of what the initialiser explains, if nothing is tried", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const untried = async ({ model, batch, objective }: FixSubject) => {
    const { diagnosis, findings } = await examine(model, batch, { objective, trial: "off" });
    const notes = findings.filter(({ message }) => message.includes("no trial shows"));
    return [diagnosis.verdict, notes.length > 0];
  };
  assertEquals(await untried(chain(tf, Array(5).fill(GLOROT))), ["healthy", true]);
  assertEquals(await untried(chain(tf, Array(5).fill(GLOROT / 2.5))), ["weak", false]);
  // GPT-2 draws by N(0, 0.02), whatever the shape.
  assertEquals(await untried(block(tf, 0.02)), ["healthy", true]);
  assertEquals(await untried(block(tf, 0.025)), ["weak", false]);
});

Deno.test("examine() makes the same note if the budget ended the trial undecided", async () => {
  await using engine = await startEngine();
  const { model, batch, objective } = chain(engine.tf, Array(5).fill(GLOROT));
  const told = async (trialBudget: number) => {
    const { diagnosis, findings, trial } = await examine(model, batch, { objective, trialBudget });
    assert(trial !== null && "verdict" in trial);
    return [
      trial.verdict,
      diagnosis.verdict,
      findings.some(({ message }) => message.includes("no trial shows")),
    ];
  };
  assertEquals(await told(0.006), ["undecided", "healthy", true]);
  const [verdict, , isUntried] = await told(10);
  assertEquals([verdict, isUntried], ["learns", false]);
});

Deno.test("examine() weighs the kernel of a head that is less than 10 times too large, and no other", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const he = GLOROT * Math.SQRT2;
  const large = async (factors: [hidden: number, head: number]) => {
    const [hidden, head] = factors;
    const { verdict, causes } = await weighed(chain(tf, [he, he * hidden], { head }));
    return [verdict, ...causes.map(({ kind }) => kind)];
  };
  assertEquals(await large([1, 4]), ["healthy"]);
  assertEquals(await large([1, 12]), ["weak", "kernel-scale"]);
  assertEquals(await large([4, 1]), ["weak", "kernel-scale"]);
});

/** Relu layers and a head of one unit, as it is told. */
function regression(tf: TensorFlow, head: string, rate: number): LayersModel {
  const { layers, initializers } = tf;
  const kernel = (seed: number) => ({ kernelInitializer: initializers.heNormal({ seed }) });
  const model = tf.sequential({
    layers: [
      layers.dense({ units: 32, activation: "relu", inputShape: [20], ...kernel(1) }),
      layers.dense({ units: 1, activation: head as never, name: "head", ...kernel(2) }),
    ],
  });
  model.compile({ optimizer: tf.train.adam(rate), loss: "meanSquaredError" });
  return model;
}

Deno.test("examine() adds the fix of a warning to one with which a network does not learn", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  // A sigmoid reaches none of them; a linear head would, in some thousand steps.
  const { inputs, targets } = sums(tf);
  const batch: Batch = { inputs, targets: tf.add(tf.mul(targets, 200), 600) };
  const model = regression(tf, "sigmoid", 0.001);
  const { diagnosis: { causes }, fixedTrial } = await examine(model, batch);
  assert(fixedTrial !== null && "verdict" in fixedTrial);
  assertEquals(fixedTrial.verdict, "learns");
  const said = causes.map(({ kind, fixes, tried }) =>
    `${kind} ${tried?.left}: ${triedWords({ fixes, tried }).join().split(";")[0]}`
  );
  assertEquals(said, [
    "head 1: Tried: this cause is then gone, but not all are.",
    "targets 0: Tried: the model is then HEALTHY.",
  ]);
});

Deno.test("examine() names the optimizer under which most layers stand still, though Adam learns the batch", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const kernelInitializer = tf.initializers.randomNormal({ stddev: 1e-3, seed: 1 });
  const model = classifier(tf, { depth: 6, hidden: { kernelInitializer } });
  model.compile({ optimizer: tf.train.sgd(0.1), loss: "categoricalCrossentropy" });
  const { labels: _, ...batch } = classes(tf);
  const { diagnosis: { verdict, causes }, trial } = await examine(model, batch);
  assert(trial !== null && "attempts" in trial);
  assertEquals([trial.verdict, trial.givenVerdict], ["learns", "fails"]);
  // Drawn larger, the network learns at the compiled rate.
  const kinds = causes.slice(0, 2).map(({ kind }) => kind);
  assertEquals([verdict, ...kinds], ["sick", "kernel-scale", "learning-rate"]);
});

Deno.test("examine() does not call a rate too high that learns late, as a yet higher one does at once", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const kernel = (seed: number) => ({
    kernelInitializer: tf.initializers.glorotNormal({ seed }),
  });
  // XOR stays on its plateau for some hundred steps at 0.5.
  const model = tf.sequential({
    layers: [
      tf.layers.dense({ units: 4, inputShape: [2], activation: "sigmoid", ...kernel(2) }),
      tf.layers.dense({ units: 1, activation: "sigmoid", ...kernel(3) }),
    ],
  });
  model.compile({ optimizer: tf.train.sgd(0.5), loss: "meanSquaredError" });
  const batch = {
    inputs: tf.tensor2d([[0, 0], [0, 1], [1, 0], [1, 1]]),
    targets: tf.tensor2d([[0], [1], [1], [0]]),
  };
  const { trial, diagnosis } = await examine(model, batch);
  assert(trial !== null && "attempts" in trial);
  const given = trial.attempts[0];
  const higher = trial.attempts[1];
  assertEquals([higher.verdict, higher.learningRate], ["learns", 5]);
  assertEquals([given.verdict, given.repeated], ["learns", true]);
  assertEquals(diagnosis.verdict, "weak");
});
