import { assemblePickle, dictionaryParts, tensorParts } from "../torch/assemble_pickle.ts";
import { type Write, writeZip64 } from "../torch/write_zip64.ts";
import { encode } from "../../src/files/file_types.ts";
import type { FileType } from "../../src/ground/traits/number_types.ts";

/** Tensor of a made checkpoint. */
export interface MadeTensor {
  name: string;
  dtype: "F64" | "F32" | "F16" | "BF16";
  shape: number[];
  /** Standard deviation. Default: 0.02. */
  std?: number;
  /** Mean. Default: 0. */
  mean?: number;
  /** True for the heavy tails that training gives: each fiftieth entry is three times as large. */
  tails?: boolean;
  /** Changes entries from an index on; it gets blocks, with the index of each one's first entry. */
  change?: { from: number; to: number; apply: (values: Float32Array, first: number) => void };
}

const TYPES: Record<MadeTensor["dtype"], FileType> = {
  F64: "float64",
  F32: "float32",
  F16: "float16",
  BF16: "bfloat16",
};
const BYTES = { F64: 8, F32: 4, F16: 2, BF16: 2 };

/** Entries that are written at once. */
export const BLOCK = 2 ** 20;

/** Storages of PyTorch, and types of NumPy; it has no bfloat16. */
const STORAGES = { F64: "Double", F32: "Float", F16: "Half", BF16: "BFloat16" };
const NUMPY = { F64: "<f8", F32: "<f4", F16: "<f2", BF16: null };

/**
 * Writes a `.safetensors` file, or an archive of PyTorch (`.pt`, `.bin`) or NumPy (`.npz`), of random
 * normal weights. Large tensors repeat a block of 2^20 entries, moved by another number of entries
 * each time.
 *
 * @param path The file.
 * @param tensors Its tensors.
 * @param seed Seed of the entries.
 */
export async function writeCheckpoint(
  path: string,
  tensors: readonly MadeTensor[],
  seed = 1,
): Promise<void> {
  const drawn = normal(Math.min(BLOCK, Math.max(...tensors.map(countOf))), seed);
  const entries = (number: number, write: Write) =>
    writeEntries(tensors[number], drawn, number, write);
  if (/\.(pt|bin)$/.test(path)) return await writeTorch(path, tensors, entries);
  if (path.endsWith(".npz")) return await writeNpz(path, tensors, entries);
  let at = 0;
  const header = Object.fromEntries(tensors.map((tensor) => {
    const { name, dtype, shape } = tensor;
    const begin = at;
    at += bytesOf(tensor);
    return [name, { dtype, shape, data_offsets: [begin, at] }];
  }));
  const text = new TextEncoder().encode(JSON.stringify(header));
  using file = await Deno.open(path, { write: true, create: true, truncate: true });
  const write = (bytes: Uint8Array) => {
    for (let done = 0; done < bytes.length;) done += file.writeSync(bytes.subarray(done));
  };
  write(new Uint8Array(new BigUint64Array([BigInt(text.length)]).buffer));
  write(text);
  for (const i of tensors.keys()) entries(i, write);
}

const countOf = ({ shape }: MadeTensor) => shape.reduce((count, size) => count * size, 1);

const bytesOf = (tensor: MadeTensor) => BYTES[tensor.dtype] * countOf(tensor);

/** Writes the entries of the tensor of a number. */
type WriteEntries = (number: number, write: Write) => void;

async function writeTorch(
  path: string,
  tensors: readonly MadeTensor[],
  entries: WriteEntries,
): Promise<void> {
  const parts = tensors.map((tensor, i) => {
    const { name, dtype, shape } = tensor;
    const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((a, b) => a * b, 1));
    const kind = `${STORAGES[dtype]}Storage`;
    return [name, tensorParts({ key: `${i}`, kind, count: countOf(tensor), shape, strides })];
  });
  const pickle = assemblePickle(dictionaryParts(Object.fromEntries(parts)));
  await writeZip64(path, [
    { name: "net/data.pkl", content: pickle },
    ...tensors.map((tensor, i) => ({
      name: `net/data/${i}`,
      content: { size: bytesOf(tensor), write: (to: Write) => entries(i, to) },
    })),
  ]);
}

async function writeNpz(
  path: string,
  tensors: readonly MadeTensor[],
  entries: WriteEntries,
): Promise<void> {
  await writeZip64(
    path,
    tensors.map((tensor, i) => {
      const { name, dtype, shape } = tensor;
      const text = `{'descr': '${NUMPY[dtype]}', 'fortran_order': False, 'shape': (${shape},)}\n`;
      const head = [0x93, ..."NUMPY\x01\0"].map((one) =>
        typeof one === "string" ? one.charCodeAt(0) : one
      );
      const header = new Uint8Array([
        ...head,
        text.length & 255,
        text.length >> 8,
        ...new TextEncoder().encode(text),
      ]);
      const write = (to: Write) => {
        to(header);
        entries(i, to);
      };
      return { name: `${name}.npy`, content: { size: header.length + bytesOf(tensor), write } };
    }),
  );
}

function writeEntries(
  { dtype, shape, std = 0.02, mean = 0, tails = false, change }: MadeTensor,
  drawn: Float32Array,
  number: number,
  write: Write,
): void {
  const count = shape.reduce((a, b) => a * b, 1);
  const scaled = new Float32Array(drawn.length);
  for (let i = 0; i < scaled.length; i++) {
    scaled[i] = mean + std * drawn[i] * (tails && i % 50 === 0 ? 3 : 1);
  }
  // Twice, so that a block may begin anywhere.
  const once = encode(scaled, TYPES[dtype]);
  const twice = new Uint8Array(2 * once.length);
  twice.set(once);
  twice.set(once, once.length);
  for (let first = 0; first < count; first += drawn.length) {
    const length = Math.min(drawn.length, count - first);
    const shift = (number * 7919 + first / drawn.length * 104729) % drawn.length;
    if (change === undefined || first >= change.to || first + length <= change.from) {
      write(twice.subarray(BYTES[dtype] * shift, BYTES[dtype] * (shift + length)));
      continue;
    }
    const values = Float32Array.from({ length }, (_, i) => scaled[(i + shift) % scaled.length]);
    change.apply(values, first);
    write(encode(values, TYPES[dtype]));
  }
}

/**
 * Returns numbers drawn from N(0, 1), one from each of `count` cells of radius and angle: as a large
 * tensor repeats them, their moments have to be as near to those of the distribution as its own.
 */
function normal(count: number, seed: number): Float32Array {
  let state = seed >>> 0;
  const uniform = () => {
    state = state + 0x6d2b79f5 >>> 0;
    let x = Math.imul(state ^ state >>> 15, state | 1);
    x ^= x + Math.imul(x ^ x >>> 7, x | 61);
    return ((x ^ x >>> 14) >>> 0) / 2 ** 32;
  };
  const radii = Math.floor(Math.sqrt(count)), angles = Math.ceil(count / radii);
  const drawn = Float32Array.from({ length: count }, (_, i) => {
    const radius = Math.sqrt(-2 * Math.log(1 - (i % radii + uniform()) / radii));
    return radius * Math.cos(2 * Math.PI * (Math.floor(i / radii) + uniform()) / angles);
  });
  for (let i = count - 1; i > 0; i--) {
    const other = Math.floor(uniform() * (i + 1));
    const one = drawn[i];
    drawn[i] = drawn[other];
    drawn[other] = one;
  }
  return drawn;
}
