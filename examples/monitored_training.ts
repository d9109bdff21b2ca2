/**
 * Training under `healthMonitor`, which ends a run that goes wrong and says why. The argument is the
 * learning rate; with `--html FILE` what was measured becomes a page, too:
 *
 *     deno run -A examples/monitored_training.ts 0.1   # learns
 *     deno run -A examples/monitored_training.ts 50 --html training.html    # is stopped
 */
import { healthMonitor, startEngine } from "@gradient-health/gradient-health";
import { renderHistoryPage } from "@gradient-health/gradient-health/picture";
import { AssertionError } from "@std/assert";
import { createBatch, createModel, objective } from "./digits.ts";

// The same figures on every machine: relaxed SIMD would change their last digits.
await using engine = await startEngine({ relaxedSimd: false });
const { tf } = engine;
const model = await createModel({ tf, seed: 0 });
model.compile({
  optimizer: tf.train.sgd(Number(Deno.args[0] ?? 0.1)),
  loss: objective as string,
});
const batch = await createBatch({ tf, seed: 0, examples: 48 });
// The other 16 digits: measured is what is not trained on.
const held = await createBatch({ tf, seed: 3, examples: 16 });
const monitor = healthMonitor({ batch: held, every: 5 });
try {
  await model.fit(batch.inputs, batch.targets!, {
    epochs: 5,
    batchSize: 16,
    // Shuffling draws from no seed.
    shuffle: false,
    verbose: 0,
    callbacks: monitor,
  });
} catch (error) {
  // The monitor throws where a rule finds an error; with `onFinding: "stop"`, fit() would only end.
  if (!(error instanceof AssertionError)) throw error;
  console.error(error.message);
  Deno.exitCode = 1;
}
for (const { step, measurements } of monitor.history) {
  console.log(`after ${step} batches: loss ${measurements.objective.value.toPrecision(3)}`);
}
const [, flag, file] = Deno.args;
if (flag === "--html") {
  await Deno.writeTextFile(
    file,
    await renderHistoryPage(monitor.history, { steps: monitor.steps }),
  );
}
