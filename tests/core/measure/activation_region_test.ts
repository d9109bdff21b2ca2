import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import fc from "fast-check";
import { activationLayer, activationRegion } from "../../../src/core/measure/activation_region.ts";
import { countFlat } from "../../../src/core/measure/observe.ts";
import { LayerRecord } from "../../../src/core/measure/layer_record.ts";
import { type Layer, startEngine } from "../../../src/engine/mod.ts";
import { heapOf } from "../../../src/engine/start/prepare_engine.ts";

const engine = await startEngine();
const { tf } = engine;
const heap = heapOf(engine);

const sigmoid = (z: number) => 1 / (1 + Math.exp(-z));

/** Gauss' error function by its series; converges fast enough for |x| < 6. */
function erf(x: number): number {
  let term = x, sum = x;
  for (let n = 1; n < 200; n++) {
    term *= -x * x / n;
    sum += term / (2 * n + 1);
  }
  return 2 / Math.sqrt(Math.PI) * sum;
}

const ACTIVATIONS: Record<string, (z: number) => number> = {
  tanh: Math.tanh,
  sigmoid,
  hardSigmoid: (z) => Math.min(1, Math.max(0, 0.2 * z + 0.5)),
  softsign: (z) => z / (1 + Math.abs(z)),
  relu: (z) => Math.max(0, z),
  relu6: (z) => Math.min(6, Math.max(0, z)),
  elu: (z) => z > 0 ? z : Math.expm1(z),
  selu: (z) => 1.0507009873554805 * (z > 0 ? z : 1.6732632423543772 * Math.expm1(z)),
  softplus: (z) => Math.log1p(Math.exp(z)),
  swish: (z) => z * sigmoid(z),
  gelu: (z) => z * 0.5 * (1 + erf(z / Math.SQRT2)),
  gelu_new: (z) => 0.5 * z * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (z + 0.044715 * z ** 3))),
  mish: (z) => z * Math.tanh(Math.log1p(Math.exp(z))),
};

for (const [name, phi] of Object.entries(ACTIVATIONS)) {
  Deno.test(`activationRegion() of ${name} ends where the derivative falls to 6 %`, () => {
    const slope = (z: number) => Math.abs(phi(z + 1e-5) - phi(z - 1e-5)) / 2e-5;
    let supremum = 0;
    for (let z = -5; z <= 5; z += 1e-3) supremum = Math.max(supremum, slope(z));
    const { low, high, bounded, oneSided } = activationRegion(name)!;
    const share = (z: number) => slope(z) / supremum;
    assert(share(low - 0.01) < 0.06, `below low: ${share(low - 0.01)}`);
    assert(share(low + 0.01) > 0.06, `above low: ${share(low + 0.01)}`);
    if (high < Infinity) {
      assert(share(high - 0.01) > 0.06, `below high: ${share(high - 0.01)}`);
      assert(share(high + 0.01) < 0.06, `above high: ${share(high + 0.01)}`);
    }
    assertEquals(bounded, Math.abs(phi(5.4)) < 6.5 && Math.abs(phi(50) - phi(40)) < 1);
    assertEquals(oneSided, !bounded || name === "relu6");
  });
}

Deno.test("activationRegion() puts saturation of tanh at |a| = 0.97, of sigmoid at 0.985", () => {
  assertAlmostEquals(Math.tanh(activationRegion("tanh")!.high), 0.97, 1e-3);
  assertAlmostEquals(sigmoid(activationRegion("sigmoid")!.high), 0.985, 1e-3);
});

Deno.test("activationRegion() is null for what has no flat region", () => {
  for (const name of ["linear", "softmax", "leakyRelu", "of my own", null]) {
    assertEquals(activationRegion(name), null);
  }
});

