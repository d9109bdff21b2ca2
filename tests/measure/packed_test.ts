import { withFolder } from "../model/save_model.ts";
import { ModelError, readWeights } from "../../src/load/mod.ts";
import { compareCheckpoints, measureCheckpoint, measureWeights } from "../../src/measure/mod.ts";
import { checkpointMemory } from "./checkpoint_memory.ts";
import { BLOCK, drawn, type PackedFile, writePacked } from "./write_packed.ts";
import { assert, assertEquals, assertRejects } from "@std/assert";

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
    // Two parts of 64 MiB and a third.
    await writePacked(`${folder}/a.npz`, [arrayOf(33)]);
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
    assertEquals(seen, [2 ** 26, 2 ** 27, 33 * 2 ** 22]);
    // All rows of a block are repeated in the next one.
    assertEquals(whole.layers[0].weights[0].alike!.rows.repeated >= 32 * 1024, true);
    const { tensors: [change] } = await compareCheckpoints(streamed, streamed);
    assertEquals([change.differing, change.count, change.cosine], [0, 33 * BLOCK, 1]);
  }));

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
