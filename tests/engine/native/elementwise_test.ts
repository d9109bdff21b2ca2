import { assert, assertEquals } from "@std/assert";
import { withNative } from "./with_native.ts";

/** Float32 numbers of either sign over the whole range, dense where tanh bends. */
function samples(): Float32Array {
  const values = [0, -0, NaN, Infinity, -Infinity, 2 ** -149, 3.4028234663852886e38];
  for (let exponent = -45; exponent <= 38; exponent += 0.25) values.push(10 ** exponent);
  for (let x = 0.001; x < 12; x += 0.0037) values.push(x);
  return Float32Array.from(values.flatMap((x) => [x, -x]));
}

/** Returns the distance of two numbers, in units of the last place of a float32 near the second. */
function unitsApart(x: number, y: number): number {
  if (Object.is(x, y) || x === y) return Object.is(x, y) ? 0 : 1;
  const unit = 2 ** Math.max(Math.floor(Math.log2(Math.abs(y))) - 23, -149);
  return Math.abs(x - y) / unit;
}

Deno.test("tanh() is within 2 units of the last place, keeps small x, the sign of 0 and NaN", async () => {
  await withNative(({ tf, native, place, address, view }) => {
    const x = samples();
    for (const count of [x.length, 1, 2, 3, 5]) {
      const result = tf.fill([count + 1], 77);
      native.tanh(place(x).address, address(result), count);
      const y = view(result);
      for (let i = 0; i < count; i++) {
        const apart = unitsApart(y[i], Math.tanh(x[i]));
        assert(apart <= 2, `tanh(${x[i]}) is ${y[i]}, ${apart} units from ${Math.tanh(x[i])}`);
      }
      assertEquals(y[count], 77, "wrote beyond the end");
    }
  });
});

Deno.test("tanhGradient() is dy (1 - y^2)", async () => {
  await withNative(({ tf, native, place, address, view }) => {
    const y = [0, -0.5, 1, -1, 0.9, NaN, 0.25], dy = [1, 2, 3, Infinity, -4, 1, NaN];
    const result = tf.fill([8], 77);
    native.tanhGradient(place(y).address, place(dy, 1).address, address(result), 7);
    const expected = y.map((value, i) =>
      Math.fround(dy[i] * Math.fround(1 - Math.fround(Math.fround(value) ** 2)))
    );
    assertEquals(view(result), Float32Array.from([...expected, 77]));
  });
});

Deno.test("clipGradient() lets dy through within the bounds, and NaN", async () => {
  await withNative(({ tf, native, place, address, view }) => {
    const x = [-2, -1, 0, 1, 2, NaN, Infinity], dy = [1, 2, NaN, 4, 5, 6, 7];
    const result = tf.fill([8], 77);
    const bounds = { low: -1, high: 1 };
    native.clipGradient(place(x).address, place(dy, 1).address, address(result), {
      count: 7,
      ...bounds,
    });
    assertEquals(view(result), Float32Array.of(0, 2, NaN, 4, 0, NaN, 0, 77));
  });
});
