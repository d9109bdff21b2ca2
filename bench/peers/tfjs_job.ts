/**
 * The job as a user of stock TensorFlow.js does it, as in the exercise: one `predict` for each layer, and one
 * `variableGrads` for the weights. It shows a and dJ/dw; for dJ/da and delta it has no means.
 *
 *     deno run -A bench/peers/tfjs_job.ts FOLDER NAME (wasm | cpu)
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import "@tensorflow/tfjs-backend-wasm";
import { readNpz } from "../../src/files/read_npy.ts";
import type { Figures } from "./figures.ts";
import { lossOf, type NetworkFacts } from "./loss_of.ts";

const [folder, name, backend] = Deno.args;
const networks = JSON.parse(await Deno.readTextFile(`${folder}/networks.json`));
const { loss, training }: NetworkFacts = networks[name];
tf.env().set("PROD", true);
await tf.setBackend(backend);

const base = `${folder}/${name}.tfjs`;
const { modelTopology, weightsManifest } = JSON.parse(
  await Deno.readTextFile(`${base}/model.json`),
);
const shards = weightsManifest.flatMap(({ paths }: { paths: string[] }) => paths);
const bytes = await Promise.all(shards.map((path: string) => Deno.readFile(`${base}/${path}`)));
const model = await tf.loadLayersModel(tf.io.fromMemory({
  modelTopology,
  weightSpecs: weightsManifest.flatMap(({ weights }: { weights: unknown[] }) => weights),
  weightData: await new Blob(bytes).arrayBuffer(),
}));

const arrays = readNpz(await Deno.readFile(`${folder}/${name}.npz`), ["x"], ["y"]);
const [x, y] = [arrays.inputs[0], arrays.targets?.[0]].map((array) =>
  array === undefined ? null : tf.tensor(Array.from(array.values), array.shape)
);
const inputs = model.inputs[0].dtype === "int32" ? tf.cast(x!, "int32") : x!;
const meanAbs = (tensor: tf.Tensor) => tf.tidy(() => tf.mean(tf.abs(tensor)).dataSync()[0]);

const layers: Figures["layers"] = {};
for (const layer of model.layers.filter((layer) => layer.getClassName() !== "InputLayer")) {
  const part = tf.model({ inputs: model.inputs, outputs: layer.output as tf.SymbolicTensor });
  layers[layer.name] = { a: meanAbs(part.predict(inputs) as tf.Tensor) };
}
const { value, grads } = tf.variableGrads(() =>
  lossOf(tf, loss, model.apply(inputs, { training }) as tf.Tensor, y) as tf.Scalar
);
for (const weight of model.trainableWeights) {
  const path = weight.originalName.replace("/lstm_cell/", "/");
  layers[path] = { gradient: meanAbs(grads[weight.name]) };
}
const versions = { tfjs: tf.version_core, deno: Deno.version.deno };
console.log(JSON.stringify({ versions, loss: value.dataSync()[0], layers }));
