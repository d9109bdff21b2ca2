import { readWeights } from "../../src/load/read_weights.ts";
import { ModelError } from "../../src/core/model/model_error.ts";
import { writeSparseHdf5, writeSparseNpz } from "../checkpoint/write_sparse.ts";
import { npy } from "../files/npy.ts";
import { writeZip } from "../files/write_zip.ts";
import { assertEquals, assertRejects } from "@std/assert";
import { gunzipSync } from "node:zlib";

const numbers = npy("<f4", [2, 3], new Uint8Array(Float32Array.of(1, 2, 3, 4, 5, 6).buffer));
const texts = npy("<U1", [2], new Uint8Array(8));
const objects = npy("|O", [1], Uint8Array.of(0x80, 4, 0x2e));

async function read(name: string, content: Uint8Array | string) {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/${name}`;
  try {
    await Deno.writeFile(
      path,
      typeof content === "string" ? new TextEncoder().encode(content) : content,
    );
    const { tensors, notes } = await readWeights(path);
    return {
      tensors: tensors.map(({ name, shape, type, read }) => ({
        name,
        shape,
        type,
        entries: [...read()],
      })),
      notes,
    };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("readWeights() leaves texts and objects of an .npz out, and says so", async () => {
  const files = Object.entries({ "fc.weight": numbers, labels: texts, options: objects });
  const packed = files.map(([name, content]) => ({ name: `${name}.npy`, content }));
  const entries = [1, 2, 3, 4, 5, 6];
  assertEquals(await read("a.npz", writeZip(packed)), {
    tensors: [{ name: "fc.weight", shape: [2, 3], type: "float32", entries }],
    notes: ['"labels", "options" left out: no numbers.'],
  });
  await assertRejects(() => read("a.npz", writeZip(packed.slice(1))), ModelError, "no tensors");
  const damaged = [{ name: "fc.weight.npy", content: numbers.subarray(0, 90) }];
  await assertRejects(() => read("a.npz", writeZip(damaged)), ModelError, "bytes of entries");
});

Deno.test("readWeights() leaves texts, compounds, references and links of HDF5 out, and says so", async () => {
  const fixture = (name: string) =>
    gunzipSync(
      Deno.readFileSync(new URL(`../../fixtures/files/hdf5/${name}.h5.gz`, import.meta.url)),
    );
  const { tensors, notes } = await read("a.h5", fixture("beside_weights"));
  assertEquals(tensors, [
    {
      name: "layers/dense/vars/0",
      shape: [2, 3],
      type: "float32",
      entries: [0, 1, 2, 3, 4, 5],
    },
    { name: "layers/dense/vars/1", shape: [3], type: "float32", entries: [1, 1, 1] },
  ]);
  assertEquals(notes, [
    '"alias", "bytes", "complex", "elsewhere" ... left out: no numbers in this file.',
  ]);
  assertEquals((await read("a.h5", fixture("soft_link"))).notes, [
    '"b" left out: no numbers in this file.',
  ]);
  // Nothing is left to measure.
  await assertRejects(() => read("a.h5", fixture("text")), ModelError, '"a" holds text, expected');
  await assertRejects(
    () => read("a.h5", fixture("external_link")),
    ModelError,
    '"b", a link out of the file',
  );
});

Deno.test("readWeights() reads a lone .npy, under the name of its file", async () => {
  const { tensors, notes } = await read("kernel.npy", numbers);
  assertEquals(tensors.map(({ name, shape }) => [name, shape]), [["kernel", [2, 3]]]);
  assertEquals([tensors[0].entries, notes], [[1, 2, 3, 4, 5, 6], []]);
  await assertRejects(() => read("labels.npy", texts), ModelError, "holds no numbers");
});

Deno.test("readWeights() says that a file stands for another one, or is a page", async () => {
  const pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 9\n";
  for (const name of ["a.safetensors", "a.pt", "a.npz", "a.h5"]) {
    await assertRejects(() => read(name, pointer), ModelError, "git lfs pull");
    await assertRejects(() => read(name, "<!DOCTYPE html>\n<html>"), ModelError, "a page");
  }
});

Deno.test("readWeights() leaves scales that are powers of two, and packed floats, unjudged", async () => {
  const header = JSON.stringify({
    "w.weight": { dtype: "F8_E4M3", shape: [2, 2], data_offsets: [0, 4] },
    "v.weight": { dtype: "F8_E5M2", shape: [2], data_offsets: [4, 6] },
    "w.scales": { dtype: "F8_E8M0", shape: [2], data_offsets: [6, 8] },
    "p.weight": { dtype: "F4", shape: [4], data_offsets: [8, 10] },
    "q.weight": { dtype: "F6_E2M3", shape: [4], data_offsets: [10, 13] },
  });
  const bytes = new Uint8Array(8 + header.length + 13);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(header.length), true);
  bytes.set(new TextEncoder().encode(header), 8);
  const folder = await Deno.makeTempDir();
  await Deno.writeFile(`${folder}/a.safetensors`, bytes);
  const { tensors, notes } = await readWeights(`${folder}/a.safetensors`);
  assertEquals(tensors.map(({ type }) => type), [
    "float8_e4m3",
    "float8_e5m2",
    "float8",
    "float4",
    "float6",
  ]);
  assertEquals(notes, ["3 tensors of float8, float4, float6 not judged."]);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("readWeights() says that it has not compared an archive above 64 MiB with its checksums", async () => {
  const folder = await Deno.makeTempDir();
  const arrays = [{ name: "0", shape: [2 ** 12, 2 ** 12 + 1], first: [1] }];
  await writeSparseNpz(`${folder}/large.npz`, arrays);
  await writeSparseHdf5(`${folder}/large.weights.h5`, arrays);
  await writeSparseNpz(`${folder}/small.npz`, [{ ...arrays[0], shape: [1, 1] }]);
  const notes = async (name: string) => (await readWeights(`${folder}/${name}`)).notes;
  assertEquals(await notes("large.npz"), ["Read in pieces, without its checksums."]);
  // HDF5 has none.
  assertEquals(await notes("large.weights.h5"), []);
  assertEquals(await notes("small.npz"), []);
  await Deno.remove(folder, { recursive: true });
});
