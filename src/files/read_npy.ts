import { showValue } from "../ground/words/show_value.ts";
import { BatchError } from "../core/model/batches/batch.ts";
import { countOf, entriesOf } from "./file_types.ts";
import { BYTES, type FileType } from "../ground/traits/number_types.ts";
import { openZip } from "./unzip.ts";
import { MAX_RANK, type ParsedTensor } from "./parse_tensor.ts";
import type { Given } from "./given.ts";
import { refusal, refusalAt } from "../ground/words/input_error.ts";

/** Types of NumPy by kind and size. */
const TYPES: Readonly<Record<string, FileType>> = {
  f8: "float64",
  f4: "float32",
  f2: "float16",
  i8: "int64",
  i4: "int32",
  i2: "int16",
  i1: "int8",
  u8: "uint64",
  u4: "uint32",
  u2: "uint16",
  u1: "uint8",
  b1: "bool",
};

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];

/** Header of an array of NumPy. */
interface NpyHeader {
  type: FileType;
  /** True if the first axis varies fastest. */
  isFortran: boolean;
  shape: number[];
  /** Number of entries. */
  count: number;
  /** Index of the first byte of the entries. */
  start: number;
}

/** Throws the error for an array: `has no shape`, and what was expected. */
type FailNpy = (said: string, expected: string) => never;

/**
 * Reads the header of an array as `numpy.save` writes it (numpy.lib.format): a magic word, a
 * version, the length of a header, the header. An array of Python objects is a pickle and is
 * rejected.
 *
 * @param bytes The first bytes, with the header; the entries may be missing.
 * @param fail Throws the error for what is wrong.
 */
export function readNpyHeader(bytes: Uint8Array, fail: FailNpy): NpyHeader {
  if (!MAGIC.every((byte, i) => bytes[i] === byte) || bytes.length < 12) {
    return fail("is not a NumPy array", "one that numpy.save writes");
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const isShort = bytes[6] === 1;
  const start = isShort ? 10 : 12;
  const length = isShort ? view.getUint16(8, true) : view.getUint32(8, true);
  if (start + length > bytes.length) return fail("ends within its header", "all of it: truncated");
  const header = new TextDecoder().decode(bytes.subarray(start, start + length));
  const [, type] = /'descr': *'([^']*)'/.exec(header) ?? [];
  const [, order] = /'fortran_order': *(True|False)/.exec(header) ?? [];
  const [, sizes] = /'shape': *\(([\d, L]*)\)/.exec(header) ?? [];
  if (type === undefined) return fail("has fields or no type", "an array of numbers");
  const kind = TYPES[type.slice(1)];
  if (kind === undefined || !/^[<|=]/.test(type)) {
    const why = type.startsWith(">") && kind !== undefined
      ? "array.astype(array.dtype.newbyteorder('<'))"
      : "array.astype('float32')";
    return fail(`has type ${showValue(type)}`, `little-endian numbers: ${why} writes them`);
  }
  if (order === undefined || sizes === undefined) return fail("has no shape", "one");
  const shape = (sizes.match(/\d+/g) ?? []).map(Number);
  const count = countOf(shape);
  if (count === null || shape.length > MAX_RANK) {
    return fail(
      `has shape [${shape.slice(0, 9).join(", ")}]`,
      `at most ${MAX_RANK} axes of a tensor`,
    );
  }
  return { type: kind, isFortran: order === "True", shape, count, start: start + length };
}

/**
 * Reads an array as `numpy.save` writes it.
 *
 * @param place Name of the array in messages.
 * @throws {BatchError} If it is not such an array.
 */
export function parseNpy(bytes: Uint8Array, place: string): ParsedTensor {
  const fail: FailNpy = (said, expected) => {
    throw new BatchError(refusalAt(place, said, expected));
  };
  const { type: kind, isFortran, shape, count, start } = readNpyHeader(bytes, fail);
  const room = bytes.length - start;
  if (room !== count * BYTES[kind]) {
    return fail(
      `has ${room} bytes of entries`,
      `${count * BYTES[kind]} for shape [${shape.join(", ")}]`,
    );
  }
  const entries = entriesOf(bytes.subarray(start), kind);
  const bad = kind === "float64"
    ? entries.findIndex((x) => Number.isFinite(x) && !Number.isFinite(Math.fround(x)))
    : -1;
  if (bad !== -1) return fail(`holds ${entries[bad]}`, "the range of float32, up to 3.4e38");
  return { place, shape, values: isFortran ? rowMajor(entries, shape) : entries };
}

/** Reorders entries in Fortran order, where the first axis varies fastest, to row-major order. */
function rowMajor(entries: ArrayLike<number>, shape: readonly number[]): Float64Array {
  const out = new Float64Array(entries.length);
  const steps = shape.map((_, axis) => shape.slice(0, axis).reduce((a, b) => a * b, 1));
  const position = shape.map(() => 0);
  let at = 0;
  for (let i = 0; i < out.length; i++) {
    out[i] = entries[at];
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      at += steps[axis];
      if (++position[axis] < shape[axis]) break;
      at -= shape[axis] * steps[axis];
      position[axis] = 0;
    }
  }
  return out;
}