Deno.test("activationLayer() names the activation of a layer with its settings", () => {
  const { layers } = tf;
  const rows: [Layer, string, number | null][] = [
    [layers.leakyReLU({}), "leakyRelu", null],
    [layers.leakyReLU({ alpha: 0.1 }), "leakyRelu(0.1)", null],
    [layers.leakyReLU({ alpha: 0 }), "relu", 0],
    [layers.elu({}), "elu", activationRegion("elu")!.low],
    [layers.thresholdedReLU({ theta: 0.7 }), "thresholdedRelu", 0.7],
    [layers.reLU({}), "relu", 0],
  ];
  for (const [layer, name, low] of rows) {
    const found = activationLayer(layer)!;
    assertEquals([found.name, found.region?.low ?? null], [name, low]);
  }
  const { region } = activationLayer(layers.reLU({ maxValue: 2 }))!;
  assertEquals([region!.bounded, region!.high], [true, 2]);
  assertEquals(activationLayer(layers.dense({ units: 1, activation: "relu" })), null);
});

const NO_LAYER = {} as Layer;

function counted(activation: string, z: number[], shape: number[], unitAxis: number) {
  const record = new LayerRecord("layer", NO_LAYER, { className: "Dense", activation });
  const tensor = tf.tensor(z, shape);
  countFlat(heap, record, tensor, unitAxis);
  tensor.dispose();
  return record;
}

Deno.test("countFlat() tells both sides of saturation, and NaN from either", () => {
  const edge = activationRegion("tanh")!.high;
  const z = [edge + 1e-3, -edge - 1e-3, edge - 1e-3, -edge + 1e-3, NaN, Infinity];
  const record = counted("tanh", z, [6, 1], 1);
  assertEquals([record.saturatedEntries, record.judgedEntries], [3, 5]);
});

Deno.test("countFlat() marks a unit as active once any example of it is", () => {
  const record = counted("relu", [1, -1, 0, -1, -1, 0], [2, 3], 1);
  assertEquals([...record.activeUnits!], [1, 0, 0]);
  assertEquals(record.saturatedEntries, 0);
});

Deno.test("countFlat() takes channels for units, also where they come first", () => {
  // Two examples, two channels, two positions.
  const z = [-1, -1, -1, 2, -1, -1, -1, -1];
  assertEquals([...counted("relu", z, [2, 2, 2], 1).activeUnits!], [0, 1]);
  assertEquals([...counted("relu", z, [2, 2, 2], 2).activeUnits!], [0, 1]);
  assertEquals([...counted("relu", [-1, -1, 2, -1, -1, -1, -1, -1], [2, 2, 2], 1).activeUnits!], [
    0,
    1,
  ]);
  assertEquals([...counted("relu", [-1, -1, 2, -1, -1, -1, -1, -1], [2, 2, 2], 2).activeUnits!], [
    1,
    0,
  ]);
});

Deno.test("countFlat() does not call a relu6 that is off saturated", () => {
  const record = counted("relu6", [-1, 7, 3], [1, 3], 1);
  assertEquals(record.saturatedEntries, 1);
  assertEquals([...record.activeUnits!], [0, 0, 1]);
});

Deno.test("countFlat() agrees with looking at every entry", () => {
  const entry = fc.oneof(
    fc.float({ noNaN: true, min: -8, max: 8 }),
    fc.constantFrom(0, -0, 6, 2.5, -2.5, NaN, Infinity, -Infinity),
  );
  const size = fc.integer({ min: 1, max: 7 });
  const cases = fc.tuple(size, size, size, fc.constantFrom(...Object.keys(ACTIVATIONS)))
    .chain(([groups, units, inner, name]) =>
      fc.tuple(
        fc.constant({ groups, units, inner, name }),
        fc.array(entry, { minLength: groups * units * inner, maxLength: groups * units * inner }),
      )
    );
  fc.assert(fc.property(cases, ([{ groups, units, inner, name }, list]) => {
    const z = [...Float32Array.from(list)];
    const record = counted(name, z, [groups, units, inner], 1);
    const { low, high, oneSided } = activationRegion(name)!;
    const isHigh = (x: number) => high < Infinity && x >= high;
    const saturated = z.filter((x) => isHigh(x) || (!oneSided && x <= low)).length;
    assertEquals(record.saturatedEntries, saturated);
    assertEquals(record.judgedEntries, z.filter((x) => !Number.isNaN(x)).length);
    const active = Array.from(
      { length: units },
      (_, unit) =>
        z.some((x, i) => Math.floor(i / inner) % units === unit && !(x <= low) && !isHigh(x))
          ? 1
          : 0,
    );
    assertEquals([...record.activeUnits!], active);
  }));
});
