import { readWeights } from "../../src/entry/model.ts";
import { measureCheckpoint } from "../../src/entry/measure.ts";
import { assemblePickle, dictionaryParts, tensorParts } from "./assemble_pickle.ts";
import { torchFile } from "./fixture.ts";
import { layersOf } from "../core/measure/layers_of.ts";
import { writeZip64 } from "./write_zip64.ts";
import { assertEquals } from "@std/assert";

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
      layersOf({ layers: (await measureCheckpoint(await readWeights(file))).layers.slice(0, 2) });
    assertEquals(await layers(pieces), await layers(path));
  } finally {
    await Deno.remove(path);
    await Deno.remove(pieces);
  }
});
