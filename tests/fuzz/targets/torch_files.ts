import { ModelError, readWeights } from "../../../src/entry/model.ts";
import { measureWeights } from "../../../src/entry/measure.ts";
import { fixture, torchFile, torchParts } from "../../torch/fixture.ts";
import { requireClearError } from "../clear_error.ts";
import type { FuzzTarget } from "../fuzz_target.ts";
import { mutateBytes } from "../mutate.ts";

/** Tensors of a file may share entries; all together read each at most so often. */
const MOST_SHARED = 16;

export const target: FuzzTarget = {
  name: "torch_files",
  about: "A damaged file of torch.save is read within its bytes, or refused in a clear sentence.",
  shortRun: 300,
  async open() {
    const path = await Deno.makeTempFile({ suffix: ".pt" });
    const parts = await Promise.all(
      ["digits_checkpoint.pt", "words.pt", "kinds.pt", "torch/checkpoint_arguments.pt"].map(
        torchParts,
      ),
    );
    const legacy = await Deno.readFile(fixture("mlp_legacy.pth"));
    const archive = await Deno.readFile(fixture("words.pt"));
    return {
      async tryOne(chance) {
        const { pickle, storages } = chance.one(parts);
        // Most damage to an archive is seen by its checksums: the pickle is damaged and packed again.
        const bytes = chance.happens(0.6)
          ? torchFile(mutateBytes(pickle, chance), storages)
          : mutateBytes(chance.happens(0.5) ? legacy.subarray(0, 1200) : archive, chance);
        await Deno.writeFile(path, bytes);
        try {
          const { model } = measureWeights(await readWeights(path));
          if (model.parameters > MOST_SHARED * bytes.length) {
            throw new Error("it has more weights than bytes");
          }
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
