import type { TensorFlow } from "../../src/engine/tensorflow.ts";
import { installLayerRepairs, installOps, type OpOptions } from "../../src/engine/ops/mod.ts";

/** The columns of the conformance table. */
export type Column = "stock WASM" | "cpu" | "this engine";

/** Runs `f` on TensorFlow.js as a column has it, and takes the repairs back afterwards. */
export async function onBackend<T>(
  column: Column,
  f: (tf: TensorFlow) => T | Promise<T>,
  options: OpOptions = {},
): Promise<T> {
  const tf = await import("@tensorflow/tfjs");
  await import("@tensorflow/tfjs-backend-wasm");
  // Else TensorFlow.js advertises on the console where the cpu backend is used.
  tf.env().set("PROD", true);
  const backend = column === "cpu" ? "cpu" : "wasm";
  if (!await tf.setBackend(backend)) throw new Error(`the ${backend} backend did not start`);
  if (column !== "this engine") return await f(tf);
  const takeBack: (() => unknown)[] = [await installOps(tf, options), installLayerRepairs(tf)];
  try {
    return await f(tf);
  } finally {
    for (const undo of takeBack.reverse()) await undo();
  }
}
