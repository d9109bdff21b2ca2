import type { RuleOptions } from "../../src/rules/rule.ts";
import { deadUnits } from "../../src/rules/signal/dead_units.ts";
import { saturatedActivations } from "../../src/rules/signal/saturated_activations.ts";
import { biasInit } from "../../src/rules/weights/bias_init.ts";
import { initScale } from "../../src/rules/weights/init_scale.ts";
import { flat, makeMeasurements, makeWeight } from "../networks/measurements.ts";
import { type Judge, testThreshold } from "./test_threshold.ts";

const saturated: Judge = (share, options) =>
  saturatedActivations.run(makeMeasurements([{ saturatedFraction: share }]), options);

const dead = (share: number, examples: number, options?: RuleOptions) => {
  // The units that are not always off are so half of the time, and none is always on.
  const activations = { ...flat(0.6, 640), zeroFraction: share + (1 - share) / 2 };
  const measurements = makeMeasurements([{
    activation: "relu",
    shape: [32, 1000],
    saturatedFraction: null,
    deadFraction: share,
    activations,
  }]);
  const batch = { ...measurements.batch, examples };
  return deadUnits.run({ ...measurements, batch }, options);
};

const scaled: Judge = (factor, options) => {
  const weights = [makeWeight({ values: flat(factor / Math.sqrt(20), 400) })];
  return initScale.run(makeMeasurements([{ weights }]), options);
};

testThreshold("saturatedFraction", {
  judge: saturated,
  inside: [0.5],
  outside: [0.501],
  severity: "error",
});

testThreshold("saturatedFractionWarning", {
  judge: saturated,
  inside: [0.25],
  outside: [0.251],
  severity: "warning",
});

testThreshold("minEntries", {
  judge: (entries, options) =>
    saturatedActivations.run(
      makeMeasurements([{ saturatedFraction: 0, preActivations: flat(1, entries) }]),
      options,
    ),
  inside: [8],
  outside: [7],
  severity: "note",
  loose: 1,
  indirect: true,
});

testThreshold("deadFraction", {
  judge: (share, options) => dead(share, 32, options),
  inside: [0.5],
  outside: [0.501],
  severity: "error",
  indirect: true,
});

testThreshold("deadFractionWarning", {
  judge: (share, options) => dead(share, 32, options),
  inside: [0.2],
  outside: [0.201],
  severity: "warning",
});

testThreshold("minExamples", {
  judge: (examples, options) => dead(0, examples, options),
  inside: [8],
  outside: [7],
  severity: "note",
  loose: 1,
});

testThreshold("initScaleFactor", {
  judge: scaled,
  inside: [1.999, 1 / 1.999],
  outside: [2.001, 1 / 2.001],
  severity: "warning",
});

testThreshold("initScaleError", {
  judge: scaled,
  inside: [99],
  outside: [101],
  severity: "error",
  named: "initScaleFactor",
  indirect: true,
});

testThreshold("initScaleWarning", {
  judge: scaled,
  inside: [1.399, 1 / 1.399],
  outside: [1.401, 1 / 1.401],
  severity: "warning",
});

testThreshold("biasRatio", {
  judge: (rms, options) => {
    const bias = makeWeight({ name: "dense_1/bias", shape: [20], values: flat(rms, 20) });
    const layer = { preActivations: flat(1, 640), weights: [makeWeight(), bias] };
    return biasInit.run(makeMeasurements([layer]), options);
  },
  inside: [0.0999],
  outside: [0.1001],
  severity: "warning",
});
