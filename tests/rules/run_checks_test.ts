import { InputError } from "../../src/words/input_error.ts";
import type { Measurements } from "../../src/measure/measurements.ts";
import type { RuleOptions } from "../../src/rules/rule.ts";
import { RULES } from "../../src/rules/rules.ts";
import { runRules } from "../../src/rules/run_rules.ts";
import { goldenMeasurements } from "../networks/golden_measurements.ts";
import { flat, makeMeasurements, makeWeight } from "../networks/measurements.ts";
import { serious } from "./serious.ts";
import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";

const saturated = () => makeMeasurements([{ saturatedFraction: 0.9 }, { saturatedFraction: 0.9 }]);

Deno.test("runRules() finds nothing in a healthy chain", () => {
  assertEquals(serious(makeMeasurements()), []);
});

Deno.test("runRules() returns the findings in the order of the rules", () => {
  const findings = runRules(goldenMeasurements("relu_dead_layer"));
  const order = RULES.map(({ name }) => name);
  const places = findings.map(({ rule }) => order.indexOf(rule));
  assertEquals(places, places.toSorted((a, b) => a - b));
  assertEquals(new Set(places).size > 1, true);
});

Deno.test("runRules() finds no error in the healthy golden cases", () => {
  for (const name of ["relu_he", "seed_tanh_critical", "seed_tanh_critical_mse"]) {
    const errors = runRules(goldenMeasurements(name)).filter((one) => one.severity === "error");
    assertEquals(errors, [], name);
  }
});

Deno.test("runRules() hands the thresholds on", () => {
  assertEquals(serious(saturated(), { saturatedFraction: 1, saturatedFractionWarning: 1 }), []);
});

Deno.test("runRules() turns findings of ignored layers into notes with the reason", () => {
  const judge = (options: RuleOptions) =>
    runRules(saturated(), options).filter(({ layer }) => layer !== null);
  const findings = judge({ ignore: [{ layer: "dense_1", reason: "It is a gate." }] });
  assertEquals(findings.map(({ severity }) => severity), ["note", "error"]);
  assertStringIncludes(findings[0].message, "Ignored: It is a gate.");
  const all = judge({ ignore: [{ layer: /^dense/, reason: "Known." }] });
  assertEquals(all.map(({ severity }) => severity), ["note", "note"]);
});

Deno.test("runRules() judges only the selected layers, by name or by pattern", () => {
  const layers = (filter: RuleOptions["layers"]) =>
    runRules(saturated(), { layers: filter })
      .filter(({ severity }) => severity === "error").map(({ layer }) => layer);
  assertEquals(layers(["dense_2"]), ["dense_2"]);
  assertEquals(layers(/_2$/g), ["dense_2"]);
  assertEquals(layers(/dense/g), ["dense_1", "dense_2"]);
});

Deno.test("runRules() throws a TypeError when an argument is not what it must be", () => {
  const fine = makeMeasurements();
  const wrong: [unknown, unknown, string][] = [
    [Promise.resolve(fine), {}, "write `await measure(model, batch)`"],
    [null, {}, "measurements is null"],
    [[], {}, "measurements is an array"],
    ["{}", {}, "measurements is a string"],
    [{ ...fine, model: undefined }, {}, "measurements is an object without a model"],
    [{ ...fine, layers: null }, {}, "measurements is an object without layers"],
    [{ ...fine, batch: undefined }, {}, "measurements is an object without a batch"],
    [{ ...fine, objective: undefined }, {}, "is an object without an objective"],
    [{ ...fine, layers: [null] }, {}, "is an object whose layers[0] is not a layer"],
    [{ ...fine, layers: [...fine.layers, {}] }, {}, "whose layers[4] is not a layer"],
    [{ ...fine, layers: [{ ...fine.layers[0], weights: [null] }] }, {}, "layers[0] is not a layer"],
    [{ ...fine, version: 2 }, {}, "of version 2"],
    [fine, [], "expected an object"],
    [fine, null, "expected an object"],
    [fine, { trained: "no" }, 'options.trained is "no", expected true or false'],
    [fine, { deadFracton: 0.1 }, 'unknown key "deadFracton"; did you mean "deadFraction"?'],
    [fine, { deadFraction: "0.1" }, 'deadFraction is "0.1", expected a number'],
    [fine, { deadFraction: null }, "deadFraction is null, expected a number"],
    [fine, { deadFraction: Object.create(null) }, "deadFraction is an object"],
    [fine, { toString: 1 }, 'unknown key "toString", expected layers, ignore or a threshold'],
    [fine, { layers: "dense_1" }, "expected a RegExp or an array"],
    [fine, { layers: [1] }, "expected a RegExp or an array"],
    [fine, { ignore: [{ layer: "dense_1" }] }, "each with a reason"],
    [fine, { ignore: [{ layer: "dense_1", reason: " " }] }, "each with a reason"],
    [fine, { ignore: "dense_1" }, "expected an array"],
    [fine, { ignore: [null] }, "expected an array"],
    [fine, { layers: null }, "expected a RegExp or an array"],
  ];
  for (const [measurements, options, message] of wrong) {
    assertThrows(
      () => runRules(measurements as Measurements, options as RuleOptions),
      TypeError,
      message,
    );
  }
});

