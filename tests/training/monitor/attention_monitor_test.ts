import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { healthMonitor } from "../../../src/training/monitor/health_monitor.ts";
import type { Engine } from "../../../src/engine/engine.ts";
import { startEngine } from "../../../src/engine/start/start_engine.ts";
import type { LayersModel, Tensor } from "../../../src/engine/tensorflow.ts";
import { kerasLayers } from "../../../src/keras/layers/mod.ts";
import { judgeTraining } from "../../../src/training/judge_training.ts";
import { attentionSignals } from "../../../src/training/training_pass.ts";
import type { TrainingStep } from "../../../src/training/training_step.ts";
import { makeLayer, statisticsOf } from "../../networks/measurements.ts";

const TOKENS = 8, WIDTH = 16, UNITS = 8, EXAMPLES = 256, HELD_OUT = 64;
const LAYER = "attention/softmax";

interface Task {
  rate: number;
  epochs: number;
  /** True if the first feature is 3 for the token that is to be found, and 0 for others. */
  isMarked?: boolean;
}

/** An attention with one head, which is to find the token whose first feature is largest. */
function subject({ tf }: Engine, { rate, isMarked = false }: Task) {
  const { MultiHeadAttention } = kerasLayers(tf);
  const kernelInitializer = (seed: number) => tf.initializers.glorotUniform({ seed });
  const x = tf.input({ shape: [TOKENS, WIDTH] });
  const attention = new MultiHeadAttention({
    name: "attention",
    numHeads: 1,
    keyDim: UNITS,
    kernelInitializer: kernelInitializer(2),
  });
  const pooled = tf.layers.globalAveragePooling1d({}).apply(attention.apply([x, x]));
  const head = tf.layers.dense({ units: 4, kernelInitializer: kernelInitializer(3) });
  const model = tf.model({ inputs: x, outputs: head.apply(pooled) as typeof x });
  model.compile({ optimizer: tf.train.adam(rate), loss: "meanSquaredError" });
  const drawn = tf.randomNormal([EXAMPLES, TOKENS, WIDTH], 0, 1, "float32", 1);
  const first = tf.slice(drawn, [0, 0, 0], [-1, -1, 1]).reshape([EXAMPLES, TOKENS]);
  const chosen = tf.expandDims(tf.oneHot(tf.argMax(first, 1), TOKENS), 2);
  const rest = tf.slice(drawn, [0, 0, 1], [-1, -1, -1]);
  const inputs: Tensor = isMarked ? tf.concat([tf.mul(chosen, 3), rest], 2) : drawn;
  const targets: Tensor = tf.slice(tf.sum(tf.mul(rest, chosen), 1), [0, 0], [-1, 4]);
  return { model, inputs, targets };
}

/** Trains under the monitor. */
async function train(engine: Engine, task: Task): Promise<TrainingStep[]> {
  const { model, inputs, targets } = subject(engine, task);
  const count = EXAMPLES - HELD_OUT;
  const batch = { inputs: inputs.slice(count), targets: targets.slice(count) };
  const scores = largestScore(model, batch.inputs);
  const monitor = healthMonitor({ batch, onFinding: "keep", every: 20 });
  await model.fit(inputs.slice(0, count), targets.slice(0, count), {
    epochs: task.epochs,
    shuffle: false,
    verbose: 0,
    callbacks: monitor,
  });
  model.dispose();
  const steps = [...monitor.steps];
  assertAlmostEquals(attentionAt(steps[0])!.attentionLogit!, scores, 1e-4);
  return steps;
}

/** Returns the largest |q k'| / sqrt(units) in float64; the biases are 0 before training. */
function largestScore(model: LayersModel, inputs: Tensor): number {
  const values = inputs.dataSync();
  const [query, key] = ["query", "key"].map((name) =>
    model.weights.find((one) => one.originalName.includes(`${name}/kernel`))!.read().dataSync()
  );
  const projected = (token: number, kernel: ArrayLike<number>) =>
    Array.from({ length: UNITS }, (_, unit) => {
      let sum = 0;
      for (let i = 0; i < WIDTH; i++) sum += values[token * WIDTH + i] * kernel[i * UNITS + unit];
      return sum;
    });
  let largest = 0;
  for (let token = 0; token < HELD_OUT * TOKENS; token++) {
    const q = projected(token, query);
    const start = token - token % TOKENS;
    for (let other = start; other < start + TOKENS; other++) {
      const k = projected(other, key);
      const product = q.reduce((sum, one, unit) => sum + one * k[unit], 0);
      largest = Math.max(largest, Math.abs(product) / Math.sqrt(UNITS));
    }
  }
  return largest;
}

const attentionAt = ({ layers = [] }: TrainingStep) => layers.find(({ layer }) => layer === LAYER);

