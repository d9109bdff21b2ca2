import { startEngine } from "../../../src/engine/mod.ts";
import { getWeights, loadModel, readWeights } from "../../../src/entry/model.ts";
import { compareCheckpoints, measureCheckpoint } from "../../../src/entry/measure.ts";
import { withFolder } from "../../core/model/save_model.ts";
import { bytesOf } from "./fixtures.ts";
import { assert, assertEquals } from "@std/assert";
import { gunzipSync } from "node:zlib";

const FOLDER = new URL("../../../fixtures/files/chunked/", import.meta.url);

const packed = (name: string) => gunzipSync(Deno.readFileSync(new URL(`${name}.h5.gz`, FOLDER)));

for (const model of ["conv2d", "bidirectional_keras2"]) {
  for (const name of [`${model}_packed`, `${model}_latest`]) {
    Deno.test(`${name}.h5 has the model and the weights of ${model}.h5`, () =>
      withFolder(async (folder) => {
        await using _engine = await startEngine();
        const paths = [`${folder}/plain.h5`, `${folder}/packed.h5`];
        await Deno.writeFile(paths[0], bytesOf(`${model}.h5.gz`));
        await Deno.writeFile(paths[1], packed(name));
        const [plain, chunked] = await Promise.all(paths.map((path) => readWeights(path)));
        const { tensors, onlyBefore, onlyAfter } = await compareCheckpoints(plain, chunked);
        assert(tensors.length >= 4 && chunked.tensors.some(({ unpack }) => unpack !== undefined));
        assertEquals([onlyBefore, onlyAfter], [[], []]);
        assertEquals(tensors.filter(({ differing }) => differing > 0), []);
        const { layers } = await measureCheckpoint(chunked);
        assertEquals(layers, (await measureCheckpoint(plain)).layers);
        const weights = await Promise.all(paths.map(async (path) => {
          const { model } = await loadModel(path);
          const found = await getWeights(model);
          model.dispose();
          return Object.values(found).map(({ shape, values }) => [shape, Array.from(values)]);
        }));
        assertEquals(weights[1], weights[0]);
      }));
  }
}
