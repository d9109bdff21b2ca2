import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { startEngine } from "../../../src/engine/mod.ts";
import { fourier, realFourier, realInverse } from "../../../src/torch/program/complex_ops.ts";
import { InputError } from "../../../src/ground/words/input_error.ts";

const { tf } = await startEngine({ threads: 1 });

/** Discrete Fourier transform by its definition, in float64. */
function transformOf(re: number[], im: number[], sign: number) {
  const n = re.length;
  return re.map((_, k) => {
    let a = 0;
    let b = 0;
    for (let j = 0; j < n; j++) {
      const angle = sign * 2 * Math.PI * j * k / n;
      a += re[j] * Math.cos(angle) - im[j] * Math.sin(angle);
      b += re[j] * Math.sin(angle) + im[j] * Math.cos(angle);
    }
    return [a, b];
  });
}

Deno.test("fourier() and realFourier() are the transforms of each length and norm, and have inverses", () => {
  for (const n of [1, 2, 5, 8]) {
    const re = Array.from({ length: n }, (_, i) => Math.sin(3 * i + 1));
    const im = Array.from({ length: n }, (_, i) => Math.cos(5 * i));
    for (const norm of [null, "ortho", "forward"]) {
      const scale = norm === null ? 1 : norm === "ortho" ? 1 / Math.sqrt(n) : 1 / n;
      const axes = { dim: [-1], size: null, norm };
      const given = { re: tf.tensor1d(re), im: tf.tensor1d(im) };
      const found = fourier(tf, given, { ...axes, inverse: false });
      transformOf(re, im, -1).forEach(([a, b], k) => {
        assertAlmostEquals(found.re.dataSync()[k], a * scale, 1e-5);
        assertAlmostEquals(found.im.dataSync()[k], b * scale, 1e-5);
      });
      const back = fourier(tf, found, { ...axes, inverse: true });
      const half = realFourier(tf, given.re, axes);
      const real = realInverse(tf, half, { ...axes, size: [n] });
      for (let i = 0; i < n; i++) {
        assertAlmostEquals(back.re.dataSync()[i], re[i], 1e-5);
        assertAlmostEquals(back.im.dataSync()[i], im[i], 1e-5);
        assertAlmostEquals(real.dataSync()[i], re[i], 1e-5);
      }
      assertEquals(half.re.shape, [Math.floor(n / 2) + 1]);
    }
  }
});

Deno.test("fourier() takes lengths up to 4096", () => {
  const of = (n: number) =>
    tf.tidy(() => {
      const axes = { dim: [-1], size: [n], norm: null };
      return realInverse(tf, { re: tf.ones([3]), im: tf.zeros([3]) }, axes).shape;
    });
  assertEquals(of(4096), [4096]);
  assertThrows(() => of(4097), InputError, "transform is 4097, expected 1 to 4096");
  assertThrows(() => of(0), InputError, "transform is 0, expected 1 to 4096");
});
