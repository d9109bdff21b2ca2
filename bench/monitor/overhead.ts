/**
 * Measures what `healthMonitor` costs by default, in processor time: `deno run -A bench/monitor/overhead.ts`.
 *
 * Each network is trained with and without a monitor, in turn: wall time is noisy on a shared machine. The ratio of
 * the sums of all pairs counts; that of each pair shows the noise.
 *
 * @module
 */
import process from "node:process";
import { createBatch, createModel } from "../../examples/transformer.ts";
import { healthMonitor } from "../../src/training/monitor/health_monitor.ts";
import { startEngine } from "../../src/engine/start/start_engine.ts";
import type { LayersModel, Tensor } from "../../src/engine/tensorflow.ts";
import { convnet, dense } from "../networks.ts";

const PAIRS = Number(Deno.args[0] ?? 2), BATCHES = 50, EPOCHS = Number(Deno.args[1] ?? 16);
const HELD_OUT = 32;

/** Network, its batch and what it is compiled with. */
interface Training {
  name: string;
  model: LayersModel;
  inputs: Tensor;
  targets: Tensor;
  loss: string;
  /** Rate at which it learns: a search for one that does answers an error, and takes longer. */
  rate: number;
  /** Weights before each training: one that goes on from another is not the same. */
  weights: Tensor[];
}

await using engine = await startEngine();
const { tf } = engine;

function ofNetwork({ name, create }: ReturnType<typeof dense>, rate: number): Training {
  const { model, input } = create(tf);
  const targets = model.predict(input) as Tensor;
  const loss = "meanSquaredError";
  const half = tf.mul(targets, 0.5) as Tensor;
  return { name, model, inputs: input, targets: half, loss, rate, weights: weightsOf(model) };
}

async function transformer(): Promise<Training> {
  const model = await createModel({ tf, seed: 1 }) as LayersModel;
  const { inputs, targets } = await createBatch!({ tf, seed: 1, examples: 64 });
  const name = "transformer of two blocks, batch 64";
  const loss = "categoricalCrossentropy";
  const weights = weightsOf(model);
  return {
    name,
    model,
    inputs: inputs as Tensor,
    targets: targets as Tensor,
    loss,
    rate: 1e-3,
    weights,
  };
}

const weightsOf = (model: LayersModel) => model.getWeights().map((weight) => weight.clone());

/** Repeats a batch, so that an epoch has many. */
const repeated = (batch: Tensor): Tensor =>
  tf.tile(batch, [BATCHES, ...batch.shape.slice(1).map(() => 1)]);

/** Returns the milliseconds of processor time of a training. */
async function train(
  { model, inputs, targets, loss, rate, weights }: Training,
  isWatched: boolean,
  epochs = EPOCHS,
) {
  model.setWeights(weights);
  model.compile({ optimizer: tf.train.adam(rate), loss });
  const held = (tensor: Tensor) => tensor.slice(0, Math.min(HELD_OUT, tensor.shape[0]));
  const batch = { inputs: held(inputs), targets: held(targets) };
  const callbacks = isWatched ? [healthMonitor({ batch })] : [];
  const before = process.cpuUsage();
  const batchSize = inputs.shape[0] / BATCHES;
  await model.fit(inputs, targets, {
    epochs,
    batchSize,
    shuffle: false,
    verbose: 0,
    callbacks,
  });
  const { user, system } = process.cpuUsage(before);
  tf.dispose([batch.inputs, batch.targets]);
  return (user + system) / 1000;
}

console.log("| network | step (ms) | ratio | of each pair |\n| --- | --- | --- | --- |");
for (
  const one of [ofNetwork(convnet, 1e-4), ofNetwork(dense(4, 384, 256), 1e-3), await transformer()]
) {
  const training = { ...one, inputs: repeated(one.inputs), targets: repeated(one.targets) };
  const pairs: { alone: number; watched: number }[] = [];
  await train(training, true, 1);
  for (let pair = 0; pair < PAIRS; pair++) {
    const alone = await train(training, false);
    pairs.push({ alone, watched: await train(training, true) });
  }
  const alone = pairs.reduce((sum, one) => sum + one.alone, 0);
  const watched = pairs.reduce((sum, one) => sum + one.watched, 0);
  const ratios = pairs.map((one) => (one.watched / one.alone).toFixed(3)).join(", ");
  const step = (alone / PAIRS / BATCHES / EPOCHS).toFixed(1);
  console.log(`| ${training.name} | ${step} | ${(watched / alone).toFixed(3)} | ${ratios} |`);
}
