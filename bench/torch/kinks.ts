/**
 * Writes what each relu of a PyTorch program puts out, and mean |dJ/dw| of every parameter, for
 * kinks.py:
 *
 *     deno run -A bench/torch/kinks.ts NAME.pt2 NAME.npz OUT
 *
 * writes OUT.bin (float32) and OUT.json.
 */
import { startEngine } from "../../src/engine/mod.ts";
import { loadModel } from "../../src/load/load_model.ts";
import { readBatch } from "../../src/load/read_batch.ts";
import { activations } from "../../src/core/measure/pass_tensors.ts";
import { measure } from "../../src/core/measure/measure.ts";

const [path, batchPath, out] = Deno.args;
await startEngine({ threads: 1 });
const { model } = await loadModel(path);
const objective = "cross_entropy";
const batch = await readBatch(batchPath, model, { objective });
using file = Deno.openSync(`${out}.bin`, { write: true, create: true, truncate: true });
const places: { layer: string; shape: number[]; offset: number; size: number }[] = [];
let offset = 0;
for (const { layer, className, tensor } of await activations(model, batch)) {
  if (!/relu/i.test(className)) continue;
  const entries = tensor.dataSync() as Float32Array;
  const bytes = new Uint8Array(entries.buffer, entries.byteOffset, entries.byteLength);
  for (let at = 0; at < bytes.length;) at += file.writeSync(bytes.subarray(at));
  places.push({ layer, shape: tensor.shape, offset, size: entries.length });
  offset += entries.length;
}
const { layers } = await measure(model, batch, { objective });
const gradients = Object.fromEntries(
  layers.flatMap(({ weights }) => weights).map((one) => [one.name, one.gradients?.meanAbs ?? null]),
);
await Deno.writeTextFile(`${out}.json`, JSON.stringify({ places, gradients }));
