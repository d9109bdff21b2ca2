import { bytesInMemory, type ByteSource, partOf } from "../../model/files/byte_source.ts";
import { openZip } from "../../model/files/unzip.ts";
import { ModelError } from "../../model/model_error.ts";
import {
  type FileTensor,
  leftOut,
  type WeightsFile,
} from "../../model/weights/weights_manifest.ts";
import { type Hdf5Group, openHdf5 } from "../hdf5/open_hdf5.ts";
import { refusal } from "../../words/input_error.ts";

/** Groups of arrays that are not weights: the optimizer's, metrics, states of random generators. */
const NOT_WEIGHTS =
  /^(optimizer|optimizer_weights|metrics|_?(train|eval|compile)_metrics)$|seed_generator/;

/** Groups that add nothing to the name of a weight. */
const CONTAINER = /^(model_weights|_layer_checkpoint_dependencies)\//;

/**
 * Reads the weights of a file that Keras saved, of any topology: `.keras`, `.h5` or
 * `.weights.h5`. Their names are the paths of the arrays. Texts, compounds, references and links are
 * left out.
 *
 * @param source The file; its tensors are read from it on demand.
 * @throws {ModelError} If it is not such a file.
 */
export function readKerasTensors(source: ByteSource): Pick<WeightsFile, "tensors" | "notes"> {
  const [first, second] = source.read(0, Math.min(2, source.size), "The first bytes");
  const isZip = first === 0x50 && second === 0x4b;
  const others = new Map<string, ModelError>();
  const root = openHdf5(isZip ? weightsIn(source) : source, {
    mostUnpacked: mostStreamed,
    leaveOut(path, error) {
      if (!path.split("/").some((name) => NOT_WEIGHTS.test(name))) others.set(nameOf(path), error);
    },
  });
  const tensors = tensorsIn(root);
  const [[, error] = []] = others;
  if (tensors.length === 0 && error !== undefined) throw error;
  return { tensors, notes: leftOut([...others.keys()], "no numbers in this file") };
}

const nameOf = (path: string) => path.replace(CONTAINER, "").replace(/:\d+$/, "");

/**
 * Returns the largest number of bytes to which chunks may unpack: deflate packs a thousand to one, and
 * only pieces are held.
 */
const mostStreamed = (size: number) => 2 ** 26 + 2 ** 10 * size;

/** Returns the weights in a `.keras`. */
function weightsIn(source: ByteSource): ByteSource {
  const entry = openZip(source, ModelError).get("model.weights.h5");
  if (entry === undefined) {
    throw new ModelError(
      refusal`The archive has no model.weights.h5, expected the model that Keras saves`,
    );
  }
  return entry.at === null ? bytesInMemory(entry.read()) : partOf(source, entry.at, entry.size);
}

function tensorsIn({ children }: Hdf5Group): FileTensor[] {
  return [...children].flatMap(([name, child]): FileTensor[] => {
    if (NOT_WEIGHTS.test(name)) return [];
    if (child.kind === "group") return tensorsIn(child);
    const { path, shape, type, read, bytes, unpack, stored } = child;
    return [{
      name: nameOf(path),
      shape,
      type,
      read,
      bytes,
      ...unpack === undefined ? {} : { unpack: () => unpack() },
      ...stored === undefined ? {} : { stored },
    }];
  });
}
