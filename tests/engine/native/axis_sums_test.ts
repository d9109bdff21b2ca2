import { assertEquals } from "@std/assert";
import { withNative } from "./with_native.ts";

Deno.test("axisSums() add in float64, over runs and down columns of every size", async () => {
  await withNative(({ tf, native, place, address, view }) => {
    for (const width of [1, 2, 3, 4, 7, 15, 16, 17, 33]) {
      for (const rows of [0, 1, 2, 3, 5, 31, 32, 35, 52]) {
        for (const blocks of [1, 2, 3]) {
          // In float32, 1 would be lost beside 2^25 until that is taken away again.
          const values = Float32Array.from(
            { length: blocks * rows * width },
            (_, i) => [2 ** 25, 1, -(2 ** 25)][Math.floor(i / width) % 3] + i % width,
          );
          const sums = Array.from({ length: blocks * width }, (_, i) => {
            const block = Math.floor(i / width), column = i % width;
            let sum = 0;
            for (let row = 0; row < rows; row++) {
              sum += values[(block * rows + row) * width + column];
            }
            return sum;
          });
          const { address: x } = place(values, 1);
          const size = { blocks, rows, width };
          const narrow = tf.fill([blocks * width + 1], 77);
          native.axisSums(x, address(narrow), size, { divisor: 3, isWide: false });
          const name = `${blocks} x ${rows} x ${width}`;
          assertEquals(view(narrow), Float32Array.from([...sums.map((s) => s / 3), 77]), name);
          const both = tf.fill([2 * blocks * width + 1], 77);
          native.axisSums(x, address(both), size, { divisor: 1, isWide: true });
          const { buffer, byteOffset } = view(both);
          assertEquals([...new Float64Array(buffer, byteOffset, sums.length)], sums, name);
          assertEquals(view(both)[2 * sums.length], 77, name);
        }
      }
    }
  });
});
