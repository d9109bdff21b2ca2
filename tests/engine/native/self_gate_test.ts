import { assert, assertEquals } from "@std/assert";
import { GATES, type SelfGate } from "../../../src/engine/native/operations.ts";
import { ACTIVATIONS, density } from "../../../src/ground/traits/activations.ts";
import { withNative } from "./with_native.ts";

/** The cumulative distribution far below 0, where 1 - erf has no digits left: by its continued fraction. */
function tail(z: number): number {
  let fraction = -z;
  for (let n = 80; n >= 1; n--) fraction = -z + n / fraction;
  return density(z) / fraction;
}

const NAMES: Record<SelfGate, string> = {
  normal: "gelu",
  normalByTanh: "gelu_new",
  sigmoid: "swish",
};

/** x g(x) and its derivative in float64. */
function reference(gate: SelfGate, x: number): [number, number] {
  if (gate === "normal" && x < -4) return [x * tail(x), tail(x) + x * density(x)];
  if (gate === "normalByTanh" && x < -4) {
    const root = 2 * Math.sqrt(2 / Math.PI);
    const g = 1 / (1 + Math.exp(-root * (x + 0.044715 * x ** 3)));
    return [x * g, g + x * g * (1 - g) * root * (1 + 3 * 0.044715 * x * x)];
  }
  const curve = ACTIVATIONS[NAMES[gate]].curve!;
  return [curve.value(x), curve.derivative(x)];
}

/**
 * Largest error of a result. The tail of gelu_new is e^u, whose u is rounded to a float32 first.
 */
const MOST: Record<SelfGate, number> = { normal: 2e-6, normalByTanh: 1e-5, sigmoid: 1e-6 };

/** Results below this are on their way to 0, and below all normal numbers a little further on. */
const TINY = 1e-34;

/** Float32 numbers where gates bend, and far out. */
const samples = () =>
  Float32Array.from(
    [
      ...Array.from({ length: 2801 }, (_, i) => -14 + i / 100),
      1e-30,
      -1e-30,
      1e-4,
      -1e-4,
      50,
      1e20,
    ],
  );

Deno.test("selfGate() keeps the digits of small results, which one less an error function loses", async () => {
  await withNative(({ tf, native, place, address, view }) => {
    const x = samples();
    for (const gate of GATES) {
      for (const count of [x.length, 1, 2, 3, 5]) {
        const result = tf.fill([count + 1], 77);
        native.selfGate(gate, place(x).address, address(result), count);
        const y = view(result);
        for (let i = 0; i < count; i++) {
          const [expected] = reference(gate, x[i]);
          const error = Math.abs(y[i] - expected);
          const most = Math.max(MOST[gate] * Math.abs(expected), TINY);
          assert(error <= most, `${gate}: of ${x[i]} it is ${y[i]}, expected ${expected}`);
        }
        assertEquals(y[count], 77, "wrote beyond the end");
      }
    }
  });
});

Deno.test("selfGateGradient() is dy times the derivative", async () => {
  await withNative(({ tf, native, place, address, view }) => {
    const x = samples(), dy = x.map((_, i) => 1 + i % 3);
    for (const gate of GATES) {
      const result = tf.fill([x.length + 1], 77);
      native.selfGateGradient(gate, {
        x: place(x).address,
        dy: place(dy, 1).address,
        to: address(result),
        count: x.length,
      });
      const y = view(result);
      x.forEach((at, i) => {
        const [value, derivative] = reference(gate, at);
        const slope = derivative * dy[i];
        // Relative to the two terms of the derivative, which cancel where it changes its sign.
        const size = Math.abs(slope) + (at === 0 ? 0 : Math.abs(value / at * dy[i]));
        const error = Math.abs(y[i] - slope);
        assert(
          error <= MOST[gate] * size + TINY,
          `${gate}: at ${at} it is ${y[i]}, expected ${slope}`,
        );
      });
      assertEquals(y[x.length], 77, "wrote beyond the end");
    }
  });
});

Deno.test("selfGate() and its gradient let NaN and infinity through", async () => {
  await withNative(({ tf, native, place, address, view }) => {
    const x = [NaN, Infinity, 0, -0, 1], dy = [1, 1, NaN, Infinity, -Infinity];
    for (const gate of GATES) {
      const result = tf.fill([5], 77);
      native.selfGate(gate, place(x).address, address(result), 5);
      assertEquals([...view(result)].slice(0, 4), [NaN, Infinity, 0, -0]);
      native.selfGateGradient(gate, {
        x: place(x).address,
        dy: place(dy, 1).address,
        to: address(result),
        count: 5,
      });
      const slopes = [...view(result)];
      assertEquals([slopes[0], ...slopes.slice(2)], [NaN, NaN, Infinity, -Infinity]);
    }
  });
});