const found = (rows: readonly TrainingStep[], thresholds = {}) =>
  judgeTraining(rows, { thresholds }).filter(({ rule }) => rule === "attention-collapses")
    .map(({ kind, layer }) => `${kind} ${layer}`);

Deno.test("healthMonitor() finds attention whose scores grow and whose entropy collapses", async () => {
  await using engine = await startEngine();
  const rows = await train(engine, { rate: 1, epochs: 10 });
  const attention = rows.flatMap((row) => attentionAt(row) ?? []);
  const before = attention[0].attentionLogit!;
  const scores = attention.map(({ attentionLogit }) => attentionLogit!);
  const largest = Math.max(...scores);
  const least = Math.min(...attention.map(({ attentionEntropy }) => attentionEntropy!));
  const onlyScores = { leastEntropy: 0 };
  const onlyEntropy = { largeLogit: Infinity };
  assertEquals(found(rows, onlyScores), [`logits ${LAYER}`]);
  assertEquals(found(rows, { ...onlyScores, largeLogit: 0.999 * largest }), [`logits ${LAYER}`]);
  assertEquals(found(rows, { ...onlyScores, largeLogit: largest }), []);
  const growth = largest / before;
  assertEquals(found(rows, { ...onlyScores, mostLogitGrowth: 0.999 * growth }), [
    `logits ${LAYER}`,
  ]);
  assertEquals(found(rows, { ...onlyScores, mostLogitGrowth: 1.001 * growth }), []);
  assertEquals(found(rows, onlyEntropy), [`entropy ${LAYER}`]);
  assertEquals(found(rows, { ...onlyEntropy, leastEntropy: 1.001 * least }), [`entropy ${LAYER}`]);
  assertEquals(found(rows, { ...onlyEntropy, leastEntropy: least }), []);
  assertEquals(found(rows, { ...onlyEntropy, sharpLogit: 0.999 * largest }), [`entropy ${LAYER}`]);
  assertEquals(found(rows, { ...onlyEntropy, sharpLogit: largest }), []);
});

Deno.test("healthMonitor() lets scores grow that learn where to look", async () => {
  await using engine = await startEngine();
  const rows = await train(engine, { rate: 0.03, epochs: 20 });
  const passes = rows.filter((row) => attentionAt(row) !== undefined);
  const first = passes[0];
  const last = passes.at(-1)!;
  assert(last.validationLoss! < 0.2 * first.validationLoss!);
  assert(attentionAt(last)!.attentionLogit! > 2 * attentionAt(first)!.attentionLogit!);
  assert(attentionAt(last)!.attentionEntropy! < 0.5 * attentionAt(first)!.attentionEntropy!);
  assertEquals(found(rows), []);
});

Deno.test("healthMonitor() lets attention choose one key where the task asks for it", async () => {
  await using engine = await startEngine();
  const rows = await train(engine, { rate: 0.03, epochs: 20, isMarked: true });
  const last = rows.findLast((row) => attentionAt(row) !== undefined)!;
  assert(last.validationLoss! < 0.02 * rows[0].validationLoss!);
  assert(attentionAt(last)!.attentionEntropy! < 0.02);
  assertEquals(found(rows), []);
  assertEquals(found(rows, { sharpLogit: 0.999 * attentionAt(last)!.attentionLogit! }), [
    `entropy ${LAYER}`,
  ]);
});

Deno.test("large scores are no finding if they were large before, or if the rows are as even", () => {
  const rows = (before: number, entropies: [number, number]) =>
    [0, 20].map((step, i): TrainingStep => ({
      step,
      loss: 1,
      layers: [{
        layer: LAYER,
        attentionLogit: i === 0 ? before : 1500,
        attentionEntropy: entropies[i],
      }],
    }));
  assertEquals(found(rows(140, [0.8, 0.3])), [`logits ${LAYER}`]);
  assertEquals(found(rows(160, [0.8, 0.3])), []);
  assertEquals(found(rows(0, [0.8, 0.3])), [`logits ${LAYER}`]);
  assertEquals(found(rows(140, [0.8, 0.5])), []);
});

Deno.test("attentionSignals() does not take a mask, or what is not finite, for a score", () => {
  const attention = { entropy: 0.5, oneHot: 0, keys: 8, rows: 8 };
  const logit = (scores: number[], more = {}) =>
    attentionSignals(makeLayer({
      attention,
      preActivations: { ...statisticsOf(scores), ...more },
    })).attentionLogit;
  assertEquals(logit([1, -3]), 3);
  assertEquals(logit([1, -1e9]), null);
  assertEquals(logit([1, -3], { nonFinite: 1 }), null);
  assertEquals(attentionSignals(makeLayer({ preActivations: statisticsOf([1, -3]) })), {});
});
