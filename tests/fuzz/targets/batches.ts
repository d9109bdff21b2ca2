import { type LayersModel, startEngine, type Tensor } from "../../../src/engine/mod.ts";
import { BatchError, randomBatch, readBatch } from "../../../src/entry/model.ts";
import { baseModels } from "../base_models.ts";
import type { Chance } from "../chance.ts";
import { requireClearError } from "../clear_error.ts";
import type { FuzzTarget } from "../fuzz_target.ts";
import { guardCase } from "../guard_case.ts";
import { mutateBytes, mutateJson } from "../mutate.ts";

const OBJECTIVES = [undefined, "sum", "meanSquaredError", "sparseCategoricalCrossentropy"] as const;

export const target: FuzzTarget = {
  name: "batches",
  about: "A damaged batch fits its model, or is refused in a sentence with file and place.",
  shortRun: 300,
  async open() {
    const engine = await startEngine({ threads: 1 });
    const { tf } = engine;
    const models = baseModels(tf).map((make) => make());
    const folder = await Deno.makeTempDir();
    const path = `${folder}/batch.json`;
    return {
      async tryOne(chance) {
        const model = chance.one(models);
        const whole = batchFile(model, chance);
        const text = JSON.stringify(mutateJson(whole, chance));
        const bytes = new TextEncoder().encode(text);
        await Deno.writeFile(path, chance.happens(0.1) ? mutateBytes(bytes, chance) : bytes);
        await guardCase(tf, async () => {
          try {
            const batch = await readBatch(path, model, { objective: chance.one(OBJECTIVES) });
            try {
              requireFit(model, [batch.inputs].flat());
            } finally {
              tf.dispose([batch.inputs, batch.targets ?? []]);
            }
          } catch (error) {
            requireClearError(error, [BatchError], [new RegExp(`^${path}: `), PLACE]);
          }
        });
      },
      async [Symbol.asyncDispose]() {
        await Deno.remove(folder, { recursive: true });
        await engine.stop();
      },
    };
  },
};

const PLACE = /: ("?(inputs|targets)|[Tt]he file |"[^"]*("|\.{3}) is not a key)/;

/** A batch of two examples as a file has it, its tensors nested, flat, by number or by name. */
function batchFile(model: LayersModel, chance: Chance): unknown {
  const { inputs } = randomBatch(model, { examples: 2, undefinedSize: 3 });
  const write = (tensors: Tensor[], names: string[]) => {
    const written = tensors.map((tensor) =>
      chance.happens(0.5)
        ? tensor.arraySync()
        : { shape: tensor.shape, values: Array.from(tensor.dataSync()) }
    );
    if (chance.happens(0.3)) return Object.fromEntries(names.map((name, i) => [name, written[i]]));
    return written.length === 1 ? written[0] : written;
  };
  const namesOf = (list: LayersModel["inputs"]) => list.map(({ sourceLayer }) => sourceLayer.name);
  const drawn = [inputs].flat();
  const outputs = [model.predict(inputs)].flat() as Tensor[];
  const file = {
    inputs: write(drawn, namesOf(model.inputs)),
    ...chance.happens(0.5) ? { targets: write(outputs, namesOf(model.outputs)) } : {},
  };
  for (const tensor of [...drawn, ...outputs]) tensor.dispose();
  return file;
}

function requireFit(model: LayersModel, inputs: Tensor[]): void {
  inputs.forEach(({ shape, dtype }, i) => {
    const expected = model.inputs[i];
    const fits = shape.length === expected.shape.length && dtype === expected.dtype &&
      shape.every((size, axis) => size === (expected.shape[axis] ?? size));
    if (!fits) throw new Error(`an input of shape [${shape}] and type ${dtype} was let through`);
  });
}
