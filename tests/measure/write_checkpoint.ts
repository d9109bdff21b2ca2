import { encode } from "../../src/model/files/file_types.ts";
import type { FileType } from "../../src/model/weights/weights_manifest.ts";

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
const BLOCK = 2 ** 20;

/**
 * Writes a `.safetensors` file of random normal weights. Large tensors repeat a block of 2^20
 * entries, moved by another number of entries each time.
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
  let at = 0;
  const header = Object.fromEntries(tensors.map(({ name, dtype, shape }) => {
    const begin = at;
    at += BYTES[dtype] * shape.reduce((count, size) => count * size, 1);
    return [name, { dtype, shape, data_offsets: [begin, at] }];
  }));
  const text = new TextEncoder().encode(JSON.stringify(header));
  using file = await Deno.open(path, { write: true, create: true, truncate: true });
  const write = async (bytes: Uint8Array) => {
    for (let done = 0; done < bytes.length;) done += await file.write(bytes.subarray(done));
  };
  await write(new Uint8Array(new BigUint64Array([BigInt(text.length)]).buffer));
  await write(text);
  const longest = Math.max(...tensors.map(({ shape }) => shape.reduce((a, b) => a * b, 1)));
  const drawn = normal(Math.min(BLOCK, longest), seed);
  for (const [i, tensor] of tensors.entries()) await writeEntries(tensor, drawn, i, write);
}

async function writeEntries(
  { dtype, shape, std = 0.02, mean = 0, tails = false, change }: MadeTensor,
  drawn: Float32Array,
  number: number,
  write: (bytes: Uint8Array) => Promise<void>,
): Promise<void> {
  const count = shape.reduce((a, b) => a * b, 1);
  const scaled = drawn.map((x, i) => mean + std * x * (tails && i % 50 === 0 ? 3 : 1));
  // Twice, so that a block may begin anywhere.
  const once = encode(scaled, TYPES[dtype]);
  const twice = new Uint8Array(2 * once.length);
  twice.set(once);
  twice.set(once, once.length);
  for (let first = 0; first < count; first += drawn.length) {
    const length = Math.min(drawn.length, count - first);
    const shift = (number * 7919 + first / drawn.length * 104729) % drawn.length;
    if (change === undefined || first >= change.to || first + length <= change.from) {
      await write(twice.subarray(BYTES[dtype] * shift, BYTES[dtype] * (shift + length)));
      continue;
    }
    const values = Float32Array.from({ length }, (_, i) => scaled[(i + shift) % scaled.length]);
    change.apply(values, first);
    await write(encode(values, TYPES[dtype]));
  }
}

/** Returns numbers drawn from N(0, 1). */
function normal(count: number, seed: number): Float32Array {
  let state = seed >>> 0;
  const uniform = () => {
    state = state + 0x6d2b79f5 >>> 0;
    let x = Math.imul(state ^ state >>> 15, state | 1);
    x ^= x + Math.imul(x ^ x >>> 7, x | 61);
    return ((x ^ x >>> 14) >>> 0) / 2 ** 32;
  };
  return Float32Array.from(
    { length: count },
    () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()),
  );
}
