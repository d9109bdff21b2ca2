import { withFolder } from "../core/model/save_model.ts";
import { ModelError, readWeights } from "../../src/entry/model.ts";
import { compareCheckpoints, measureCheckpoint, measureWeights } from "../../src/entry/measure.ts";
import { npy } from "../files/npy.ts";
import { PackedReader } from "../../src/checkpoint/packed_reader.ts";
import { checkpointMemory } from "./checkpoint_memory.ts";
import { BLOCK, drawn, type PackedFile, writePacked } from "./write_packed.ts";
import { chunkedFile, chunkTree, inTree, type WrittenChunk } from "../keras/hdf5/write_chunks.ts";
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { deflateSync } from "node:zlib";

/** Header of an array of float32. */
function npyHead(shape: readonly number[]): Uint8Array<ArrayBuffer> {
  const text = `{'descr': '<f4', 'fortran_order': False, 'shape': (${shape},), }\n`;
  const magic = [0x93, ...new TextEncoder().encode("NUMPY"), 1, 0, text.length, 0];
  return new Uint8Array([...magic, ...new TextEncoder().encode(text)]);
}

/** Returns a packed array that repeats a block. */
const arrayOf = (blocks: number): PackedFile => ({
  name: "fc.weight.npy",
  pieces: [npyHead([blocks * 1024, BLOCK / 1024]), ...Array(blocks).fill(drawn)],
});

Deno.test("a packed array is unpacked in pieces, and has the figures of one in memory", () =>
  withFolder(async (folder) => {
    // A part of 64 MiB and another.
    await writePacked(`${folder}/a.npz`, [arrayOf(17)]);
    const file = await readWeights(`${folder}/a.npz`);
    const whole = measureWeights(file);
    const tensors = file.tensors.map((tensor) => ({
      ...tensor,
      read: (): never => assert(false, "it is held whole") as never,
      bytes: (): never => assert(false, "it is held whole") as never,
    }));
    const seen: number[] = [];
    const options = { onProgress: ({ bytes }: { bytes: number }) => void seen.push(bytes) };
    const streamed = { ...file, tensors };
    assertEquals(await measureCheckpoint(streamed, options), whole);
    assertEquals(seen, [2 ** 26, 17 * 2 ** 22]);
    // All rows of a block are repeated in the next one.
    assertEquals(whole.layers[0].weights[0].alike!.rows.repeated >= 16 * 1024, true);
    const { tensors: [change] } = await compareCheckpoints(streamed, streamed);
    assertEquals([change.differing, change.count, change.cosine], [0, 17 * BLOCK, 1]);
  }));

Deno.test("a packed tensor is read part by part, and a part that is not read is skipped", async () => {
  const all = Uint8Array.from({ length: 100 }, (_, i) => i);
  const piece = new Uint8Array(7);
  function* pieces() {
    for (let at = 0; at < all.length; at += 7) {
      // Each piece is written over the one before.
      const own = all.subarray(at, at + 7);
      piece.set(own);
      yield piece.subarray(0, own.length);
    }
  }
  async function* awaited() {
    yield* await Promise.resolve(pieces());
  }
  for (const unpack of [pieces, awaited]) {
    const reader = new PackedReader(unpack);
    const found: number[] = [];
    for (const [from, to] of [[0, 20], [20, 45], [45, 90], [90, 100]]) {
      const read = await reader.part(from, to);
      if (from === 20) continue;
      for (let at = from; at < to; at += 5) {
        const bytes = new Uint8Array(5);
        read(at, bytes);
        found.push(...bytes);
      }
    }
    await reader.end();
    assertEquals(found, [...all.subarray(0, 20), ...all.subarray(45)]);
  }
  const early = new PackedReader(() => [all]);
  const read = await early.part(0, 101);
  assertThrows(() => read(0, new Uint8Array(101)), ModelError, "early");
});

Deno.test("a packed array with a wrong checksum is refused when all is unpacked", () =>
  withFolder(async (folder) => {
    const path = `${folder}/a.npz`;
    await writePacked(path, [arrayOf(2)], { wrong: true });
    const file = await readWeights(path);
    for (const work of [() => measureCheckpoint(file), () => compareCheckpoints(file, file)]) {
      const { message } = await assertRejects(work, ModelError);
      assert(message.startsWith(`${path}: `) && message.includes("damaged"), message);
    }
  }));

Deno.test({
  name: "a packed array of 205 MB takes less than 300 MB of memory",
  ignore: Deno.build.os !== "linux",
  fn: () =>
    withFolder(async (folder) => {
      await writePacked(`${folder}/a.npz`, [arrayOf(49)]);
      const { count, megabytes, said } = await checkpointMemory(`${folder}/a.npz`);
      assertEquals(count, 49 * BLOCK, said);
      assert(megabytes < 300, `${megabytes.toFixed(0)} MB`);
    }),
});

Deno.test({
  name: "an HDF5 array of 302 MB in packed chunks takes less than 300 MB of memory",
  ignore: Deno.build.os !== "linux",
  fn: () =>
    withFolder(async (folder) => {
      const blocks = 72, start = 2 ** 16;
      const packed = new Uint8Array(deflateSync(drawn, { level: 1 }));
      const chunks = Array.from({ length: blocks }, (_, i): WrittenChunk => ({
        at: [1024 * i, 0],
        size: packed.length,
        address: start + i * packed.length,
      }));
      const head = chunkedFile({
        shape: [1024 * blocks, 1024],
        layout: inTree([1024, 1024], 1000, 4),
        packing: [1],
        type: "float32",
      }, [[1000, chunkTree(chunks)], [start - 1, [0]]]);
      const path = `${folder}/a.weights.h5`;
      await Deno.writeFile(path, ReadableStream.from([head, ...Array(blocks).fill(packed)]));
      const { count, megabytes, said } = await checkpointMemory(path);
      assertEquals(count, blocks * BLOCK, said);
      assert(megabytes < 300, `${megabytes.toFixed(0)} MB`);
    }),
});

Deno.test({
  name: "twenty packed arrays of 15 MB that are held in turn take less than 300 MB of memory",
  ignore: Deno.build.os !== "linux",
  fn: () =>
    withFolder(async (folder) => {
      // In the order of Fortran, they are not unpacked in pieces.
      const entries = new Uint8Array(3.75 * 4 * BLOCK);
      for (let at = 0; at < entries.length; at += drawn.length) {
        entries.set(drawn.subarray(0, entries.length - at), at);
      }
      const piece = npy("<f4", [3840, 1024], entries, { isFortran: true });
      const files = Array.from({ length: 20 }, (_, i) => ({
        name: `l${i}.weight.npy`,
        pieces: [piece],
      }));
      await writePacked(`${folder}/a.npz`, files);
      const { count, megabytes, said } = await checkpointMemory(`${folder}/a.npz`);
      assertEquals(count, 3.75 * BLOCK, said);
      assert(megabytes < 300, `${megabytes.toFixed(0)} MB`);
    }),
});
