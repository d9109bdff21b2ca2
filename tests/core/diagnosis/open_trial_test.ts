import { assert, assertEquals } from "@std/assert";
import { learningRate } from "../../../src/core/rules/task/learning_rate.ts";
import { startEngine } from "../../../src/engine/start/start_engine.ts";
import type {
  Layer,
  LayersModel,
  Optimizer,
  Tensor,
  TensorFlow,
} from "../../../src/engine/tensorflow.ts";
import { measure } from "../../../src/core/measure/measure.ts";
import { examine } from "../../../src/core/diagnosis/examine/examine.ts";
import { openProbe } from "../../../src/core/probe/open_probe.ts";
import { stepSeconds } from "../../../src/core/probe/plan_trial.ts";
import { tryFindings } from "../../../src/core/diagnosis/examine/try_findings.ts";
import { classes, classifier } from "../../networks/trained_models.ts";

/** A network whose branches are shut by a factor of 0 before a relu, for good; the way round them learns. */
function shutBranches(tf: TensorFlow): LayersModel {
  const input = tf.input({ shape: [20] });
  const dense = (units: number, seed: number, activation?: "softmax") =>
    tf.layers.dense({
      units,
      activation,
      kernelInitializer: tf.initializers.glorotNormal({ seed }),
    });
  let x = input;
  for (let block = 0; block < 3; block++) {
    let branch = dense(20, 2 * block).apply(x) as typeof x;
    branch = tf.layers.batchNormalization({ gammaInitializer: "zeros" }).apply(branch) as typeof x;
    branch = tf.layers.reLU({}).apply(branch) as typeof x;
    branch = dense(20, 2 * block + 1).apply(branch) as typeof x;
    x = tf.layers.add().apply([x, branch]) as typeof x;
  }
  const model = tf.model({ inputs: input, outputs: dense(10, 99, "softmax").apply(x) as typeof x });
  model.compile({ optimizer: tf.train.adam(1e-5), loss: "categoricalCrossentropy" });
  return model;
}

Deno.test("tryFindings() does not fail a network for layers that the signal goes round", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const model = shutBranches(tf);
  const { labels: _, ...batch } = classes(tf);
  const measurements = await measure(model, batch);
  const subject = { model, batch, objective: undefined };
  const options = { mode: 2, seed: 0 };
  // A warning of the rate, for which it is tried.
  const found = learningRate.run(measurements, { learningRateFactor: 20 });
  const { trial, shown } = await tryFindings(subject, { measurements, found }, options);
  assert(trial !== null && "reason" in trial);
  assertEquals([trial.verdict, trial.reason, shown], ["fails", "still layers", null]);
});

Deno.test("tryFindings() warns of a rate that has not learned after 300 steps where another learns soon", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  /** Numbers this far from 0 on average: Adam nears them by its rate in each step. */
  const shownAt = async (mean: number, optimizer: Optimizer) => {
    const inputs = tf.tidy(() => tf.tensor2d(Array.from({ length: 32 }, (_, i) => [Math.sin(i)])));
    const targets = tf.tidy(() => tf.add(mean, tf.mul(0.6, inputs))) as Tensor;
    const kernelInitializer = tf.initializers.constant({ value: 0.1 });
    const model = tf.sequential({
      layers: [tf.layers.dense({ units: 1, inputShape: [1], kernelInitializer })],
    });
    model.compile({ optimizer, loss: "meanSquaredError" });
    const subject = { model, batch: { inputs, targets }, objective: undefined };
    const measurements = await measure(model, subject.batch);
    const { trial, findings, shown } = await tryFindings(subject, { measurements, found: [] }, {
      mode: "auto",
      seed: 0,
    });
    assert(trial !== null && "attempts" in trial);
    const [given, ...others] = trial.attempts;
    return {
      given: [given.verdict, given.steps],
      learned: others.filter(({ verdict }) => verdict === "learns").map(({ steps }) => steps <= 80),
      found: findings.map(({ kind, severity }) => `${kind} ${severity}`),
      shown,
    };
  };
  const { adam, sgd } = tf.train;
  for (const [optimizer, verdict] of [[adam(0.001), "fails"], [sgd(0.002), "slow"]] as const) {
    assertEquals(await shownAt(0.9, optimizer), {
      given: [verdict, 300],
      learned: [true],
      found: ["learning-rate warning"],
      shown: null,
    });
  }
  const idle = { found: [], shown: null };
  // Here the other one is late, and here the compiled one learns.
  assertEquals(await shownAt(0.54, adam(0.001)), {
    given: ["slow", 300],
    learned: [false],
    ...idle,
  });
  assertEquals(await shownAt(0.4, adam(0.001)), {
    given: ["learns", 220],
    learned: [true],
    ...idle,
  });
});

