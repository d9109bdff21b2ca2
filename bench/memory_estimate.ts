/**
 * Accuracy of the estimate of a pass's memory: `deno run -A bench/memory_estimate.ts`. For networks
 * of every kind, in both modes of batch normalisation where that makes a difference: the estimate,
 * the most bytes of the WASM heap that were taken at once, and the ratio, which must be between 1 /
 * 1.3 and 1.3.
 *
 * @module
 */
import { startEngine } from "../src/engine/mod.ts";
import { measure } from "../src/entry/measure.ts";
import { normalizedOnBatch } from "../src/core/measure/training_facts.ts";
import { estimatePass } from "../src/core/measure/plan_memory.ts";
import { leafLayers, loadModel, randomBatch } from "../src/entry/model.ts";
import { containerLayers } from "../src/core/model/layers/leaf_layers.ts";
import { batchShapes } from "../src/core/model/layers/shapes.ts";
import type { LayersModel } from "../src/engine/tensorflow.ts";
import { heapPeak } from "./heap_peak.ts";
import { memoryModels } from "./memory_models.ts";

/** Bytes of a pass: it takes a moment, and far more memory than the scratch space of a kernel. */
const SIZE = 32 * 2 ** 20;
const MOST = 1.3;
const MODES = ["inference", "training"] as const;

await using engine = await startEngine();
const { tf } = engine;
const fixtures = new URL("../fixtures/files/keras/", import.meta.url);
const all: [string, () => Promise<LayersModel>][] = Object.entries(memoryModels)
  .map(([name, create]) => [name, () => Promise.resolve(create(tf))]);
for (const { name } of Deno.readDirSync(fixtures)) {
  if (!name.endsWith(".keras")) continue;
  all.push([name, () => loadModel(new URL(name, fixtures).pathname).then(({ model }) => model)]);
}
const wanted = all.filter(([name]) => Deno.args.length === 0 || Deno.args.includes(name));
let met = 0, count = 0;
for (const [name, create] of wanted) {
  let model: LayersModel;
  try {
    model = await create();
  } catch (error) {
    console.log(`${name.padEnd(36)} not measured: ${(error as Error).message.slice(0, 90)}`);
    continue;
  }
  const layers = leafLayers(model).map(({ layer }) => layer);
  const modes = MODES.filter((mode) =>
    mode === "inference" || normalizedOnBatch(layers, 8, mode).size > 0
  );
  for (const mode of modes) {
    const onBatch = normalizedOnBatch(layers, 8, mode);
    const subject = {
      model,
      layers,
      containers: containerLayers(model),
      onBatch,
      inputs: batchShapes(model),
    };
    const [one, two] = [1, 2].map((examples) => estimatePass(subject, examples));
    const [{ shape: [fixed] }] = model.inputs;
    const examples = fixed ?? Math.max(2, Math.round((SIZE - one) / (two - one)));
    const batch = randomBatch(model, { examples });
    const peak = await heapPeak(tf, () => measure(model, batch, { batchNormalization: mode }));
    tf.dispose(batch.inputs);
    const ratio = estimatePass(subject, examples) / peak;
    const isMet = ratio < MOST && ratio > 1 / MOST;
    count++;
    if (isMet) met++;
    console.log(
      `${`${name}${modes.length > 1 ? `, ${mode}` : ""}`.padEnd(44)} ${
        String(examples).padStart(6)
      } examples ${(peak / 2 ** 20).toFixed(1).padStart(7)} MiB ${ratio.toFixed(2)} ${
        isMet ? "met" : "missed"
      }`,
    );
  }
  model.dispose();
}
console.log(`${met} of ${count} within ${MOST}`);
