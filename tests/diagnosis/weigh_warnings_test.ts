import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type * as tfjs from "@tensorflow/tfjs";
import { startEngine } from "../../src/engine/start/start_engine.ts";
import type { FixSubject } from "../../src/diagnosis/examine/apply_fixes.ts";
import type { LayersModel, TensorFlow } from "../../src/engine/tensorflow.ts";
import { randomBatch } from "../../src/model/batches/random_batch.ts";
import { examine, type ExamineOptions } from "../../src/diagnosis/examine/examine.ts";
import { triedWords } from "../../src/render/render_diagnosis.ts";
import { denseModel, recurrent } from "../networks/ill_models.ts";
import { residualPatient } from "../networks/patients.ts";

const weights = ({ model }: FixSubject) => model.getWeights().map((weight) => weight.dataSync());

async function examined(subject: FixSubject, options: ExamineOptions = {}) {
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
    const { verdict, causes, notes } = await examined(denseModel(engine.tf, fault));
    assertEquals([verdict, causes.map(({ kind }) => kind), notes], ["weak", [kind], []]);
    const { worked, steps } = causes[0].tried!;
    assert(worked && steps!.after * 3 <= steps!.before * 2, kind);
    assertMatch(
      triedWords(causes[0].tried!),
      /^Tried: this warning is then gone, and the network learns its batch in \d+ steps instead of \d+/,
    );
  }
});

Deno.test("examine() makes a note of a warning whose fix does not help", async () => {
  await using engine = await startEngine();
  const make = () => recurrent(engine.tf, "simpleRNN", 2);
  const { verdict, causes, notes } = await examined(make());
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
  assertEquals((await examined(make(), { trial: "off" })).verdict, "weak");
});

Deno.test("examine() makes a note of a warning that has no fix to try if training moves all layers", async () => {
  await using engine = await startEngine();
  const { verdict, notes: [note, ...others] } = await examined(residualPatient(engine.tf, 4));
  assertEquals([verdict, note.rule, others], ["healthy", "initial-loss", []]);
  assertMatch(note.message, /learns its batch in \d+ steps all the same\.$/);
});

Deno.test("examine() keeps warnings that a batch learned by heart says nothing about", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const linear = await examined(denseModel(tf, { activation: "linear" }));
  assertEquals([linear.trial!.verdict, linear.verdict], ["learns", "weak"]);
  assertEquals(linear.causes.map(({ kind }) => kind), ["no-activation"]);
  const frozen = await examined(denseModel(tf, { frozen: ["dense_1"] }));
  assertEquals([frozen.trial!.verdict, frozen.verdict], ["learns", "weak"]);
  assertStringIncludes(frozen.causes[0].message, "frozen, but looks untrained");
});

/** Dense layers of relu, a normalisation behind each if asked, and a linear head. */
function chain(tf: TensorFlow, stds: readonly number[], { norm = false } = {}): FixSubject {
  const layers = stds.flatMap((stddev, i): tfjs.layers.Layer[] => [
    tf.layers.dense({
      units: 64,
      activation: "relu",
      kernelInitializer: tf.initializers.randomNormal({ stddev, seed: i + 1 }),
      ...i === 0 ? { inputShape: [64] } : {},
    }),
    ...norm ? [tf.layers.layerNormalization({ axis: -1 }) as tfjs.layers.Layer] : [],
  ]);
  return withHead(tf, tf.sequential({ layers }));
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

function withHead(tf: TensorFlow, body: LayersModel): FixSubject {
  const kernelInitializer = tf.initializers.glorotUniform({ seed: 99 });
  const output = tf.layers.dense({ units: 1, kernelInitializer })
    .apply(body.outputs) as tfjs.SymbolicTensor;
  const model = tf.model({ inputs: body.inputs, outputs: output });
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

Deno.test("examine() weighs a dense kernel that is less than 10 times too large", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const large = async (factor: number) => {
    const he = GLOROT * Math.SQRT2;
    const { verdict, causes } = await examined(chain(tf, [he, he * factor]));
    return [verdict, ...causes.map(({ kind }) => kind)];
  };
  assertEquals(await large(4), ["healthy"]);
  assertEquals(await large(12), ["weak", "kernel-scale"]);
});
