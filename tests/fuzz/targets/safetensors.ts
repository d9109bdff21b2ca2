import { ModelError, readWeights } from "../../../src/entry/model.ts";
import { measureWeights } from "../../../src/entry/measure.ts";
import { fixture, safetensors } from "../../torch/fixture.ts";
import type { Chance } from "../chance.ts";
import { requireClearError } from "../clear_error.ts";
import type { FuzzTarget } from "../fuzz_target.ts";
import { mutateBytes, mutateJson } from "../mutate.ts";

const HEADER = {
  __metadata__: { format: "pt" },
  "a.weight": { dtype: "F32", shape: [4, 3], data_offsets: [0, 48] },
  "a.bias": { dtype: "F16", shape: [4], data_offsets: [48, 56] },
  "b.weight": { dtype: "I64", shape: [], data_offsets: [56, 64] },
};

/**
 * Writes a file with the sizes of real ones, up to a tebibyte: its tensors are holes, except the
 * last, whose entries are known.
 */
async function writeReal(path: string, chance: Chance): Promise<string> {
  const names = Array.from({ length: chance.integer(1, 4) }, (_, i) => `layer${i}.weight`);
  const header: Record<string, object> = {};
  let at = 0;
  for (const name of names) {
    const rows = 2 ** chance.integer(0, 19), columns = 2 ** chance.integer(0, 19);
    const end = at + 4 * rows * columns;
    header[name] = { dtype: "F32", shape: [rows, columns], data_offsets: [at, end] };
    at = end;
  }
  const last = "last.bias";
  header[last] = { dtype: "F32", shape: [2], data_offsets: [at, at + 8] };
  const head = safetensors(header);
  await Deno.writeFile(path, head);
  await Deno.truncate(path, head.length + at + 8);
  using file = await Deno.open(path, { write: true });
  await file.seek(head.length + at, Deno.SeekMode.Start);
  await file.write(new Uint8Array(new Float32Array([1, 2]).buffer));
  return last;
}

export const target: FuzzTarget = {
  name: "safetensors",
  about: "A damaged safetensors file is read within its bytes, or refused in a clear sentence.",
  shortRun: 300,
  async open() {
    const path = await Deno.makeTempFile({ suffix: ".safetensors" });
    const whole = await Deno.readFile(fixture("digits.safetensors"));
    return {
      async tryOne(chance) {
        if (chance.happens(0.2)) {
          const last = await writeReal(path, chance);
          const { tensors } = await readWeights(path);
          const found = tensors.find(({ name }) => name === last)!.read();
          if (`${found}` !== "1,2") throw new Error(`its last tensor is ${found}`);
          return;
        }
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
