import { type Hdf5Group, openHdf5 } from "../../../src/keras/hdf5/open_hdf5.ts";
import { ModelError, readWeights } from "../../../src/entry/model.ts";
import { measureCheckpoint } from "../../../src/entry/measure.ts";
import { requireClearError } from "../clear_error.ts";
import type { FuzzTarget } from "../fuzz_target.ts";
import { damagedBytes } from "../mutate.ts";
import { gunzipSync } from "node:zlib";

const NAMES = ["arrays", "arrays_latest", "early", "early_latest", "many_latest", "names_latest"];
const FOLDER = new URL("../../../fixtures/files/chunked/", import.meta.url);

export const target: FuzzTarget = {
  name: "chunked_files",
  about: "A damaged HDF5 file in chunks is read, or refused in a sentence with file and place.",
  shortRun: 30,
  async open() {
    const path = await Deno.makeTempFile({ suffix: ".h5" });
    const files = NAMES.map((name) =>
      gunzipSync(Deno.readFileSync(new URL(`${name}.h5.gz`, FOLDER)))
    );
    return {
      async tryOne(chance) {
        const bytes = damagedBytes(new Uint8Array(chance.one(files)), chance);
        await Deno.writeFile(path, bytes);
        try {
          readTexts(openHdf5(bytes));
          await measureCheckpoint(await readWeights(path));
        } catch (error) {
          // Attributes are read from bytes, which have no path.
          requireClearError(error, [ModelError], [
            new RegExp(`^(${path}: )?(The |An? |"|Attribute )`),
          ]);
        }
      },
      async [Symbol.asyncDispose]() {
        await Deno.remove(path);
      },
    };
  },
};

/** Reads attributes of all groups. */
function readTexts(group: Hdf5Group): void {
  for (const name of ["note_7", "large", "huge", "none"]) group.texts(name);
  for (const child of group.children.values()) if (child.kind === "group") readTexts(child);
}
