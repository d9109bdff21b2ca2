import { chainMethods } from "./chain_methods.ts";
import type { TensorFlow } from "./tensorflow.ts";

let seen = true;

/**
 * Says whether code that is not this project's may see the TensorFlow.js of the next engine. For the command line,
 * whose models are often data.
 */
export function showTensorFlow(toOthers: boolean): void {
  seen = toOthers;
}

/**
 * Imports TensorFlow.js. Where no other code sees it, this imports only the packages of it that this project uses.
 * They are the same modules, so code that imports all of TensorFlow.js later gets the same classes, kernels and engine.
 * The whole package has a WebGL backend, `tf.data` and graph models as well, 46 of the 117 ms of processor time that a
 * bare start of TensorFlow.js with WASM takes (2-core Xeon, Deno 2.9.6). It also gives tensors methods; here
 * `chainMethods()` does, in 0.2 ms.
 */
export async function importTensorFlow(): Promise<TensorFlow> {
  if (seen) return await import("@tensorflow/tfjs");
  const core = await import("@tensorflow/tfjs-core");
  const layers = await import("@tensorflow/tfjs-layers");
  await import("@tensorflow/tfjs-backend-cpu");
  chainMethods(core);
  // What is missing, nothing in this project uses: `tests/engine/import_tensorflow_test.ts` has it checked.
  const parts: unknown = { ...core, ...layers, version: { tfjs: layers.version_layers } };
  return parts as TensorFlow;
}
