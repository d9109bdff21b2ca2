/**
 * Measures one dense network in a process of its own, and prints time and memory as JSON:
 * `deno run -A bench/growth_point.ts DEPTH WIDTH BATCH`.
 *
 * @module
 */
import { cpuUsage } from "node:process";
import { startEngine } from "../src/engine/mod.ts";
import type { WasmBackend } from "../src/engine/native/wasm_backend.ts";
import { measure } from "../src/entry/measure.ts";
import { dense } from "./networks.ts";

const [depth, width, batch] = Deno.args.map(Number);
const engine = await startEngine();
const { tf } = engine;
const heap = () => (tf.backend() as unknown as WasmBackend).wasm.HEAPU8.length;
const { model, input } = dense(depth, width, batch).create(tf);
const tensors = tf.memory().numTensors;
// The time that the processor was given, in milliseconds: a long pass is interrupted more often.
const clock = () => {
  const { user, system } = cpuUsage();
  return (user + system) / 1000;
};
let least = Infinity, afterFirst = 0, passes = 0;
const end = performance.now() + 3000;
while (passes < 12 || (performance.now() < end && passes < 400)) {
  const before = clock();
  await measure(model, { inputs: input });
  least = Math.min(least, clock() - before);
  if (++passes === 2) afterFirst = heap();
}
const grown = heap() - afterFirst;
const leaked = tf.memory().numTensors - tensors;
console.log(JSON.stringify({ least, passes, heap: heap(), grown, leaked }));
await engine.stop();
