import type { LayerMeasurements } from "../../../src/core/measure/measurements.ts";
import { RULES } from "../../../src/core/rules/rules.ts";
import { flat, makeLayer, makeWeight, statisticsOf } from "../../networks/measurements.ts";
import { assertEquals } from "@std/assert";

const figureOf = (rule: string, given: Partial<LayerMeasurements>) =>
  RULES.find(({ name }) => name === rule)!.figure.of(makeLayer(given));

const broken = statisticsOf([NaN, Infinity, 1]);

/** Figure of a layer that each rule draws, if it draws one. */
const FIGURES: [string, Partial<LayerMeasurements>, number | null][] = [
  ["activation-scale", { activations: flat(0.25, 640) }, 0.25],
  ["activation-scale", { activations: null }, null],
  ["bias-init", {
    weights: [makeWeight(), makeWeight({ name: "bias", shape: [4], values: flat(0.5, 4) })],
  }, 0.5],
  ["bias-init", {}, null],
  ["dead-units", { deadFraction: 0.75 }, 0.75],
  ["gradients-flow", {
    weights: [
      makeWeight({ name: "bias", shape: [4], gradients: flat(2, 4) }),
      makeWeight({ gradients: flat(0.25, 400) }),
    ],
  }, 0.25],
  ["gradients-flow", { weights: [makeWeight({ gradients: null })] }, null],
  ["init-scale", {
    weights: [0.25, 0.5].map((size) => makeWeight({ values: flat(size, 400) })),
  }, 0.5],
  ["non-finite", {}, 0],
  ["non-finite", {
    preActivations: broken,
    activations: broken,
    activationGradients: broken,
    preActivationGradients: broken,
    weights: [makeWeight({ values: broken, gradients: broken })],
  }, 12],
  ["saturated-activations", { saturatedFraction: 0.25 }, 0.25],
  ["symmetry", { weights: [makeWeight({ duplicateUnits: 3 })] }, 3],
  ["symmetry", { weights: [makeWeight({ duplicateUnits: null })] }, null],
];

for (const [rule, given, expected] of FIGURES) {
  const of = Object.keys(given).join(", ") || "a healthy layer";
  Deno.test(`the figure of ${rule} is ${expected} of ${of}`, () =>
    assertEquals(figureOf(rule, given), expected));
}
