import { assert, assertEquals, assertRejects } from "@std/assert";
import { type LayersModel, startEngine } from "../../../src/engine/mod.ts";
import { loadModel, ModelError } from "../../../src/entry/model.ts";
import { saveModel, withFolder } from "./save_model.ts";

const { tf } = await startEngine();
export const { layers } = tf;

// deno-lint-ignore no-explicit-any
export type Json = any;
/** Changes the configurations of a model's layers, or the whole model. */
type Edit = (layers: Json[], model: Json) => void;

/** Returns the refusal of a saved and then spoilt model, without the names of file and model. */
export async function refusal(model: LayersModel, edit: Edit): Promise<string> {
  return await withFolder(async (folder) => {
    const path = await saveModel(tf, model, folder, {
      edit: (json) => {
        edit(json.modelTopology.config.layers, json.modelTopology);
        return json;
      },
    });
    const tensors = tf.memory().numTensors;
    const error = await assertRejects(() => loadModel(path), ModelError);
    assertEquals(tf.memory().numTensors, tensors, "a failed load leaves tensors");
    assert(error.message.startsWith(`${path}: modelTopology`), error.message);
    return error.message.slice(`${path}: modelTopology.config.layers`.length);
  });
}

const sequential = (make: () => unknown[]) => () => tf.sequential({ layers: make() as never[] });

export const MODELS = {
  dense: sequential(
    () => [layers.dense({ units: 2, inputShape: [3] }), layers.dropout({ rate: 0.5 })],
  ),
  conv1d: sequential(() => [
    layers.conv1d({ filters: 2, kernelSize: 3, padding: "causal", inputShape: [8, 2] }),
    layers.maxPooling1d({}),
  ]),
  conv2d: sequential(() => [
    layers.zeroPadding2d({ inputShape: [6, 6, 2] }),
    layers.separableConv2d({ filters: 2, kernelSize: 3 }),
    layers.maxPooling2d({}),
    layers.upSampling2d({}),
    layers.flatten(),
    layers.reshape({ targetShape: [4, 8] }),
  ]),
  pooling3d: sequential(
    () => [layers.averagePooling3d({ padding: "same", inputShape: [4, 4, 4, 1] })],
  ),
  lstm: sequential(() => [
    layers.embedding({ inputDim: 4, outputDim: 2, inputLength: 5 }),
    layers.bidirectional({ layer: layers.lstm({ units: 2 }) as never }),
    layers.repeatVector({ n: 3 }),
    layers.timeDistributed({ layer: layers.dense({ units: 2 }) }),
    layers.rnn({ cell: layers.stackedRNNCells({ cells: [layers.gruCell({ units: 2 })] }) }),
  ]),
  graph() {
    const input = tf.input({ shape: [2], name: "in" });
    const a = layers.dense({ name: "a", units: 2 }).apply(input);
    const b = layers.dense({ name: "b", units: 2 }).apply(a);
    const outputs = layers.add({ name: "sum" }).apply([a, b] as never[]) as never;
    return tf.model({ inputs: input, outputs });
  },
  nested() {
    const inner = tf.sequential({
      name: "inner",
      layers: [layers.dense({ units: 2, inputShape: [2] })],
    });
    const input = tf.input({ shape: [2], name: "in" });
    return tf.model({ inputs: input, outputs: inner.apply(inner.apply(input)) as never });
  },
};

export type Spoilt = [what: string, model: keyof typeof MODELS, edit: Edit, message: string];

/** Tests that each spoilt model is refused, and that the message says where. */
export function testRefusals(rows: readonly Spoilt[]): void {
  for (const [what, model, edit, message] of rows) {
    Deno.test(`loadModel() refuses ${what}, and says where it stands`, async () => {
      const built = MODELS[model]();
      const numbers = /_[A-Z]\w*?\d+/;
      assertEquals(
        (await refusal(built, edit)).replace(numbers, "_*"),
        message.replace(numbers, "_*"),
      );
      built.dispose();
    });
  }
}
