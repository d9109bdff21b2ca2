import { ModelError, readWeights } from "../../src/load/mod.ts";
import { safetensors } from "./fixture.ts";
import { assertEquals, assertThrows } from "@std/assert";

/** Writes a file that is as long as its header says, of which only some bytes take room on the disk. */
async function writeSparse(path: string, header: object, length: number, tail: number[]) {
  const head = safetensors(header);
  await Deno.writeFile(path, head);
  await Deno.truncate(path, head.length + length);
  using file = await Deno.open(path, { write: true });
  await file.seek(head.length + length - 4 * tail.length, Deno.SeekMode.Start);
  await file.write(new Uint8Array(new Float32Array(tail).buffer));
}

for (const exponent of [27, 32, 33, 40]) {
  Deno.test(`readWeights() reads a tensor that begins at byte 2^${exponent} of a safetensors file`, async () => {
    const path = await Deno.makeTempFile({ suffix: ".safetensors" });
    const begin = 2 ** exponent;
    try {
      const header = {
        large: { dtype: "F32", shape: [begin / 4], data_offsets: [0, begin] },
        small: { dtype: "F32", shape: [3], data_offsets: [begin, begin + 12] },
      };
      await writeSparse(path, header, begin + 12, [1, -2, 3]);
      const { tensors } = await readWeights(path);
      assertEquals(tensors.map(({ shape }) => shape), [[begin / 4], [3]]);
      assertEquals([...tensors[1].read()], [1, -2, 3]);
      if (begin > 2 ** 32) {
        assertEquals(
          assertThrows(() => tensors[0].read(), ModelError).message,
          `${path}: "large" has ${begin / 2 ** 30}.0 GiB, expected at most 4.0 GiB`,
        );
      }
    } finally {
      await Deno.remove(path);
    }
  });
}

Deno.test("readWeights() refuses to read a tensor of a safetensors file that was changed since", async () => {
  const path = await Deno.makeTempFile({ suffix: ".safetensors" });
  try {
    await writeSparse(path, { w: { dtype: "F32", shape: [1], data_offsets: [0, 4] } }, 4, [5]);
    const { tensors } = await readWeights(path);
    await Deno.truncate(path, 8);
    assertEquals(
      assertThrows(() => tensors[0].read(), ModelError).message,
      `${path}: the file was changed while it was being read`,
    );
  } finally {
    await Deno.remove(path);
  }
});
