/**
 * The job of this tool in one process, for warm passes and for figures:
 *
 *     deno run -A bench/peers/tool_job.ts FOLDER NAME [--threads N] [--warm]
 *
 * Without --warm it prints its figures; it also leaves the model as TensorFlow.js saves it, for tfjs_job.ts.
 *
 * @module
 */
import { parseArgs } from "@std/cli";
import { startEngine, type Tensor } from "../../src/engine/mod.ts";
import { measure } from "../../src/entry/measure.ts";
import { loadModel, readBatch, saveModel } from "../../src/entry/model.ts";
import { toolFigures } from "./figures.ts";
import { lossOf, type NetworkFacts } from "./loss_of.ts";
import { takeTurns } from "./turns.ts";

const { _: [folder, name], threads, warm } = parseArgs(Deno.args, {
  boolean: ["warm"],
  string: ["_", "threads"],
});
const networks = JSON.parse(await Deno.readTextFile(`${folder}/networks.json`));
const { loss, training }: NetworkFacts = networks[name];
const engine = await startEngine({
  threads: threads === undefined ? "auto" : Number(threads),
});
const { tf } = engine;
const { model } = await loadModel(`${folder}/${name}.keras`);
const batch = await readBatch(`${folder}/${name}.npz`, model);
const options = { batchNormalization: training ? "training" : "inference" } as const;

if (warm) {
  const inputs = batch.inputs as Tensor, targets = batch.targets as Tensor | null;
  await takeTurns(
    async () => void await measure(model, batch, options),
    () => {
      const { value, grads } = tf.variableGrads(() =>
        lossOf(tf, loss, model.apply(inputs, { training }) as Tensor, targets) as never
      );
      tf.dispose([value, ...Object.values(grads)]);
    },
  );
} else {
  const { objective, layers } = await measure(model, batch, options);
  await Deno.remove(`${folder}/${name}.tfjs`, { recursive: true }).catch(() => {});
  await saveModel(model, `${folder}/${name}.tfjs`);
  const versions = { tfjs: engine.version, deno: Deno.version.deno };
  console.log(JSON.stringify({ versions, ...toolFigures(objective.value, layers) }));
}
await engine.stop();
