import { crc32 } from "node:zlib";
import { readWeights } from "../../src/load/mod.ts";
import { measureCheckpoint } from "../../src/measure/mod.ts";
import { assemblePickle, dictionaryParts, tensorParts } from "./assemble_pickle.ts";
import { torchFile } from "./fixture.ts";
import { assertEquals } from "@std/assert";

/** File of an archive: its content, or as many zeros, of which the disk stores none. */
interface Stored {
  name: string;
  content: Uint8Array | number;
}

/** Returns little-endian numbers of the given bytes each. */
function numbers(...fields: [bytes: number, value: number][]): Uint8Array {
  const all = new Uint8Array(fields.reduce((sum, [bytes]) => sum + bytes, 0));
  const view = new DataView(all.buffer);
  let at = 0;
  for (const [bytes, value] of fields) {
    if (bytes === 2) view.setUint16(at, value, true);
    else if (bytes === 4) view.setUint32(at, value, true);
    else view.setBigUint64(at, BigInt(value), true);
    at += bytes;
  }
  return all;
}

const LARGE = 0xffffffff;

/** Writes a zip archive in which every size and offset is in a record of ZIP64. */
async function writeZip64(path: string, files: readonly Stored[]): Promise<void> {
  using file = await Deno.open(path, { write: true, create: true, truncate: true });
  let at = 0;
  const write = async (bytes: Uint8Array) => {
    await file.seek(at, Deno.SeekMode.Start);
    for (let done = 0; done < bytes.length;) done += await file.write(bytes.subarray(done));
    at += bytes.length;
  };
  const list: Uint8Array[] = [];
  for (const { name, content } of files) {
    const path = new TextEncoder().encode(name);
    const size = typeof content === "number" ? content : content.length;
    const checksum = typeof content === "number" ? 0 : crc32(content);
    const common: [number, number][] = [[2, 45], [2, 0], [2, 0], [4, 0], [4, checksum]];
    const sizes: [number, number][] = [[4, LARGE], [4, LARGE], [2, path.length]];
    const extra: [number, number][] = [[8, size], [8, size], [8, at]];
    list.push(
      numbers([4, 0x02014b50], [2, 45], ...common, ...sizes, [2, 28], [2, 0], [2, 0], [2, 0]),
      numbers([4, 0], [4, LARGE]),
      path,
      numbers([2, 1], [2, 24], ...extra),
    );
    await write(numbers([4, 0x04034b50], ...common, ...sizes, [2, 20]));
    await write(path);
    await write(numbers([2, 1], [2, 16], [8, size], [8, size]));
    if (typeof content === "number") at += content;
    else await write(content);
  }
  const start = at;
  for (const part of list) await write(part);
  const end = at;
  const count: [number, number][] = [[8, files.length], [8, files.length]];
  await write(numbers([4, 0x06064b50], [8, 44], [2, 45], [2, 45], [4, 0], [4, 0], ...count));
  await write(numbers([8, end - start], [8, start]));
  await write(numbers([4, 0x07064b50], [4, 0], [8, end], [4, 1]));
  await write(numbers([4, 0x06054b50], [4, 0], [2, 0xffff], [2, 0xffff], [4, LARGE], [4, LARGE]));
  await write(numbers([2, 0]));
}

for (const exponent of [33, 40]) {
  Deno.test(`readWeights() reads a tensor behind byte 2^${exponent} of an archive of PyTorch`, async () => {
    const path = await Deno.makeTempFile({ suffix: ".pt" });
    const entries = 2 ** exponent / 4;
    const pickle = assemblePickle(dictionaryParts({
      large: tensorParts({ key: "0", count: entries, shape: [entries], strides: [1] }),
      small: tensorParts({ key: "1", count: 6, offset: 2, shape: [2, 2], strides: [2, 1] }),
      turned: tensorParts({ key: "1", count: 6, shape: [3, 2], strides: [1, 3] }),
    }));
    try {
      await writeZip64(path, [
        { name: "net/data.pkl", content: pickle },
        { name: "net/data/0", content: 2 ** exponent },
        { name: "net/data/1", content: new Uint8Array(Float32Array.of(1, 2, 3, 4, 5, 6).buffer) },
      ]);
      const { tensors, notes } = await readWeights(path);
      assertEquals(notes, ["Read in pieces, without its checksums."]);
      assertEquals(tensors.map(({ shape }) => shape), [[entries], [2, 2], [3, 2]]);
      assertEquals(tensors.slice(1).map(({ read }) => [...read()]), [
        [3, 4, 5, 6],
        [1, 4, 2, 5, 3, 6],
      ]);
      assertEquals(tensors.map(({ stored }) => stored !== undefined), [true, true, false]);
      const small = tensors[1].stored!;
      const bytes = new Uint8Array(16);
      using file = Deno.openSync(path);
      file.seekSync(small.offset, Deno.SeekMode.Start);
      file.readSync(bytes);
      assertEquals([...new Float32Array(bytes.buffer)], [3, 4, 5, 6]);
    } finally {
      await Deno.remove(path);
    }
  });
}

Deno.test("an archive of PyTorch that is read in pieces has the figures of one in memory", async () => {
  const path = await Deno.makeTempFile({ suffix: ".pt" });
  const pieces = await Deno.makeTempFile({ suffix: ".pt" });
  const count = 40_000;
  const values = Float32Array.from({ length: count }, (_, i) => Math.sin(i * i) / (1 + i % 7));
  const shape = { shape: [100, 400], strides: [400, 1], count };
  const content = new Uint8Array(values.buffer);
  const parts = {
    "a.weight": tensorParts(shape),
    "b.weight": tensorParts({ count, shape: [400, 100], strides: [1, 400] }),
  };
  try {
    await Deno.writeFile(path, torchFile(assemblePickle(dictionaryParts(parts)), { 0: content }));
    const zeros = 2 ** 27;
    const filler = tensorParts({ key: "f", count: zeros / 4, shape: [zeros / 4], strides: [1] });
    await writeZip64(pieces, [
      { name: "net/data.pkl", content: assemblePickle(dictionaryParts({ ...parts, filler })) },
      { name: "net/data/0", content },
      { name: "net/data/f", content: zeros },
    ]);
    const layers = async (file: string) =>
      (await measureCheckpoint(await readWeights(file))).layers.slice(0, 2)
        .map(({ name, weights }) => ({ name, weights: weights.map(({ values }) => values) }));
    assertEquals(await layers(pieces), await layers(path));
  } finally {
    await Deno.remove(path);
    await Deno.remove(pieces);
  }
});
