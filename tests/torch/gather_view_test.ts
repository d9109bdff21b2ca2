import { bytesOfView, type StridedView } from "../../src/torch/find_state_dict.ts";
import { gatherView } from "../../src/torch/gather_view.ts";
import { BYTES } from "../../src/model/files/file_types.ts";
import { byteSource } from "../../src/model/files/byte_source.ts";
import { assert, assertEquals } from "@std/assert";

const START = 24;

/** Views of 1 to 8 bytes an entry: transposed, permuted, with gaps, and with repeated entries. */
const VIEWS: StridedView[] = [
  { type: "float32", shape: [7, 5], strides: [1, 7], offset: 0 },
  { type: "float64", shape: [5, 9], strides: [1, 5], offset: 3 },
  { type: "float16", shape: [3, 4, 5], strides: [1, 15, 3], offset: 0 },
  { type: "int8", shape: [2, 3, 4, 5], strides: [60, 1, 15, 3], offset: 2 },
  { type: "bfloat16", shape: [6, 4], strides: [20, 3], offset: 1 },
  { type: "int64", shape: [4, 6], strides: [0, 2], offset: 0 },
  { type: "float32", shape: [11], strides: [3], offset: 5 },
  { type: "float32", shape: [1, 6, 1, 3], strides: [9, 1, 9, 6], offset: 0 },
];

Deno.test("a view is gathered from a file in pieces, whatever their size", async () => {
  const path = await Deno.makeTempFile();
  try {
    const storage = Uint8Array.from({ length: 2000 }, (_, i) => i * i * 31 % 251);
    await Deno.writeFile(path, new Uint8Array([...new Uint8Array(START), ...storage]));
    const { file } = await byteSource(path);
    for (const view of VIEWS) {
      for (const piece of [8, 40, 128, 4096]) {
        for (const read of [8, 24, 64, 4096]) {
          const found: number[] = [];
          for await (const bytes of gatherView(view, file!, START, { piece, read })) {
            assert(bytes.length <= Math.max(piece, BYTES[view.type]));
            found.push(...bytes);
          }
          assertEquals(
            found,
            [...bytesOfView(view, storage)],
            JSON.stringify({ view, piece, read }),
          );
        }
      }
    }
  } finally {
    await Deno.remove(path);
  }
});
