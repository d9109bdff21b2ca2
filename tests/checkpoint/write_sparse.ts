/**
 * Writes files of any size that take no room on the disk: what is not written reads as zeros.
 *
 * @module
 */
import { array, header, link, noHeap, writeHdf5 } from "../keras/hdf5/write_hdf5.ts";
import { encode } from "../../src/files/file_types.ts";

/** Array of a sparse file: its first entries; the others are 0. */
export interface SparseArray {
  name: string;
  shape: number[];
  first: number[];
}

const words = (value: number, bytes: number) =>
  Array.from({ length: bytes }, (_, i) => Math.floor(value / 256 ** i) % 256);
const text = (value: string) => [...new TextEncoder().encode(value)];
/** Number of 4 bytes that is in a ZIP64 record instead. */
const FULL = [0xff, 0xff, 0xff, 0xff];
const countOf = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);

/** Writes an uncompressed `.npz` of float32 with the ZIP64 records that NumPy writes. */
export async function writeSparseNpz(path: string, arrays: readonly SparseArray[]): Promise<void> {
  using file = await Deno.open(path, { write: true, create: true, truncate: true });
  const put = async (at: number, ...parts: (readonly number[])[]) => {
    await file.seek(at, Deno.SeekMode.Start);
    const all = Uint8Array.from(parts.flat());
    for (let done = 0; done < all.length;) done += await file.write(all.subarray(done));
    return at + all.length;
  };
  const directory: number[][] = [];
  let at = 0;
  for (const { name, shape, first } of arrays) {
    const header = `{'descr': '<f4', 'fortran_order': False, 'shape': (${shape.join(", ")},), }\n`;
    const head = [0x93, ...text("NUMPY"), 1, 0, ...words(header.length, 2), ...text(header)];
    const size = head.length + 4 * countOf(shape);
    const entry = text(`${name}.npy`);
    const sizes = [1, 0, 16, 0, ...words(size, 8), ...words(size, 8)];
    const offset = at;
    const common = [45, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, ...FULL, ...FULL];
    const length = words(entry.length, 2);
    at = await put(
      at,
      [0x50, 0x4b, 3, 4],
      common,
      length,
      [sizes.length, 0],
      entry,
      sizes,
      head,
    );
    await put(at, [...encode(Float32Array.from(first), "float32")]);
    at = offset + 30 + entry.length + sizes.length + size;
    const extra = [1, 0, 24, 0, ...sizes.slice(4), ...words(offset, 8)];
    directory.push([0x50, 0x4b, 1, 2, 45, 0], common, length, [extra.length, 0], Array(10).fill(0));
    directory.push(FULL, entry, extra);
  }
  const bytes = directory.flat().length;
  const end = await put(at, ...directory);
  const count = words(arrays.length, 8);
  await put(
    end,
    [0x50, 0x4b, 6, 6, 44, 0, 0, 0, 0, 0, 0, 0, 45, 0, 45, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    count,
    count,
    words(bytes, 8),
    words(at, 8),
    [0x50, 0x4b, 6, 7, 0, 0, 0, 0],
    words(end, 8),
    [1, 0, 0, 0],
    [0x50, 0x4b, 5, 6, 0, 0, 0, 0],
    [FULL, FULL, FULL].flat(),
    [0, 0],
  );
}

/** Writes a model.json of TensorFlow.js whose weights are in shards of the given size. */
export async function writeSparseManifest(
  folder: string,
  arrays: readonly SparseArray[],
  shardBytes: number,
): Promise<string> {
  const total = arrays.reduce((sum, { shape }) => sum + 4 * countOf(shape), 0);
  const count = Math.ceil(total / shardBytes);
  const paths = Array.from({ length: count }, (_, i) => `group1-shard${i + 1}of${count}.bin`);
  for (const [i, path] of paths.entries()) {
    await Deno.writeFile(`${folder}/${path}`, new Uint8Array());
    await Deno.truncate(`${folder}/${path}`, Math.min(shardBytes, total - i * shardBytes));
  }
  let at = 0;
  for (const { shape, first } of arrays) {
    const bytes = encode(Float32Array.from(first), "float32");
    for (let i = 0; i < bytes.length; i++) {
      const shard = Math.floor((at + i) / shardBytes);
      using file = await Deno.open(`${folder}/${paths[shard]}`, { write: true });
      await file.seek(at + i - shard * shardBytes, Deno.SeekMode.Start);
      await file.write(bytes.subarray(i, i + 1));
    }
    at += 4 * countOf(shape);
  }
  const weights = arrays.map(({ name, shape }) => ({ name, shape, dtype: "float32" }));
  const path = `${folder}/model.json`;
  await Deno.writeTextFile(
    path,
    JSON.stringify({ modelTopology: {}, weightsManifest: [{ paths, weights }] }),
  );
  return path;
}

/** Writes a `.weights.h5` of Keras 3 with one layer, `dense`, of float32. */
export async function writeSparseHdf5(path: string, arrays: readonly SparseArray[]): Promise<void> {
  const widths = { offset: 8, length: 8 };
  const start = 2 ** 16;
  const addresses: number[] = [];
  let end = start;
  for (const { shape } of arrays) {
    addresses.push(end);
    end += 4 * countOf(shape);
  }
  const group = (children: readonly (readonly [name: string, address: number])[]) =>
    header([
      [2, noHeap(widths)],
      ...children.map(([name, at]): [number, number[]] => [6, link(name, at, widths)]),
    ]);
  const float32 = [0x11, 0x20, 31, 0, 4, 0, 0, 0, 0, 0, 32, 0, 23, 8, 0, 23, 127, 0, 0, 0];
  const place = (i: number) => 1000 + 200 * i;
  const pieces = [
    [100, group([["layers", 300]])],
    [300, group([["dense", 500]])],
    [500, group([["vars", 700]])],
    [700, group(arrays.map(({ name }, i) => [name, place(i)]))],
    ...arrays.map(({ shape }, i) => {
      const [space, , layout] = array(shape, addresses[i], widths);
      const bytes = layout[1].slice(0, 10);
      const messages: [number, number[]][] = [
        space,
        [3, float32],
        [8, [...bytes, ...words(4 * countOf(shape), 8)]],
      ];
      return [place(i), header(messages)] as const;
    }),
  ] as const;
  const head = writeHdf5(100, pieces, widths);
  head.set(words(end, 8), 28);
  await Deno.writeFile(path, head);
  await Deno.truncate(path, end);
  using file = await Deno.open(path, { write: true });
  for (const [i, { first }] of arrays.entries()) {
    await file.seek(addresses[i], Deno.SeekMode.Start);
    await file.write(encode(Float32Array.from(first), "float32"));
  }
}
