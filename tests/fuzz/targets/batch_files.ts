import { BatchError } from "../../../src/entry/model.ts";
import { decodePng } from "../../../src/files/read_pictures.ts";
import { readCsv } from "../../../src/files/read_csv.ts";
import { parseNpy, readNpz } from "../../../src/files/read_npy.ts";
import { writeZip } from "../../files/write_zip.ts";
import { fixture } from "../../torch/fixture.ts";
import { requireClearError } from "../clear_error.ts";
import type { FuzzTarget } from "../fuzz_target.ts";
import { mutateBytes } from "../mutate.ts";

export const target: FuzzTarget = {
  name: "batch_files",
  about:
    "A damaged .npy, .npz, .csv or .png is read within its bytes, or refused in a clear sentence.",
  shortRun: 400,
  async open() {
    const read = (name: string) => Deno.readFile(fixture(name));
    const [npy, npz, csv, png] = await Promise.all(
      ["batch.npy", "batch_packed.npz", "batch.csv", "images/cat/0.png"].map(read),
    );
    return {
      tryOne(chance) {
        const run = chance.one([
          () => count(parseNpy(mutateBytes(npy, chance), "x"), 320),
          () => {
            const { inputs } = readNpz(mutateBytes(npz, chance), ["x"], ["y"]);
            count(inputs[0], 100 * npz.length);
          },
          () => {
            // Most damage to an archive is seen by its checksums: an array is damaged and packed again.
            const content = mutateBytes(npy, chance);
            readNpz(writeZip([{ name: "x.npy", content, deflate: true }]), ["x"], ["y"]);
          },
          () => count(readCsv(new TextDecoder().decode(mutateBytes(csv, chance))).inputs[0], 1000),
          () => {
            decodePng(mutateBytes(png, chance));
          },
        ]);
        try {
          run();
        } catch (error) {
          requireClearError(error, [BatchError]);
        }
      },
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
  },
};

/** An array has as many entries as its shape says, and no more than its file can hold. */
function count({ shape, values }: { shape: number[]; values: ArrayLike<number> }, most: number) {
  const size = shape.reduce((product, length) => product * length, 1);
  if (size !== values.length) throw new Error(`shape [${shape}] has ${values.length} entries`);
  if (size > most) throw new Error(`it has ${size} entries`);
}
