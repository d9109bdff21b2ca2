import { assertEquals, AssertionError, assertRejects, assertStringIncludes } from "@std/assert";
import { assertHealthy } from "../../../src/entry/assert.ts";
import { examine } from "../../../src/core/diagnosis/examine/mod.ts";
import { startEngine } from "../../../src/engine/start/start_engine.ts";
import type { Batch } from "../../../src/core/model/batches/batch.ts";
import { loadModel } from "../../../src/load/load_model.ts";
import { readBatch } from "../../../src/load/read_batch.ts";
import { modelWeights } from "../../../src/core/model/weights/model_weights.ts";
import { programPath } from "../../torch/program/edited_program.ts";

const { tf } = await startEngine();

const batch: Batch = {
  inputs: tf.randomNormal([32, 16], 0, 1, "float32", 3),
  targets: tf.tidy(() =>
    tf.oneHot(tf.cast(tf.randomUniform([32], 0, 4, "int32", 5), "int32") as never, 4)
  ) as never,
};

/** Network of eight layers whose head starts at zero. */
function makeNetwork(activation: "relu" | "sigmoid", std: number) {
  const model = tf.sequential();
  for (let i = 0; i < 8; i++) {
    model.add(tf.layers.dense({
      name: `body_${i}`,
      units: 32,
      activation,
      kernelInitializer: tf.initializers.randomNormal({ stddev: std, seed: i + 1 }),
      ...i === 0 ? { inputShape: [16] } : {},
    }));
  }
  model.add(tf.layers.dense({ name: "head", units: 4, kernelInitializer: "zeros" }));
  return model;
}

async function judge(activation: "relu" | "sigmoid", std: number) {
  const model = makeNetwork(activation, std);
  const bits = () => modelWeights(model).map(({ variable }) => [...variable.read().dataSync()]);
  const before = bits();
  const { numTensors } = tf.memory();
  const objective = "categoricalCrossentropyFromLogits";
  const { diagnosis, findings } = await examine(model, batch, { objective, trial: "off" });
  assertEquals(bits(), before);
  assertEquals(tf.memory().numTensors, numTensors);
  model.dispose();
  return { diagnosis, findings };
}

Deno.test("examine() sees a sick body behind a head of zeros without training", async () => {
  const small = await judge("relu", 0.02);
  assertEquals([small.diagnosis.verdict, small.diagnosis.causes[0].kind], ["sick", "kernel-scale"]);
  // The fix is tried behind the same head.
  assertEquals(small.diagnosis.causes[0].tried?.worked, true);
  const { message } = small.findings.find(({ kind }) => kind === "path-ratio")!;
  assertStringIncludes(message, "Measured with the kernel of head drawn at random");
  assertEquals(small.findings.some(({ kind }) => kind === "zero-head"), false);
  const large = await judge("relu", 2);
  assertEquals(large.diagnosis.verdict, "sick");
  const sigmoid = await judge("sigmoid", 0.18);
  const [{ kind, severity }] = sigmoid.diagnosis.causes;
  assertEquals([kind, severity], ["activation", "error"]);
});

Deno.test("examine() only names a head of zeros before a healthy body", async () => {
  const { diagnosis, findings } = await judge("relu", 0.25);
  assertEquals(diagnosis.verdict, "weak");
  const seen = findings.filter(({ severity }) => severity !== "note").map(({ kind }) => kind);
  assertEquals(seen, ["zero-head"]);
});

Deno.test("examine() sees a sick body behind a head of zeros in a PyTorch program", async () => {
  const objective = "cross_entropy";
  const { model } = await loadModel(programPath("shrunk.pt2"));
  const given = await readBatch(programPath("shrunk.npz"), model, { objective });
  const verdictOf = async () => {
    const { diagnosis } = await examine(model, given, { objective, trial: "off" });
    return diagnosis.verdict;
  };
  assertEquals(await verdictOf(), "sick");
  const head = modelWeights(model).filter(({ weightName }) => /head/.test(weightName));
  for (const { variable } of head) {
    const zeros = tf.zerosLike(variable.read());
    variable.write(zeros);
    zeros.dispose();
  }
  assertEquals(head.length > 0, true);
  assertEquals(await verdictOf(), "sick");
  tf.dispose(given as never);
  model.dispose();
});

Deno.test("assertHealthy() of a model judges behind a head of zeros, too", async () => {
  const options = { objective: "categoricalCrossentropyFromLogits", trial: "off" } as const;
  const sick = makeNetwork("relu", 0.02);
  const error = await assertRejects(() => assertHealthy(sick, batch, options), AssertionError);
  assertStringIncludes(error.message, "vanishing gradients in body_0 ... body_4");
  const healthy = makeNetwork("relu", Math.sqrt(2 / 32));
  await assertHealthy(healthy, batch, options);
  sick.dispose();
  healthy.dispose();
});