Deno.test("a trial of three steps on a few examples changes no verdict", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const { labels: _, ...batch } = classes(tf);
  const { adam, sgd } = tf.train;
  const verdicts = new Set<string>();
  for (const stddev of [0.3, 30]) {
    for (const [optimizer, l2] of [[adam(3e-3), 0], [sgd(1), 0], [sgd(1), 1]] as const) {
      const kernelInitializer = tf.initializers.randomNormal({ stddev, seed: 1 });
      const kernelRegularizer = tf.regularizers.l2({ l2 });
      const model = classifier(tf, { hidden: { kernelInitializer, kernelRegularizer } });
      model.compile({ optimizer, loss: "categoricalCrossentropy" });
      const pair = stepSeconds(await openProbe(model, batch, {}), 2);
      const alone = await examine(model, batch, { trial: "off" });
      const tried = await examine(model, batch, { trialBudget: 4.1 * pair });
      assert(tried.trial !== null && "attempts" in tried.trial);
      assertEquals(tried.trial.attempts.map(({ steps }) => steps), [3]);
      assertEquals(tried.diagnosis.verdict, alone.diagnosis.verdict);
      verdicts.add(alone.diagnosis.verdict);
      model.dispose();
    }
  }
  assertEquals([...verdicts], ["weak", "sick"]);
});

Deno.test("tryFindings() fails a network of which every layer stands still", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  // Bells that are so narrow that next to none lies near an example.
  class Bells extends tf.layers.Layer {
    static className = "Bells";
    centres: ReturnType<Layer["addWeight"]> | null = null;
    override build() {
      const initializer = tf.initializers.randomNormal({ stddev: 1, seed: 1 });
      this.centres = this.addWeight("centres", [2, 40], "float32", initializer);
      this.built = true;
    }
    override computeOutputShape([examples]: (number | null)[]) {
      return [examples, 40];
    }
    override call(inputs: Tensor | Tensor[]) {
      return tf.tidy(() => {
        const apart = tf.sub(tf.expandDims([inputs].flat()[0], 2), this.centres!.read());
        return tf.exp(tf.mul(tf.sum(tf.square(apart), 1), -8000)) as Tensor;
      });
    }
  }
  const model = tf.sequential({
    layers: [
      tf.layers.inputLayer({ inputShape: [2] }),
      new Bells({ name: "bells" }) as never,
      tf.layers.dense({
        units: 1,
        useBias: false,
        kernelInitializer: tf.initializers.glorotNormal({ seed: 2 }),
      }),
    ],
  });
  const inputs = tf.randomNormal([32, 2], 0, 1, "float32", 3);
  const targets = tf.tidy(() => tf.add(1, tf.sin(tf.sum(inputs, 1, true))));
  const { diagnosis, trial } = await examine(model, { inputs, targets }, {
    objective: "meanSquaredError",
    trial: "always",
  });
  assert(trial !== null && "reason" in trial);
  assertEquals([trial.verdict, trial.reason, diagnosis.verdict], ["fails", "still layers", "sick"]);
  model.dispose();
  tf.dispose([inputs, targets]);
});

Deno.test("examine() fails a network one of whose heads does not learn, however well the other one does", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const of = (bias: number) => {
    const x = tf.input({ shape: [8] });
    const dense = (units: number, seed: number, over: object = {}) =>
      tf.layers.dense({
        units,
        kernelInitializer: tf.initializers.heNormal({ seed }),
        activation: "relu",
        ...over,
      });
    const trunk = dense(32, 1).apply(x) as typeof x;
    const value = dense(1, 2, { activation: "linear", name: "value" }).apply(trunk);
    const branch = dense(32, 3, {
      name: "branch",
      biasInitializer: tf.initializers.constant({ value: bias }),
    }).apply(trunk) as typeof x;
    const which = dense(2, 4, { activation: "softmax", name: "which" }).apply(branch);
    const model = tf.model({ inputs: x, outputs: [value, which] as never });
    model.compile({
      optimizer: tf.train.adam(0.003),
      loss: ["meanSquaredError", "categoricalCrossentropy"],
    });
    return model;
  };
  const inputs = tf.randomNormal([32, 8], 0, 1, "float32", 3);
  // The numbers are large, so that their loss is nearly all of it.
  const numbers = tf.mul(tf.sum(inputs, 1, true), 10);
  const signs = tf.cast(
    tf.oneHot(
      tf.tensor1d(
        Array.from(tf.slice(inputs, [0, 0], [32, 1]).dataSync(), (value) => Number(value > 0)),
        "int32",
      ),
      2,
    ),
    "float32",
  );
  const verdicts: string[] = [];
  for (const bias of [0, -40]) {
    const model = of(bias);
    const { diagnosis } = await examine(model, { inputs, targets: [numbers, signs] }, {
      trial: "always",
    });
    verdicts.push(diagnosis.verdict);
    const says = diagnosis.trial!.said.includes("and the output which does not learn");
    assertEquals(says, bias !== 0, diagnosis.trial!.said);
    model.dispose();
  }
  assertEquals(verdicts, ["healthy", "sick"]);
});
