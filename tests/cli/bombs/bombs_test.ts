import { deflateSync } from "node:zlib";
import { crc32 } from "node:zlib";
import { continuations, join, overlappingNames, textsInHeap } from "./hdf5_bombs.ts";
import { copiedList, copiedShape, emptyDictionaries, namedDictionary } from "./pickle_bombs.ts";
import { withFolder } from "../../core/model/save_model.ts";
import { refusesWithin } from "./refuses_within.ts";
import {
  chunkedFile,
  chunkTree,
  inTree,
  type WrittenChunk,
} from "../../keras/hdf5/write_chunks.ts";

/** Chunks of an array, all of which are the same 4 MiB of zeros. */
function equalChunks(count: number): Uint8Array {
  const content = deflateSync(new Uint8Array(2 ** 22));
  const address = 2000 + 40 * count;
  const chunks = Array.from({ length: count }, (_, i): WrittenChunk => ({
    at: [i * 2 ** 20],
    size: content.length,
    address,
  }));
  return chunkedFile(
    {
      shape: [count * 2 ** 20],
      layout: inTree([2 ** 20], 1000, 4),
      packing: [1],
      type: "float32",
    },
    [[1000, chunkTree(chunks)], [address, [...content]]],
  );
}

/** An array of which no entry was ever written. */
const unwritten = (count: number): Uint8Array =>
  chunkedFile({ shape: [count], layout: inTree([2 ** 20], 1000) }, [[1000, chunkTree([])]]);

const FILES: readonly [name: string, make: () => Uint8Array, includes: string][] = [
  ["names.h5", () => overlappingNames(20_000, 200_000), "The names of the HDF5 file add up to"],
  ["continuations.h5", () => continuations(990, 100_000), "The headers of the HDF5 file add up to"],
  ["texts.h5", () => textsInHeap(4000, 100_000), "model_config is not valid JSON"],
  ["equal.weights.h5", () => equalChunks(10), 'The chunks of "a" add up to more than'],
  ["unwritten.weights.h5", () => unwritten(2 ** 50), '"a" unpacks with the arrays before it to'],
  ["list.pt", () => copiedList(2000, 20_000), "The pickle makes values of more than"],
  ["axes.pt", () => copiedShape(50_000, 3000), 'storage "0" has 50000 axes, expected at most 64'],
  ["shape.pt", () => copiedShape(64, 300_000), "The pickle makes values of more than"],
  ["dictionaries.pt", () => emptyDictionaries(8e6), "The pickle makes values of more than"],
  ["names.pt", () => namedDictionary(20_000, 50_000), "The file holds no tensors by name"],
];

for (const [name, make, includes] of FILES) {
  Deno.test(`report refuses the bomb ${name} within its memory and time`, () =>
    withFolder(async (folder) => {
      const bytes = make();
      await Deno.writeFile(`${folder}/${name}`, bytes);
      await refusesWithin([{ args: ["report", `${folder}/${name}`], includes }], bytes.length);
    }));
}

/** A picture of one colour, 8192 pixels wide and high, in 260 kB. */
function hugePicture(): Uint8Array {
  const size = 8192;
  const chunk = (name: string, content: Uint8Array) => {
    const body = join(name, content);
    const numbers = new DataView(new ArrayBuffer(8));
    numbers.setUint32(0, content.length);
    numbers.setUint32(4, crc32(body));
    const bytes = new Uint8Array(numbers.buffer);
    return join(bytes.subarray(0, 4), body, bytes.subarray(4));
  };
  const head = new DataView(new ArrayBuffer(13));
  head.setUint32(0, size);
  head.setUint32(4, size);
  head.setUint8(8, 8);
  head.setUint8(9, 6);
  const pixels = new Uint8Array(deflateSync(new Uint8Array(size * (1 + 4 * size))));
  return join(
    [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a],
    chunk("IHDR", new Uint8Array(head.buffer)),
    ...[chunk("IDAT", pixels), chunk("IEND", new Uint8Array())],
  );
}

Deno.test("report refuses a folder of pictures that unpack to gigabytes", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(
      `${folder}/net.json`,
      JSON.stringify({
        class_name: "Sequential",
        config: {
          name: "net",
          layers: [
            { class_name: "InputLayer", config: { name: "i", batch_shape: [null, null, null, 3] } },
            { class_name: "GlobalAveragePooling2D", config: { name: "pool" } },
            { class_name: "Dense", config: { name: "d", units: 2 } },
          ],
        },
      }),
    );
    const picture = hugePicture();
    for (const label of ["a", "b"]) {
      await Deno.mkdir(`${folder}/pictures/${label}`, { recursive: true });
      await Deno.writeFile(`${folder}/pictures/${label}/0.png`, picture);
    }
    const args = ["report", `${folder}/net.json`, "--batch", `${folder}/pictures`];
    await refusesWithin([{ args, includes: "The pictures take" }], 2 * picture.length);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
