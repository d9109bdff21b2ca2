import { startEngine } from "../../../src/engine/mod.ts";
import { loadModel, ModelError, randomBatch } from "../../../src/entry/model.ts";
import { measure, MeasureError } from "../../../src/entry/measure.ts";
import { InputError } from "../../../src/ground/words/input_error.ts";
import { editedProgram } from "../../torch/program/edited_program.ts";
import { requireClearError } from "../clear_error.ts";
import type { FuzzTarget } from "../fuzz_target.ts";
import { disposeModel, guardCase } from "../guard_case.ts";
import { mutateJson } from "../mutate.ts";

const NAMES = [
  "mlp",
  "cnn",
  "segmenter",
  "tied",
  "sequence",
  "attending",
  "waves",
  "counted",
  "queued",
];

export const target: FuzzTarget = {
  name: "torch_programs",
  about:
    "A program of PyTorch with an odd graph or odd weights is refused in a clear sentence, or a pass " +
    "goes through it.",
  shortRun: 100,
  async open() {
    const { tf } = await startEngine({ threads: 1 });
    return {
      async tryOne(chance) {
        const change = (json: Record<string, unknown>) => {
          const odd = mutateJson(json, chance) as Record<string, unknown>;
          for (const key of Object.keys(json)) delete json[key];
          Object.assign(json, odd);
        };
        const name = chance.one(NAMES);
        const path = await editedProgram(
          name,
          chance.happens(0.7) ? { graph: change } : { weights: change },
        );
        try {
          await guardCase(tf, async () => {
            try {
              const { model } = await loadModel(path);
              try {
                const batch = randomBatch(model, { examples: 3 });
                try {
                  await measure(model, batch);
                } finally {
                  tf.dispose(batch as never);
                }
              } finally {
                disposeModel(tf, model);
              }
            } catch (error) {
              requireClearError(error, [ModelError, MeasureError, InputError]);
            }
          });
        } finally {
          await Deno.remove(path.replace(/\/[^/]*$/, ""), { recursive: true });
        }
      },
      async [Symbol.asyncDispose]() {},
    };
  },
};
