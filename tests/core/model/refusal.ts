import { assert, assertEquals, assertRejects } from "@std/assert";
import { type LayersModel, startEngine } from "../../../src/engine/mod.ts";
import { exerciseModel, loadModel, ModelError } from "../../../src/entry/model.ts";
import { saveModel, type SaveOptions, withFolder } from "./save_model.ts";
import { type Parts, partsOf } from "../../assert_refused.ts";

const { tf } = await startEngine();

export const tiny = exerciseModel({ width: 2, depth: 1 });

/** The message with which a saved and spoilt model is refused, without the file's name. */
export async function refusal(options: SaveOptions, model: LayersModel = tiny): Promise<string> {
  return await withFolder(async (folder) => {
    const path = await saveModel(tf, model, folder, options);
    return await refusalOf(path);
  });
}

/** The same in its parts. */
export async function refused(options: SaveOptions, model: LayersModel = tiny): Promise<Parts> {
  return await withFolder(async (folder) => {
    const path = await saveModel(tf, model, folder, options);
    return partsOf(await errorOf(path), path);
  });
}

export async function refusalOf(path: string): Promise<string> {
  return (await errorOf(path)).message.slice(path.length + 2);
}

/** The error with which a model is refused: one line that begins with its file. */
export async function errorOf(path: string): Promise<ModelError> {
  const tensors = tf.memory().numTensors;
  const error = await assertRejects(() => loadModel(path), ModelError);
  assertEquals(tf.memory().numTensors, tensors, "a failed load leaves tensors");
  assert(error.message.startsWith(`${path}: `), error.message);
  assert(!/\n/.test(error.message), error.message);
  return error;
}

/** A functional model: in -> a -> b -> sum(a, b). */
export function functional(): LayersModel {
  const input = tf.input({ shape: [2], name: "in" });
  const a = tf.layers.dense({ name: "a", units: 2 }).apply(input);
  const b = tf.layers.dense({ name: "b", units: 2 }).apply(a);
  const outputs = tf.layers.add({ name: "sum" }).apply([a, b] as never[]) as never;
  return tf.model({ inputs: input, outputs, name: "graph" });
}

// deno-lint-ignore no-explicit-any
export type Edit = (json: any) => unknown;
