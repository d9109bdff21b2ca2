/**
 * Loads a model and prints the largest memory that the process has had, in bytes.
 *
 *     deno run -A tests/torch/program/loaded_peak.ts PATH
 *
 * @module
 */
import { startEngine } from "../../../src/engine/mod.ts";
import { loadModel } from "../../../src/entry/model.ts";

await using _engine = await startEngine({ threads: 1 });
await loadModel(Deno.args[0]);
const status = await Deno.readTextFile("/proc/self/status");
console.log(1024 * Number(/VmHWM:\s+(\d+)/.exec(status)![1]));
