import { assertEquals, assertMatch } from "@std/assert";
import {
  coldStatistics,
  singleUnits,
  zeroScales,
} from "../../../../src/core/diagnosis/causes/normalizations.ts";
import type {
  LayerMeasurements,
  WeightMeasurements,
} from "../../../../src/core/measure/measurements.ts";
import { flat, makeMeasurements, makeWeight } from "../../../networks/measurements.ts";
import { finding } from "../../../networks/sample.ts";
import { patientOf } from "./patient_of.ts";

/** A normalisation whose gamma is 0 and gets no gradient. */
function normalization(
  name: string,
  over: Partial<LayerMeasurements> = {},
  gamma: Partial<WeightMeasurements> = {},
): Partial<LayerMeasurements> {
  const zeros = { values: flat(0, 20), gradients: flat(0, 20) };
  return {
    name,
    className: "LayerNormalization",
    kind: "normalization",
    activation: null,
    depth: 1,
    weights: [makeWeight({ name: `${name}/gamma`, shape: [20], ...zeros, ...gamma })],
    ...over,
  };
}

const after: Partial<LayerMeasurements> = {
  name: "relu",
  activation: "relu",
  weights: [],
  depth: 1,
};

Deno.test("zeroScales() names normalisations whose gamma of 0 gets no gradient, and starts it at 1", () => {
  const found = (...layers: Partial<LayerMeasurements>[]) =>
    zeroScales(patientOf(makeMeasurements([{ name: "a" }, ...layers, after])));
  const [{ layers, message, fixes, explains }] = found(normalization("norm"));
  assertEquals(layers, ["norm"]);
  assertMatch(message, /^The gamma of norm is 0, .* this branch stays off/);
  assertEquals(fixes, [
    { kind: "set-bias", value: 1, weights: [{ layer: "norm", weight: "norm/gamma" }] },
  ]);
  assertEquals(explains(finding(null, { rule: "dead-units" })), true);
  assertEquals(explains(finding(null, { rule: "symmetry" })), false);
  assertMatch(
    found(normalization("norm"), normalization("other"))[0].message,
    /^The gamma of norm, other is 0, .* these branches stay off/,
  );
  assertEquals(found(normalization("norm", {}, { name: "norm/gamma_1" })).length, 1);
});

Deno.test("zeroScales() leaves a gamma alone that learns, is frozen, is not 0, or gets nothing from above", () => {
  const found = (layer: Partial<LayerMeasurements>, above: Partial<LayerMeasurements> = {}) =>
    zeroScales(patientOf(makeMeasurements([{ name: "a" }, layer, { ...after, ...above }])));
  for (
    const gamma of [
      { gradients: flat(0.1, 20) },
      { gradients: null },
      { values: flat(1, 20) },
      { trainable: false },
      { name: "norm/beta" },
    ]
  ) assertEquals(found(normalization("norm", {}, gamma)), []);
  assertEquals(found(normalization("norm", { kind: "rescaling" })), []);
  for (const activationGradients of [flat(0, 640), null]) {
    assertEquals(found(normalization("norm"), { activationGradients }), []);
  }
});

Deno.test("singleUnits() names normalisations of one unit that output 0", () => {
  const one = (name: string, over: Partial<LayerMeasurements> = {}) =>
    normalization(name, { shape: [32, 1], activations: flat(0, 32), ...over });
  const found = (...layers: Partial<LayerMeasurements>[]) =>
    singleUnits(patientOf(makeMeasurements([{}, ...layers])));
  assertEquals(found(one("norm", { shape: [32, 2] })), []);
  const [{ layers, message, fixes: [fix], explains }] = found(one("norm"));
  assertEquals(layers, ["norm"]);
  assertMatch(message, /^norm normalises a single unit/);
  assertMatch(JSON.stringify(fix), /put it before a wider layer: of one unit it makes 0/);
  assertEquals(
    ["init-scale", "vanishing-gradients", "symmetry"].map((rule) =>
      explains(finding(null, { rule }))
    ),
    [true, true, false],
  );
  const [both] = found(one("norm"), one("other"));
  assertMatch(both.message, /^norm, other normalise a single unit/);
  assertMatch(JSON.stringify(both.fixes), /put them before a wider layer: of one unit they make 0/);
});

Deno.test("coldStatistics() names normalisations whose moving statistics do not fit the batch", () => {
  const found = (rms: number) => {
    const norm = normalization("norm", {
      className: "BatchNormalization",
      normalization: "moving",
      activations: { ...flat(rms, 640), rms },
    }, { values: flat(1, 20), gradients: flat(0.1, 20) });
    return coldStatistics(patientOf(makeMeasurements([{}, norm])));
  };
  assertEquals(found(1), []);
  const [{ layers, fixes: [fix], explains }] = found(4);
  assertEquals(layers, ["norm"]);
  assertMatch(JSON.stringify(fix), /lower the momentum of norm/);
  assertEquals(explains(finding(null, { rule: "activation-scale" })), true);
});
