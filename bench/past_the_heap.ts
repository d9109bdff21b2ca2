/**
 * Networks whose batch does not fit the 4 GiB of the WASM heap, at the size at which they were
 * published:
 *
 *     deno run -A bench/past_the_heap.ts # all of them deno run -A bench/past_the_heap.ts resnet50
 *     # one deno run -A bench/past_the_heap.ts transformer 4 # one, 4 examples at a time
 *
 * Weights are random, built from a seed. Each is measured by `measure()`; a bar says how far it is,
 * and a line at the end how long it took, and the most memory that the process had.
 *
 * @module
 */
import { passProgress } from "../src/cli/kit/progress.ts";
import { startEngine } from "../src/engine/mod.ts";
import { measure } from "../src/entry/measure.ts";
import { randomBatch } from "../src/entry/model.ts";
import { formatDuration, formatMemory } from "../src/ground/words/numbers.ts";
import { largeModels } from "./large_models.ts";
import { peakMemory } from "./costs.ts";

/** Restarts Linux's count of the peak. */
async function forgetPeak(): Promise<void> {
  await Deno.writeTextFile("/proc/self/clear_refs", "5").catch(() => {});
}

const [wanted, microBatch] = Deno.args;
const names = Object.keys(largeModels);
if (wanted !== undefined && !names.includes(wanted)) {
  console.error(`${wanted} is no network of this bench, expected ${names.join(", ")}`);
  Deno.exit(2);
}
await using engine = await startEngine({ threads: Math.min(navigator.hardwareConcurrency, 8) });
for (const name of wanted === undefined ? names : [wanted]) {
  const { examples, create, batchNormalization } = largeModels[name];
  const model = create(engine.tf);
  const batch = randomBatch(model, { examples });
  await forgetPeak();
  const progress = passProgress();
  const before = performance.now();
  const { batch: { microBatch: taken }, objective, layers } = await measure(model, batch, {
    onProgress: progress.update,
    batchNormalization,
    ...microBatch === undefined ? {} : { microBatch: Number(microBatch) },
  });
  progress[Symbol.dispose]();
  const seconds = (performance.now() - before) / 1000;
  console.log(
    `${name}, ${model.countParams()} parameters, ${layers.length} layers, ${examples} examples` +
      `${taken === undefined ? " in one go" : `, ${taken} at a time`}: ` +
      `${formatDuration(seconds)} on ${engine.threads} threads, ${
        formatMemory(peakMemory(Deno.pid))
      } ` +
      `at most, objective ${objective.value}`,
  );
  model.dispose();
  engine.tf.dispose(batch.inputs);
}
