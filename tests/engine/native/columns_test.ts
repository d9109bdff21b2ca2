import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { withNative } from "./with_native.ts";

/** Returns the result of a naive loop in float64, mean first. */
function naive(values: Float32Array, rows: number, width: number) {
  let deviations = 0, squares = 0;
  for (let column = 0; column < width; column++) {
    let sum = 0;
    for (let row = 0; row < rows; row++) sum += values[row * width + column];
    for (let row = 0; row < rows; row++) {
      deviations += (values[row * width + column] - sum / rows) ** 2;
      squares += values[row * width + column] ** 2;
    }
  }
  return { deviations, squares };
}

Deno.test("columnDeviations() agrees with a naive loop, far from 0 as well, at every width", async () => {
  await withNative(({ native, place }) => {
    // From the spread of noise down to one of 1e-12: what float32 holds of it far from 0.
    for (const [offset, noise] of [[0, 1], [3, 1], [31, 1], [33, 1], [1, 1e-6], [1e6, 1]]) {
      for (const width of [1, 2, 3, 4, 5, 15, 16, 17, 35]) {
        for (const rows of [1, 2, 3, 32]) {
          const values = Float32Array.from(
            { length: rows * width },
            (_, i) => offset * (1 + i % width % 3) + noise * Math.sin(i * i),
          );
          const { deviations, squares } = naive(values, rows, width);
          const { address } = place(values, 1);
          const found = native.columnDeviations(address, rows, width, squares);
          const where = `${rows} x ${width} around ${offset}`;
          assertAlmostEquals(found, deviations, 1e-11 * deviations + 1e-300, where);
        }
      }
    }
  });
});

Deno.test("columnDeviations() of rows that are alike is exactly 0", async () => {
  await withNative(({ native, place }) => {
    const values = Float32Array.from({ length: 7 * 21 }, (_, i) => 0.1 * (1 + i % 21));
    const { squares } = naive(values, 7, 21);
    assertEquals(native.columnDeviations(place(values).address, 7, 21, squares), 0);
    assertEquals(native.columnDeviations(place([1, 2, 3]).address, 1, 3, 14), 0);
  });
});

Deno.test("eachColumn() shows the mean and the deviations of each column, in float64", async () => {
  await withNative(({ native, place }) => {
    for (const [rows, width] of [[1, 3], [9, 1], [9, 4], [9, 7], [2, 513], [3, 1100]]) {
      const values = Float32Array.from(
        { length: rows * width },
        (_, i) => 1000 * (i % width % 5) + Math.sin(i * i),
      );
      // A column that is not finite spoils no other.
      if (width === 7) values[4 * 7 + 2] = Infinity;
      const found: [number, number][] = [];
      const { address } = place(values, 1);
      native.eachColumn(address, rows, width, (...figures) => found.push(figures));
      assertEquals(found.length, width);
      found.forEach(([mean, deviations], column) => {
        const entries = Array.from({ length: rows }, (_, row) => values[row * width + column]);
        const expected = entries.reduce((sum, x) => sum + x, 0) / rows;
        const where = `column ${column} of ${rows} x ${width}`;
        if (width === 7 && column === 2) return assert(Number.isNaN(deviations), where);
        assertAlmostEquals(mean, expected, 1e-12 * Math.abs(expected) + 1e-300, where);
        const squares = entries.reduce((sum, x) => sum + (x - expected) ** 2, 0);
        assertAlmostEquals(deviations, squares, 1e-12 * squares + 1e-20, where);
      });
    }
  });
});

Deno.test("exponents() counts every float32 by its exponent", async () => {
  await withNative(({ native, place }) => {
    for (const count of [0, 1, 3, 4, 5, 18, 1003]) {
      const bits = Int32Array.from({ length: count }, (_, i) => Math.imul(i + 1, 0x9e3779b1));
      const expected = new Array(256).fill(0);
      for (const word of bits) expected[word >>> 23 & 255]++;
      const values = new Float32Array(bits.buffer);
      // A NaN keeps its exponent on the way through a float.
      const { address } = place(values, 3);
      assertEquals([...native.exponents(address, count)], expected, `${count} entries`);
    }
    const values = [0, -0, 1, -1.99, 2, 2 ** -126, 2 ** -149, Infinity, NaN];
    const counts = native.exponents(place(values).address, values.length);
    assertEquals([counts[0], counts[1], counts[127], counts[128], counts[255]], [3, 1, 2, 1, 2]);
    assert(counts.reduce((sum, n) => sum + n) === values.length);
  });
});

Deno.test("squares() agrees with a naive loop, and is not finite if one float is not", async () => {
  await withNative(({ native, place }) => {
    for (const count of [1, 2, 3, 15, 16, 17, 1001]) {
      const values = Float32Array.from({ length: count }, (_, i) => 1e20 * Math.sin(i + 1));
      const { squares } = naive(values, 1, count);
      const found = native.squares(place(values, 1).address, count);
      assertAlmostEquals(found / squares, 1, 1e-12, `${count}`);
      for (const wrong of [NaN, Infinity, -Infinity]) {
        values[count >> 1] = wrong;
        assertEquals(Number.isFinite(native.squares(place(values, 1).address, count)), false);
      }
    }
  });
});
