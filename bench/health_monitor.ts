/**
 * Cost of `healthMonitor` in a training: `deno run -A bench/health_monitor.ts`.
 *
 * Trains 10 tanh layers of 128 units on batches of 64, without a monitor and with one that measures
 * 64 held examples every few batches, in turn; the median of all rounds counts. A monitor should
 * cost what `every` says: the time of one measurement for each `every` batches.
 *
 * @module
 */
import { healthMonitor } from "../src/training/monitor/health_monitor.ts";
import { startEngine } from "../src/engine/start/start_engine.ts";
import { exerciseModel } from "../src/core/model/layers/exercise_model.ts";
import { randomBatch } from "../src/core/model/batches/random_batch.ts";
import { median } from "../src/ground/theory/statistics.ts";

const ROUNDS = 7, BATCHES = 40, EXAMPLES = 64;
const EVERY = [1, 2, 5, 10, 40];
const OBJECTIVE = "meanSquaredError";

await using engine = await startEngine();
const { tf } = engine;
const model = exerciseModel({ width: 128, std: 1 / Math.sqrt(128) });
model.compile({ optimizer: tf.train.sgd(1e-3), loss: OBJECTIVE });
const data = randomBatch(model, { objective: OBJECTIVE, examples: EXAMPLES * BATCHES });
const batch = randomBatch(model, { objective: OBJECTIVE, examples: EXAMPLES, seed: 1 });

/** Milliseconds of the training, and of one measurement. */
async function train(every: number | null): Promise<{ time: number; pass: number }> {
  const monitor = every === null
    ? undefined
    : healthMonitor({ batch, every, objective: OBJECTIVE, onFinding: "keep" });
  const started = performance.now();
  await model.fit(data.inputs, data.targets!, {
    epochs: 1,
    batchSize: EXAMPLES,
    verbose: 0,
    callbacks: monitor,
  });
  const time = performance.now() - started;
  const times = monitor?.history.map(({ milliseconds }) => milliseconds) ?? [];
  return { time, pass: times.length === 0 ? 0 : median(times) };
}

await train(1);
const ratios = EVERY.map(() => [] as number[]);
const shares = EVERY.map(() => [] as number[]);
for (let round = 0; round < ROUNDS; round++) {
  for (const [i, every] of EVERY.entries()) {
    const before = await train(null);
    const watched = await train(every);
    const after = await train(null);
    const alone = (before.time + after.time) / 2;
    ratios[i].push(watched.time / alone);
    shares[i].push(watched.pass / (alone / BATCHES));
  }
}
console.log("| every | measurement / batch | time / alone | expected |\n| --- | --- | --- | --- |");
EVERY.forEach((every, i) => {
  const share = median(shares[i]);
  const [found, expected] = [median(ratios[i]), 1 + share / every].map((ratio) => ratio.toFixed(2));
  console.log(`| ${every} | ${share.toFixed(2)} | ${found} | ${expected} |`);
});
