import { ModelError, readWeights } from "../../../src/model/mod.ts";
import { measureWeights } from "../../../src/measure/mod.ts";
import { fixture, safetensors } from "../../model/torch/fixture.ts";
import { requireClearError } from "../clear_error.ts";
import type { FuzzTarget } from "../fuzz_target.ts";
import { mutateBytes, mutateJson } from "../mutate.ts";

const HEADER = {
  __metadata__: { format: "pt" },
  "a.weight": { dtype: "F32", shape: [4, 3], data_offsets: [0, 48] },
  "a.bias": { dtype: "F16", shape: [4], data_offsets: [48, 56] },
  "b.weight": { dtype: "I64", shape: [], data_offsets: [56, 64] },
};

export const target: FuzzTarget = {
  name: "safetensors",
  about: "A damaged safetensors file is read within its bytes, or refused in a clear sentence.",
  shortRun: 300,
  async open() {
    const path = await Deno.makeTempFile({ suffix: ".safetensors" });
    const whole = await Deno.readFile(fixture("digits.safetensors"));
    return {
      async tryOne(chance) {
        const bytes = chance.happens(0.5)
          ? safetensors(mutateJson(HEADER, chance), 64)
          : mutateBytes(whole, chance);
        await Deno.writeFile(path, bytes);
        try {
          const file = await readWeights(path);
          const { model } = measureWeights(file);
          if (model.parameters > bytes.length) throw new Error("it has more weights than bytes");
        } catch (error) {
          requireClearError(error, [ModelError], [new RegExp(`^${path}: `)]);
        }
      },
      async [Symbol.asyncDispose]() {
        await Deno.remove(path);
      },
    };
  },
};
