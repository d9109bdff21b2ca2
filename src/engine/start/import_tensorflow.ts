import { chainMethods } from "../chain_methods.ts";
import type { TensorFlow } from "../tensorflow.ts";

let seen = true;

/**
 * Sets whether foreign code may see the TensorFlow.js of the next engine. Used by the command line,
 * whose models are often pure data.
 */
export function showTensorFlow(toOthers: boolean): void {
  seen = toOthers;
}

/**
 * Imports TensorFlow.js. If no other code sees it, only imports the packages that this project
 * uses. They are the same modules, so code that imports all of TensorFlow.js later gets the same
 * classes, ops and engine. The whole package also has a WebGL backend, `tf.data` and graph models,
 * which take 46 of the 117 ms of processor time of a bare start of TensorFlow.js with WASM (2-core
 * Xeon, Deno 2.9.6). It also gives tensors methods; here `chainMethods()` does, in 0.9 ms of
 * processor time.
 */
export async function importTensorFlow(): Promise<TensorFlow> {
  if (seen) return await import("@tensorflow/tfjs");
  const core = await import("@tensorflow/tfjs-core");
  const layers = await import("@tensorflow/tfjs-layers");
  await import("@tensorflow/tfjs-backend-cpu");
  chainMethods(core);
  // Nothing in this project uses the missing parts; `tests/engine/import_tensorflow_test.ts` checks
  // this.
  const parts: unknown = { ...core, ...layers, version: { tfjs: layers.version_layers } };
  return parts as TensorFlow;
}