Deno.test("runRules() throws an InputError when a number or a layer is out of range", () => {
  const wrong: [RuleOptions, string][] = [
    [{ deadFraction: 1.1 }, "deadFraction is 1.1, expected a number from 0 to 1"],
    [{ vanishingRatio: NaN }, "vanishingRatio is NaN, expected a number from 0 to 1"],
    [{ explodingRatio: 0.5 }, "explodingRatio is 0.5, expected a number from 1 to Infinity"],
    [
      { layers: ["dense_9"] },
      "options.layers has dense_9, which no layer matches",
    ],
    [
      { layers: /conv/ },
      "options.layers has /conv/, which no layer matches",
    ],
    [
      { ignore: [{ layer: "dense_9", reason: "x" }] },
      "options.ignore has dense_9, which no layer matches",
    ],
    [{ layers: [] }, "options.layers is an empty array, expected the layers to judge"],
    [{ layers: [""] }, 'options.layers has "", which no layer matches'],
    [{ layers: ["a\nb"] }, 'layers has "a\\nb", which no layer matches'],
    [{ updateRatioMin: 0 }, "updateRatioMin is 0, expected updateRatioMax, -1, at most"],
  ];
  for (const [options, message] of wrong) {
    assertThrows(() => runRules(makeMeasurements(), options), InputError, message);
  }
});

Deno.test("runRules() judges by a pattern whatever it matched before", () => {
  for (const flags of ["g", "y", "gy"]) {
    const pattern = new RegExp("dense_[12]", flags);
    pattern.lastIndex = 3;
    const findings = runRules(saturated(), {
      layers: pattern,
      ignore: [{ layer: pattern, reason: "Known." }],
    });
    assertEquals(
      findings.filter(({ layer }) => layer !== null).map(({ message }) => message).length,
      2,
    );
    assertEquals(findings.some(({ severity }) => severity === "error"), false);
    assertEquals(pattern.lastIndex, 3);
  }
});

Deno.test("runRules() lays NaN everywhere to the place where it begins", () => {
  const nan = flat(NaN, 640);
  const weights = [makeWeight({ values: nan, gradients: nan })];
  const layer = { preActivations: nan, activations: nan, preActivationGradients: nan, weights };
  const objective = { name: "meanSquaredError", value: NaN };
  const findings = serious(makeMeasurements([layer, layer], { objective }));
  assertStringIncludes(findings[0].message, "dense_1: NaN or infinite");
  assertEquals(
    new Set(findings.map(({ rule }) => rule)),
    new Set(["non-finite", "exploding-gradients"]),
  );
});

Deno.test("runRules() serialises to JSON and back", () => {
  const findings = runRules(makeMeasurements([{ preActivationGradients: flat(1e-9, 640) }, {}]));
  assertEquals(JSON.parse(JSON.stringify(findings)), findings);
});
