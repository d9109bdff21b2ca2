import { assertEquals } from "@std/assert";
import type { AdamRates } from "../../../src/engine/native/native_sweeps.ts";
import { withNative } from "./with_native.ts";

const RATES = { beta1: 0.9, beta2: 0.999, epsilon: 1e-7, rate: 0.003 / 0.271, scale: 1.7 };

/** Weights, slopes and moments of every size, with what is not finite among them. */
function draw(count: number, seed: number): Float32Array {
  const special = [0, -0, NaN, Infinity, -Infinity, 2 ** -149, 3e38, -1e-30];
  return Float32Array.from({ length: count }, (_, i) => {
    const x = Math.sin(i * 12.9898 + seed) * 43758.5453;
    return i % 17 === seed % 17
      ? special[(i + seed) % 8]
      : (x - Math.floor(x) - 0.5) * 10 ** (x % 7);
  });
}

/** Updates an entry as Kingma and Ba define it, in float64, rounded where it is stored. */
function step(weight: number, slope: number, first: number, second: number, r: AdamRates) {
  const m = r.beta1 * first + (1 - r.beta1) * slope;
  const v = r.beta2 * second + (1 - r.beta2) * slope * slope;
  const to = weight - r.rate * m / (r.scale * Math.sqrt(v) + r.epsilon);
  return { first: Math.fround(m), second: Math.fround(v), to: Math.fround(to) };
}

Deno.test("adam() has the bits of float64, at odd addresses and beside what it may not write", async () => {
  await withNative(({ native, place, view }) => {
    for (const [count, offset] of [[1000, 0], [1003, 1], [1, 3], [2, 2], [3, 0], [4, 1], [7, 3]]) {
      const weights = draw(count, 1), slopes = draw(count, 2), first = draw(count, 3);
      const second = draw(count, 4).map(Math.abs);
      // One more behind each, which must stay.
      const behind = (values: Float32Array) => place([...values, 77], offset);
      const [m, v, to] = [first, second, new Float32Array(count)].map(behind);
      const w = place(weights, offset);
      const g = place(slopes, offset);
      native.adam(
        {
          weights: w.address,
          slopes: g.address,
          first: m.address,
          second: v.address,
          to: to.address,
        },
        count,
        RATES,
      );
      const expected = Array.from(
        weights,
        (weight, i) => step(weight, slopes[i], first[i], second[i], RATES),
      );
      const seen = ({ tensor }: typeof m) => view(tensor).subarray(offset);
      assertEquals(seen(m), Float32Array.from([...expected.map(({ first }) => first), 77]));
      assertEquals(seen(v), Float32Array.from([...expected.map(({ second }) => second), 77]));
      assertEquals(seen(to), Float32Array.from([...expected.map(({ to }) => to), 77]));
      assertEquals(seen(w), weights);
    }
  });
});
