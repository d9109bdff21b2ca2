import { assert, assertEquals } from "@std/assert";
import { type Bench, withNative } from "./with_native.ts";

const WIDTHS = [...Array.from({ length: 20 }, (_, i) => i + 1), 127, 1000, 4099];

/** Rows of different spreads, so that some exponentials are denormal and some 0. */
function logits(rows: number, width: number): Float32Array {
  return Float32Array.from({ length: rows * width }, (_, i) => {
    const row = Math.floor(i / width);
    return 10 ** (row - 2) * Math.sin(12.9898 * i + row) + (row === 3 ? 1e4 : 0);
  });
}

/** Softmax in float64, of differences as float32 has them. */
function reference(x: Float32Array): number[] {
  const most = x.reduce((a, b) => Math.max(a, b));
  const exponentials = Array.from(x, (value) => Math.exp(Math.fround(value - most)));
  const sum = exponentials.reduce((a, b) => a + b);
  return exponentials.map((value) => value / sum);
}

function softmax({ tf, native, place, address, view }: Bench, x: ArrayLike<number>, width: number) {
  const result = tf.fill([x.length + 1], 77);
  native.softmax(place(x, 1).address, address(result), { rows: x.length / width, width });
  assertEquals(view(result)[x.length], 77, "wrote beyond the end");
  return view(result).slice(0, x.length);
}

Deno.test("softmax() agrees with float64, down to where float32 ends, in rows of any width", async () => {
  await withNative((bench) => {
    for (const width of WIDTHS) {
      const x = logits(5, width);
      const y = softmax(bench, x, width);
      for (let row = 0; row < 5; row++) {
        const range = [row * width, (row + 1) * width] as const;
        reference(x.slice(...range)).forEach((expected, i) => {
          const apart = Math.abs(y[range[0] + i] - expected);
          assert(apart <= 6e-7 * expected + 2 ** -149, `${width}: ${y[range[0] + i]}, ${expected}`);
        });
      }
    }
  });
});

Deno.test("softmax() of many equal entries adds up to 1", async () => {
  await withNative((bench) => {
    const width = 1 << 20;
    const y = softmax(bench, new Float32Array(width).fill(3), width);
    assertEquals(y, new Float32Array(width).fill(1 / width));
  });
});

Deno.test("softmax() gives -Infinity nothing, and the largest float32 all", async () => {
  await withNative((bench) => {
    const most = 3.4028234663852886e38;
    for (let width = 1; width <= 12; width++) {
      for (let at = 0; at < width; at++) {
        const one = Float32Array.from({ length: width }, (_, i) => Number(i === at));
        const masked = Array.from(one, (value) => value === 1 ? -3e4 : -Infinity);
        assertEquals(softmax(bench, masked, width), one);
        const far = Array.from(one, (value) => value === 1 ? most : -most);
        assertEquals(softmax(bench, far, width), one);
      }
    }
  });
});

Deno.test("softmax() makes NaN of a row with NaN, Infinity or nothing but -Infinity, and of no other", async () => {
  await withNative((bench) => {
    for (const width of [1, 3, 4, 9, 30]) {
      for (let at = 0; at < width; at++) {
        for (const value of [NaN, Infinity]) {
          const x = new Float32Array(3 * width);
          x[width + at] = value;
          const y = softmax(bench, x, width);
          assert(y.subarray(width, 2 * width).every(Number.isNaN), `${width}: ${at}, ${value}`);
          assert(y.subarray(0, width).every(Number.isFinite));
          assert(y.subarray(2 * width).every(Number.isFinite));
        }
      }
      assert(softmax(bench, Array(width).fill(-Infinity), width).every(Number.isNaN));
    }
  });
});

Deno.test("softmaxGradient() is y (dy - sum of dy y), in float64, in rows of any width", async () => {
  await withNative(({ tf, native, place, address, view }) => {
    for (const width of WIDTHS) {
      const y = Float32Array.from({ length: 3 * width }, (_, i) => Math.cos(7.1 * i) ** 2 / width);
      const dy = Float32Array.from({ length: 3 * width }, (_, i) => Math.sin(3.7 * i) - 0.3);
      const result = tf.fill([3 * width + 1], 77);
      native.softmaxGradient(place(y).address, place(dy, 1).address, address(result), {
        rows: 3,
        width,
      });
      const dx = view(result);
      for (let row = 0; row < 3; row++) {
        let sum = 0;
        for (let i = row * width; i < (row + 1) * width; i++) sum += y[i] * dy[i];
        for (let i = row * width; i < (row + 1) * width; i++) {
          const bound = 2e-7 * y[i] * (Math.abs(dy[i]) + Math.abs(sum));
          assert(Math.abs(dx[i] - y[i] * (dy[i] - sum)) <= bound, `${width}: ${i}`);
        }
      }
      assertEquals(dx[3 * width], 77, "wrote beyond the end");
    }
  });
});