/** Names of the arrays of a batch, the inputs first. */
const PAIRS = [
  ["x", "y"],
  ["X", "y"],
  ["inputs", "targets"],
  ["data", "labels"],
  ["data", "target"],
  ["features", "labels"],
  ["images", "labels"],
  ["arr_0", "arr_1"],
] as const;

/** Names of the arrays of a data set's training part, the inputs first. */
const DATA_SETS = [
  ["x_train", "y_train"],
  ["X_train", "y_train"],
  ["train_images", "train_labels"],
  ["train_data", "train_labels"],
] as const;

/** Names of the other parts of a data set. */
const OTHER_PART =
  /^((x|y)_(test|val|valid|validation|dev)|(test|val|valid|validation)_(images|data|labels))$/i;

/** Largest number of examples taken from a data set, which is not meant to be one batch. */
const MAX_TAKEN = 256;

/**
 * Reads a batch as `numpy.savez(path, x=..., y=...)` writes it, or takes one from the training part
 * of a data set. A model with several inputs or outputs takes an array for each, by its name; if
 * none has such a name, those of the inputs in their order, and the targets of one output as `y`,
 * `targets` or `labels`.
 *
 * @param inputs Names of the model's inputs.
 * @param all Names of the model's outputs.
 * @param trained Names of those with a loss, whose targets suffice.
 * @throws {BatchError} If the file holds no such batch.
 */
export function readNpz(
  bytes: Uint8Array,
  inputs: string[],
  all: string[],
  trained = all,
): Given {
  const arrays = new Map(
    [...openZip(bytes, BatchError).values()].map((
      entry,
    ) => [entry.name.replace(/\.npy$/, ""), entry]),
  );
  const read = (name: string) => parseNpy(arrays.get(name)!.read(), name);
  const has = (names: readonly string[]) => names.every((name) => arrays.has(name));
  const outputs = trained.length === 0 || has(all) ? all : trained;
  const isSimple = inputs.length === 1 && outputs.length === 1;
  const dataSet = isSimple ? DATA_SETS.find(has) : undefined;
  const pair = dataSet ?? (isSimple ? PAIRS.find(has) : undefined) ??
    PAIRS.find(([first]) => inputs.length === 1 && arrays.has(first));
  const ownNames = (names: string[]) => has(names) ? names : null;
  const isTarget = (name: string) => PAIRS.some(([, target]) => target === name);
  const rest = [...arrays.keys()].filter((name) => !isTarget(name) && !outputs.includes(name));
  // Without any name of the model, arrays are those of the inputs in their order.
  const inOrder = inputs.length > 1 && rest.length === inputs.length &&
    !rest.some((name) => inputs.includes(name));
  const from = pair !== undefined ? [pair[0]] : ownNames(inputs) ?? (inOrder ? rest : null);
  const isPaired = pair !== undefined && outputs.length === 1 && arrays.has(pair[1]);
  const ofOne = inputs.length > 1 && outputs.length === 1
    ? [...arrays.keys()].find((name) => isTarget(name) && !inputs.includes(name))
    : undefined;
  const to = isPaired ? [pair[1]] : ownNames(outputs) ?? (ofOne === undefined ? null : [ofOne]);
  const known = [...from ?? [], ...to ?? []];
  const others = [...arrays.keys()].filter((name) => !known.includes(name));
  const left = others.filter((name) => dataSet !== undefined && OTHER_PART.test(name));
  if (from === null || others.length > left.length) {
    const found = [...arrays.keys()].slice(0, 6).map((name) => showValue(name)).join(", ");
    const wanted = isSimple
      ? '"x" and "y", "inputs" and "targets", or "x_train" and "y_train"'
      : [...inputs, ...outputs].map((name) => showValue(name)).join(", ");
    throw new BatchError(
      refusal`The file holds ${
        found === "" ? "no arrays" : `the arrays ${found}`
      }, expected ${wanted}`,
    );
  }
  const given: Given = { inputs: from.map(read), targets: to?.map(read) ?? null };
  return dataSet === undefined ? given : takeBatch(given, left);
}

/** Takes evenly spaced examples of a data set, since many are sorted by class. */
function takeBatch({ inputs, targets }: Given, left: readonly string[]): Given {
  const notes = left.length === 0 ? [] : [`The arrays ${left.join(", ")} were left out`];
  const [{ place, shape: [all] }] = inputs;
  if (!(all > MAX_TAKEN)) return { inputs, targets, notes };
  notes.push(`${MAX_TAKEN} of the ${all} examples of ${place} were taken, evenly spaced`);
  const take = ({ place, shape, values }: ParsedTensor): ParsedTensor => {
    // A different number of examples is rejected later.
    if (shape[0] !== all) return { place, shape, values };
    const size = values.length / all;
    const taken = new Float64Array(MAX_TAKEN * size);
    for (let i = 0; i < MAX_TAKEN; i++) {
      const from = Math.floor(i * all / MAX_TAKEN) * size;
      for (let j = 0; j < size; j++) taken[i * size + j] = values[from + j];
    }
    return { place, shape: [MAX_TAKEN, ...shape.slice(1)], values: taken };
  };
  return { inputs: inputs.map(take), targets: targets?.map(take) ?? null, notes };
}
