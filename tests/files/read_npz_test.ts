import { readNpyWeights, readNpzWeights } from "../../src/files/read_npz.ts";
import { bytesInMemory, byteSource } from "../../src/files/byte_source.ts";
import type { FileTensor } from "../../src/files/weights_file.ts";
import { writeZip } from "./write_zip.ts";
import { float32, npy } from "./npy.ts";
import { assertEquals } from "@std/assert";

/** Entries of a matrix of 2 rows and 3 columns, by rows and by columns. */
const BY_ROWS = [1, 2, 3, 4, 5, 6], BY_COLUMNS = [1, 4, 2, 5, 3, 6];
const rows = npy("<f4", [2, 3], float32(...BY_ROWS));
const columns = npy("<f4", [2, 3], float32(...BY_COLUMNS), { isFortran: true });

async function withFile<T>(bytes: Uint8Array, use: (path: string) => Promise<T>): Promise<T> {
  const path = await Deno.makeTempFile();
  try {
    await Deno.writeFile(path, bytes);
    return await use(path);
  } finally {
    await Deno.remove(path);
  }
}

/** Entries that the file has unpacked. */
async function storedEntries({ stored, shape }: FileTensor): Promise<number[] | null> {
  if (stored === undefined) return null;
  const bytes = (await Deno.readFile(stored.file.path)).slice(stored.offset);
  return [...new Float32Array(bytes.buffer, 0, shape.reduce((a, b) => a * b, 1))];
}

/** Entries of the pieces that are unpacked one after the other. */
async function unpackedEntries({ unpack }: FileTensor): Promise<number[] | null> {
  if (unpack === undefined) return null;
  const bytes: number[] = [];
  for await (const piece of unpack()) bytes.push(...piece);
  return [...new Float32Array(Uint8Array.from(bytes).buffer)];
}

Deno.test("readNpyWeights() reads rows from where they stand, and turns columns", async () => {
  for (const [bytes, isStored] of [[rows, true], [columns, false]] as const) {
    await withFile(bytes, async (path) => {
      const { tensors: [tensor] } = readNpyWeights(await byteSource(path), "w");
      assertEquals([...tensor.read()], BY_ROWS);
      assertEquals(await storedEntries(tensor), isStored ? BY_ROWS : null);
      assertEquals(await unpackedEntries(tensor), isStored ? null : BY_ROWS);
    });
    const [tensor] = readNpyWeights(bytesInMemory(bytes), "w").tensors;
    assertEquals([...tensor.read()], BY_ROWS);
    assertEquals([tensor.stored, tensor.unpack], [undefined, undefined]);
  }
});

Deno.test("readNpzWeights() reads stored and packed arrays, whole and in pieces", async () => {
  const many = Array.from({ length: 60_000 }, (_, i) => Math.fround(Math.sin(i)));
  const archive = writeZip([
    { name: "stored.npy", content: rows },
    { name: "turned.npy", content: columns },
    { name: "packed.npy", content: rows, deflate: true },
    { name: "packed_turned.npy", content: columns, deflate: true },
    { name: "many.npy", content: npy("<f4", [60_000], float32(...many)), deflate: true },
  ]);
  await withFile(archive, async (path) => {
    const { tensors } = readNpzWeights(await byteSource(path));
    const large = tensors.pop()!;
    for (const tensor of tensors) assertEquals([...tensor.read()], BY_ROWS, tensor.name);
    const stored = await Promise.all(tensors.map(storedEntries));
    assertEquals(stored, [BY_ROWS, null, null, null]);
    const unpacked = await Promise.all(tensors.map(unpackedEntries));
    assertEquals(unpacked, [null, BY_ROWS, BY_ROWS, null]);
    // As a text: a comparison of arrays would look for the shortest difference.
    assertEquals((await unpackedEntries(large))!.join() === many.join(), true);
    assertEquals(large.read().join() === many.join(), true);
  });
});

Deno.test("readNpzWeights() tells the layout by the names, and names four arrays that it leaves out", () => {
  const read = (...names: string[]) => {
    const files = names.map((name) => ({
      name: `${name}.npy`,
      content: name.startsWith("text") ? npy("<U1", [2], new Uint8Array(8)) : rows,
    }));
    const { layout, notes } = readNpzWeights(bytesInMemory(writeZip(files)));
    return [layout, ...notes];
  };
  for (const name of ["kernel", "dense/kernel", "a.moving_mean", "b_embeddings", "x/embedding"]) {
    assertEquals(read("weight", name), ["keras"], name);
  }
  for (const name of ["weight", "kernels", "akernel", "moving_means"]) {
    assertEquals(read(name), ["pytorch"], name);
  }
  const four = '"text1", "text2", "text3", "text4"';
  assertEquals(read("w", "text1", "text2", "text3", "text4"), [
    "pytorch",
    `${four} left out: no numbers.`,
  ]);
  assertEquals(read("w", "text1", "text2", "text3", "text4", "text5"), [
    "pytorch",
    `${four} ... left out: no numbers.`,
  ]);
});
