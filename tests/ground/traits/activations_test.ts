import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { ACTIVATIONS, FLAT, leakyRelu, slopeOf } from "../../../src/ground/traits/activations.ts";
import { KERAS_ACTIVATIONS } from "../../../src/ground/traits/activation_traits.ts";
import { LAYERS } from "../../../src/ground/traits/layers.ts";
import { LOSS_TRAITS } from "../../../src/ground/traits/losses.ts";
import { OPERATION_TRAITS } from "../../../src/ground/traits/operation_traits.ts";
import { OPTIMIZERS } from "../../../src/ground/traits/optimizers.ts";
import { snapshotOf } from "../../snapshot_of.ts";
import { InputError } from "../../../src/ground/words/input_error.ts";
import {
  ACTIVATION_FUNCTIONS,
  resolveActivation,
} from "../../../src/ground/theory/activation_moments.ts";
import { criticalWeightVariance, gain } from "../../../src/ground/theory/criticality.ts";

const ALL = { ...ACTIVATIONS, ...KERAS_ACTIVATIONS };
const POINTS = Array.from({ length: 60_001 }, (_, i) => (i - 30_000) / 1000);

for (const [name, { curve, flat, range: [least, most] }] of Object.entries(ALL)) {
  if (curve === null) continue;
  Deno.test(`${name} is flat where its derivative is below 6 % of the largest`, () => {
    const values = POINTS.map(curve.value);
    const reached = [Math.min(...values), Math.max(...values)];
    for (const [i, limit] of [least, most].entries()) {
      if (Number.isFinite(limit)) {
        assert(Math.abs(reached[i] - limit) < 0.04, `${reached[i]} and ${limit}`);
      } else assert(Math.abs(reached[i]) > 8, `${reached[i]}`);
    }
    const top = Math.max(...[...POINTS, 1e6, -1e6].map((z) => Math.abs(curve.derivative(z))));
    const isFlat = (z: number) => Math.abs(curve.derivative(z)) <= FLAT * top;
    if (flat === null) return;
    const { low, high, bounded, oneSided } = flat;
    assertEquals(bounded, Number.isFinite(least) && Number.isFinite(most));
    // Units of relu6 die, and are saturated above 6.
    assertEquals(oneSided, name === "relu6" || !bounded);
    for (const [limit, way] of [[low, -1], [high, 1]]) {
      if (!Number.isFinite(limit)) continue;
      assert(isFlat(limit + way * 1e-3), `${limit} is in the region`);
      assert(!isFlat(limit - way * 1e-3), `${limit} is its end`);
    }
    const outside = POINTS.filter((z) => z <= low - 1e-3 || z >= high + 1e-3);
    assertEquals(outside.filter((z) => !isFlat(z)), []);
  });

  Deno.test(`${name} has kinks where its derivative jumps`, () => {
    const step = 1e-6;
    const change = (z: number) => Math.abs(curve.derivative(z + step) - curve.derivative(z - step));
    // The derivative of sparsePlus and of softsign has kinks of its own.
    const even = ["sparsePlus", "softsign", "elu", "celu"].includes(name);
    for (const kink of curve.kinks) assertEquals(change(kink) > 1e-3, !even, `${kink}`);
    for (const z of POINTS) assert(curve.kinks.includes(z) || change(z) < 1e-4, `${z}`);
  });
}

Deno.test("hardSilu has the slopes of PyTorch's hardswish at its kinks", () => {
  const { derivative } = KERAS_ACTIVATIONS.hardSilu.curve!;
  assertEquals([-3.001, -3, 0, 3, 3.001].map(derivative), [0, 0, 0.5, 1, 1]);
});

Deno.test("the tables of traits have the same figures", async (t) => {
  const short = (_key: string, value: unknown) =>
    typeof value === "number" ? Number(value.toPrecision(6)) : value;
  const tables = { ALL, LAYERS, LOSS_TRAITS, OPERATION_TRAITS, OPTIMIZERS };
  const shown = Object.values(tables).flatMap((table) =>
    Object.entries(table).map(([name, row]) => `${name}: ${JSON.stringify(row, short)}`)
  );
  await t.assertSnapshot(shown, snapshotOf(import.meta));
});

const show = ({ value, derivative }: ReturnType<typeof leakyRelu>) =>
  [-2, -1e-3, 0, 3].flatMap((z) => [value(z), derivative(z)]);

Deno.test("leakyRelu() has its slope below 0, and slope 1 above", () => {
  assertEquals(show(leakyRelu(0.25)), [-0.5, 0.25, -0.00025, 0.25, 0, 0.25, 3, 1]);
  assertEquals(show(ACTIVATION_FUNCTIONS.leakyRelu), show(leakyRelu(0.3)));
  assertEquals(show(leakyRelu(1)), show(ACTIVATION_FUNCTIONS.linear));
});

Deno.test("the theory knows a leaky relu by the name that a measurement gives it", () => {
  for (const slope of [0.01, 0.2, 1, -0.5, 1e-7]) {
    const name = `leakyRelu(${slope})`;
    assertEquals(slopeOf(name), slope);
    assertEquals(show(resolveActivation(name)), show(leakyRelu(slope)));
    assertAlmostEquals(gain(name)! ** 2, criticalWeightVariance(leakyRelu(slope)), 1e-5);
  }
  for (const name of ["leakyRelu", "leakyRelu()", "leakyRelu(x)", "leakyRelu(0.1", "relu(0.1)"]) {
    assertEquals(slopeOf(name), null);
  }
  assertEquals(gain("leakyRelu(x)"), null);
  assertThrows(
    () => resolveActivation("leakyRelu(x)"),
    InputError,
    'activation is "leakyRelu(x)", expected linear, tanh, sigmoid, hardSigmoid, softsign, relu, relu6, leakyRelu,',
  );
});
