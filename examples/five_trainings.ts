/**
 * A healthy training and four sick ones under `healthMonitor`, each as a page:
 *
 *     deno run -A examples/five_trainings.ts healthy --html healthy.html
 *     deno run -A examples/five_trainings.ts rate-too-high
 */
import { healthMonitor, startEngine } from "@gradient-health/gradient-health";
import { renderHistoryPage } from "@gradient-health/gradient-health/picture";
import { createBatch, createModel, objective } from "./digits.ts";

/** A training of the classifier of digits. */
interface Training {
  /** Learning rate of Adam. */
  rate: number;
  /** Number of digits to train on. */
  examples: number;
  /** Number of the batch in which a pixel is NaN; `null` for none. */
  broken: number | null;
}

const TRAININGS: Record<string, Training> = {
  "healthy": { rate: 0.001, examples: 48, broken: null },
  "rate-too-high": { rate: 0.1, examples: 48, broken: null },
  "rate-too-low": { rate: 1e-8, examples: 48, broken: null },
  "nan": { rate: 0.001, examples: 48, broken: 17 },
  "overfitting": { rate: 0.003, examples: 16, broken: null },
};
const BATCH = 16, BATCHES = 60;

const [name = "healthy", flag, file] = Deno.args;
const training = TRAININGS[name];
if (training === undefined) throw new Error(`expected one of ${Object.keys(TRAININGS).join(", ")}`);

// The same figures on every machine: relaxed SIMD would change their last digits.
await using engine = await startEngine({ relaxedSimd: false });
const { tf } = engine;
const model = await createModel({ tf, seed: 0 });
model.compile({ optimizer: tf.train.adam(training.rate), loss: objective as string });
const digits = await createBatch({ tf, seed: 0, examples: training.examples });
const inputs = digits.inputs as ReturnType<typeof tf.tensor4d>;
const targets = digits.targets as ReturnType<typeof tf.tensor2d>;
// The other digits: measured is what is not trained on.
const held = await createBatch({ tf, seed: 3, examples: 16 });

const { gather } = tf;
const order = tf.tensor1d(
  Array.from({ length: BATCH * BATCHES }, (_, i) => i % training.examples),
  "int32",
);
const pixels = gather(inputs, order).bufferSync();
if (training.broken !== null) pixels.set(NaN, BATCH * training.broken + 5, 14, 14, 0);

// Without a limit on its time, it sees the same on a slow machine.
const monitor = healthMonitor({ batch: held, onFinding: "stop", every: 5, budget: 1 });
await model.fit(pixels.toTensor(), gather(targets, order), {
  batchSize: BATCH,
  epochs: 1,
  shuffle: false,
  verbose: 0,
  callbacks: monitor,
});
const { step, measurements } = monitor.history.at(-1)!;
const loss = measurements.objective.value.toPrecision(3);
console.log(`${name}: ends after ${step} of ${BATCHES} batches, held-out loss ${loss}`);
if (flag === "--html") {
  await Deno.writeTextFile(
    file,
    await renderHistoryPage(monitor.history, { steps: monitor.steps }),
  );
}
