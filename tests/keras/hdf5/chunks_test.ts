import { type Hdf5Group, openHdf5 } from "../../../src/keras/hdf5/open_hdf5.ts";
import type { Hdf5Array } from "../../../src/keras/hdf5/read_array.ts";
import { byteSource } from "../../../src/files/byte_source.ts";
import { withFolder } from "../../core/model/save_model.ts";
import { ModelError } from "../../../src/entry/model.ts";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { gunzipSync } from "node:zlib";

const FOLDER = new URL("../../../fixtures/files/chunked/", import.meta.url);

/** Shape and checksum of each array as h5py reads it, see `make_chunked.py`. */
const EXPECTED: Record<string, Record<string, string>> = JSON.parse(
  Deno.readTextFileSync(new URL("expected.json", FOLDER)),
);

const file = (name: string) =>
  new Uint8Array(gunzipSync(Deno.readFileSync(new URL(`${name}.h5.gz`, FOLDER))));

/** Returns all arrays of a group. */
const arraysIn = ({ children }: Hdf5Group): Hdf5Array[] =>
  [...children.values()].flatMap((child) => child.kind === "group" ? arraysIn(child) : [child]);

async function show({ shape }: Hdf5Array, bytes: Uint8Array): Promise<string> {
  const sum = new Uint8Array(await crypto.subtle.digest("SHA-256", new Uint8Array(bytes)));
  return `${shape.join("x")} ${sum.toHex().slice(0, 16)}`;
}

async function unpacked(
  { unpack }: Hdf5Array,
  room?: { piece: number; row: number; chunk: number },
) {
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  for await (const piece of unpack!(room)) {
    if (room !== undefined) assert(piece.length <= room.row);
    pieces.push(piece.slice());
  }
  return new Uint8Array(await new Blob(pieces).arrayBuffer());
}

for (const [name, arrays] of Object.entries(EXPECTED)) {
  Deno.test(`openHdf5() reads the arrays of ${name}.h5 that h5py reads`, async () => {
    const found: Record<string, string> = {};
    for (const array of arraysIn(openHdf5(file(name)))) {
      found[array.path] = await show(array, array.bytes!());
      if (array.unpack === undefined) continue;
      assertEquals(await show(array, await unpacked(array)), found[array.path], array.path);
    }
    assertEquals(found, arrays);
  });
}

/** Writes a file into a folder, in which temporary files are made, too. */
const withFile = (name: string, use: (root: Hdf5Group, folder: string) => Promise<void>) =>
  withFolder(async (folder) => {
    await Deno.writeFile(`${folder}/a.h5`, file(name));
    // Not TMPDIR, which all tests of the process would see.
    const { makeTempFileSync } = Deno;
    Deno.makeTempFileSync = (options) => makeTempFileSync({ ...options, dir: folder });
    try {
      await use(openHdf5(await byteSource(`${folder}/a.h5`)), folder);
    } finally {
      Deno.makeTempFileSync = makeTempFileSync;
    }
  });

const filesIn = (folder: string) => [...Deno.readDirSync(folder)].map((one) => one.name).sort();

for (const name of ["arrays", "arrays_latest"]) {
  Deno.test(`unpackChunks() needs no room for whole rows of ${name}.h5, nor for a chunk`, () =>
    withFile(name, async (root, folder) => {
      let count = 0;
      for (const array of arraysIn(root)) {
        if (array.unpack === undefined) continue;
        for (
          const room of [{ piece: 8, row: 8, chunk: 1 }, { piece: 40, row: 90, chunk: 40 }, {
            piece: 300,
            row: 300,
            chunk: 1,
          }, { piece: 90, row: 1000, chunk: 1000 }]
        ) {
          // One entry at a time is slow.
          if (room.piece === 8 && !/^(edges|cube)\/(all|plain)|skipped/.test(array.path)) continue;
          count++;
          assertEquals(
            await show(array, await unpacked(array, room)),
            EXPECTED[name][array.path],
            array.path,
          );
        }
      }
      assert(count > 100);
      assertEquals(filesIn(folder), ["a.h5"]);
    }));
}

Deno.test("unpackChunks() unpacks large chunks to files, which it removes if it is stopped", () =>
  withFile("arrays", async (root, folder) => {
    const arrays = new Map(arraysIn(root).map((array) => [array.path, array]));
    for (const [packing, expected] of [["all", 5], ["plain", 0], ["shuffle", 0]] as const) {
      let most = 0;
      for await (
        const _ of arrays.get(`edges/${packing}`)!.unpack!({ piece: 400, row: 400, chunk: 1 })
      ) {
        most = Math.max(most, filesIn(folder).length - 1);
        if (most > 0) break;
      }
      assertEquals(most, expected, packing);
      assertEquals(filesIn(folder), ["a.h5"]);
    }
  }));

for (const name of ["names_latest", "names_in_order"]) {
  Deno.test(`openHdf5() reads many names and attributes of ${name}.h5 in their order`, () => {
    const layers = openHdf5(file(name)).children.get("layers") as Hdf5Group;
    const made = Array.from({ length: 90 }, (_, i) => `layer_${i * 37 % 90}`);
    assertEquals([...layers.children.keys()], name === "names_in_order" ? made : made.sort());
    for (let i = 0; i < 30; i++) {
      assertEquals(layers.texts(`note_${i}`), [`text ${i}`, "x".repeat(i)]);
    }
    assertEquals(layers.texts("large"), ["y".repeat(9000), "z"]);
    assertEquals(layers.texts("huge"), ["configuration ".repeat(9000)]);
    assertEquals(layers.texts("none"), null);
  });
}

const REFUSED: Record<string, string> = {
  lzf: "is packed by LZF, expected deflate, shuffle or fletcher32",
  scale_offset: "is packed by scale-offset, expected deflate, shuffle or fletcher32",
  zstandard: "is packed by Zstandard, expected deflate, shuffle or fletcher32",
  n_bit: "is packed by n-bit, expected deflate, shuffle or fletcher32",
  shuffled_last: "is shuffled after it was packed, expected its entries of 4 bytes",
  virtual: "is a view of other arrays, expected its own entries",
};

for (const [name, said] of Object.entries(REFUSED)) {
  Deno.test(`openHdf5() refuses ${name}.h5 by name`, () => {
    const { message } = assertThrows(() => openHdf5(file(name)), ModelError);
    assertEquals(message, `"a" ${said}`);
  });
}
