import { readNpyHeader, rowMajor } from "../model/batches/read_npy.ts";
import { type ByteSource, expectReads, partOf } from "../model/files/byte_source.ts";
import { BYTES, decode } from "../model/files/file_types.ts";
import { openZip, type ZipEntry } from "../model/files/unzip.ts";
import { ModelError } from "../model/model_error.ts";
import type { FileTensor, WeightsFile } from "../model/weights/weights_manifest.ts";
import { showValue } from "../words/show_value.ts";

/** Names of weights in files of Keras and Flax. */
const KERAS_NAME =
  /(^|[/._])((depthwise|pointwise|recurrent)_)?(kernel|gamma|moving_(mean|variance)|embeddings?)$/;

/** Largest header: longer ones are those of arrays with thousands of named fields. */
const MAX_HEADER = 2 ** 16;

/**
 * Reads the weights of a file that `numpy.savez` wrote.
 *
 * @throws {ModelError} If it is not one, or holds anything except arrays of numbers.
 */
export function readNpzWeights(source: ByteSource): Omit<WeightsFile, "path"> {
  const entries = [...openZip(source, ModelError).values()];
  const { file, start } = source;
  if (file !== null) {
    expectReads(entries.flatMap(({ at, size }) => {
      if (at === null) return [];
      return [{ file, from: start + at, to: start + at + Math.min(MAX_HEADER, size) }];
    }));
  }
  const tensors = entries.map((entry) => tensorOf(source, entry));
  return {
    format: "NumPy",
    layout: tensors.some(({ name }) => KERAS_NAME.test(name)) ? "keras" : "pytorch",
    tensors,
    notes: [],
  };
}

function tensorOf(source: ByteSource, entry: ZipEntry): FileTensor {
  const name = entry.name.replace(/\.npy$/, "");
  const fail = (what: string): never => {
    throw new ModelError(`${showValue(name)} ${what}`);
  };
  const own = entry.at === null ? null : partOf(source, entry.at, entry.size);
  const head = own?.read(0, Math.min(MAX_HEADER, entry.size), "The header") ?? entry.read();
  const { type, isFortran, shape, count, start } = readNpyHeader(head, fail);
  const bytes = count * BYTES[type];
  if (entry.size - start !== bytes) {
    return fail(
      `has ${entry.size - start} bytes of entries, expected ${bytes} for shape [${
        shape.join(", ")
      }]`,
    );
  }
  const read = () => {
    const entries = decode(entry.read().subarray(start), type);
    return isFortran ? new Float32Array(rowMajor(entries, shape)) : entries;
  };
  const { file } = source;
  const isStored = own !== null && file !== null && !isFortran;
  return {
    name,
    shape,
    type,
    read,
    ...isStored ? { stored: { file, offset: own.start + start } } : {},
  };
}
