import { readNpyHeader } from "./read_npy.ts";
import { type ByteSource, expectReads } from "./byte_source.ts";
import { readersOf } from "./file_types.ts";
import { BYTES } from "../ground/traits/number_types.ts";
import { openZip, type ZipEntry } from "./unzip.ts";
import { ModelError } from "../core/model/model_error.ts";
import { type FileTensor, leftOut, type WeightsFile } from "./weights_file.ts";
import { bytesOfView, isContiguous, type StridedView } from "./strided_view.ts";
import { locateView } from "./gather_view.ts";
import { showValue } from "../ground/words/show_value.ts";
import { refusal, refusalAt } from "../ground/words/input_error.ts";

/** Names of weights in files of Keras and Flax. */
const KERAS_NAME =
  /(^|[/._])((depthwise|pointwise|recurrent)_)?(kernel|gamma|moving_(mean|variance)|embeddings?)$/;

/** Largest header: longer ones are those of arrays with thousands of named fields. */
const MAX_HEADER = 2 ** 16;

/** Types of texts, objects and times, which are left out: `<U12`, `|O`, `<M8[ns]`. */
const NO_NUMBERS = /'descr': *'[<>|=]?[USOMmV]/;

/**
 * Reads the weights of a file that `numpy.savez` wrote. Arrays of texts and objects are left out.
 *
 * @throws {ModelError} If it is not one, or is damaged.
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
  const found = entries.map((entry) => tensorOf(source, entry) ?? nameOf(entry));
  const others = found.filter((one) => typeof one === "string");
  const tensors = found.filter((one) => typeof one !== "string");
  return {
    format: "NumPy",
    layout: tensors.some(({ name }) => KERAS_NAME.test(name)) ? "keras" : "pytorch",
    tensors,
    notes: leftOut(others, "no numbers"),
  };
}

/**
 * Reads the one array of a file that `numpy.save` wrote.
 *
 * @param name Name of the tensor.
 * @throws {ModelError} If it is not such a file, or holds no numbers.
 */
export function readNpyWeights(source: ByteSource, name: string): Omit<WeightsFile, "path"> {
  const { size } = source;
  const read = () => source.read(0, size, "The array");
  const head = (count: number) => source.read(0, Math.min(count, size), "The header");
  const tensor = tensorOf(source, { name, size, at: 0, read, head });
  if (tensor === null) throw new ModelError(refusal`The array holds no numbers, expected weights`);
  return { format: "NumPy", layout: "pytorch", tensors: [tensor], notes: [] };
}

const nameOf = ({ name }: Pick<ZipEntry, "name">) => name.replace(/\.npy$/, "");

/** Returns an array as a tensor; `null` if it holds no numbers. */
function tensorOf(
  source: ByteSource,
  entry:
    & Pick<ZipEntry, "name" | "size" | "at" | "read" | "head">
    & Partial<Pick<ZipEntry, "unpack">>,
): FileTensor | null {
  const name = nameOf(entry);
  const fail = (said: string, expected: string): never => {
    throw new ModelError(refusalAt(showValue(name), said, expected));
  };
  const head = entry.head(MAX_HEADER);
  if (NO_NUMBERS.test(new TextDecoder().decode(head.subarray(0, 128)))) return null;
  const { type, isFortran, shape, count, start } = readNpyHeader(head, fail);
  const bytes = count * BYTES[type];
  if (entry.size - start !== bytes) {
    return fail(
      `has ${entry.size - start} bytes of entries`,
      `${bytes} for shape [${shape.join(", ")}]`,
    );
  }
  const all = () => entry.read().subarray(start);
  const strides = isFortran ? columnMajor(shape) : rowMajor(shape);
  const view: StridedView = { type, shape, strides, offset: 0 };
  return {
    name,
    shape,
    type,
    ...readersOf(type, () => bytesOfView(view, all())),
    ...entry.at === null && isContiguous(view)
      ? { unpack: () => behind(start, entry.unpack!()) }
      : locateView(view, source, entry.at === null ? null : entry.at + start),
  };
}

/** Returns the distances of entries along each axis in Fortran order. */
const columnMajor = (shape: readonly number[]) =>
  shape.map((_, axis) => shape.slice(0, axis).reduce((product, size) => product * size, 1));

/** Returns those in the order of C. */
const rowMajor = (shape: readonly number[]) => columnMajor(shape.toReversed()).reverse();

/** Yields the bytes behind the first `count`. */
async function* behind(
  count: number,
  pieces: AsyncIterable<Uint8Array<ArrayBuffer>>,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  let left = count;
  for await (const piece of pieces) {
    if (piece.length > left) yield piece.subarray(left);
    left = Math.max(0, left - piece.length);
  }
}
